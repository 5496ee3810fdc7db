#include "daemon/stats_line.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "sink/delivery.h"

enum { EVERY_MS = 60 * 1000, LOG_TICK_MS = 5 * 1000 };

struct stats {
	const struct shipper *shipper;
	struct timer *timer, *log_timer;
	uint64_t last; /* sum of the counters at the last line */
	/* As of the last look, a minute ago or at the start. */
	int64_t then_ms;
	uint64_t events, bytes;
};

/* Counters only grow, so their sum changes if one of them does. */
static uint64_t
sum(const struct stats *s)
{
	struct shipper_stats f = shipper_stats(s->shipper);
	struct delivery_stats d = delivery_stats(shipper_delivery(s->shipper));

	return f.messages_received + f.messages_deleted + f.messages_failed +
	       f.messages_released + f.receive_errors + f.objects_done +
	       f.objects_failed + f.events_sliced + f.events_delivered +
	       f.leases_lost + f.delete_failures + d.posts + d.taken_events;
}

static uint64_t
nothing(const struct shipper_stats *f)
{
	uint64_t n = 0;

	for (int i = 0; i < NOTIFY_R_COUNT; i++)
		n += f->nothing[i];
	return n;
}

static uint64_t
left_out(const struct shipper_stats *f)
{
	uint64_t n = 0;

	for (int i = 0; i < SLICER_CAUSES; i++)
		n += f->records_left_out[i];
	return n;
}

/* Per second since the last look. */
static double
rate(const struct stats *s, uint64_t now, uint64_t then)
{
	int64_t ms = clock_mono_ms() - s->then_ms;

	return ms > 0 ? (double)(now - then) * 1000 / (double)ms : 0;
}

static void
look(struct stats *s)
{
	struct delivery_stats d = delivery_stats(shipper_delivery(s->shipper));

	s->then_ms = clock_mono_ms();
	s->events = d.taken_events;
	s->bytes = d.taken_plain_bytes;
}

/* What matters first: how fast, how much at hand, what arrived, what did not.
 * From events_delivered on they are totals since the start. */
void
stats_log(const struct stats *s)
{
	struct shipper_stats f = shipper_stats(s->shipper);
	struct delivery_stats d = delivery_stats(shipper_delivery(s->shipper));

	LOG_INFO("stats",
	    F_REAL("events_per_s", rate(s, d.taken_events, s->events)),
	    F_REAL("mb_per_s", rate(s, d.taken_plain_bytes, s->bytes) / 1e6),
	    F_INT("messages_held", f.messages_held),
	    F_SOME("objects_active", f.objects_active),
	    F_SOME("objects_waiting", f.objects_waiting),
	    F_SOME("messages_parked", f.messages_parked),
	    F_SOME("learned_limit_bytes", d.learned_limit_bytes),

	    F_INT("events_delivered", f.events_delivered),
	    F_INT("messages_deleted", f.messages_deleted),
	    F_SOME("messages_failed", f.messages_failed),
	    F_SOME("messages_unknown", f.messages_unknown),
	    F_SOME("objects_failed", f.objects_failed),
	    F_SOME("records_left_out", left_out(&f)),
	    F_SOME("events_refused", f.events_refused),
	    F_SOME("leases_lost", f.leases_lost),
	    F_SOME("delete_failures", f.delete_failures),
	    F_SOME("receive_errors", f.receive_errors),
	    F_SOME("post_retries", d.retries),
	    F_SOME("token_faults", d.token_faults),
	    F_SOME("setup_faults", d.setup_faults),
	    F_SOME("doc_count_short", d.doc_count_short),
	    F_SOME("events_short", d.events_short),
	    F_SOME("doc_count_missing", d.doc_count_missing),

	    F_SOME("messages_received", f.messages_received),
	    F_SOME("messages_nothing", nothing(&f)),
	    F_SOME("messages_duplicate", f.messages_duplicate),
	    F_SOME("messages_released", f.messages_released),
	    F_SOME("keys_filtered", f.keys_filtered),
	    F_SOME("objects_done", f.objects_done),
	    F_SOME("objects_joined", f.objects_joined),
	    F_SOME("objects_known", f.objects_known),
	    F_SOME("objects_empty", f.objects_empty),
	    F_SOME("events_sliced", f.events_sliced),
	    F_SOME("events_skipped", f.events_skipped),
	    F_SOME("object_bytes", f.object_bytes),
	    F_SOME("json_bytes", f.json_bytes), F_SOME("posts", d.posts),
	    F_SOME("post_bytes", d.taken_body_bytes),
	    F_SOME("splits", d.splits), F_SOME("receives", f.receives),
	    F_SOME("leases_extended", f.leases_extended));
}

static void
on_minute(void *arg)
{
	struct stats *s = arg;
	uint64_t now = sum(s);

	if (now != s->last)
		stats_log(s);
	s->last = now;
	look(s);
	timer_after(s->timer, EVERY_MS);
}

/* Repetitions are told even if nothing else is. */
static void
on_log_tick(void *arg)
{
	struct stats *s = arg;

	log_tick();
	timer_after(s->log_timer, LOG_TICK_MS);
}

struct stats *
stats_new(struct timers *t, const struct shipper *shipper)
{
	struct stats *s = mem_zalloc(sizeof *s);

	s->shipper = shipper;
	look(s);
	s->timer = timer_new(t, on_minute, s);
	timer_after(s->timer, EVERY_MS);
	s->log_timer = timer_new(t, on_log_tick, s);
	timer_after(s->log_timer, LOG_TICK_MS);
	return s;
}

void
stats_free(struct stats **sp)
{
	struct stats *s = *sp;

	if (s == NULL)
		return;
	timer_free(&s->timer);
	timer_free(&s->log_timer);
	mem_free(s);
	*sp = NULL;
}
