#include "base/clock.h"
#include "base/log.h"
#include "sink/delivery_internal.h"

enum {
	PROBE_FIRST_MS = 1000,
	PROBE_MAX_MS = 60 * 1000,
	/* So many events in a row refused, each alone, are not their fault. */
	LONE_REFUSALS_MAX = 8,
};

bool
gate_news(const struct delivery *d, const struct item *it)
{
	return it->gate_turn == d->gate.turn;
}

static void
turn(struct delivery *d, bool closed)
{
	d->gate.closed = closed;
	d->gate.turn++;
	d->changed = true;
}

void
gate_close(struct delivery *d, const struct dassana_result *r)
{
	static const char all_refused[] =
	    "event after event was refused, and nothing taken between them";
	static const char check_app[] =
	    "see the reply, and check dassana_app_id; all waits until "
	    "something is taken";
	int64_t now = clock_mono_ms();

	turn(d, true);
	d->gate.by_refusals = r->verdict == DASSANA_REFUSED;
	d->gate.closed_ms = now;
	if (!d->gate.on_trial || !d->gate.by_refusals)
		d->gate.probe_wait_ms = PROBE_FIRST_MS;
	d->gate.on_trial = false;
	d->gate.probe_ms = now + d->gate.probe_wait_ms;
	if (d->gate.by_refusals)
		trouble_set(d, all_refused, check_app, r);
	LOG_EACH(LOG_LVL_ERROR, "dassana.gate_closed",
	    F_INT("status", r->status),
	    F_STR("why", d->gate.by_refusals ? all_refused : r->why),
	    F_STR("advice", d->gate.by_refusals ? check_app : r->advice),
	    F_SPAN("reply", r->reply));
}

void
gate_open(struct delivery *d, const char *why)
{
	turn(d, false);
	d->lone_refusals = 0;
	LOG_INFO("dassana.gate_open", F_STR("why", why),
	    F_INT("closed_ms", clock_mono_ms() - d->gate.closed_ms));
}

void
gate_probe_later(struct delivery *d)
{
	d->gate.probe_wait_ms *= 2;
	if (d->gate.probe_wait_ms > PROBE_MAX_MS)
		d->gate.probe_wait_ms = PROBE_MAX_MS;
	d->gate.probe_ms = clock_mono_ms() + d->gate.probe_wait_ms;
}

void
gate_taken(struct delivery *d, bool probe)
{
	struct item *it;

	d->takes++;
	d->lone_refusals = 0;
	d->gate.on_trial = false;
	if (probe)
		gate_open(d, "a probe was taken");
	TAILQ_FOREACH(it, &d->items, link)
	{
		item_retry_held(it);
	}
}

void
delivery_retry(struct delivery *d)
{
	d->gate.probe_wait_ms = PROBE_FIRST_MS;
	d->gate.probe_ms = clock_mono_ms();
	timer_soon(d->pump);
}

/*
 * What was closed for a plain fault, and now judges events, is not closed any
 * more. What was closed for refusals stays so; but if all that is left was
 * refused alone, it could be these events all the same, and only fresh ones can
 * tell: after a minute it opens until the next of them is refused.
 */
void
gate_refused(struct delivery *d, bool probe)
{
	if (!probe || !d->gate.closed)
		return;
	if (!d->gate.by_refusals) {
		gate_open(d, "the endpoint answers again");
	} else if (d->gate.probe_wait_ms < PROBE_MAX_MS ||
		   !delivery_in_doubt(d)) {
		gate_probe_later(d);
	} else {
		gate_open(d, "only events that were refused are left to probe "
			     "with: others are tried");
		d->gate.on_trial = true;
		d->lone_refusals = LONE_REFUSALS_MAX - 1;
	}
}

void
gate_refused_alone(struct delivery *d, const struct dassana_result *r)
{
	if (++d->lone_refusals >= LONE_REFUSALS_MAX) {
		d->stats.setup_faults++;
		gate_close(d, r);
	}
}
