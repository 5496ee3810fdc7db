/*
 * A set of event numbers as ranges, sorted and apart from one another: at most
 * RANGES_MAX of them; what does not fit is left out.
 */
#ifndef FLOW_RANGES_H
#define FLOW_RANGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANGES_MAX = 64 };

struct range {
	uint64_t from, to; /* to is one past */
};

/* Zeroed: empty. */
struct ranges {
	struct range *at; /* owned; NULL if there are none */
	size_t n, room;
};

void ranges_add(struct ranges *s, struct range r);
bool ranges_have(const struct ranges *s, uint64_t index);
/* Those below `end` are out of it; the result is the end of the range that
 * reaches over it, if one does, or end. */
uint64_t ranges_cut(struct ranges *s, uint64_t end);
void ranges_clear(struct ranges *s);
uint64_t ranges_count(const struct ranges *s); /* of all numbers in it */
/* What it takes in memory now: room for twice as many as there were at most,
 * since it was empty. */
size_t ranges_bytes(const struct ranges *s);
/* What one more range may add to that. */
size_t ranges_next_bytes(const struct ranges *s);

#endif
