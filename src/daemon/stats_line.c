#include "daemon/stats_line.h"

#include <inttypes.h>
#include <stdio.h>

#include "admin/totals.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
	EVERY_MS = 60 * 1000,
	LOG_TICK_MS = 5 * 1000,
	FIELDS_MAX = 64,
	RULES_BYTES = 1024
};

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
	struct totals_values v = totals_read(s->shipper);
	uint64_t n = 0;

	for (const struct total *t = totals_table; t->name != NULL; t++) {
		if ((t->shows & TOTAL_IDLE) == 0)
			n += totals_value(&v, t);
	}
	return n;
}

/* "31 eventName=Decrypt; 5 readOnly=true": as many rules as there is room for,
 * a long one in part. NULL: none has left anything out. */
static const char *
by_rule(const struct stats *s, char out[RULES_BYTES])
{
	const struct events *e = shipper_events(s->shipper);
	size_t n = 0;

	for (size_t i = 0; i < events_count(e); i++) {
		struct events_tally t = events_at(e, i);
		int len;

		if (t.n == 0)
			continue;
		len = snprintf(out + n, RULES_BYTES - n,
		    "%s%" PRIu64 " %s%s%.64s", n > 0 ? "; " : "", t.n,
		    t.setting, *t.rule != '\0' ? ": " : "", t.rule);
		if (len < 0 || (size_t)len >= RULES_BYTES - n)
			break;
		n += (size_t)len;
	}
	out[n] = '\0';
	return n > 0 ? out : NULL;
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

/* What matters first: how fast, how much at hand, then the totals. */
void
stats_log(const struct stats *s)
{
	struct totals_values v = totals_read(s->shipper);
	const struct shipper_stats *f = &v.flow;
	const struct delivery_stats *d = &v.sink;
	struct log_field line[FIELDS_MAX] = {
	    F_REAL("events_per_s", rate(s, d->taken_events, s->events)),
	    F_REAL("mb_per_s", rate(s, d->taken_plain_bytes, s->bytes) / 1e6),
	    F_INT("messages_held", f->messages_held),
	    F_SOME("objects_active", f->objects_active),
	    F_SOME("objects_waiting", f->objects_waiting),
	    F_SOME("messages_parked", f->messages_parked),
	    F_SOME("learned_limit_bytes", d->learned_limit_bytes),
	};
	char rules[RULES_BYTES];
	size_t n = 7;

	for (const struct total *t = totals_table; t->name != NULL; t++) {
		uint64_t value = totals_value(&v, t);

		CHECK(n < FIELDS_MAX - 1);
		if ((t->shows & TOTAL_ALWAYS) != 0)
			line[n++] = F_INT(t->name, value);
		else if ((t->shows & TOTAL_LINE) != 0)
			line[n++] = F_SOME(t->name, value);
	}
	line[n] = F_STR("events_left_out_by", by_rule(s, rules));
	log_write(LOG_LVL_INFO, "stats", line);
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
