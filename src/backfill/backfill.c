/*
 *	lister → choose → letters → [send] → on_sent → …
 *	                     ^         |
 *	                     +- again -+   (what was not taken)
 *
 * `step` does what can be done now: it fills the batch, and sends it when it is
 * full or nothing more comes, once the queue has room.
 */
#include "backfill/backfill.h"

#include <string.h>

#include "backfill/letters.h"
#include "backfill/pressure.h"
#include "base/clock.h"
#include "base/mem.h"

enum {
	KEY_MAX = 4096,
	TURN = 5000, /* objects looked at before others have their turn */
	ASK_MS = 5 * 1000,
	RETRY_BASE_MS = 500,
	RETRY_CAP_MS = 30 * 1000,
	PATIENCE_MS = 10 * 60 * 1000,
};

struct backfill {
	struct backfill_conf conf;
	struct lister *lister;
	struct letters letters;
	struct pressure pressure;
	struct timer *timer;	 /* of step */
	struct timer *ask_timer; /* of the queue's figures */
	struct timer *again;	 /* of a batch */
	struct sqs_op *sending, *asking;
	bool taken[SQS_BATCH_MAX];  /* which messages of the batch are */
	size_t part[SQS_BATCH_MAX]; /* those under way */
	size_t nparts;
	unsigned fails; /* in a row */
	int64_t bad_ms; /* since when it fails; −1: it does not */
	bool full, drained, stopped, told;
	struct backfill_view view;
	struct aws_result failure, trouble;
	bool in_trouble;
	struct buf at, first;
};

static void
finish(struct backfill *b, enum backfill_end end, const struct aws_result *r)
{
	if (b->view.end != BACKFILL_RUNS)
		return;
	b->view.end = end;
	if (r != NULL) {
		b->failure = *r;
		b->failure.reply = NULL;
		b->view.failure = &b->failure;
	}
	timer_stop(b->ask_timer);
	timer_stop(b->again);
	sqs_cancel(&b->asking);
	timer_soon(b->timer);
}

static void
step_soon(void *arg)
{
	struct backfill *b = arg;

	timer_soon(b->timer);
}

/* Whether what failed is to be tried once more. */
static bool
is_passing(struct backfill *b, const struct aws_result *r)
{
	int64_t now = clock_mono_ms();

	if (b->bad_ms < 0)
		b->bad_ms = now;
	return (r->class == AWS_TRANSIENT || r->class == AWS_THROTTLED) &&
	       now - b->bad_ms < PATIENCE_MS;
}

/* ---- the queue's figures ---- */

static void ask_queue(void *arg);

static void
on_figures(
    void *arg, const struct aws_result *r, const struct sqs_attributes *a)
{
	struct backfill *b = arg;
	int64_t now = clock_mono_ms();

	b->asking = NULL;
	if (a != NULL && a->waiting >= 0) {
		if (b->fails == 0) /* it may answer this and take nothing */
			b->bad_ms = -1;
		pressure_seen(&b->pressure, now,
		    (uint64_t)a->waiting +
			(uint64_t)(a->delayed > 0 ? a->delayed : 0));
	} else if (a != NULL || !is_passing(b, r)) {
		finish(b, BACKFILL_NO_QUEUE, r);
		return;
	}
	timer_after(b->ask_timer, ASK_MS);
	step_soon(b);
}

static void
ask_queue(void *arg)
{
	struct backfill *b = arg;

	if (b->asking == NULL)
		b->asking = sqs_get_attributes(b->conf.sqs, on_figures, b);
}

/* ---- a batch ---- */

static void
batch_is_taken(struct backfill *b)
{
	struct letters *l = &b->letters;
	bool more;

	b->view.sent_objects += l->total;
	b->view.sent_bytes += l->bytes;
	b->view.sent_messages += l->n;
	more = b->conf.on_sent(
	    b->conf.arg, buf_view(&l->last), l->total, l->bytes, l->n);
	letters_reset(l);
	memset(b->taken, 0, sizeof b->taken);
	b->full = false;
	b->fails = 0;
	b->in_trouble = false;
	if (!more)
		b->stopped = true;
	step_soon(b);
}

/* Not all of them: *res is what the worst of the others says. A refusal of one
 * message for what it is would only come again. */
static bool
take_entries(struct backfill *b, const struct sqs_entry_result *e, size_t n,
    struct aws_result *res)
{
	uint64_t taken = 0;

	for (size_t i = 0; i < n; i++) {
		if (e[i].ok) {
			b->taken[b->part[i]] = true;
			taken++;
		} else if (res->class != AWS_OTHER) {
			sqs_entry_refusal(&e[i], res);
		}
	}
	if (taken > 0)
		b->bad_ms = -1;
	pressure_sent(&b->pressure, clock_mono_ms(), taken);
	b->view.sent_again += n - taken;
	return taken == n;
}

static void
on_answer(void *arg, const struct aws_result *r,
    const struct sqs_entry_result *entry, size_t n)
{
	struct backfill *b = arg;
	struct aws_result res = *r;
	bool whole = false;

	b->sending = NULL;
	if (r->class == AWS_OK) {
		whole = take_entries(b, entry, n, &res);
	} else {
		/* It may have been obeyed. */
		pressure_sent(&b->pressure, clock_mono_ms(), b->nparts);
		b->view.sent_again += b->nparts;
	}
	if (whole) {
		batch_is_taken(b);
	} else if (is_passing(b, &res)) {
		b->in_trouble = true;
		b->trouble = res;
		timer_after(b->again,
		    clock_backoff_ms(RETRY_BASE_MS, RETRY_CAP_MS, b->fails++));
	} else {
		finish(b, BACKFILL_NO_SEND, &res);
	}
	if (b->view.end != BACKFILL_RUNS)
		step_soon(b);
}

static void
send_batch(struct backfill *b)
{
	struct span body[SQS_BATCH_MAX];

	for (size_t i = 0; i < b->nparts; i++)
		body[i] = letters_at(&b->letters, b->part[i]);
	b->sending = sqs_send(b->conf.sqs, body, b->nparts, on_answer, b);
}

/* All of the batch, or what was not taken of it, once there is room. */
static void
try_to_send(struct backfill *b)
{
	uint64_t room = pressure_room(&b->pressure, clock_mono_ms());

	b->nparts = 0;
	for (size_t i = 0; i < b->letters.n; i++) {
		if (!b->taken[i])
			b->part[b->nparts++] = i;
	}
	b->view.is_held = room < b->nparts;
	if (!b->view.is_held)
		send_batch(b);
	else if (b->pressure.seen_ms < 0)
		ask_queue(b);
}

/* ---- objects ---- */

static void
take_object(struct backfill *b, const struct list_object *o)
{
	enum choice c = choose(b->conf.work, b->conf.filter, o);

	if (c == CHOICE_SEND && b->conf.sends && !letters_add(&b->letters, o)) {
		b->full = true;
		return;
	}
	if (c == CHOICE_SEND && b->first.n == 0)
		buf_span(&b->first, o->key);
	tally_add(&b->view.tally, c, o, b->conf.since_s);
	lister_take(b->lister);
}

static void
fill(struct backfill *b)
{
	enum lister_state state = LISTER_OBJECT;
	struct list_object o;
	struct span at;

	for (unsigned i = 0; i < TURN && !b->full; i++) {
		state = lister_peek(b->lister, &o);
		if (state != LISTER_OBJECT)
			break;
		take_object(b, &o);
	}
	if (state == LISTER_OBJECT && !b->full)
		step_soon(b);
	b->drained = state == LISTER_END;
	if (state == LISTER_FAILED) {
		const struct aws_result *r = lister_failure(b->lister, &at);

		buf_span(&b->at, at);
		finish(b, BACKFILL_NO_LIST, r);
	}
}

static void
step(void *arg)
{
	struct backfill *b = arg;

	if (b->sending != NULL)
		return;
	if (b->view.end != BACKFILL_RUNS) {
		if (!b->told) {
			b->told = true;
			b->conf.on_end(b->conf.arg);
		}
		return;
	}
	if (timer_armed(b->again))
		return;
	if (b->stopped) {
		finish(b, BACKFILL_STOPPED, NULL);
		return;
	}
	if (!b->full && !b->drained)
		fill(b);
	if (b->view.end != BACKFILL_RUNS)
		return;
	if (b->letters.n > 0 && (b->full || b->drained))
		try_to_send(b);
	else if (b->drained)
		finish(b, BACKFILL_DONE, NULL);
}

/* ---- life ---- */

struct backfill *
backfill_new(const struct backfill_conf *conf)
{
	struct backfill *b = mem_zalloc(sizeof *b);
	char region[REGION_MAX];

	b->conf = *conf;
	b->bad_ms = -1;
	buf_init(&b->at, KEY_MAX);
	buf_init(&b->first, KEY_MAX);
	s3_bucket_region(conf->s3, conf->work->bucket, region);
	letters_init(
	    &b->letters, conf->work->bucket, region, conf->max_waiting);
	pressure_init(&b->pressure, conf->max_waiting);
	b->timer = timer_new(conf->timers, step, b);
	b->again = timer_new(conf->timers, step, b);
	b->ask_timer = timer_new(conf->timers, ask_queue, b);
	b->lister = lister_new(
	    conf->s3, conf->timers, conf->work, conf->after, step_soon, b);
	return b;
}

void
backfill_free(struct backfill **bp)
{
	struct backfill *b = *bp;

	if (b == NULL)
		return;
	sqs_cancel(&b->sending);
	sqs_cancel(&b->asking);
	lister_free(&b->lister);
	timer_free(&b->timer);
	timer_free(&b->again);
	timer_free(&b->ask_timer);
	letters_fini(&b->letters);
	buf_fini(&b->at);
	buf_fini(&b->first);
	mem_free(b);
	*bp = NULL;
}

void
backfill_stop(struct backfill *b)
{
	b->stopped = true;
	timer_stop(b->again);
	step_soon(b);
}

struct backfill_view
backfill_view(const struct backfill *b)
{
	struct backfill_view v = b->view;

	v.listed = lister_view(b->lister);
	v.trouble = b->in_trouble ? &b->trouble : v.listed.trouble;
	v.at = buf_view(&b->at);
	v.first = buf_view(&b->first);
	return v;
}
