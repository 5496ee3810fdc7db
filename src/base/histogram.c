#include "base/histogram.h"

#include "base/mem.h"

enum { MS = 1000, S = 1000 * MS };

/* Calls within a region take 5 to 50 ms; a long poll 20 s, a POST up to its
 * time-out. */
const struct histogram_bounds histogram_call_us = {
    14, {2 * MS, 5 * MS, 10 * MS, 20 * MS, 50 * MS, 100 * MS, 200 * MS,
	    500 * MS, 1 * S, 2 * S, 5 * S, 10 * S, 30 * S, 60 * S}};

const struct histogram_bounds histogram_turn_us = {
    10, {100, 500, 1 * MS, 5 * MS, 10 * MS, 20 * MS, 50 * MS, 100 * MS, 1 * S,
	    5 * S}};

/* CloudTrail itself delivers about 5 minutes after an event; a queue keeps a
 * message for up to 14 days. */
const struct histogram_bounds histogram_lag_s = {
    14, {5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 3 * 3600, 12 * 3600,
	    86400, 7 * 86400}};

const struct histogram_bounds histogram_receives = {
    9, {1, 2, 3, 4, 5, 10, 20, 50, 100}};

void
histogram_init(struct histogram *h, const struct histogram_bounds *b)
{
	*h = (struct histogram){.bounds = b};
}

static void
add_up(uint64_t *sum, uint64_t n)
{
	*sum = n > UINT64_MAX - *sum ? UINT64_MAX : *sum + n;
}

void
histogram_observe(struct histogram *h, int64_t value)
{
	unsigned i = 0;

	if (value < 0)
		value = 0;
	while (i < h->bounds->n && value > h->bounds->le[i])
		i++;
	h->bucket[i]++;
	add_up(&h->sum, (uint64_t)value);
}

uint64_t
histogram_count(const struct histogram *h)
{
	uint64_t n = 0;

	for (unsigned i = 0; i <= h->bounds->n; i++)
		n += h->bucket[i];
	return n;
}

void
histogram_add(struct histogram *to, const struct histogram *from)
{
	CHECK(to->bounds == from->bounds);
	for (unsigned i = 0; i <= to->bounds->n; i++)
		to->bucket[i] += from->bucket[i];
	add_up(&to->sum, from->sum);
}
