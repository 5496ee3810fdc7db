#include "sink/delivery.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "sink/delivery_internal.h"

static dassana_done_fn on_answer;

static void
count_start(struct delivery *d, struct item *it)
{
	if (++d->stats.in_flight > d->stats.in_flight_max)
		d->stats.in_flight_max = d->stats.in_flight;
	it->share = it->suspect		? &d->suspects
		    : item_isolated(it) ? &d->cuts
					: NULL;
	d->suspects.since++;
	d->cuts.since++;
	if (it->share == NULL)
		return;
	it->share->now++;
	it->share->since = 0;
}

static void
post(struct delivery *d, struct item *it, const struct span *body, size_t n)
{
	it->sent_ms = clock_mono_ms();
	it->trial = judge_begin(d->conf.judge);
	it->probes++;
	it->cuts += it->share != NULL;
	rate_take(&d->rate, it->part.plain_bytes, it->sent_ms);
	d->stats.posts++;
	it->post =
	    dassana_post(d->sink, body, n, it->part.events, on_answer, it);
}

static void
begin_part(struct delivery *d, struct item *it, size_t events)
{
	struct scratch *s = pick_scratch(d, it);
	size_t max;

	CHECK(s != NULL);
	s->user = it;
	it->cutting = true;
	max = s->bytes < d->limit.bytes ? s->bytes : d->limit.bytes;
	split_begin(s->split, it->batch, it->at, events, max);
	timer_soon(d->cut);
}

static void
begin(struct delivery *d, struct item *it)
{
	size_t events = pick_events(d, it), nparts;
	const struct span *body;

	it->ticket = breaker_begin(&d->breaker);
	count_start(d, it);
	it->part.first = it->at;
	if (!pick_is_whole(d, it, events)) {
		begin_part(d, it, events);
		return;
	}
	it->part.events = events;
	it->part.plain_bytes = batch_plain_bytes(it->batch);
	it->part.body_bytes = batch_body_bytes(it->batch);
	body = batch_body(it->batch, &nparts);
	post(d, it, body, nparts);
}

static void
on_pump(void *arg)
{
	struct delivery *d = arg;
	int64_t now = clock_mono_ms(), at;
	struct item *it = NULL;

	limit_grow(d, now);
	while ((at = pick_next(d, now, &it)) <= now)
		begin(d, it);
	if (at != BREAKER_NEVER)
		timer_after(d->pump, at - now);
}

/* Its POST is no more, or will not be. */
static void
ended(struct delivery *d, struct item *it)
{
	it->post = NULL;
	it->cutting = false;
	d->stats.in_flight--;
	if (it->share != NULL)
		it->share->now--;
	d->elsewhere -= it->elsewhere;
	it->elsewhere = false;
	for (size_t i = 0; i < SCRATCHES; i++) {
		if (d->scratch[i].user == it)
			d->scratch[i].user = NULL;
	}
}

/* The world may have changed while it was made: then it waits like the others,
 * or, as when the endpoint is another one, is to be smaller. */
static bool
is_wanted(const struct delivery *d, const struct item *it, size_t events)
{
	return it->ticket == d->breaker.turn && d->hold_ms <= clock_mono_ms() &&
	       events <= pick_events(d, it);
}

/* What compresses well fits in a small one, too: then the next part of a batch
 * can be made while this one is sent. */
static void
leave_large(struct delivery *d, struct item *it, struct split_body *body)
{
	struct scratch *large = &d->scratch[0];

	for (size_t i = SCRATCHES; large->user == it && i-- > 1;) {
		struct scratch *s = &d->scratch[i];

		if (s->user != NULL ||
		    !split_take_over(s->split, large->split, body))
			continue;
		s->user = it;
		large->user = NULL;
	}
}

static void
post_part(struct delivery *d, struct item *it, struct split_body *body)
{
	if (!is_wanted(d, it, body->events)) {
		breaker_cancelled(&d->breaker, it->ticket);
		ended(d, it);
		return;
	}
	leave_large(d, it, body);
	it->cutting = false;
	it->part.events = body->events;
	it->part.plain_bytes = body->plain_bytes;
	it->part.body_bytes = body->body_bytes;
	post(d, it, body->part, body->nparts);
}

/* A slice of each part that is being made: no more in one turn of the loop. */
static void
on_cut(void *arg)
{
	struct delivery *d = arg;
	struct split_body body;
	bool more = false;

	/* As pick_scratch hands them out. */
	for (size_t i = SCRATCHES; i-- > 0;) {
		struct scratch *s = &d->scratch[i];

		if (s->user == NULL || !s->user->cutting)
			continue;
		if (split_step(s->split, &body))
			post_part(d, s->user, &body);
		else
			more = true;
	}
	if (more)
		timer_soon(d->cut);
	timer_soon(d->pump);
}

/* ---- what comes back ---- */

/* Last of all: whoever is told may free d. */
static void
tell_progress(struct delivery *d)
{
	enum token_state token = delivery_token(d);
	bool changed = d->changed || token != d->token;

	d->changed = false;
	d->token = token;
	if (changed)
		d->conf.progress(d->conf.arg);
}

static void
on_answer(void *arg, const struct dassana_result *r)
{
	struct item *it = arg;
	struct delivery *d = it->delivery;

	ended(d, it);
	LOG_DEBUG("dassana.post", F_INT("batch", batch_id(it->batch)),
	    F_INT("first", it->part.first), F_INT("events", it->part.events),
	    F_INT("bytes", it->part.body_bytes), F_INT("status", r->status),
	    F_STR("error", r->err != ERR_OK ? err_name(r->err) : NULL),
	    F_INT("ms", clock_mono_ms() - it->sent_ms), F_STR("why", r->why));
	count_answer(d, it, r);
	if (!r->elsewhere)
		trouble_note(d, it, r);
	delivery_judge(d, it, r);
	timer_soon(d->pump);
	tell_progress(d);
}

/* ---- from outside ---- */

/* What the first one is for. A larger part is sent as two, which is rare. */
static size_t
part_max(const struct delivery_conf *conf)
{
	size_t half = conf->batch_max_bytes / 2;

	return half > conf->event_max_bytes ? half : conf->event_max_bytes;
}

static void
make_scratch(struct delivery *d)
{
	for (size_t i = 0; i < SCRATCHES; i++) {
		struct scratch *s = &d->scratch[i];

		s->bytes = i == 0 ? part_max(&d->conf) : SCRATCH_SMALL;
		s->split = split_new(d->conf.gzip_level, s->bytes);
	}
}

struct delivery *
delivery_new(
    struct timers *t, struct dassana *sink, const struct delivery_conf *conf)
{
	struct delivery *d = mem_zalloc(sizeof *d);

	CHECK(conf->concurrency > 0);
	CHECK(conf->settled != NULL && conf->progress != NULL);
	d->sink = sink;
	d->endpoints = dassana_endpoints(sink);
	d->conf = *conf;
	d->pump = timer_new(t, on_pump, d);
	d->cut = timer_new(t, on_cut, d);
	make_scratch(d);
	d->limit.bytes = SIZE_MAX;
	count_init(d);
	TAILQ_INIT(&d->items);
	return d;
}

static void
drop(struct delivery *d, struct item *it)
{
	if (it->post != NULL || it->cutting) {
		dassana_cancel(&it->post);
		breaker_cancelled(&d->breaker, it->ticket);
		ended(d, it);
	}
	item_drop(it, DELIVERY_DROPPED);
}

static void
drop_all(struct delivery *d)
{
	uint64_t before = d->stats.dropped_events;
	struct item *it;

	while ((it = TAILQ_FIRST(&d->items)) != NULL)
		drop(d, it);
	timer_stop(d->pump);
	timer_stop(d->cut);
	if (d->stats.dropped_events > before)
		LOG_WARN("dassana.dropped",
		    F_INT("events", d->stats.dropped_events - before),
		    F_STR("why", "no time left to deliver them"));
}

void
delivery_drop_suspects(struct delivery *d)
{
	struct item *it, *next;

	for (it = TAILQ_FIRST(&d->items); it != NULL; it = next) {
		next = TAILQ_NEXT(it, link);
		if (it->suspect)
			drop(d, it);
	}
	timer_soon(d->pump); /* others may have their places */
	tell_progress(d);
}

void
delivery_free(struct delivery **dp)
{
	struct delivery *d = *dp;

	if (d == NULL)
		return;
	drop_all(d);
	timer_free(&d->pump);
	timer_free(&d->cut);
	for (size_t i = 0; i < SCRATCHES; i++)
		split_free(&d->scratch[i].split);
	mem_free(d);
	*dp = NULL;
}

void
delivery_give_up(struct delivery *d)
{
	drop_all(d);
	tell_progress(d);
}

void
delivery_submit(struct delivery *d, struct batch *b, bool suspect)
{
	struct item *it = item_new(d, b, suspect);

	TAILQ_INSERT_TAIL(&d->items, it, link);
	d->nitems++;
	item_scatter(it);
	timer_soon(d->pump);
}

bool
delivery_crowded(const struct delivery *d)
{
	size_t most = 2 * (size_t)d->conf.concurrency, n = 0;
	const struct item *it;

	if (d->nitems < most)
		return false;
	TAILQ_FOREACH(it, &d->items, link)
	{
		n += d->breaker.open || (it->tries == 0 && !item_isolated(it));
	}
	return n >= most;
}

bool
delivery_idle(const struct delivery *d)
{
	return TAILQ_EMPTY(&d->items);
}

void
delivery_retry(struct delivery *d)
{
	d->strangers = 0;
	if (d->endpoints == dassana_endpoints(d->sink))
		breaker_hurry(&d->breaker, clock_mono_ms());
	else
		delivery_turn(d);
	timer_soon(d->pump);
}

size_t
delivery_limit(const struct delivery *d)
{
	uint64_t second = dassana_rate_limit(d->sink);

	return second > 0 && second < d->limit.bytes ? (size_t)second
						     : d->limit.bytes;
}

size_t
delivery_memory(const struct delivery_conf *conf)
{
	int level = conf->gzip_level;

	return split_memory(level, part_max(conf)) +
	       (SCRATCHES - 1) * split_memory(level, SCRATCH_SMALL);
}

struct delivery_stats
delivery_stats(const struct delivery *d)
{
	struct delivery_stats s = d->stats;
	struct item *it;

	TAILQ_FOREACH(it, &d->items, link)
	{
		s.waiting += it->post == NULL && !it->cutting;
	}
	s.held_ms = (uint64_t)stopwatch_ms(&d->rate.held, clock_mono_ms());
	if (d->limit.bytes != SIZE_MAX)
		s.learned_limit_bytes = d->limit.bytes;
	return s;
}
