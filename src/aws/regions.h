/*
 * Which region a bucket is in, for the buckets that last turned out to be
 * elsewhere than we thought. Bounded; forgets the oldest.
 */
#ifndef AWS_REGIONS_H
#define AWS_REGIONS_H

#include "aws/endpoint.h"
#include "base/span.h"

enum { REGIONS_BUCKETS = 64 };

struct regions { /* zero is empty */
	struct {
		char *bucket; /* owned */
		char region[REGION_MAX];
	} row[REGIONS_BUCKETS];
	unsigned next;
};

void regions_fini(struct regions *r);
/* NULL if nothing is known. Borrowed until the next regions_learn. */
const char *regions_find(const struct regions *r, struct span bucket);
void regions_learn(struct regions *r, struct span bucket, const char *region);

#endif
