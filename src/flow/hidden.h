/*
 * How many messages we have given back that are hidden still. SQS lets 120,000
 * of a queue be in flight, hidden ones included; beyond that a poll brings
 * nothing, and says nothing. So the more are hidden, the shorter. Counted by
 * the minute.
 */
#ifndef FLOW_HIDDEN_H
#define FLOW_HIDDEN_H

#include <stdint.h>

enum {
	HIDDEN_MINUTES = 3 * 60,
	HIDDEN_MAX = 5000, /* of this process */
	/* Of the whole queue, if it says how many are in flight. */
	HIDDEN_QUEUE_MAX = 60 * 1000,
};

/* Zeroed: none. */
struct hidden {
	uint32_t until[HIDDEN_MINUTES]; /* how many come back in that minute */
	int64_t minute;			/* the last that was looked at */
	int64_t n;
	int64_t in_flight; /* of the queue; 0: not told */
};

/* For how long one more may be hidden, at most `most_s`. */
unsigned hidden_for_s(
    struct hidden *h, unsigned least_s, unsigned most_s, int64_t now_ms);
void hidden_add(struct hidden *h, unsigned s, int64_t now_ms);

#endif
