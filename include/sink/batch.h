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

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "sink/pool.h"

/*
 * Some events of one owner, as they follow in the body: `count` of them, the
 * first with the number `first`. Numbers that the owner leaves out may lie
 * before and between them, and cost no run each: a run that has such gaps
 * covers BATCH_RUN_PLACES numbers.
 */
enum { BATCH_RUN_PLACES = 64 };
struct batch_run {
	void *owner;
	uint64_t first;
	uint64_t taken; /* 0: no gaps; else bit i: first + i is an event */
	uint32_t count;
	uint32_t lead; /* left out: so many numbers right before `first` */
};

/* One past the number of its last event. */
uint64_t batch_run_end(const struct batch_run *r);
bool batch_run_has(const struct batch_run *r, uint64_t index);
/* Its events skip … skip + n − 1, n > 0, with what is left out before them. */
struct batch_run
batch_run_part(const struct batch_run *r, size_t skip, size_t n);
/* Event `index` follows, `lead` numbers before it being left out. False: it
 * needs a run of its own. */
bool
batch_run_extend(struct batch_run *r, void *owner, uint64_t index, size_t lead);

struct batch;

/* The body as parts for an HTTP request; borrowed until batch_free. */
const struct span *batch_body(const struct batch *b, size_t *nparts);
size_t batch_body_bytes(const struct batch *b);	 /* compressed */
size_t batch_plain_bytes(const struct batch *b); /* NDJSON */
size_t batch_events(const struct batch *b);
size_t batch_nruns(const struct batch *b);
const struct batch_run *batch_run_at(const struct batch *b, size_t i);
uint64_t batch_id(const struct batch *b); /* its own, of its pool; from 1 on */
/* One more has it: then it goes with the last batch_free. */
void batch_hold(struct batch *b);
void batch_free(struct batch **b);

#endif
