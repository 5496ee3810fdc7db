/*
 * How much a second, of late: samples of counters that only grow, taken every
 * few seconds, and what follows from them.
 */
#ifndef ADMIN_RATES_H
#define ADMIN_RATES_H

#include <stddef.h>
#include <stdint.h>

enum rate {
	RATE_EVENTS,   /* taken by Dassana */
	RATE_BYTES,    /* of log files, as they are stored */
	RATE_OBJECTS,  /* delivered whole */
	RATE_MESSAGES, /* deleted */
	RATE_POSTS,
	RATES_SHOWN,
	/* Only for what they are together: seconds for each of them. */
	RATE_LAGS = RATES_SHOWN,
	RATE_LAGS_S,
	RATE_EVENT_LAGS,
	RATE_EVENT_LAGS_S,
	RATES
};

enum {
	RATES_EVERY_MS = 5000,
	RATES_WINDOW_MS = 60 * 1000, /* of a rate */
	RATES_STEPS = 60,	     /* of the history */
};

struct rates_sample {
	int64_t at_ms; /* monotonic */
	uint64_t count[RATES];
};

/* A ring; a zeroed one is empty. */
struct rates {
	struct rates_sample sample[RATES_STEPS + 1];
	size_t n, next;
};

void rates_add(struct rates *r, const struct rates_sample *s);
/* A second, since the sample that is a window older than `now`, or the oldest.
 * 0 for less than a second. */
double
rates_of(const struct rates *r, const struct rates_sample *now, enum rate what);
/* From the oldest to the newest: the rate from one sample to the next. Returns
 * how many. */
size_t
rates_history(const struct rates *r, enum rate what, double out[RATES_STEPS]);

#endif
