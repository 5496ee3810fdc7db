/*
 * Sealed batches on their way: at most `concurrency` POSTs at once, oldest
 * first, transient failures tried again with back-off until they are taken.
 * Every event of every batch is settled exactly once, as taken or not.
 *
 * The gate: after a fault of the set-up (token, endpoint) nothing is sent but
 * a probe, which is the oldest batch, 1 s later, doubling to 60 s, until one is
 * taken. While the gate is closed, delivery_open is false and intake polls no
 * more. It also opens when no batch is left to probe with.
 *
 * A refusal is put down to the set-up, and closes the gate, as long as nothing
 * was taken yet. Retry-After holds back all POSTs but does not close the gate.
 */
#ifndef SINK_DELIVERY_H
#define SINK_DELIVERY_H

#include <stdbool.h>
#include <stdint.h>

#include "net/timer.h"
#include "sink/batch.h"
#include "sink/dassana.h"

struct delivery;

enum delivery_outcome {
	DELIVERY_TAKEN,	  /* Dassana has it */
	DELIVERY_REFUSED, /* Dassana will never take it */
	DELIVERY_DROPPED, /* given up at shutdown; fate unknown or unsent */
};

/* Called once for every run of every batch. */
typedef void delivery_settled_fn(
    void *arg, const struct batch_run *run, enum delivery_outcome outcome);
/* Something changed that others wait for: a batch's pieces went back to the
 * pool, or the gate opened or closed. Runs after the settled calls. Both may
 * submit; this one may also free the delivery. */
typedef void delivery_progress_fn(void *arg);

struct delivery_conf {
	unsigned concurrency;
	int64_t backoff_base_ms; /* 500 */
	int64_t backoff_max_ms;	 /* 30 s */
	/* Asked after the token was refused: the token as it stands now, or
	 * NULL to keep the old one. Borrowed. May be NULL. */
	const char *(*reload_token)(void *arg);
	delivery_settled_fn *settled;
	delivery_progress_fn *progress;
	void *arg;
};

struct delivery *delivery_new(struct timers *t, struct dassana *sink,
    const struct delivery_conf *conf); /* sink is borrowed */
/* Cancels POSTs under way and drops all batches (settled as DROPPED). */
void delivery_free(struct delivery **d);

void delivery_submit(struct delivery *d, struct batch *b); /* takes it over */
bool delivery_open(const struct delivery *d);
bool delivery_idle(const struct delivery *d); /* nothing held */
/* At the end of shutdown: as delivery_free, but the object stays. */
void delivery_give_up(struct delivery *d);

struct delivery_stats {
	uint64_t posts, taken_posts, taken_events, taken_plain_bytes,
	    taken_body_bytes;
	uint64_t retries, refused_events, dropped_events;
	uint64_t doc_count_missing, doc_count_short;
	uint64_t setup_faults, token_faults;
	unsigned in_flight, in_flight_max, waiting;
};
struct delivery_stats delivery_stats(const struct delivery *d);

#endif
