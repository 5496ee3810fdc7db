/*
 * Objects that Dassana refused while it took others, and that were given back
 * before it was known whose fault that is: when they come again, after hours,
 * they are suspects from the start. Far more of them than the ledger has pages,
 * since of each only 64 bits of a hash of its name are kept. The hash has a
 * secret, so that nobody can make another's object a suspect by the name of its
 * own.
 *
 * Bounded: the oldest of those that share a place is forgotten.
 */
#ifndef FLOW_SUSPECTS_H
#define FLOW_SUSPECTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum {
	SUSPECTS_MAX = 64 * 1024,
	SUSPECTS_BYTES = SUSPECTS_MAX * 8 + 1024,
};

struct suspects;

/* The caller's, until suspects_free; it takes SUSPECTS_BYTES at most. */
struct suspects *suspects_new(void);
void suspects_free(struct suspects **s);
void suspects_add(struct suspects *s, struct span bucket, struct span key);
/* Also, once in 2^48 or so, one that was never added. */
bool suspects_have(struct suspects *s, struct span bucket, struct span key);
void suspects_clear(struct suspects *s);

#endif
