#include "sink/delivery.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "sink/delivery_internal.h"

#define NEVER INT64_MAX

/* ---- what goes next ---- */

static bool
is_whole_body(const struct delivery *d, const struct item *it, size_t n)
{
	return n == batch_events(it->batch) &&
	       (n == 1 || batch_plain_bytes(it->batch) <= d->limit.bytes);
}

/* Whether it could be sent now, gate and time apart. There is one scratch
 * buffer for the parts of batches; who needs it waits for it. */
static bool
is_free(const struct delivery *d, const struct item *it)
{
	size_t first;

	return it->post == NULL &&
	       (d->split_user == NULL ||
		   is_whole_body(d, it, item_next(it, &first)));
}

/* The oldest, but what was refused or failed comes later, and what is all held
 * last: if it is to blame itself, another batch opens the gate. */
static bool
probes_better(const struct item *a, const struct item *b)
{
	if (item_fresh(a) != item_fresh(b))
		return item_fresh(a);
	return a->blamed < b->blamed;
}

static struct item *
pick_probe(struct delivery *d)
{
	struct item *it, *best = NULL;

	TAILQ_FOREACH(it, &d->items, link)
	{
		if (is_free(d, it) && (best == NULL || probes_better(it, best)))
			best = it;
	}
	return best;
}

/* The oldest that is due, or else the one that is due next. */
static struct item *
pick_due(struct delivery *d, int64_t now)
{
	struct item *it, *best = NULL;

	TAILQ_FOREACH(it, &d->items, link)
	{
		if (!is_free(d, it))
			continue;
		if (it->due_ms <= now)
			return it;
		if (best == NULL || it->due_ms < best->due_ms)
			best = it;
	}
	return best;
}

/* When the next POST may start, and which; NEVER: not before an answer. */
static int64_t
next_up(struct delivery *d, int64_t now, struct item **it)
{
	int64_t at;

	if (d->stats.in_flight >= d->conf.concurrency || d->gate.probe != NULL)
		return NEVER;
	*it = d->gate.closed ? pick_probe(d) : pick_due(d, now);
	if (*it == NULL)
		return NEVER;
	at = d->gate.closed ? d->gate.probe_ms : (*it)->due_ms;
	return at > d->hold_ms ? at : d->hold_ms;
}

static dassana_done_fn on_answer;

/* The body of the next part. */
static const struct span *
cut_part(struct delivery *d, struct item *it, size_t *nparts)
{
	size_t first, n = item_next(it, &first);
	struct split_body body;

	it->part.first = first;
	if (is_whole_body(d, it, n)) {
		it->part.events = n;
		it->part.plain_bytes = batch_plain_bytes(it->batch);
		it->part.body_bytes = batch_body_bytes(it->batch);
		return batch_body(it->batch, nparts);
	}
	CHECK(d->split_user == NULL);
	d->split_user = it;
	split_render(d->split, it->batch, first, n, d->limit.bytes, &body);
	it->part.events = body.events;
	it->part.plain_bytes = body.plain_bytes;
	it->part.body_bytes = body.body_bytes;
	*nparts = body.nparts;
	return body.part;
}

static void
start_post(struct delivery *d, struct item *it, int64_t now)
{
	size_t nparts;
	const struct span *body = cut_part(d, it, &nparts);

	it->sent_ms = now;
	it->gate_turn = d->gate.turn;
	if (d->gate.closed)
		d->gate.probe = it;
	d->stats.posts++;
	if (++d->stats.in_flight > d->stats.in_flight_max)
		d->stats.in_flight_max = d->stats.in_flight;
	it->post =
	    dassana_post(d->sink, body, nparts, it->part.events, on_answer, it);
}

static void
on_pump(void *arg)
{
	struct delivery *d = arg;
	int64_t now = clock_mono_ms(), at;
	struct item *it = NULL;

	limit_grow(d, now);
	while ((at = next_up(d, now, &it)) <= now)
		start_post(d, it, now);
	if (at != NEVER)
		timer_after(d->pump, at - now);
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
	bool probe = d->gate.probe == it;

	it->post = NULL;
	d->stats.in_flight--;
	if (probe)
		d->gate.probe = NULL;
	if (d->split_user == it)
		d->split_user = NULL;
	LOG_DEBUG("dassana.post", F_INT("batch", batch_id(it->batch)),
	    F_INT("first", it->part.first), F_INT("events", it->part.events),
	    F_INT("bytes", it->part.body_bytes), F_INT("status", r->status),
	    F_STR("error", r->err != ERR_OK ? err_name(r->err) : NULL),
	    F_INT("ms", clock_mono_ms() - it->sent_ms), F_STR("why", r->why));
	count_answer(d, it, r);
	trouble_note(d, r);
	delivery_judge(d, it, r, probe);
	timer_soon(d->pump);
	tell_progress(d);
}

/* ---- from outside ---- */

struct delivery *
delivery_new(
    struct timers *t, struct dassana *sink, const struct delivery_conf *conf)
{
	struct delivery *d = mem_zalloc(sizeof *d);

	CHECK(conf->concurrency > 0);
	CHECK(conf->settled != NULL && conf->progress != NULL);
	d->sink = sink;
	d->conf = *conf;
	d->pump = timer_new(t, on_pump, d);
	d->split = split_new(conf->gzip_level, conf->batch_max_bytes);
	d->limit.bytes = SIZE_MAX;
	count_init(d);
	TAILQ_INIT(&d->items);
	return d;
}

static void
drop_all(struct delivery *d)
{
	uint64_t before = d->stats.dropped_events;
	struct item *it;

	d->gate.probe = NULL;
	d->split_user = NULL;
	while ((it = TAILQ_FIRST(&d->items)) != NULL) {
		if (it->post != NULL) {
			dassana_cancel(&it->post);
			d->stats.in_flight--;
		}
		item_drop(it);
	}
	timer_stop(d->pump);
	if (d->stats.dropped_events > before)
		LOG_WARN("dassana.dropped",
		    F_INT("events", d->stats.dropped_events - before),
		    F_STR("why", "no time left to deliver them"));
}

void
delivery_free(struct delivery **dp)
{
	struct delivery *d = *dp;

	if (d == NULL)
		return;
	drop_all(d);
	timer_free(&d->pump);
	split_free(&d->split);
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
delivery_submit(struct delivery *d, struct batch *b)
{
	struct item *it = item_new(d, b);

	TAILQ_INSERT_TAIL(&d->items, it, link);
	timer_soon(d->pump);
}

bool
delivery_open(const struct delivery *d)
{
	return !d->gate.closed;
}

bool
delivery_idle(const struct delivery *d)
{
	return TAILQ_EMPTY(&d->items);
}

bool
delivery_in_doubt(const struct delivery *d)
{
	const struct item *it;

	TAILQ_FOREACH(it, &d->items, link)
	{
		if (item_fresh(it))
			return false;
	}
	return !delivery_idle(d);
}

size_t
delivery_limit(const struct delivery *d)
{
	return d->limit.bytes;
}

size_t
delivery_memory(int gzip_level, size_t batch_max_bytes)
{
	return split_memory(gzip_level, batch_max_bytes);
}

struct delivery_stats
delivery_stats(const struct delivery *d)
{
	struct delivery_stats s = d->stats;
	struct item *it;

	TAILQ_FOREACH(it, &d->items, link)
	{
		s.waiting += it->post == NULL;
		s.in_doubt += it->held.end - it->held.at;
	}
	if (d->limit.bytes != SIZE_MAX)
		s.learned_limit_bytes = d->limit.bytes;
	return s;
}
