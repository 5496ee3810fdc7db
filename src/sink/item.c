#include "base/mem.h"
#include "sink/delivery_internal.h"

static bool
is_empty(const struct range *r)
{
	return r->at == r->end;
}

struct item *
item_new(struct delivery *d, struct batch *b)
{
	struct item *it = mem_zalloc(sizeof *it);

	it->delivery = d;
	it->batch = b;
	it->rest = (struct range){.end = batch_events(b), .step = SIZE_MAX};
	it->events_max = SIZE_MAX;
	return it;
}

bool
item_whole(const struct item *it)
{
	return is_empty(&it->held) && it->rest.at == 0;
}

bool
item_fresh(const struct item *it)
{
	return !is_empty(&it->rest) || it->again;
}

/* Those held come first once there is news, else last, one at a time. */
static const struct range *
next_range(const struct item *it)
{
	return it->again || is_empty(&it->rest) ? &it->held : &it->rest;
}

size_t
item_next(const struct item *it, size_t *first)
{
	const struct range *r = next_range(it);
	size_t n = r->end - r->at;

	*first = r->at;
	if (n > r->step)
		n = r->step;
	return n < it->events_max ? n : it->events_max;
}

bool
item_sent_held(const struct item *it)
{
	return it->part.first < it->held.end && !is_empty(&it->held);
}

static struct range *
sent_range(struct item *it)
{
	struct range *r = item_sent_held(it) ? &it->held : &it->rest;

	CHECK(r->at == it->part.first && !is_empty(r));
	return r;
}

void
item_took(struct item *it)
{
	struct range *r = sent_range(it);

	r->at += it->part.events;
	if (r->bad_end > r->at)
		r->step = (r->bad_end - r->at + 1) / 2;
	else
		r->step = r->step > SIZE_MAX / 2 ? SIZE_MAX : 2 * r->step;
	it->again = it->again && !is_empty(&it->held);
}

/* Where one is to blame its neighbours may be, too: the next part is small. */
void
item_refuse(struct item *it)
{
	struct range *r = sent_range(it);

	CHECK(it->part.events == 1);
	r->at++;
	r->step = 1;
	it->again = it->again && !is_empty(&it->held);
}

void
item_halve(struct item *it)
{
	struct range *r = sent_range(it);

	CHECK(it->part.events > 1);
	r->bad_end = r->at + it->part.events;
	r->step = it->part.events / 2;
	it->delivery->stats.splits++;
}

/*
 * The held ones and the rest always touch here: nothing of the rest is sent
 * before those that get another chance are settled, and nothing of the rest was
 * settled since the first was held, or they would have got it.
 */
void
item_hold(struct item *it)
{
	struct range *r = sent_range(it);

	CHECK(r == &it->rest && it->part.events == 1);
	if (is_empty(&it->held))
		it->held.at = r->at;
	else
		CHECK(it->held.end == r->at);
	it->held.end = ++r->at;
	it->held.step = 1;
	it->again = false;
	r->step = 1;
}

void
item_retry_held(struct item *it)
{
	if (is_empty(&it->held) || it->again)
		return;
	it->again = true;
	it->held.step = SIZE_MAX;
	it->held.bad_end = 0;
	it->fails = 0; /* those were of the rest */
	if (it->post == NULL)
		it->due_ms = 0;
}

/* ---- settling ---- */

static void
tell(struct item *it, size_t first, size_t n, enum delivery_outcome outcome,
    const struct dassana_result *why)
{
	const struct delivery_conf *conf = &it->delivery->conf;
	size_t end = first + n, at = 0;

	for (size_t i = 0; i < batch_nruns(it->batch) && at < end; i++) {
		const struct batch_run *run = batch_run_at(it->batch, i);
		size_t from = at > first ? at : first;
		size_t to = at + run->count < end ? at + run->count : end;
		struct batch_run part = *run;

		part.first += from - at;
		part.count = to > from ? (uint32_t)(to - from) : 0;
		if (to > from)
			conf->settled(conf->arg, &part, outcome, why);
		at += run->count;
	}
}

static void
item_free(struct item *it)
{
	it->delivery->changed = true;
	batch_free(&it->batch);
	mem_free(it);
}

void
item_settle(struct item *it, size_t first, size_t n,
    enum delivery_outcome outcome, const struct dassana_result *why)
{
	bool over = is_empty(&it->held) && is_empty(&it->rest);

	if (over)
		TAILQ_REMOVE(&it->delivery->items, it, link);
	tell(it, first, n, outcome, why);
	if (over)
		item_free(it);
}

void
item_settle_held(struct item *it, const struct dassana_result *why)
{
	struct range held = it->held;

	it->held = (struct range){0};
	it->again = false;
	item_settle(it, held.at, held.end - held.at, DELIVERY_REFUSED, why);
}

void
item_drop(struct item *it)
{
	const struct range *part[] = {&it->held, &it->rest};

	TAILQ_REMOVE(&it->delivery->items, it, link);
	for (size_t i = 0; i < 2; i++) {
		size_t n = part[i]->end - part[i]->at;

		it->delivery->stats.dropped_events += n;
		if (n > 0)
			tell(it, part[i]->at, n, DELIVERY_DROPPED, NULL);
	}
	item_free(it);
}
