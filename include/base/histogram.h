/*
 * Counts of observed values in fixed buckets, with their sum: what Prometheus
 * calls a histogram. Whole numbers in one unit of the owner's choice; nothing
 * is allocated, so it is copied with the struct that it stands in.
 */
#ifndef BASE_HISTOGRAM_H
#define BASE_HISTOGRAM_H

#include <stdint.h>

enum { HISTOGRAM_BOUNDS_MAX = 16 };

/* Upper bounds of the buckets, inclusive, rising; above the last is one more
 * bucket. */
struct histogram_bounds {
	unsigned n;
	int64_t le[HISTOGRAM_BOUNDS_MAX];
};

extern const struct histogram_bounds histogram_call_us;	 /* 2 ms … 60 s */
extern const struct histogram_bounds histogram_turn_us;	 /* 0.1 ms … 5 s */
extern const struct histogram_bounds histogram_lag_s;	 /* 5 s … 7 days */
extern const struct histogram_bounds histogram_receives; /* 1 … 100 */

struct histogram {
	const struct histogram_bounds *bounds;	   /* static */
	uint64_t bucket[HISTOGRAM_BOUNDS_MAX + 1]; /* not cumulative */
	uint64_t sum;
};

void histogram_init(struct histogram *h, const struct histogram_bounds *b);
/* What is below 0 (a clock that was set) counts as 0. The sum stays at
 * UINT64_MAX rather than wrap. */
void histogram_observe(struct histogram *h, int64_t value);
uint64_t histogram_count(const struct histogram *h);
/* Adds what was observed in from, which has the same bounds. */
void histogram_add(struct histogram *to, const struct histogram *from);

#endif
