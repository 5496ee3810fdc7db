#include "base/mem.h"
#include "sink/delivery_internal.h"

enum {
	FEW = 8,
	FEW_SUSPECTS = 4,
	/* Refusals of single units, less half of what is taken. */
	REFUSALS_MANY = 8,
	REFUSALS_MAX = 16,
	ITEMS_MANY = 256, /* in memory that nobody counts */
};

/* ---- units ---- */

/* Runs of one owner that follow one another are one unit: its number is that of
 * the first. The next one's; the events in it. */
static size_t
unit_end(const struct batch *b, size_t run, size_t *events)
{
	const void *owner = batch_run_at(b, run)->owner;

	*events = 0;
	while (run < batch_nruns(b) && batch_run_at(b, run)->owner == owner)
		*events += batch_run_at(b, run++)->count;
	return run;
}

/* What is left of it, of the one that `at` is in. */
static size_t
unit_left(const struct item *it, size_t unit, size_t *events)
{
	size_t next = unit_end(it->batch, unit, events);

	if (unit == it->unit)
		*events = it->unit_left;
	return next;
}

/* How many events the next k units have. */
static size_t
events_of(const struct item *it, size_t k)
{
	size_t n = 0, i = it->unit, events;

	if (k >= it->end - it->at)
		return it->end - it->at;
	if (it->suspect)
		return k;
	for (; k > 0 && i < batch_nruns(it->batch); k--) {
		i = unit_left(it, i, &events);
		n += events;
	}
	return n < it->end - it->at ? n : it->end - it->at;
}

/* How many units the next n events belong to. */
static size_t
units_of(const struct item *it, size_t n)
{
	size_t k = 0, i = it->unit, events;

	if (it->suspect)
		return n;
	for (; n > 0; k++) {
		i = unit_left(it, i, &events);
		n -= n < events ? n : events;
	}
	return k;
}

static void
advance(struct item *it, size_t n)
{
	size_t events;

	it->at += n;
	while (n >= it->unit_left && it->at < it->end) {
		n -= it->unit_left;
		it->unit = unit_end(it->batch, it->unit, &events);
		(void)unit_end(it->batch, it->unit, &it->unit_left);
	}
	it->unit_left -= n < it->unit_left ? n : it->unit_left;
}

size_t
item_next(const struct item *it)
{
	size_t n = events_of(it, it->step);

	return n < it->events_max ? n : it->events_max;
}

size_t
item_bytes_max(const struct item *it)
{
	if (it->at + item_next(it) <= it->bad_end)
		return it->bad_bytes;
	return batch_plain_bytes(it->batch);
}

bool
item_halve(struct item *it)
{
	size_t units = units_of(it, it->part.events);
	size_t few = it->suspect ? FEW_SUSPECTS : FEW;

	if (units < 2)
		return false;
	/* The last few one by one: that takes no more POSTs, and the others
	 * arrive sooner. */
	it->step = units <= few ? 1 : units / 2;
	it->bad_end = it->at + it->part.events;
	it->bad_bytes = it->part.plain_bytes;
	it->delivery->stats.splits++;
	return true;
}

/* What follows its first unit is an item of its own from now on. */
static struct item *
part_from_rest(struct item *it)
{
	struct item *rest = mem_alloc(sizeof *rest);

	*rest = *it;
	batch_hold(rest->batch);
	advance(rest, it->unit_left);
	it->end = rest->at;
	it->large_end = 0;
	TAILQ_INSERT_AFTER(&it->delivery->items, it, rest, link);
	it->delivery->nitems++;
	return rest;
}

/* The last few are sent beside one another: whom Dassana takes does not wait
 * for what it says of those that it refuses, which may take it seconds. */
bool
item_narrow(struct item *it)
{
	size_t part_end = it->at + it->part.events;

	if (!item_halve(it))
		return false;
	if (it->suspect || it->step > 1)
		return true;
	while (it->at < part_end && it->at + it->unit_left < it->end)
		it = part_from_rest(it);
	return true;
}

/* When more than a third of them is refused, to send several together seldom
 * spares a POST, and makes those that are taken wait for one more. */
void
item_scatter(struct item *it)
{
	const struct delivery *d = it->delivery;

	if (it->suspect || d->refusals < REFUSALS_MANY ||
	    d->nitems + units_of(it, it->end) > ITEMS_MANY)
		return;
	for (;;) {
		it->step = 1;
		if (it->unit_left == it->end - it->at)
			return;
		it = part_from_rest(it);
	}
}

/* ---- its life ---- */

struct item *
item_new(struct delivery *d, struct batch *b, bool suspect)
{
	struct item *it = mem_zalloc(sizeof *it);

	it->delivery = d;
	it->batch = b;
	it->suspect = suspect;
	it->end = batch_events(b);
	(void)unit_end(b, 0, &it->unit_left);
	it->step = it->events_max = SIZE_MAX;
	return it;
}

void
item_turn(struct item *it)
{
	it->due_ms = 0;
	it->tries = it->probes = 0;
	it->blame = (struct blame){0};
	it->poison = false;
	it->events_max = SIZE_MAX;
	it->large_end = 0;
	if (it->post == NULL)
		return;
	it->elsewhere = true;
	it->delivery->elsewhere++;
	if (it->share != NULL)
		it->share->now--;
	it->share = NULL;
}

bool
item_isolated(const struct item *it)
{
	return it->suspect || it->step != SIZE_MAX;
}

/* ---- settling ---- */

static void
tell(struct item *it, size_t first, size_t n, enum delivery_outcome outcome,
    const struct dassana_result *why)
{
	const struct delivery_conf *conf = &it->delivery->conf;
	struct delivery_settled s = {
	    .outcome = outcome, .why = why, .trial = it->trial};
	size_t end = first + n, at = 0;

	for (size_t i = 0; i < batch_nruns(it->batch) && at < end; i++) {
		const struct batch_run *run = batch_run_at(it->batch, i);
		size_t from = at > first ? at : first;
		size_t to = at + run->count < end ? at + run->count : end;

		s.alone = n == 1 && it->part.events == 1;
		at += run->count;
		if (to <= from)
			continue;
		s.run =
		    batch_run_part(run, from - (at - run->count), to - from);
		conf->settled(conf->arg, &s);
	}
}

static void
item_free(struct item *it)
{
	it->delivery->changed = true;
	batch_free(&it->batch);
	mem_free(it);
}

/* The next n events are out of what is left. If nothing is, the item is out of
 * the queue before that is told, and gone after it. */
static void
settle(struct item *it, size_t n, enum delivery_outcome outcome,
    const struct dassana_result *why)
{
	size_t first = it->at;
	bool over;

	advance(it, n);
	it->tries = 0;
	it->blame = (struct blame){0};
	over = it->at == it->end;
	if (over) {
		TAILQ_REMOVE(&it->delivery->items, it, link);
		it->delivery->nitems--;
	}
	tell(it, first, n, outcome, why);
	if (over)
		item_free(it);
}

static void
note_refusals(const struct item *it, int change)
{
	int n = it->delivery->refusals + change;

	if (!it->suspect && n >= 0 && n <= REFUSALS_MAX)
		it->delivery->refusals = n;
}

/* Where one is to blame its neighbours may be too: from there on the parts are
 * small, and grow. */
void
item_took(struct item *it, enum delivery_outcome outcome)
{
	size_t n = it->part.events, next = it->at + n;

	if (it->bad_end > next)
		it->step = (it->step + 1) / 2;
	else
		it->step = it->step > SIZE_MAX / 2 ? SIZE_MAX : 2 * it->step;
	note_refusals(it, -1);
	settle(it, n, outcome, NULL);
}

void
item_refuse_unit(struct item *it, const struct dassana_result *why)
{
	it->step = 1;
	settle(it, it->unit_left, DELIVERY_REFUSED, why);
}

void
item_refuse(struct item *it, const struct dassana_result *why)
{
	size_t n = it->part.events == 1 ? 1 : it->unit_left;

	if (item_narrow(it))
		return;
	note_refusals(it, 2);
	settle(it, n, DELIVERY_REFUSED, why);
}

void
item_drop(struct item *it, enum delivery_outcome outcome)
{
	size_t n = it->end - it->at;

	if (outcome == DELIVERY_DROPPED)
		it->delivery->stats.dropped_events += n;
	it->part.events = 0;
	settle(it, n, outcome, NULL);
}
