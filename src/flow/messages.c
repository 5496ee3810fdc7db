#include "flow/messages_internal.h"

#include <search.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	PARKED_STEP_S = 15 * 60,
	TICK_MIN_MS = 200,
	TICK_MAX_MS = 5000,
};

struct messages {
	TAILQ_HEAD(, holding) all;
	void *by_id; /* tsearch(3) */
	struct receipts *receipts;
	struct timer *tick;
	int64_t tick_ms;
	unsigned visibility_s, redeliver_after_s;
	size_t held, count, bytes;
	messages_changed_fn *changed;
	void *arg;
	struct hidden hidden;
	struct messages_stats stats;
};

static int
by_id(const void *a, const void *b)
{
	const struct message *x = a, *y = b;

	return strcmp(x->id, y->id);
}

static void
drop(struct messages *ms, struct holding *h)
{
	(void)tdelete(&h->m, &ms->by_id, by_id);
	TAILQ_REMOVE(&ms->all, h, link);
	ms->count--;
	ms->bytes -= h->bytes;
	receipt_fini(&h->receipt);
	mem_free(h->m.id);
	mem_free(h);
}

static void
lease_lost(struct messages *ms, struct holding *h)
{
	if (h->lease_lost)
		return;
	h->lease_lost = true;
	ms->stats.leases_lost++;
	ms->changed(ms->arg);
	LOG_WARN("message.lease_lost", F_STR("message_id", h->m.id),
	    F_STR("advice", "it may be delivered twice; is visibility_timeout "
			    "too short, or SQS out of reach?"));
}

static void
deleted(struct messages *ms, struct holding *h, enum receipt_outcome outcome)
{
	if (outcome == RECEIPT_DONE &&
	    h->receipt.sent_ms >= h->receipt.lease_until_ms)
		lease_lost(ms, h);
	if (outcome == RECEIPT_DONE && !h->lease_lost) {
		ms->stats.deleted++;
		LOG_DEBUG("message.deleted", F_STR("message_id", h->m.id));
		return;
	}
	ms->stats.delete_failures++;
	LOG_WARN("message.not_deleted", F_STR("message_id", h->m.id),
	    F_STR("cause", "its lease was lost before the delete got through"),
	    F_STR("advice", "it comes back; what was acknowledged is not sent "
			    "again while this process lives"));
}

static void
on_receipt(void *arg, struct receipt *r, enum receipt_op op,
    enum receipt_outcome outcome)
{
	struct messages *ms = arg;
	struct holding *h = r->owner;

	switch (op) {
	case RECEIPT_EXTEND:
		if (outcome != RECEIPT_DONE) {
			lease_lost(ms, h);
			return;
		}
		ms->stats.leases_extended++;
		LOG_DEBUG("message.lease_extended",
		    F_STR("message_id", h->m.id),
		    F_INT("lease_s", r->flying_s));
		return;
	case RECEIPT_DELETE:
		deleted(ms, h, outcome);
		break;
	case RECEIPT_RELEASE:
		if (outcome != RECEIPT_DONE)
			break; /* it comes back when its lease has lapsed */
		ms->stats.released++;
		LOG_DEBUG("message.released", F_STR("message_id", h->m.id),
		    F_INT("after_s", r->flying_s));
		break;
	case RECEIPT_NONE:
		CHECK(false);
	}
	drop(ms, h);
	ms->changed(ms->arg);
}

/* By how much its lease is extended at a time. */
static unsigned
step_s(const struct messages *ms, const struct holding *h)
{
	if (h->m.stay.parked || ms->visibility_s > PARKED_STEP_S)
		return PARKED_STEP_S;
	return ms->visibility_s;
}

static void
on_tick(void *arg)
{
	struct messages *ms = arg;
	int64_t now = clock_mono_ms();
	struct holding *h;

	TAILQ_FOREACH(h, &ms->all, link)
	{
		if (h->state != MESSAGE_HELD || h->lease_lost)
			continue;
		if (receipt_due(&h->receipt, step_s(ms, h), now))
			receipts_extend(
			    ms->receipts, &h->receipt, step_s(ms, h));
		else if (now >= h->receipt.lease_until_ms &&
			 !receipt_busy(&h->receipt))
			lease_lost(ms, h);
	}
	if (ms->held > 0)
		timer_after(ms->tick, ms->tick_ms);
}

struct messages *
messages_new(struct timers *t, struct sqs *sqs, unsigned visibility_s,
    unsigned redeliver_after_s, messages_changed_fn *changed, void *arg)
{
	struct messages *ms = mem_zalloc(sizeof *ms);

	TAILQ_INIT(&ms->all);
	histogram_init(&ms->stats.receives, &histogram_receives);
	ms->visibility_s = visibility_s;
	ms->redeliver_after_s = redeliver_after_s;
	ms->changed = changed;
	ms->arg = arg;
	ms->receipts = receipts_new(t, sqs, on_receipt, ms);
	ms->tick = timer_new(t, on_tick, ms);
	ms->tick_ms = (int64_t)visibility_s * 1000 / 10;
	if (ms->tick_ms < TICK_MIN_MS)
		ms->tick_ms = TICK_MIN_MS;
	if (ms->tick_ms > TICK_MAX_MS)
		ms->tick_ms = TICK_MAX_MS;
	return ms;
}

void
messages_free(struct messages **msp)
{
	struct messages *ms = *msp;
	struct holding *h;

	if (ms == NULL)
		return;
	receipts_free(&ms->receipts);
	while ((h = TAILQ_FIRST(&ms->all)) != NULL)
		drop(ms, h);
	timer_free(&ms->tick);
	mem_free(ms);
	*msp = NULL;
}

/* The message was delivered a second time while we hold it. */
static void
hold_again(struct messages *ms, struct holding *h, const struct sqs_message *s)
{
	ms->stats.duplicate++;
	h->receive_count = s->receive_count;
	h->lease_lost = false;
	receipt_renew(&h->receipt, s->handle, ms->visibility_s);
	LOG_DEBUG("message.again", F_STR("message_id", h->m.id),
	    F_INT("receive_count", h->receive_count));
}

struct message *
messages_hold(struct messages *ms, const struct sqs_message *s, size_t bytes)
{
	struct holding *h = mem_zalloc(sizeof *h);
	struct message **at;

	histogram_observe(&ms->stats.receives, s->receive_count);
	h->m.id = mem_strndup(s->id.p, s->id.n);
	at = tsearch(&h->m, &ms->by_id, by_id);
	CHECK(at != NULL);
	if (*at != &h->m) {
		mem_free(h->m.id);
		mem_free(h);
		hold_again(ms, holding_of(*at), s);
		return NULL;
	}
	receipt_init(&h->receipt, h, s->handle, ms->visibility_s);
	h->receive_count = s->receive_count;
	h->open = 1;
	h->bytes = bytes + sizeof *h + s->id.n + s->handle.n;
	TAILQ_INSERT_TAIL(&ms->all, h, link);
	ms->held++;
	ms->count++;
	ms->bytes += h->bytes;
	TAILQ_INIT(&h->m.turn.wants);
	if (receipt_due(&h->receipt, ms->visibility_s, clock_mono_ms()))
		receipts_extend(ms->receipts, &h->receipt, ms->visibility_s);
	if (!timer_armed(ms->tick))
		timer_after(ms->tick, ms->tick_ms);
	return &h->m;
}

void
message_charge(struct messages *ms, struct message *m, size_t bytes)
{
	holding_of(m)->bytes += bytes;
	ms->bytes += bytes;
}

/* ---- ends ---- */

static void
leave(struct messages *ms, struct holding *h)
{
	h->state = MESSAGE_LEAVING;
	ms->held--;
}

void
message_ended(struct messages *ms, struct message *m, bool good)
{
	struct holding *h = holding_of(m);

	CHECK(h->state == MESSAGE_HELD && h->open > 0);
	if (!good)
		h->failed = true;
	if (--h->open > 0)
		return;
	if (h->failed) {
		message_release(ms, m, h->back_off);
	} else {
		leave(ms, h);
		LOG_DEBUG("message.delete_queued", F_STR("message_id", m->id));
		receipts_delete(ms->receipts, &h->receipt);
	}
	ms->changed(ms->arg);
}

void
messages_put_back(struct messages *ms)
{
	struct holding *h;

	TAILQ_FOREACH(h, &ms->all, link)
	{
		message_back_off(&h->m, BACK_OFF_NONE);
	}
}

void
message_release(struct messages *ms, struct message *m, enum back_off how)
{
	struct holding *h = holding_of(m);
	int64_t now = clock_mono_ms();
	unsigned after_s = hidden_after_s(
	    &ms->hidden, how, ms->redeliver_after_s, h->receive_count, now);

	ms->stats.failed += how != BACK_OFF_NONE;
	hidden_add(&ms->hidden, after_s, now);
	leave(ms, h);
	LOG_DEBUG("message.release_queued", F_STR("message_id", m->id),
	    F_INT("after_s", after_s));
	receipts_release(ms->receipts, &h->receipt, after_s);
}

uint64_t
messages_leases_lost(const struct messages *ms)
{
	return ms->stats.leases_lost;
}

int64_t
messages_hidden(const struct messages *ms)
{
	return ms->hidden.n;
}

void
messages_in_flight(struct messages *ms, int64_t n)
{
	hidden_in_flight(&ms->hidden, n);
}

void
messages_release_all(struct messages *ms)
{
	struct holding *h;

	TAILQ_FOREACH(h, &ms->all, link)
	{
		if (h->state == MESSAGE_HELD)
			message_release(
			    ms, &h->m, h->failed ? h->back_off : BACK_OFF_NONE);
	}
	messages_flush(ms);
}

void
messages_flush(struct messages *ms)
{
	receipts_flush(ms->receipts);
}

size_t
messages_held(const struct messages *ms)
{
	return ms->held;
}

size_t
messages_count(const struct messages *ms)
{
	return ms->count;
}

size_t
messages_bytes(const struct messages *ms)
{
	return ms->bytes;
}

struct messages_stats
messages_stats(const struct messages *ms)
{
	return ms->stats;
}
