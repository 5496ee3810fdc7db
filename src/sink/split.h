/*
 * A body for some of the events of a sealed batch. The batch stays as it is:
 * its body is inflated again, cut at the ends of lines, and what was asked for
 * is deflated into a scratch buffer that was reserved at start; of a plain body
 * the cut pieces themselves are the new body. So a split takes no memory from
 * the pool, and there is one such body at a time.
 *
 * It is made in one go: about 10 ms for half of a batch of 5 MiB at level 1.
 */
#ifndef SINK_SPLIT_H
#define SINK_SPLIT_H

#include "sink/batch.h"

struct split;

/* batch_max_bytes: of NDJSON, the most of any batch of several events. */
struct split *split_new(int gzip_level, size_t batch_max_bytes);
void split_free(struct split **s);
size_t split_memory(int gzip_level, size_t batch_max_bytes);

struct split_body {
	const struct span *part; /* borrowed until the next call */
	size_t nparts;
	size_t events, plain_bytes, body_bytes;
};

/* Of the events of b from number `first` on, `count` > 0 at most, as many as
 * have together max_bytes of NDJSON, but at least one. */
void split_render(struct split *s, const struct batch *b, size_t first,
    size_t count, size_t max_bytes, struct split_body *out);

#endif
