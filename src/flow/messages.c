#include "flow/messages.h"

#include <search.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/hidden.h"

enum {
	REDELIVER_MAX_S = 15 * 60,
	LONG_MAX_S = 2 * 3600,
	PARKED_STEP_S = 15 * 60,
	TICK_MIN_MS = 200,
	TICK_MAX_MS = 5000,
};

struct messages {
	TAILQ_HEAD(, message) all;
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
drop(struct messages *ms, struct message *m)
{
	(void)tdelete(m, &ms->by_id, by_id);
	TAILQ_REMOVE(&ms->all, m, link);
	ms->count--;
	ms->bytes -= m->bytes;
	receipt_fini(&m->receipt);
	mem_free(m->id);
	mem_free(m);
}

static void
lease_lost(struct messages *ms, struct message *m)
{
	if (m->lease_lost)
		return;
	m->lease_lost = true;
	ms->stats.leases_lost++;
	ms->changed(ms->arg);
	LOG_WARN("message.lease_lost", F_STR("message_id", m->id),
	    F_STR("advice", "it may be delivered twice; is visibility_timeout "
			    "too short, or SQS out of reach?"));
}

static void
deleted(struct messages *ms, struct message *m, enum receipt_outcome outcome)
{
	if (outcome == RECEIPT_DONE &&
	    m->receipt.sent_ms >= m->receipt.lease_until_ms)
		lease_lost(ms, m);
	if (outcome == RECEIPT_DONE && !m->lease_lost) {
		ms->stats.deleted++;
		LOG_DEBUG("message.deleted", F_STR("message_id", m->id));
		return;
	}
	ms->stats.delete_failures++;
	LOG_WARN("message.not_deleted", F_STR("message_id", m->id),
	    F_STR("cause", "its lease was lost before the delete got through"),
	    F_STR("advice", "it comes back; what was acknowledged is not sent "
			    "again while this process lives"));
}

static void
on_receipt(void *arg, struct receipt *r, enum receipt_op op,
    enum receipt_outcome outcome)
{
	struct messages *ms = arg;
	struct message *m = r->owner;

	switch (op) {
	case RECEIPT_EXTEND:
		if (outcome != RECEIPT_DONE) {
			lease_lost(ms, m);
			return;
		}
		ms->stats.leases_extended++;
		LOG_DEBUG("message.lease_extended", F_STR("message_id", m->id),
		    F_INT("lease_s", r->flying_s));
		return;
	case RECEIPT_DELETE:
		deleted(ms, m, outcome);
		break;
	case RECEIPT_RELEASE:
		if (outcome != RECEIPT_DONE)
			break; /* it comes back when its lease has lapsed */
		ms->stats.released++;
		LOG_DEBUG("message.released", F_STR("message_id", m->id),
		    F_INT("after_s", r->flying_s));
		break;
	case RECEIPT_NONE:
		CHECK(false);
	}
	drop(ms, m);
	ms->changed(ms->arg);
}

/* By how much its lease is extended at a time. */
static unsigned
step_s(const struct messages *ms, const struct message *m)
{
	if (m->stay.parked || ms->visibility_s > PARKED_STEP_S)
		return PARKED_STEP_S;
	return ms->visibility_s;
}

static void
on_tick(void *arg)
{
	struct messages *ms = arg;
	int64_t now = clock_mono_ms();
	struct message *m;

	TAILQ_FOREACH(m, &ms->all, link)
	{
		if (m->state != MESSAGE_HELD || m->lease_lost)
			continue;
		if (receipt_due(&m->receipt, step_s(ms, m), now))
			receipts_extend(
			    ms->receipts, &m->receipt, step_s(ms, m));
		else if (now >= m->receipt.lease_until_ms &&
			 !receipt_busy(&m->receipt))
			lease_lost(ms, m);
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
	struct message *m;

	if (ms == NULL)
		return;
	receipts_free(&ms->receipts);
	while ((m = TAILQ_FIRST(&ms->all)) != NULL)
		drop(ms, m);
	timer_free(&ms->tick);
	mem_free(ms);
	*msp = NULL;
}

/* The message was delivered a second time while we hold it. */
static void
hold_again(struct messages *ms, struct message *m, const struct sqs_message *s)
{
	ms->stats.duplicate++;
	m->receive_count = s->receive_count;
	m->lease_lost = false;
	receipt_renew(&m->receipt, s->handle, ms->visibility_s);
	LOG_DEBUG("message.again", F_STR("message_id", m->id),
	    F_INT("receive_count", m->receive_count));
}

struct message *
messages_hold(struct messages *ms, const struct sqs_message *s, size_t bytes)
{
	struct message *m = mem_zalloc(sizeof *m);
	struct message **at;

	histogram_observe(&ms->stats.receives, s->receive_count);
	m->id = mem_strndup(s->id.p, s->id.n);
	at = tsearch(m, &ms->by_id, by_id);
	CHECK(at != NULL);
	if (*at != m) {
		mem_free(m->id);
		mem_free(m);
		hold_again(ms, *at, s);
		return NULL;
	}
	receipt_init(&m->receipt, m, s->handle, ms->visibility_s);
	m->receive_count = s->receive_count;
	m->open = 1;
	m->bytes = bytes + sizeof *m + s->id.n + s->handle.n;
	TAILQ_INSERT_TAIL(&ms->all, m, link);
	ms->held++;
	ms->count++;
	ms->bytes += m->bytes;
	TAILQ_INIT(&m->turn.wants);
	if (receipt_due(&m->receipt, ms->visibility_s, clock_mono_ms()))
		receipts_extend(ms->receipts, &m->receipt, ms->visibility_s);
	if (!timer_armed(ms->tick))
		timer_after(ms->tick, ms->tick_ms);
	return m;
}

void
message_expect(struct message *m)
{
	CHECK(m->state == MESSAGE_HELD);
	m->open++;
}

void
message_charge(struct messages *ms, struct message *m, size_t bytes)
{
	m->bytes += bytes;
	ms->bytes += bytes;
}

/* first_s, doubled with every receive, up to most_s. */
static unsigned
doubled_s(unsigned first_s, unsigned most_s, unsigned receives)
{
	unsigned s = first_s;

	for (unsigned i = 1; i < receives && s > 0 && s < most_s; i++)
		s *= 2;
	return s < most_s ? s : most_s;
}

static unsigned
larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

static unsigned
back_off_s(struct messages *ms, const struct message *m, enum back_off how)
{
	unsigned least_s = ms->redeliver_after_s, s = LONG_MAX_S;
	unsigned receives = m->receive_count > 0 ? m->receive_count : 1;

	switch (how) {
	case BACK_OFF_NONE:
		return 0;
	case BACK_OFF_STOP:
		return doubled_s(least_s, larger(least_s, s), receives);
	case BACK_OFF_HOURS:
		return receives < 6 ? receives * s : SQS_VISIBILITY_MAX_S;
	case BACK_OFF_LONG:
		break;
	case BACK_OFF_USUAL:
		s = doubled_s(
		    least_s, larger(least_s, REDELIVER_MAX_S), receives);
		break;
	}
	return hidden_for_s(&ms->hidden, least_s, s, clock_mono_ms());
}

static void
leave(struct messages *ms, struct message *m)
{
	m->state = MESSAGE_LEAVING;
	ms->held--;
}

void
message_ended(struct messages *ms, struct message *m, bool good)
{
	CHECK(m->state == MESSAGE_HELD && m->open > 0);
	if (!good)
		m->failed = true;
	if (--m->open > 0)
		return;
	if (m->failed) {
		message_release(ms, m, m->back_off);
	} else {
		leave(ms, m);
		LOG_DEBUG("message.delete_queued", F_STR("message_id", m->id));
		receipts_delete(ms->receipts, &m->receipt);
	}
	ms->changed(ms->arg);
}

void
messages_put_back(struct messages *ms)
{
	struct message *m;

	TAILQ_FOREACH(m, &ms->all, link)
	{
		if (!m->failed)
			m->back_off = BACK_OFF_NONE;
	}
}

void
message_release(struct messages *ms, struct message *m, enum back_off how)
{
	unsigned after_s = back_off_s(ms, m, how);

	ms->stats.failed += how != BACK_OFF_NONE;
	hidden_add(&ms->hidden, after_s, clock_mono_ms());
	leave(ms, m);
	LOG_DEBUG("message.release_queued", F_STR("message_id", m->id),
	    F_INT("after_s", after_s));
	receipts_release(ms->receipts, &m->receipt, after_s);
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
	ms->hidden.in_flight = n;
}

void
messages_release_all(struct messages *ms)
{
	struct message *m;

	TAILQ_FOREACH(m, &ms->all, link)
	{
		if (m->state == MESSAGE_HELD)
			message_release(
			    ms, m, m->failed ? m->back_off : BACK_OFF_NONE);
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
