/*
 * How many messages may be sent without more than so many waiting in the queue.
 * What SQS says of that may be as it was a minute ago, so what was sent in that
 * minute counts as well. Pure.
 */
#ifndef BACKFILL_PRESSURE_H
#define BACKFILL_PRESSURE_H

#include <stdint.h>

enum { PRESSURE_STALE_S = 60, PRESSURE_SLOTS = 2 * PRESSURE_STALE_S };

struct pressure {
	uint64_t max, waiting;
	int64_t seen_ms; /* −1: never */
	struct {
		int64_t second;
		uint64_t n;
	} sent[PRESSURE_SLOTS];
};

void pressure_init(struct pressure *p, uint64_t max);
void pressure_sent(struct pressure *p, int64_t now_ms, uint64_t n);
void pressure_seen(struct pressure *p, int64_t now_ms, uint64_t waiting);
/* 0 also where the queue was never asked, or more than a minute ago. */
uint64_t pressure_room(const struct pressure *p, int64_t now_ms);

#endif
