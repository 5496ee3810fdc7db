#include "base/clock.h"
#include "base/log.h"
#include "sink/delivery_internal.h"

enum {
	/* So often it fails while others are taken, then it is to blame. */
	POISON_TIMES = 5,
	/* So often it is answered as a wrong endpoint would while others are
	 * taken, then it is refused: a firewall may dislike one event. */
	DISLIKED_TIMES = 3,
	/* Of suspects, so many parts are sent before the rest is left to the
	 * next time; and of who has never taken anything. */
	CUTS_MAX = 64,
	CUTS_UNKNOWN = 8,
	/* So many objects are refused by who has never taken anything, then
	 * that is the wrong one. */
	STRANGERS_MAX = 64,
	/* One that fails is tried again soon so often; then when another has
	 * been taken, so long after it was sent at the soonest. */
	SOON_TIMES = 2,
	AGAIN_MS = 1000,
};

/* How each kind of answer makes the others wait. */
static const struct breaker_pace paces[DELIVERY_ANSWERS] = {
    [DELIVERY_A_LIMITED] = {3, 500, 30 * 1000},
    [DELIVERY_A_BUSY] = {3, 500, 30 * 1000},
    [DELIVERY_A_NONE] = {3, 500, 30 * 1000},
    /* By who has never taken anything, but says so of the events: another
     * object may be taken. */
    [DELIVERY_A_REFUSED] = {1, 500, 500},
    [DELIVERY_A_TOKEN] = {1, 1000, 60 * 1000},
    [DELIVERY_A_SETUP] = {1, 1000, 60 * 1000},
    /* It may have been taken each time. */
    [DELIVERY_A_UNCOUNTED] = {1, 3600 * 1000, 3600 * 1000},
};

#define PART_FIELDS(it)                                                        \
	F_INT("batch", batch_id((it)->batch)),                                 \
	    F_INT("first", (it)->part.first),                                  \
	    F_INT("events", (it)->part.events)

/* ---- the breaker ---- */

static void
log_opened(const struct dassana_result *r)
{
	LOG_EACH(LOG_LVL_ERROR, "dassana.gate_closed",
	    F_INT("status", r->status), F_STR("why", r->why),
	    F_STR("advice", r->advice), F_SPAN("reply", r->reply));
}

/* It was not taken, for a reason that may be everybody's. */
static void
failed(struct delivery *d, struct item *it, const struct dassana_result *r)
{
	enum delivery_answer kind = count_kind(r);
	enum trouble_kind was = trouble_kind(d), is;
	bool news = it->ticket == d->breaker.turn;

	/* docCount 0 tells nothing of these events. */
	if (kind == DELIVERY_A_REFUSED &&
	    (r->status == 200 || d->strangers >= STRANGERS_MAX))
		kind = DELIVERY_A_SETUP;
	/* A busy server may turn out to be the wrong one, not the reverse. */
	if (breaker_failed(
		&d->breaker, it->ticket, &paces[kind], clock_mono_ms()) ||
	    (d->breaker.open && news && was != TROUBLE_SETUP))
		d->cause = kind;
	is = trouble_kind(d);
	d->changed |= is != was;
	if (is > was && is > TROUBLE_PASSING)
		log_opened(r);
}

/* All that waits for its own back-off waits no longer. */
static void
answers_again(struct delivery *d)
{
	struct item *it;

	d->changed = true;
	TAILQ_FOREACH(it, &d->items, link)
	{
		it->due_ms = 0;
		it->tries = 0;
	}
	LOG_INFO("dassana.gate_open",
	    F_STR("why", "the endpoint answers again"),
	    F_INT("closed_ms", clock_mono_ms() - d->breaker.since_ms));
}

void
delivery_turn(struct delivery *d)
{
	struct item *it;

	d->endpoints = dassana_endpoints(d->sink);
	d->elsewhere = 0;
	d->hold_ms = 0;
	d->limit.bytes = SIZE_MAX;
	d->refusals = 0;
	d->cause = DELIVERY_A_NONE;
	breaker_turn_away(&d->breaker, clock_mono_ms());
	TAILQ_FOREACH(it, &d->items, link)
	{
		item_turn(it);
	}
}

/* Another was taken that began after they had failed: now they can be compared
 * with it. */
static void
hurry_failed(struct delivery *d, const struct trial *t)
{
	struct item *it;

	TAILQ_FOREACH(it, &d->items, link)
	{
		int64_t soonest = it->sent_ms + AGAIN_MS;

		if (it->blame.failed_at > 0 && it->blame.failed_at < t->began &&
		    it->due_ms > soonest)
			it->due_ms = soonest;
	}
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
	d->takes++;
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
taken(struct delivery *d, struct item *it, const struct dassana_result *r)
{
	count_taken(d, it, r);
	limit_taken(d, it);
	judge_succeeded(d->conf.judge, JUDGE_DASSANA, &it->trial);
	hurry_failed(d, &it->trial);
	if (breaker_succeeded(&d->breaker, it->ticket))
		answers_again(d);
	item_took(it, r->unsure ? DELIVERY_UNSURE : DELIVERY_TAKEN);
}

/* ---- refused ---- */

/* What is to blame stands in this part: narrows it down. */
static void
isolate(struct item *it, const struct dassana_result *r)
{
	bool first = it->cuts == 0 && !it->suspect;
	bool known = dassana_counts(it->delivery->sink);
	bool goes_on;

	LOG_AT(first ? LOG_LVL_WARN : LOG_LVL_DEBUG, "dassana.split",
	    PART_FIELDS(it), F_INT("bytes", it->part.plain_bytes),
	    F_INT("status", r->status), F_STR("why", r->why),
	    F_STR("advice", r->advice), F_SPAN("reply", r->reply));
	it->blame = (struct blame){0};
	if (!it->suspect || it->cuts < (known ? CUTS_MAX : CUTS_UNKNOWN)) {
		item_refuse(it, r);
		return;
	}
	/* Enough for this time. */
	goes_on = it->end - it->at > 1;
	if (it->part.events == 1)
		item_refuse(it, r);
	if (goes_on)
		item_drop(it, DELIVERY_UNTRIED);
}

static void
too_large(struct delivery *d, struct item *it, const struct dassana_result *r)
{
	size_t events = it->part.events;

	limit_too_large(d, it);
	if (events == 1)
		isolate(it, r);
}

/* Whoever refuses events answers. But who has never taken any may be the wrong
 * one: then each object is tried with one event, one after the other. */
static void
refused(struct delivery *d, struct item *it, const struct dassana_result *r)
{
	bool known = dassana_counts(d->sink);

	d->strangers += !known && !it->suspect;
	if (!known)
		failed(d, it, r);
	else if (breaker_succeeded(&d->breaker, it->ticket))
		answers_again(d);
	if (!known && !it->suspect)
		item_refuse_unit(it, r);
	else if (r->status == 413)
		too_large(d, it, r);
	else
		isolate(it, r);
}

/* ---- failures ---- */

/* A busy or unreachable Dassana is not the batch's fault. */
static bool
may_be_its_fault(const struct dassana_result *r)
{
	return r->status == 0 ? r->sent : r->status != 429 && r->status != 503;
}

/* Whether it has failed by comparison so often. */
static bool
fails_alone(struct delivery *d, struct item *it, unsigned times)
{
	(void)judge_failed(d->conf.judge, JUDGE_DASSANA, &it->trial, &it->blame,
	    clock_mono_ms());
	return it->blame.times >= (it->poison ? 1 : times);
}

/* It was to blame: a part that fails while Dassana takes others is halved at
 * once, which is no news and blames nobody. The last one has to fail twice. */
static bool
looks_for_poison(const struct item *it, const struct dassana_result *r)
{
	return it->poison && may_be_its_fault(r) && !it->delivery->breaker.open;
}

static void
put_off(struct delivery *d, struct item *it, const struct dassana_result *r)
{
	int64_t now = clock_mono_ms();
	int64_t wait_ms = clock_backoff_ms(
	    d->conf.backoff_base_ms, d->conf.backoff_max_ms, it->tries);

	/* To fail once more tells nothing before another is taken. */
	if (may_be_its_fault(r) && it->tries >= SOON_TIMES)
		wait_ms = d->conf.backoff_max_ms;

	if (r->retry_after_ms >= 0 && now + r->retry_after_ms > d->hold_ms)
		d->hold_ms = now + r->retry_after_ms;
	LOG_WARN("dassana.retry", PART_FIELDS(it), F_INT("retries", it->tries),
	    F_INT("status", r->status),
	    F_STR("error", r->err != ERR_OK ? err_name(r->err) : NULL),
	    F_SPAN("detail", r->detail), F_STR("why", r->why),
	    F_STR("advice", r->advice), F_INT("wait_ms", wait_ms),
	    F_INT("retry_after_ms", r->retry_after_ms),
	    F_SPAN("reply", r->reply));
	d->stats.retries++;
	if (looks_for_poison(it, r) && item_narrow(it))
		return;
	failed(d, it, r);
	if (may_be_its_fault(r) && fails_alone(d, it, POISON_TIMES)) {
		LOG_WARN("dassana.poison", PART_FIELDS(it),
		    F_INT("status", r->status),
		    F_STR("error", r->err != ERR_OK ? err_name(r->err) : NULL),
		    F_STR("why",
			"it failed again and again while others were taken"),
		    F_SPAN("reply", r->reply));
		it->poison = true;
		isolate(it, r);
		return;
	}
	it->due_ms = now + wait_ms;
	it->tries++;
}

/* ---- the set-up ---- */

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
count_setup(struct delivery *d, const struct dassana_result *r)
{
	if (r->verdict == DASSANA_TOKEN) {
		d->stats.token_faults++;
		reload_token(d);
	} else {
		d->stats.setup_faults++;
	}
}

/*
 * Answered as a wrong set-up is. If it is that all wait, and probes take turns;
 * now and then with less of a batch, in case each has an event that something
 * on the way dislikes.
 */
static void
blame_setup(struct delivery *d, struct item *it, const struct dassana_result *r)
{
	bool open = d->breaker.open;
	bool convicted = it->suspect || (it->poison && !open) ||
			 fails_alone(d, it, DISLIKED_TIMES);

	count_setup(d, r);
	/* Among others that are taken it is no news. */
	if (open || !convicted)
		failed(d, it, r);
	if (convicted) {
		it->poison = true;
		isolate(it, r);
		return;
	}
	if (it->tries % 2 == 1)
		(void)item_halve(it);
	it->tries++;
	LOG_DEBUG("dassana.gate_stays", PART_FIELDS(it),
	    F_INT("status", r->status), F_STR("why", r->why),
	    F_SPAN("reply", r->reply));
}

void
delivery_judge(
    struct delivery *d, struct item *it, const struct dassana_result *r)
{
	bool wanted = delivery_wants_fresh(d);

	/* That it was not taken says nothing of where it is sent next. */
	if (r->elsewhere && r->verdict != DASSANA_TAKEN)
		return;
	switch (r->verdict) {
	case DASSANA_TAKEN:
		taken(d, it, r);
		break;
	case DASSANA_RETRY:
		put_off(d, it, r);
		break;
	case DASSANA_REFUSED:
		refused(d, it, r);
		break;
	case DASSANA_TOKEN:
	case DASSANA_SETUP:
	case DASSANA_UNCOUNTED:
		blame_setup(d, it, r);
		break;
	}
	d->changed |= !wanted && delivery_wants_fresh(d);
}
