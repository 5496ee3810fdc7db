/*
 * Collects events into the open batch, compressing while adding, and seals it:
 * when it is full (bytes or events), when it is older than the delay, or when
 * told. A sealed batch is handed to on_sealed, which owns it from then on.
 *
 * Room first: batcher_add is called only within what batcher_room granted. A
 * grant is for one owner and for now: it ends with the next batcher_room, with
 * a batcher_seal and with the turn of the loop, and nothing else is taken from
 * the pool meanwhile. More than was granted is a bug (CHECK).
 *
 * An event larger than a whole batch travels alone. The limit of bytes is never
 * passed by more than one event; the limit of events gives way when the pool is
 * nearly empty and keeping it would cost more pieces than were granted, which
 * takes thousands of events of a few bytes each.
 */
#ifndef SINK_BATCHER_H
#define SINK_BATCHER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "net/timer.h"
#include "sink/batch.h"
#include "sink/pool.h"

enum { BATCHER_RUNS_PER_GRANT = 264 };

struct batcher;

struct batcher_conf {
	size_t batch_max_bytes; /* of NDJSON */
	size_t batch_max_events;
	int64_t batch_max_delay_ms;
	int gzip_level; /* 0: plain NDJSON; 1 … 9 */
};

/* Runs inside batcher_add, batcher_seal or a timer. */
typedef void batcher_sealed_fn(void *arg, struct batch *b);

struct batcher *batcher_new(struct timers *t, struct pool *pool,
    const struct batcher_conf *conf, batcher_sealed_fn *fn, void *arg);
void batcher_free(struct batcher **b); /* an open batch is dropped */

/* Whether records of together n bytes, however many they are (of 2 bytes or
 * more each, newlines not counted), would fit into the pool whatever they
 * compress to. Yes is a grant. */
bool batcher_room(struct batcher *b, size_t n);
/* At least a quarter of the pool is free. */
bool batcher_has_quarter(const struct batcher *b);
/* A pool of at least so many bytes has room for n bytes of records once all
 * batches are out of it. */
size_t batcher_pool_min(const struct batcher_conf *conf, size_t n);
/* The most bytes that it takes beside the pool. */
size_t batcher_memory(int gzip_level);
/* One event: head then tail are its bytes, a '\n' is added. Event number
 * `index` of `owner`, which has left out the `lead` numbers before it. Within a
 * grant the indices rise, and at most BATCHER_RUNS_PER_GRANT runs begin: by a
 * gap that is not left out, or BATCH_RUN_PLACES numbers after another one. */
void batcher_add(struct batcher *b, void *owner, uint64_t index, size_t lead,
    struct span head, struct span tail);
/* From now on batches are sealed before they pass this many bytes of NDJSON, as
 * long as the pool has room for the pieces that this costs; SIZE_MAX: no such
 * limit. */
void batcher_limit(struct batcher *b, size_t bytes);
/* Seals what is open now, if there is any. */
void batcher_seal(struct batcher *b);
size_t batcher_open_events(const struct batcher *b);

#endif
