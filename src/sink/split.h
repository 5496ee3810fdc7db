/*
 * A body for some of the events of a sealed batch. The batch stays as it is:
 * its body is inflated again, cut at the ends of lines, and what was asked for
 * is deflated into a scratch buffer that was reserved at start; of a plain body
 * the cut pieces themselves are the new body. So a split takes no memory from
 * the pool, and there is one such body at a time, or another one in each split
 * that takes one over.
 *
 * It is made in slices of 128 KiB of text, each of a few milliseconds, in one
 * pass: split_begin says what is wanted, then split_step is called, once in a
 * turn of the loop, until it says that the part is ready.
 *
 * What was inflated for the part before is not inflated again as long as parts
 * are of the same batch and begin where that one did or later: halving a batch,
 * or sending it in small parts one after the other, inflates it about once.
 */
#ifndef SINK_SPLIT_H
#define SINK_SPLIT_H

#include <stdbool.h>

#include "sink/batch.h"

struct split;

/* part_max_bytes: of NDJSON, the most of any part, that of one event included.
 */
struct split *split_new(int gzip_level, size_t part_max_bytes);
void split_free(struct split **s);
size_t split_memory(int gzip_level, size_t part_max_bytes);

struct split_body {
	const struct span *part; /* borrowed until the next call */
	size_t nparts;
	size_t events, plain_bytes, body_bytes;
};

/* Of the events of b from number `first` on, `count` > 0 at most, as many as
 * have together max_bytes of NDJSON, but at least one. They may be fewer if
 * the batch is larger than max_bytes and the next event than 32 KiB. b is
 * borrowed until the part is ready. Another part may be begun at any time; then
 * nothing comes of this one. */
void split_begin(struct split *s, const struct batch *b, size_t first,
    size_t count, size_t max_bytes);
bool split_step(struct split *s, struct split_body *out); /* true: ready */
/* Takes over the part that `from` has just made, if there is room for it, so
 * that `from` can make another one while it is sent. */
bool split_take_over(
    struct split *s, const struct split *from, struct split_body *body);

#endif
