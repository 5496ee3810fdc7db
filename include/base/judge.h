/*
 * Who is to blame for a failure: the one rule for objects, events, messages and
 * batches.
 *
 * Nobody is at fault for failing, since all may fail alike: only by comparison.
 * A suspect fails by comparison when its request began after another one had
 * succeeded which itself began after the suspect's last failure that counted.
 * So what was under way when the world changed says nothing, and in an outage
 * nothing succeeds, so nobody is blamed, however long it lasts. At fault is who
 * failed by comparison BLAME_TIMES times, over BLAME_MS at least.
 *
 * Pure: no clock, no memory of its own; a judge counts requests, a trial says
 * what was proven when a request began, a blame is what a suspect has against
 * it.
 */
#ifndef BASE_JUDGE_H
#define BASE_JUDGE_H

#include <stdbool.h>
#include <stdint.h>

enum { BLAME_TIMES = 3, BLAME_MS = 10 * 60 * 1000 };

/* What a success is a success of. */
enum judge_side {
	JUDGE_HEAD,    /* S3 has answered with an object */
	JUDGE_BODY,    /* S3 has sent all of one */
	JUDGE_DASSANA, /* Dassana has taken events */
	JUDGE_SIDES
};

/* Zeroed: nothing has happened. */
struct judge {
	uint64_t clock; /* of requests' beginnings and of failures */
	uint64_t proof[JUDGE_SIDES]; /* when the latest that succeeded began */
};

/* A request that has begun. */
struct trial {
	uint64_t began;
	uint64_t proof[JUDGE_SIDES]; /* as it was then */
};

/* Zeroed: nothing is held against it. */
struct blame {
	unsigned times;	    /* failed by comparison */
	uint64_t failed_at; /* first, or counted last */
	int64_t since_ms;   /* monotonic: its first failure */
};

struct trial judge_begin(struct judge *j);
void
judge_succeeded(struct judge *j, enum judge_side side, const struct trial *t);
/* True: by comparison. */
bool judge_failed(struct judge *j, enum judge_side side, const struct trial *t,
    struct blame *b, int64_t now_ms);
bool blame_is_proven(const struct blame *b, int64_t now_ms);

#endif
