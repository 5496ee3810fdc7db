/*
 * What the files of delivery share: delivery.c (the queue), pick.c (what is
 * sent when), item.c (one batch and what of it is left), answer.c (what an
 * answer changes), limit.c (of bytes), trouble.c (what to tell), count.c.
 *
 * A batch (item) on its way:
 *
 *   submitted ──> waiting ──send a part──> in flight ──nothing left──> settled
 *                   ^  due_ms, breaker         │
 *                   └──────────────────────────┘
 *                     something left: not taken, or a part of it
 *
 * A part is made (cutting) before its POST begins; both count as in flight. An
 * item keeps its place in the queue, which is ordered by age, while it is in
 * flight; so whatever comes back unsent is again as old as it is.
 */
#ifndef SINK_DELIVERY_INTERNAL_H
#define SINK_DELIVERY_INTERNAL_H

#include <sys/queue.h>

#include "base/breaker.h"
#include "base/judge.h"
#include "sink/delivery.h"
#include "sink/rate.h"
#include "sink/split.h"

/*
 * What of a batch is unsettled: events at … end−1, sent from the front. At
 * first all in one part; a part that is refused is halved until a unit stands
 * alone, and then the parts grow again, so k such units in n cost about
 * 2·k·log2(n) POSTs. The last eight become an item each, which wait for one
 * another no longer. A unit is one object's events, in one run or several that
 * follow one another. Of suspects, which are refused already, it is a single
 * event.
 */
struct item {
	TAILQ_ENTRY(item) link;
	struct delivery *delivery;
	struct batch *batch; /* held, perhaps by several */
	bool suspect;
	size_t at, end;
	/* The first run of the unit that `at` is in, and the events left. */
	size_t unit, unit_left;
	size_t step;	/* units in a part; SIZE_MAX: all */
	size_t bad_end; /* of events at … bad_end−1 one is to blame; ≤ at:
			       * not known */
	size_t bad_bytes; /* what those have together, of NDJSON */
	unsigned cuts;	  /* POSTs of parts, for isolation */

	struct post *post; /* NULL while it waits */
	bool cutting;	   /* its next part is being made */
	bool elsewhere;	   /* the POST is to an endpoint before this one */
	struct {
		size_t first, events, plain_bytes, body_bytes;
	} part; /* sent last */
	int64_t sent_ms;
	int64_t due_ms;	     /* 0: at once, as when nothing put it off */
	struct trial trial;  /* of that part */
	unsigned ticket;     /* the breaker's */
	struct share *share; /* that it counts to, or NULL */
	unsigned tries;	     /* answers since something of it was settled */
	unsigned probes;     /* POSTs of it so far */
	struct blame blame;  /* failures, until something of it is settled */
	bool poison;	     /* it was to blame for them */

	/* After a 413. */
	size_t events_max;  /* in a part */
	size_t large_end;   /* where the part was that got it */
	size_t large_taken; /* the largest part taken of that */
};

/* Where the part of a batch is made and lies until it is answered. The first
 * takes parts of any batch; most are small. */
enum { SCRATCHES = 4, SCRATCH_SMALL = 128 * 1024 };
struct scratch {
	struct split *split;
	struct item *user; /* NULL: free */
	size_t bytes;	   /* of NDJSON that it has room for */
};

/* A kind of POSTs that is to leave room for others. */
struct share {
	unsigned now;	/* under way */
	unsigned since; /* others begun since the last of them */
};

struct delivery {
	struct dassana *sink; /* borrowed */
	struct delivery_conf conf;
	unsigned endpoints; /* that the sink has had so far */
	unsigned elsewhere; /* POSTs under way to those before */
	struct timer *pump;
	struct timer *cut; /* a part is being made */
	struct scratch scratch[SCRATCHES];
	TAILQ_HEAD(items, item) items; /* the oldest first */
	size_t nitems;
	struct breaker breaker;
	enum delivery_answer cause;  /* why it is open */
	struct share cuts, suspects; /* POSTs under way of such */
	struct { /* nothing was taken since; why NULL: none */
		const char *why, *advice, *code; /* static */
		int64_t since_ms;
	} trouble;
	enum token_state token; /* as progress was last told */
	uint64_t takes;
	int refusals;	    /* of late; see item_scatter */
	unsigned strangers; /* refused before anything was taken */
	int64_t hold_ms;    /* Retry-After: no POST before then */
	struct rate rate;
	struct {
		size_t bytes; /* SIZE_MAX: none */
		int64_t grow_ms;
	} limit;
	bool changed; /* something that progress is to be told of */
	struct delivery_stats stats;
};

/* ---- item.c ---- */

struct item *item_new(struct delivery *d, struct batch *b, bool suspect);
/* It goes to another endpoint from now on, of which nothing is known. */
void item_turn(struct item *it);
/* Parts of it are sent to find out which event is to blame. */
bool item_isolated(const struct item *it);
/* How many events the next part has at most; they begin at `at`. */
size_t item_next(const struct item *it);
/* The part sent last was taken, and is settled so. If nothing is left the item
 * is gone. */
void item_took(struct item *it, enum delivery_outcome outcome);
/* That part was refused: what is to blame for it is narrowed down, or, if it
 * cannot be, settled so. If nothing is left the item is gone. */
void item_refuse(struct item *it, const struct dassana_result *why);
/* The most bytes that the next part may have. */
size_t item_bytes_max(const struct item *it);
/* It has several units: only the first half of them is sent next. */
bool item_halve(struct item *it);
/* The same of a part in which something is to blame. */
bool item_narrow(struct item *it);
/* It is new: where much is refused each unit is sent by itself. */
void item_scatter(struct item *it);
/* The same, without narrowing it down: all of the unit is settled so. */
void item_refuse_unit(struct item *it, const struct dassana_result *why);
/* All that is left, and the item is gone. */
void item_drop(struct item *it, enum delivery_outcome outcome);

/* ---- pick.c ---- */

/* When the next POST may start, and which; BREAKER_NEVER: not before an answer.
 */
int64_t pick_next(struct delivery *d, int64_t now, struct item **it);
/* How many events it has at most, whether that is all of the batch as it is,
 * and else where a part of it can be made; NULL: nowhere yet. */
size_t pick_events(const struct delivery *d, const struct item *it);
bool pick_is_whole(const struct delivery *d, const struct item *it, size_t n);
struct scratch *pick_scratch(struct delivery *d, const struct item *it);

/* ---- answer.c ---- */

/* Another endpoint: what those before it said does not hold. */
void delivery_turn(struct delivery *d);
/* In the end the item is settled or waits again. */
void delivery_judge(
    struct delivery *d, struct item *it, const struct dassana_result *r);

/* ---- trouble.c ---- */

enum trouble_kind {
	TROUBLE_PASSING, /* or none */
	TROUBLE_REFUSES, /* has never taken anything, but looks at events */
	TROUBLE_SETUP,
};
enum trouble_kind trouble_kind(const struct delivery *d);
void trouble_note(
    struct delivery *d, const struct item *it, const struct dassana_result *r);

/* ---- count.c ---- */

void count_init(struct delivery *d);
enum delivery_answer count_kind(const struct dassana_result *r);
void count_answer(
    struct delivery *d, const struct item *it, const struct dassana_result *r);

/* ---- limit.c ---- */

void limit_grow(struct delivery *d, int64_t now);
void limit_too_large(struct delivery *d, struct item *it);
void limit_taken(struct delivery *d, struct item *it);

#endif
