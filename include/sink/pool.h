/*
 * The one pool of memory for events: pieces of POOL_PIECE bytes, their number
 * fixed at start (buffer_max_bytes). Reserved in one mapping; a piece that was
 * never used costs no memory.
 */
#ifndef SINK_POOL_H
#define SINK_POOL_H

#include <stddef.h>
#include <stdint.h>

enum { POOL_PIECE = 64 * 1024 };

struct pool;

struct pool *pool_new(size_t bytes); /* rounded down to whole pieces, ≥ 1 */
void pool_free(struct pool **p);     /* CHECKs that every piece came back */
void *pool_take(struct pool *p);     /* NULL if none is left */
void pool_give(struct pool *p, void *piece);
/* 1, 2, 3 …, for what is made of it; never the same again. */
uint64_t pool_number(struct pool *p);
size_t pool_left(const struct pool *p);	 /* pieces */
size_t pool_total(const struct pool *p); /* pieces */

#endif
