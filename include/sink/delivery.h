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
 * It also opens when the endpoint, after it failed otherwise, begins to refuse
 * events. Retry-After holds back all POSTs but does not close the gate.
 *
 * Refused (4xx): what was sent is halved until the event that is to blame
 * stands alone; all others are delivered. That event is refused for good only
 * once something else was taken, of its batch or after it. 8 events in a row,
 * each refused alone with nothing taken between them, are the set-up's fault:
 * the gate closes, nothing is settled. If nothing but events that were refused
 * alone is left to probe with, it opens after a minute until one more is.
 *
 * A batch that failed 8 times in 5 minutes or more, while others were taken, is
 * halved and isolated like a refused one.
 *
 * 413 teaches a limit of bytes (NDJSON) for later POSTs, at least 64 KiB, that
 * grows by a quarter after each 10 minutes without a 413. Larger batches are
 * sent in parts.
 *
 * Parts are made in one scratch buffer reserved at start, one at a time; what
 * needs it waits for it. So splitting takes nothing from the pool.
 */
#ifndef SINK_DELIVERY_H
#define SINK_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"
#include "base/part.h"
#include "net/timer.h"
#include "sink/batch.h"
#include "sink/dassana.h"

struct delivery;

enum delivery_outcome {
	DELIVERY_TAKEN,	  /* Dassana has it */
	DELIVERY_REFUSED, /* Dassana will never take it */
	DELIVERY_DROPPED, /* given up at shutdown; fate unknown or unsent */
};

/* Called for every event of every batch once, in runs. why: the answer that
 * made DELIVERY_REFUSED final, else NULL; borrowed. To log it, with the names
 * of what was refused, is up to the callee. */
typedef void delivery_settled_fn(void *arg, const struct batch_run *run,
    enum delivery_outcome outcome, const struct dassana_result *why);
/* Something changed that others wait for: a batch's pieces went back to the
 * pool, the gate opened or closed, the limit or what is known of the token
 * changed. Runs after the settled calls. Both may submit; this one may also
 * free the delivery. */
typedef void delivery_progress_fn(void *arg);

struct delivery_conf {
	unsigned concurrency;
	int64_t backoff_base_ms; /* 500 */
	int64_t backoff_max_ms;	 /* 30 s */
	int gzip_level;		 /* of the batches, and of parts of them */
	size_t batch_max_bytes;	 /* of NDJSON, in batches of several events */
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
/* The way to Dassana was changed: a closed gate probes at once. */
void delivery_retry(struct delivery *d);
/* The learned limit of bytes, SIZE_MAX without: batches had better keep it. */
size_t delivery_limit(const struct delivery *d);
/* The most bytes that it takes beside the batches. */
size_t delivery_memory(int gzip_level, size_t batch_max_bytes);
bool delivery_idle(const struct delivery *d); /* nothing held */
/* All that is held was refused, event by event, and only that something else is
 * taken can tell whether it is their fault. */
bool delivery_in_doubt(const struct delivery *d);
/* At the end of shutdown: as delivery_free, but the object stays. */
void delivery_give_up(struct delivery *d);

/* Ill: the gate is closed, or for 10 s POSTs have failed and none was taken. */
struct part delivery_part(const struct delivery *d);
enum token_state delivery_token(const struct delivery *d);

/* What a POST came to. The three after the first are sent again as they are. */
enum delivery_answer {
	DELIVERY_A_TAKEN,
	DELIVERY_A_LIMITED,   /* 429 */
	DELIVERY_A_BUSY,      /* 5xx, 408 */
	DELIVERY_A_NONE,      /* no complete answer */
	DELIVERY_A_REFUSED,   /* the events */
	DELIVERY_A_TOO_LARGE, /* 413 */
	DELIVERY_A_TOKEN,     /* the token was refused */
	DELIVERY_A_SETUP,     /* a wrong endpoint answers so */
	DELIVERY_ANSWERS
};
const char *delivery_answer_name(enum delivery_answer a); /* "too_large" */

struct delivery_stats {
	uint64_t answers[DELIVERY_ANSWERS];
	struct histogram post_us; /* of a POST, until its answer */
	uint64_t posts, taken_posts, taken_events, taken_plain_bytes,
	    taken_body_bytes;
	uint64_t retries, refused_events, dropped_events;
	uint64_t doc_count_missing, doc_count_short; /* POSTs */
	uint64_t events_short; /* missing from those counts */
	uint64_t setup_faults, token_faults;
	uint64_t splits;	      /* parts that were halved */
	uint64_t learned_limit_bytes; /* 0: none */
	uint64_t in_doubt;	      /* events held that were refused alone */
	unsigned in_flight, in_flight_max, waiting;
};
struct delivery_stats delivery_stats(const struct delivery *d);

#endif
