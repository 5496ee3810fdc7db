#include "daemon/stats.h"

#include "base/log.h"
#include "base/mem.h"
#include "sink/delivery.h"

enum { EVERY_MS = 60 * 1000 };

struct stats {
	const struct shipper *shipper;
	struct timer *timer;
	uint64_t last; /* sum of the counters at the last line */
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

void
stats_log(const struct stats *s)
{
	struct shipper_stats f = shipper_stats(s->shipper);
	struct delivery_stats d = delivery_stats(shipper_delivery(s->shipper));

	LOG_INFO("stats", F_INT("receives", f.receives),
	    F_INT("receive_errors", f.receive_errors),
	    F_INT("messages_received", f.messages_received),
	    F_INT("messages_deleted", f.messages_deleted),
	    F_INT("messages_failed", f.messages_failed),
	    F_INT("messages_released", f.messages_released),
	    F_INT("messages_unknown", f.messages_unknown),
	    F_INT("messages_held", f.messages_held),
	    F_INT("messages_nothing", nothing(&f)),
	    F_INT("messages_duplicate", f.messages_duplicate),
	    F_INT("keys_filtered", f.keys_filtered),
	    F_INT("objects_done", f.objects_done),
	    F_INT("objects_failed", f.objects_failed),
	    F_INT("objects_joined", f.objects_joined),
	    F_INT("objects_known", f.objects_known),
	    F_INT("events_skipped", f.events_skipped),
	    F_INT("objects_active", f.objects_active),
	    F_INT("object_bytes", f.object_bytes),
	    F_INT("json_bytes", f.json_bytes),
	    F_INT("events_sliced", f.events_sliced),
	    F_INT("events_delivered", f.events_delivered),
	    F_INT("events_refused", d.refused_events),
	    F_INT("events_in_doubt", d.in_doubt), F_INT("splits", d.splits),
	    F_INT("learned_limit_bytes", d.learned_limit_bytes),
	    F_INT("posts", d.posts), F_INT("post_retries", d.retries),
	    F_INT("post_bytes", d.taken_body_bytes),
	    F_INT("doc_count_missing", d.doc_count_missing),
	    F_INT("doc_count_short", d.doc_count_short),
	    F_INT("setup_faults", d.setup_faults),
	    F_INT("token_faults", d.token_faults),
	    F_INT("leases_extended", f.leases_extended),
	    F_INT("leases_lost", f.leases_lost),
	    F_INT("delete_failures", f.delete_failures));
}

static void
on_minute(void *arg)
{
	struct stats *s = arg;
	uint64_t now = sum(s);

	if (now != s->last)
		stats_log(s);
	s->last = now;
	timer_after(s->timer, EVERY_MS);
}

struct stats *
stats_new(struct timers *t, const struct shipper *shipper)
{
	struct stats *s = mem_zalloc(sizeof *s);

	s->shipper = shipper;
	s->timer = timer_new(t, on_minute, s);
	timer_after(s->timer, EVERY_MS);
	return s;
}

void
stats_free(struct stats **sp)
{
	struct stats *s = *sp;

	if (s == NULL)
		return;
	timer_free(&s->timer);
	mem_free(s);
	*sp = NULL;
}
