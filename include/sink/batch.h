/*
 * A batch of events on its way to Dassana: a gzip (or plain) NDJSON body in
 * pieces of the pool, and the runs that say whose events it holds, in order.
 *
 * Open: only the batcher holds and fills it. Sealed: the body neither moves nor
 * grows. Given back: batch_free returns all pieces. Runs live in pieces of the
 * pool too.
 */
#ifndef SINK_BATCH_H
#define SINK_BATCH_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "sink/pool.h"

/* Events first … first+count−1 of one owner, as they follow in the body. */
struct batch_run {
	void *owner;
	uint64_t first;
	uint32_t count;
};

struct batch;

/* The body as parts for an HTTP request; borrowed until batch_free. */
const struct span *batch_body(const struct batch *b, size_t *nparts);
size_t batch_body_bytes(const struct batch *b);	 /* compressed */
size_t batch_plain_bytes(const struct batch *b); /* NDJSON */
size_t batch_events(const struct batch *b);
size_t batch_nruns(const struct batch *b);
const struct batch_run *batch_run_at(const struct batch *b, size_t i);
uint64_t batch_id(const struct batch *b); /* its own, of its pool; from 1 on */
void batch_free(struct batch **b);

#endif
