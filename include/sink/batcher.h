/*
 * Collects events into the open batch, compressing while adding, and seals it:
 * when it is full (bytes or events), when it is older than the delay, or when
 * told. A sealed batch is handed to on_sealed, which owns it from then on.
 *
 * Room first: batcher_add is called only within what batcher_room granted. An
 * event larger than a whole batch travels alone.
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

/* Whether records of together n bytes, however many they are, would fit into
 * the pool whatever they compress to. */
bool batcher_room(const struct batcher *b, size_t n);
/* One event: head then tail are its bytes, a '\n' is added. Event number
 * `index` of `owner`. */
void batcher_add(struct batcher *b, void *owner, uint64_t index,
    struct span head, struct span tail);
/* Seals what is open now, if there is any. */
void batcher_seal(struct batcher *b);
size_t batcher_open_events(const struct batcher *b);

#endif
