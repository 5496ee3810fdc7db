/*
 * For how long a message that is given back is hidden, and how many are still.
 * SQS lets 120,000 of a queue be in flight, hidden ones included; beyond that a
 * poll brings nothing, and says nothing. So the more are hidden, the shorter.
 * Counted by the minute.
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

enum back_off {
	BACK_OFF_USUAL, /* redeliver_after, doubled with every receive */
	BACK_OFF_NONE,	/* not tried: visible at once */
	BACK_OFF_LONG,	/* 2 h: a permission is not granted in a minute */
	BACK_OFF_STOP,	/* we end: eight times with every receive, up to 2 h */
	BACK_OFF_HOURS, /* 2 h with every receive: nothing succeeds, and others
			 * have their turn */
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
/* The same for one that was received so often. least_s: redeliver_after. */
unsigned hidden_after_s(struct hidden *h, enum back_off how, unsigned least_s,
    unsigned receives, int64_t now_ms);
void hidden_add(struct hidden *h, unsigned s, int64_t now_ms);
/* So many of the queue are, as SQS says; 0: it does not. */
void hidden_in_flight(struct hidden *h, int64_t n);

#endif
