/*
 * How bodies are compressed, in one place: the batcher writes them, and split
 * writes parts of them anew. By ISA-L where it was built with it and the level
 * is one at which that makes bodies no larger than zlib would, else by zlib.
 * What comes out is gzip that zlib inflates; its bytes differ between codecs,
 * and between processors.
 */
#ifndef SINK_GZIP_H
#define SINK_GZIP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct gzip; /* one member after the other */

struct gzip *gzip_new(int level); /* 1 … 9 */
void gzip_free(struct gzip **g);

/* Takes of *in what it can and leaves the rest there; writes at most room > 0
 * bytes to out and returns how many. To be called until nothing is left. */
size_t gzip_add(struct gzip *g, struct span *in, void *out, size_t room);
/* Ends the member: *n is the room at out, > 0, then how much was written.
 * False: call it again with more room. True: complete, and the next begins. */
bool gzip_end(struct gzip *g, void *out, size_t *n);
/* Nothing comes of the member begun; the next one begins. */
void gzip_drop(struct gzip *g);

/* The most bytes that a member of n bytes may have, however it was cut. */
size_t gzip_bound(int level, size_t n);
/* The most bytes that ending a member at any time may add to those written. */
size_t gzip_held_max(int level);
/* All the memory that one takes. */
size_t gzip_memory(int level);

const char *gzip_codec(int level); /* "ISA-L", "zlib" */

#endif
