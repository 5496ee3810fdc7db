#include "flow/receipts.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/polls.h"

enum {
	FLUSH_MS = 200,
	/* Of each kind, so that neither can keep the other waiting: as many as
	 * there may be polls, since one takes away what one of those brings. */
	CALLS_EACH = POLLS_MAX,
	RETRY_BASE_MS = 500,
	RETRY_CAP_MS = 10000,
};

TAILQ_HEAD(receipt_list, receipt);

/* One batch call under way. */
struct flight {
	TAILQ_ENTRY(flight) link;
	struct receipts *rs;
	struct sqs_op *op;
	unsigned *count; /* its kind's */
	struct receipt *entry[SQS_BATCH_MAX];
	size_t n;
};

struct receipts {
	struct sqs *sqs;
	receipt_done_fn *done;
	void *arg;
	struct timer *flush, *rest;
	struct receipt_list deletes, changes, resting;
	size_t ndeletes, nchanges;
	TAILQ_HEAD(, flight) flights;
	unsigned ndeleting, nchanging; /* of them */
	bool failing;		       /* the last call was not answered */
};

static void
take_off(struct receipts *rs, struct receipt *r)
{
	switch (r->place) {
	case RECEIPT_OFF:
		return;
	case RECEIPT_RESTING:
		TAILQ_REMOVE(&rs->resting, r, link);
		break;
	case RECEIPT_QUEUED:
		if (r->want == RECEIPT_DELETE) {
			TAILQ_REMOVE(&rs->deletes, r, link);
			rs->ndeletes--;
		} else {
			TAILQ_REMOVE(&rs->changes, r, link);
			rs->nchanges--;
		}
		break;
	}
	r->place = RECEIPT_OFF;
}

static void
enqueue(struct receipts *rs, struct receipt *r)
{
	size_t n;

	r->place = RECEIPT_QUEUED;
	if (r->want == RECEIPT_DELETE) {
		TAILQ_INSERT_TAIL(&rs->deletes, r, link);
		n = ++rs->ndeletes;
	} else {
		TAILQ_INSERT_TAIL(&rs->changes, r, link);
		n = ++rs->nchanges;
	}
	if (n >= SQS_BATCH_MAX)
		timer_soon(rs->flush);
	else if (!timer_armed(rs->flush))
		timer_after(rs->flush, FLUSH_MS);
}

static void
wish(struct receipts *rs, struct receipt *r, enum receipt_op op, unsigned s)
{
	take_off(rs, r);
	r->want = op;
	r->want_s = s;
	r->attempts = 0;
	r->alone = false;
	if (r->flying == RECEIPT_NONE)
		enqueue(rs, r);
}

void
receipts_extend(struct receipts *rs, struct receipt *r, unsigned s)
{
	if (!receipt_busy(r))
		wish(rs, r, RECEIPT_EXTEND, s);
}

void
receipts_delete(struct receipts *rs, struct receipt *r)
{
	wish(rs, r, RECEIPT_DELETE, 0);
}

void
receipts_release(struct receipts *rs, struct receipt *r, unsigned after_s)
{
	wish(rs, r, RECEIPT_RELEASE, after_s);
}

/* ---- outcomes ---- */

static void
finish(struct receipts *rs, struct receipt *r, enum receipt_op op,
    enum receipt_outcome outcome)
{
	rs->done(rs->arg, r, op, outcome);
}

/* The operation did not get through: rest, or give up if there is no use. */
static void
retry(struct receipts *rs, struct receipt *r, enum receipt_op op, unsigned s)
{
	int64_t now = clock_mono_ms();

	r->attempts++;
	if (now >= r->lease_until_ms) {
		finish(rs, r, op, RECEIPT_LOST);
		return;
	}
	r->want = op;
	r->want_s = s;
	r->due_ms = now + 100 +
		    clock_backoff_ms(RETRY_BASE_MS, RETRY_CAP_MS, r->attempts);
	if (r->due_ms > r->lease_until_ms)
		r->due_ms = r->lease_until_ms;
	r->place = RECEIPT_RESTING;
	TAILQ_INSERT_TAIL(&rs->resting, r, link);
	if (!timer_armed(rs->rest))
		timer_after(rs->rest, 100);
}

/* Codes that say that SQS knows this handle, or its lease, no more. */
static bool
is_lost(const struct sqs_entry_result *e)
{
	return span_is(e->code, "ReceiptHandleIsInvalid") ||
	       span_is(e->code, "MessageNotInflight") ||
	       span_is(e->code, "AWS.SimpleQueueService.MessageNotInflight") ||
	       span_starts(e->code, "InvalidParameterValue");
}

/* e: what SQS said of it, or NULL. alone: if it fails, the next time it is not
 * in company. */
static void
landed(struct receipts *rs, struct receipt *r, const struct sqs_entry_result *e,
    bool alone)
{
	enum receipt_op op = r->flying;
	unsigned s = r->flying_s;
	bool answered = e != NULL, ok = answered && e->ok;

	r->flying = RECEIPT_NONE;
	if (ok && op == RECEIPT_EXTEND && !r->stale) {
		r->lease_until_ms = r->sent_ms + (int64_t)s * 1000;
	}
	if (r->want != RECEIPT_NONE) { /* something stronger came meanwhile */
		if (op == RECEIPT_EXTEND && answered && !ok && !r->stale &&
		    is_lost(e))
			finish(rs, r, op, RECEIPT_LOST);
		r->stale = false;
		enqueue(rs, r);
		return;
	}
	if (r->stale) { /* said of an old handle: say it of the new one */
		r->stale = false;
		if (op != RECEIPT_EXTEND)
			wish(rs, r, op, s);
		else
			finish(rs, r, op, RECEIPT_DONE);
		return;
	}
	if (ok) {
		finish(rs, r, op, RECEIPT_DONE);
	} else if (answered && is_lost(e)) {
		finish(rs, r, op, RECEIPT_LOST);
	} else {
		r->alone = alone;
		retry(rs, r, op, s);
	}
}

static void
log_call(struct receipts *rs, const struct aws_result *res, size_t entries)
{
	bool failed = res->class != AWS_OK;

	if (failed)
		LOG_WARN("sqs.batch", F_INT("entries", entries),
		    F_ERR(res->err), AWS_FIELDS(res),
		    F_STR("advice", "messages are kept; deletes, releases and "
				    "lease extensions are tried again while "
				    "the lease lasts"));
	else if (rs->failing)
		LOG_INFO("sqs.batch.recovered", F_INT("entries", entries));
	rs->failing = failed;
}

static void
on_batch(void *arg, const struct aws_result *res,
    const struct sqs_entry_result *entry, size_t n)
{
	struct flight *f = arg;
	struct receipts *rs = f->rs;
	bool answered = res->class == AWS_OK;
	/* One entry that SQS cannot read condemns its whole batch. */
	bool apart = res->class == AWS_OTHER;

	TAILQ_REMOVE(&rs->flights, f, link);
	--*f->count;
	log_call(rs, res, f->n);
	for (size_t i = 0; i < f->n; i++) {
		const struct sqs_entry_result *e =
		    answered && i < n ? &entry[i] : NULL;

		if (e != NULL && !e->ok)
			LOG_DEBUG("sqs.entry", F_INT("op", f->entry[i]->flying),
			    F_SPAN("code", e->code),
			    F_SPAN("message", e->message));
		landed(rs, f->entry[i], e, e != NULL || apart);
	}
	mem_free(f);
	/* Who waited for a call has waited long enough. */
	if (rs->ndeletes + rs->nchanges > 0 && !timer_armed(rs->flush))
		timer_soon(rs->flush);
	if (rs->ndeletes >= SQS_BATCH_MAX || rs->nchanges >= SQS_BATCH_MAX)
		timer_soon(rs->flush);
}

/* ---- sending ---- */

static void
board(struct receipts *rs, struct flight *f, struct receipt *r, int64_t now)
{
	take_off(rs, r);
	r->flying = r->want;
	r->flying_s = receipt_longest_s(r, r->want_s, now);
	r->sent_ms = now;
	r->want = RECEIPT_NONE;
	f->entry[f->n++] = r;
}

static void
send_batch(struct receipts *rs, struct receipt_list *list)
{
	struct flight *f = mem_zalloc(sizeof *f);
	struct span handle[SQS_BATCH_MAX];
	unsigned seconds[SQS_BATCH_MAX];
	int64_t now = clock_mono_ms();
	struct receipt *r;

	f->rs = rs;
	while (f->n < SQS_BATCH_MAX && (r = TAILQ_FIRST(list)) != NULL) {
		bool alone = r->alone;

		if (alone && f->n > 0)
			break;
		handle[f->n] = span_str(r->handle);
		board(rs, f, r, now);
		seconds[f->n - 1] = r->flying_s;
		if (alone)
			break;
	}
	TAILQ_INSERT_TAIL(&rs->flights, f, link);
	f->count = list == &rs->deletes ? &rs->ndeleting : &rs->nchanging;
	++*f->count;
	if (list == &rs->deletes)
		f->op = sqs_delete(rs->sqs, handle, f->n, on_batch, f);
	else
		f->op = sqs_change_visibility(
		    rs->sqs, handle, seconds, f->n, on_batch, f);
}

void
receipts_flush(struct receipts *rs)
{
	timer_stop(rs->flush);
	while (rs->ndeleting < CALLS_EACH && !TAILQ_EMPTY(&rs->deletes))
		send_batch(rs, &rs->deletes);
	while (rs->nchanging < CALLS_EACH && !TAILQ_EMPTY(&rs->changes))
		send_batch(rs, &rs->changes);
}

static void
on_flush(void *arg)
{
	receipts_flush(arg);
}

static void
on_rest(void *arg)
{
	struct receipts *rs = arg;
	int64_t now = clock_mono_ms();
	struct receipt *r, *next;

	for (r = TAILQ_FIRST(&rs->resting); r != NULL; r = next) {
		next = TAILQ_NEXT(r, link);
		if (r->due_ms > now)
			continue;
		take_off(rs, r);
		enqueue(rs, r);
	}
	if (!TAILQ_EMPTY(&rs->resting))
		timer_after(rs->rest, 100);
}

struct receipts *
receipts_new(
    struct timers *t, struct sqs *sqs, receipt_done_fn *done, void *arg)
{
	struct receipts *rs = mem_zalloc(sizeof *rs);

	rs->sqs = sqs;
	rs->done = done;
	rs->arg = arg;
	rs->flush = timer_new(t, on_flush, rs);
	rs->rest = timer_new(t, on_rest, rs);
	TAILQ_INIT(&rs->deletes);
	TAILQ_INIT(&rs->changes);
	TAILQ_INIT(&rs->resting);
	TAILQ_INIT(&rs->flights);
	return rs;
}

static void
forget(struct receipt *r)
{
	r->want = r->flying = RECEIPT_NONE;
	r->place = RECEIPT_OFF;
}

static void
forget_list(struct receipt_list *list)
{
	struct receipt *r;

	while ((r = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, r, link);
		forget(r);
	}
}

void
receipts_free(struct receipts **rsp)
{
	struct receipts *rs = *rsp;
	struct flight *f;

	if (rs == NULL)
		return;
	while ((f = TAILQ_FIRST(&rs->flights)) != NULL) {
		TAILQ_REMOVE(&rs->flights, f, link);
		sqs_cancel(&f->op);
		for (size_t i = 0; i < f->n; i++) {
			take_off(rs, f->entry[i]);
			forget(f->entry[i]);
		}
		mem_free(f);
	}
	forget_list(&rs->deletes);
	forget_list(&rs->changes);
	forget_list(&rs->resting);
	timer_free(&rs->flush);
	timer_free(&rs->rest);
	mem_free(rs);
	*rsp = NULL;
}
