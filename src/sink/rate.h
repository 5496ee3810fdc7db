/*
 * How many bytes a second may go out: a bucket that fills at that rate, and up
 * to a fifth of a second's worth. Whoever sends takes out what he sends, if it
 * is not in debt then; so a large one goes at once, and those behind it wait
 * until what it took has come in.
 *
 * So over any time t at most (t + 1/5 s) times the rate goes out, and the one
 * sent last: over a minute 1.02 times the rate, if each is of a second's worth
 * at most.
 */
#ifndef SINK_RATE_H
#define SINK_RATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/stopwatch.h"

/* Zeroed: without a limit. */
struct rate {
	uint64_t per_s; /* bytes; 0: no limit */
	int64_t level;	/* thousandths of a byte; negative: debt */
	int64_t at_ms;	/* as of then */
	struct stopwatch held;
};

/* From now on that limit; debt is forgiven if it is another one. */
void rate_set(struct rate *r, uint64_t per_s, int64_t now_ms);
/* When the next may go: 0 if it may. */
int64_t rate_due(struct rate *r, int64_t now_ms);
void rate_take(struct rate *r, uint64_t bytes, int64_t now_ms);

#endif
