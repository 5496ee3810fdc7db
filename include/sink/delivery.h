/*
 * Sealed batches on their way: at most `concurrency` POSTs at once, oldest
 * first. Every event of every batch is settled exactly once.
 *
 * One breaker (base/breaker.h) says when Dassana, if it takes nothing, is asked
 * again, however much is waiting: after three failures in a row (5xx, 429, no
 * answer), or at once after an answer that another server would give too
 * (token, endpoint), one batch at a time probes, 1 s later, doubling to 30 s or
 * 60 s. They take turns, those tried less first; suspects, of which there may
 * be ever new ones, have one turn a round. Retry-After holds back all
 * POSTs. One that fails twice waits until another is taken, or 30 s: to fail
 * before that tells nothing.
 *
 * Refused (4xx), or to blame by comparison (base/judge.h) for failing: the
 * batch is cut at the borders of its runs until one object's events stand
 * alone; those are settled as refused, all others are delivered. Who submits it
 * again as a suspect, in a batch of its own, has it cut down to single events.
 * While others wait suspects have one POST in 16, and batches that are cut
 * leave a quarter to whole ones. A suspect has 64 POSTs; the rest is then
 * settled as untried. When more than a third of what is sent alone is refused,
 * each object's events are sent alone from the start.
 *
 * Until the endpoint has shown that it counts what it takes (sink/dassana.h)
 * there is one event in a POST, and one POST at a time. If it refuses that
 * (4xx), the next is of another object, half a second later; of 64 objects,
 * then it is met as a wrong one.
 *
 * 413 teaches a limit of bytes (NDJSON) for later POSTs, at least 64 KiB, that
 * grows by a quarter after each 10 minutes without a 413. Larger batches are
 * sent in parts.
 *
 * With a limit of bytes a second (dassana_conf) each POST, whatever it is of,
 * takes its own from there, and waits while there is debt (sink/rate.h).
 *
 * Parts are made in scratch buffers reserved at start, one for half of a batch
 * (or the longest event) and some for small ones, a slice of a few
 * milliseconds in each turn of the loop; what needs one waits for it. A part
 * made in the first leaves it for a small one where it fits, compressed. So
 * splitting takes nothing from the pool, and holds up nobody.
 */
#ifndef SINK_DELIVERY_H
#define SINK_DELIVERY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/histogram.h"
#include "base/judge.h"
#include "base/part.h"
#include "net/timer.h"
#include "sink/batch.h"
#include "sink/dassana.h"

struct delivery;

enum delivery_outcome {
	DELIVERY_TAKEN,	  /* Dassana has it */
	DELIVERY_UNSURE,  /* taken, but fewer were counted than sent */
	DELIVERY_REFUSED, /* for whatever reason */
	DELIVERY_UNTRIED, /* a suspect's: too many POSTs have gone before it */
	DELIVERY_DROPPED, /* given up; fate unknown or unsent */
};

struct delivery_settled {
	struct batch_run run;
	enum delivery_outcome outcome;
	bool alone; /* it is one event, sent by itself */
	/* Of DELIVERY_REFUSED: the answer, borrowed; to log it, with the names
	 * of what was refused, is up to the callee. */
	const struct dassana_result *why;
	struct trial trial; /* of the POST */
};

/* Called for every event of every batch once, in runs. */
typedef void delivery_settled_fn(void *arg, const struct delivery_settled *s);
/* Something changed that others wait for: a batch's pieces went back to the
 * pool, the breaker opened or closed, fresh ones are wanted from now on, the
 * limit or what is known of the token changed. Runs after the settled calls.
 * Both may submit; this one may also free the delivery. */
typedef void delivery_progress_fn(void *arg);

struct delivery_conf {
	unsigned concurrency;
	int64_t backoff_base_ms; /* 500 */
	int64_t backoff_max_ms;	 /* 30 s */
	int gzip_level;		 /* of the batches, and of parts of them */
	size_t batch_max_bytes;	 /* of NDJSON, in batches of several events */
	size_t event_max_bytes;	 /* the same, of one event in such a batch */
	struct judge *judge;	 /* borrowed */
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

/* Takes it over. suspect: its events were refused before. */
void delivery_submit(struct delivery *d, struct batch *b, bool suspect);
/* Not while all is answered as a wrong set-up is: then nobody should receive
 * more than it takes to find out. */
bool delivery_open(const struct delivery *d);
/* Twice as many batches are here as may be under way: one that comes waits for
 * more than one POST. While others are taken those that have failed do not
 * count, since nobody waits for them. */
bool delivery_crowded(const struct delivery *d);
/* Nothing has failed since something was taken. */
bool delivery_answers(const struct delivery *d);
/* It is not open, and all that is here was tried: others should be. */
bool delivery_wants_fresh(const struct delivery *d);
/* The way to Dassana was changed: it is asked at once. If that is to another
 * endpoint, the one before holds nothing back any more. */
void delivery_retry(struct delivery *d);
/* Shutdown: suspects are settled as dropped. */
void delivery_drop_suspects(struct delivery *d);
/* The learned limit of bytes, or what may be sent in a second if that is less;
 * SIZE_MAX without: batches had better keep it. */
size_t delivery_limit(const struct delivery *d);
/* The most bytes that it takes beside the batches. */
size_t delivery_memory(const struct delivery_conf *conf);
bool delivery_idle(const struct delivery *d); /* nothing held */
/* At the end of shutdown: as delivery_free, but the object stays. */
void delivery_give_up(struct delivery *d);

/* Ill: nobody should receive, or for a minute nothing was taken since a POST
 * that was not. */
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
	DELIVERY_A_UNCOUNTED, /* perhaps taken, but not counted */
	DELIVERY_ANSWERS
};
const char *delivery_answer_name(enum delivery_answer a); /* "too_large" */

struct delivery_stats {
	uint64_t answers[DELIVERY_ANSWERS];
	struct histogram post_us; /* of a POST, until its answer */
	uint64_t posts, taken_posts, taken_events, taken_plain_bytes,
	    taken_body_bytes;
	uint64_t retries, dropped_events;
	uint64_t doc_count_missing, doc_count_short; /* POSTs */
	uint64_t events_short; /* missing from those counts */
	uint64_t setup_faults, token_faults;
	uint64_t splits;	      /* parts that were halved */
	uint64_t learned_limit_bytes; /* 0: none */
	uint64_t held_ms; /* something was due, and had to wait for the rate */
	unsigned in_flight, in_flight_max, waiting;
};
struct delivery_stats delivery_stats(const struct delivery *d);

#endif
