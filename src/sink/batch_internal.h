/*
 * How the batcher fills a batch. A batch holds at least as many pieces as its
 * body will need to be finished (batch_reserve), so that sealing it never asks
 * the pool for anything: others may have emptied it by then.
 */
#ifndef SINK_BATCH_INTERNAL_H
#define SINK_BATCH_INTERNAL_H

#include "sink/batch.h"

struct pieces {
	void **at; /* owned array of pieces of the pool */
	size_t n, cap;
};

struct batch {
	struct pool *pool; /* borrowed */
	unsigned holders;
	uint64_t id;
	struct pieces body, runs;
	size_t body_bytes, plain_bytes, events, nruns;
	struct span *parts; /* owned; set when sealed */
};

enum { BATCH_RUNS_PER_PIECE = POOL_PIECE / sizeof(struct batch_run) };

struct batch *batch_new(struct pool *pool);
/* Takes pieces until the body has `bytes` of them in all. CHECKs that the pool
 * has them. */
void batch_reserve(struct batch *b, size_t bytes);
/* The free end of the body, at least one byte; *n is its length. After writing
 * there, batch_grew says how much. */
void *batch_tail(struct batch *b, size_t *n);
void batch_grew(struct batch *b, size_t n);
/* Counts one event, `lead` numbers before it being left out; starts a run
 * unless it continues the last one. */
void batch_count(struct batch *b, void *owner, uint64_t index, size_t lead);
/* The body is complete: gives back what was reserved in vain. */
void batch_finish(struct batch *b);

#endif
