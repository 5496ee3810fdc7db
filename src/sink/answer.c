#include "base/clock.h"
#include "base/log.h"
#include "sink/delivery_internal.h"

enum {
	/* Events that were refused alone, and nothing else left of their
	 * batch: now and then it is looked whether the set-up has changed. */
	HELD_RETRY_MS = 60 * 1000,
	/* A batch that failed so often in so long, while another was taken. */
	POISON_FAILS = 8,
	POISON_MS = 5 * 60 * 1000,
};

#define PART_FIELDS(it)                                                        \
	F_INT("batch", batch_id((it)->batch)),                                 \
	    F_INT("first", (it)->part.first),                                  \
	    F_INT("events", (it)->part.events)

/* Something else than a failure was answered. */
static void
ready(struct item *it)
{
	it->due_ms = 0;
	it->retries = 0;
	it->fails = 0;
}

/* ---- taken ---- */

static void
count_short(
    struct delivery *d, const struct item *it, const struct dassana_result *r)
{
	uint64_t missing = it->part.events - r->doc_count;

	d->stats.doc_count_short++;
	d->stats.events_short += missing;
	LOG_EACH(LOG_LVL_ERROR, "dassana.doc_count_short", PART_FIELDS(it),
	    F_INT("doc_count", r->doc_count), F_INT("missing", missing),
	    F_STR("advice",
		"Dassana took the batch but says it kept fewer events; ask "
		"Dassana what became of the others"),
	    F_SPAN("reply", r->reply));
}

static void
count_taken(
    struct delivery *d, const struct item *it, const struct dassana_result *r)
{
	d->stats.taken_posts++;
	d->stats.taken_events += it->part.events;
	d->stats.taken_plain_bytes += it->part.plain_bytes;
	d->stats.taken_body_bytes += it->part.body_bytes;
	if (!r->has_doc_count)
		d->stats.doc_count_missing++;
	else if (r->doc_count < it->part.events)
		count_short(d, it, r);
}

static void
taken(struct delivery *d, struct item *it, const struct dassana_result *r,
    bool probe)
{
	count_taken(d, it, r);
	limit_taken(d, it);
	ready(it);
	it->taken_any = true;
	item_took(it);
	item_retry_held(it); /* news or not, it is of the same batch */
	if (gate_news(d, it))
		gate_taken(d, probe);
	item_settle(it, it->part.first, it->part.events, DELIVERY_TAKEN, NULL);
}

/* ---- refused ---- */

static void
settle_refused(
    struct delivery *d, struct item *it, const struct dassana_result *r)
{
	d->stats.refused_events++;
	item_refuse(it);
	item_settle(it, it->part.first, 1, DELIVERY_REFUSED, r);
}

/* The first time it may be the set-up's fault: the event is held, until
 * something is taken, or, if something was taken of this very batch, until
 * nothing else is left of it. */
static void
refused_alone(
    struct delivery *d, struct item *it, const struct dassana_result *r)
{
	bool known = item_sent_held(it);

	if (known && it->again) {
		settle_refused(d, it, r);
		return;
	}
	LOG_WARN("dassana.in_doubt", PART_FIELDS(it),
	    F_INT("status", r->status), F_STR("why", r->why),
	    F_SPAN("reply", r->reply));
	if (!known)
		item_hold(it);
	if (!item_fresh(it) && it->taken_any && !d->gate.closed) {
		d->stats.refused_events += it->held.end - it->held.at;
		item_settle_held(it, r);
		return;
	}
	if (!item_fresh(it)) {
		it->due_ms = clock_mono_ms() + HELD_RETRY_MS;
		d->changed = true; /* it may take others to tell */
	}
	if (!known && !d->gate.closed && gate_news(d, it))
		gate_refused_alone(d, r);
}

static void
refused(struct delivery *d, struct item *it, const struct dassana_result *r,
    bool probe)
{
	bool too_large = r->status == 413;

	it->blamed++;
	ready(it);
	gate_refused(d, probe);
	if (too_large)
		limit_too_large(d, it);
	if (it->part.events == 1) {
		refused_alone(d, it, r);
		return;
	}
	if (!too_large)
		item_halve(it);
	LOG_AT(item_whole(it) ? LOG_LVL_WARN : LOG_LVL_DEBUG, "dassana.split",
	    PART_FIELDS(it), F_INT("bytes", it->part.plain_bytes),
	    F_INT("status", r->status), F_STR("why", r->why),
	    F_STR("advice", r->advice), F_SPAN("reply", r->reply));
}

/* ---- failures ---- */

/* A busy or unreachable Dassana is not the batch's fault. */
static bool
may_be_its_fault(const struct dassana_result *r)
{
	return r->status == 0 ? r->sent : r->status != 429 && r->status != 503;
}

/* As long as nothing else is taken the count begins again: then it is Dassana
 * that is down. Halving a batch that was poison already costs nothing. */
static bool
is_poison(const struct delivery *d, struct item *it)
{
	int64_t now = clock_mono_ms();

	if (it->fails == 0 || d->takes == it->fail_takes) {
		it->fails = 0;
		it->fail_ms = now;
		it->fail_takes = d->takes;
	}
	it->fails++;
	if (it->poison && it->part.events > 1)
		return it->retries > 0;
	return it->fails >= POISON_FAILS && now - it->fail_ms >= POISON_MS;
}

static void
isolate(struct delivery *d, struct item *it, const struct dassana_result *r)
{
	ready(it);
	it->poison = true;
	LOG_WARN("dassana.poison", PART_FIELDS(it), F_INT("status", r->status),
	    F_STR("error", r->err != ERR_OK ? err_name(r->err) : NULL),
	    F_STR("why", "it failed again and again while others were taken"),
	    F_SPAN("reply", r->reply));
	if (it->part.events > 1)
		item_halve(it);
	else
		settle_refused(d, it, r);
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
	LOG_WARN("dassana.retry", PART_FIELDS(it),
	    F_INT("retries", it->retries), F_INT("status", r->status),
	    F_STR("error", r->err != ERR_OK ? err_name(r->err) : NULL),
	    F_SPAN("detail", r->detail), F_STR("why", r->why),
	    F_STR("advice", r->advice), F_INT("wait_ms", wait_ms),
	    F_INT("retry_after_ms", r->retry_after_ms),
	    F_SPAN("reply", r->reply));
	d->stats.retries++;
	if (probe)
		gate_probe_later(d);
	if (may_be_its_fault(r)) {
		it->blamed += probe;
		if (is_poison(d, it)) {
			isolate(d, it, r);
			return;
		}
	}
	it->due_ms = now + wait_ms;
	it->retries++;
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
	if (!d->gate.closed && gate_news(d, it)) {
		gate_close(d, r);
		return;
	}
	if (probe)
		gate_probe_later(d);
	LOG_DEBUG("dassana.gate_stays", PART_FIELDS(it),
	    F_INT("status", r->status), F_STR("why", r->why),
	    F_SPAN("reply", r->reply));
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
	/* A closed gate is opened by a probe that is taken, and there is none
	 * without a batch. */
	if (d->gate.closed && TAILQ_EMPTY(&d->items))
		gate_open(d, "nothing is left to probe with");
}
