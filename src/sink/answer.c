#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "sink/delivery_internal.h"

enum { PROBE_FIRST_MS = 1000, PROBE_MAX_MS = 60 * 1000 };

/* ---- the gate ---- */

static void
turn_gate(struct delivery *d, bool closed)
{
	d->gate.closed = closed;
	d->gate.turn++;
	d->changed = true;
}

static void
close_gate(struct delivery *d, const struct dassana_result *r)
{
	static const char refused_early[] =
	    "the first batch was refused, before any was taken";
	static const char check_app[] =
	    "see the reply, and check dassana_app_id; all waits until a batch "
	    "is taken";
	bool early = r->verdict == DASSANA_REFUSED;
	int64_t now = clock_mono_ms();

	turn_gate(d, true);
	d->gate.closed_ms = now;
	d->gate.probe_wait_ms = PROBE_FIRST_MS;
	d->gate.probe_ms = now + PROBE_FIRST_MS;
	LOG_ERROR("dassana.gate_closed", F_INT("status", r->status),
	    F_STR("why", early ? refused_early : r->why),
	    F_STR("advice", early ? check_app : r->advice),
	    F_SPAN("reply", r->reply));
}

static void
open_gate(struct delivery *d, const char *why)
{
	turn_gate(d, false);
	LOG_INFO("dassana.gate_open", F_STR("why", why),
	    F_INT("closed_ms", clock_mono_ms() - d->gate.closed_ms));
}

static void
probe_later(struct delivery *d)
{
	d->gate.probe_wait_ms *= 2;
	if (d->gate.probe_wait_ms > PROBE_MAX_MS)
		d->gate.probe_wait_ms = PROBE_MAX_MS;
	d->gate.probe_ms = clock_mono_ms() + d->gate.probe_wait_ms;
}

static void
taken(struct delivery *d, struct item *it, const struct dassana_result *r,
    bool probe)
{
	size_t events = batch_events(it->batch);

	d->ever_taken = true;
	d->stats.taken_posts++;
	d->stats.taken_events += events;
	d->stats.taken_plain_bytes += batch_plain_bytes(it->batch);
	d->stats.taken_body_bytes += batch_body_bytes(it->batch);
	if (!r->has_doc_count) {
		d->stats.doc_count_missing++;
	} else if (r->doc_count < events) {
		d->stats.doc_count_short++;
		LOG_ERROR("dassana.doc_count_short",
		    F_INT("batch", batch_id(it->batch)),
		    F_INT("events", events), F_INT("doc_count", r->doc_count),
		    F_STR("advice",
			"Dassana took the batch but says it kept fewer "
			"events; ask Dassana what became of the others"),
		    F_SPAN("reply", r->reply));
	}
	if (probe)
		open_gate(d, "a probe was taken");
	delivery_settle(d, it, DELIVERY_TAKEN);
}

static void
put_off(struct delivery *d, struct item *it, const struct dassana_result *r,
    bool probe)
{
	int64_t now = clock_mono_ms();
	int64_t wait_ms = clock_backoff_ms(
	    d->conf.backoff_base_ms, d->conf.backoff_max_ms, it->retries);

	if (r->retry_after_ms >= 0 && now + r->retry_after_ms > d->hold_ms)
		d->hold_ms = now + r->retry_after_ms;
	LOG_AT(it->retries == 0 ? LOG_LVL_WARN : LOG_LVL_DEBUG, "dassana.retry",
	    F_INT("batch", batch_id(it->batch)),
	    F_INT("events", batch_events(it->batch)),
	    F_INT("retries", it->retries), F_INT("status", r->status),
	    F_STR("error", r->err != ERR_OK ? err_name(r->err) : NULL),
	    F_SPAN("detail", r->detail), F_STR("why", r->why),
	    F_STR("advice", r->advice), F_INT("wait_ms", wait_ms),
	    F_INT("retry_after_ms", r->retry_after_ms),
	    F_SPAN("reply", r->reply));
	it->due_ms = now + wait_ms;
	it->retries++;
	d->stats.retries++;
	if (probe)
		probe_later(d);
}

static void
reload_token(struct delivery *d)
{
	const char *token = NULL;

	if (d->conf.reload_token != NULL)
		token = d->conf.reload_token(d->conf.arg);
	if (token != NULL)
		dassana_set_token(d->sink, token);
}

static void
blame_setup(struct delivery *d, struct item *it, const struct dassana_result *r,
    bool probe)
{
	if (r->verdict == DASSANA_TOKEN) {
		d->stats.token_faults++;
		reload_token(d);
	} else {
		d->stats.setup_faults++;
	}
	it->due_ms = 0;
	if (!d->gate.closed && it->gate_turn == d->gate.turn) {
		close_gate(d, r);
		return;
	}
	if (probe)
		probe_later(d);
	LOG_DEBUG("dassana.gate_stays", F_INT("batch", batch_id(it->batch)),
	    F_INT("status", r->status), F_STR("why", r->why),
	    F_SPAN("reply", r->reply));
}

/* Until something was taken, a refusal says more about the set-up (a wrong App
 * ID) than about the events. */
static void
refused(struct delivery *d, struct item *it, const struct dassana_result *r,
    bool probe)
{
	size_t events = batch_events(it->batch);

	if (!d->ever_taken) {
		it->refusals++;
		blame_setup(d, it, r, probe);
		return;
	}
	if (probe)
		probe_later(d);
	d->stats.refused_events += events;
	LOG_ERROR("dassana.refused", F_INT("batch", batch_id(it->batch)),
	    F_INT("events", events),
	    F_INT("bytes", batch_plain_bytes(it->batch)),
	    F_INT("status", r->status), F_STR("why", r->why),
	    F_STR("advice", r->advice), F_SPAN("reply", r->reply));
	delivery_settle(d, it, DELIVERY_REFUSED);
}

void
delivery_judge(struct delivery *d, struct item *it,
    const struct dassana_result *r, bool probe)
{
	switch (r->verdict) {
	case DASSANA_TAKEN:
		taken(d, it, r, probe);
		break;
	case DASSANA_RETRY:
		put_off(d, it, r, probe);
		break;
	case DASSANA_REFUSED:
		refused(d, it, r, probe);
		break;
	case DASSANA_TOKEN:
	case DASSANA_SETUP:
		blame_setup(d, it, r, probe);
		break;
	}
	/* Or nobody would ever find out that it could be opened. */
	if (d->gate.closed && TAILQ_EMPTY(&d->items))
		open_gate(d, "nothing is left to probe with");
}
