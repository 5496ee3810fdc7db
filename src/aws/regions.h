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

/* Where to look for the bucket first: in the region of its ARN, where it turned
 * out to be, where somebody guesses that it is, or in ours. A notification's
 * guess is good only for a region that our credentials can be good for. */
void regions_choose(const struct regions *r, struct span bucket,
    struct span guess, const char *ours, char out[REGION_MAX]);

#endif
