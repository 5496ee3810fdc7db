/*
 * What the files of delivery share: delivery.c (the queue), item.c (one batch
 * and what of it is still to be sent), answer.c (what an answer changes),
 * gate.c, limit.c (of bytes), trouble.c (what to tell of it), count.c.
 *
 * A batch (item) on its way:
 *
 *   submitted ──> waiting ──send a part──> in flight ──nothing left──> settled
 *                   ^  due_ms, gate            │
 *                   └──────────────────────────┘
 *             something left: transient, set-up's fault, split
 *
 * An item keeps its place in the queue, which is ordered by age, while it is in
 * flight; so whatever comes back unsent is again as old as it is.
 */
#ifndef SINK_DELIVERY_INTERNAL_H
#define SINK_DELIVERY_INTERNAL_H

#include <sys/queue.h>

#include "sink/delivery.h"
#include "sink/split.h"

/* Events at … end−1, sent in parts of `step` from the front. */
struct range {
	size_t at, end;
	size_t step; /* SIZE_MAX: all */
	size_t bad_end; /* one of at … bad_end−1 is to blame; ≤ at: unknown */
};

/*
 * What of a batch is unsettled: those held, then the rest. At first all is the
 * rest and one part. A part that is refused is halved until the event that is
 * to blame stands alone; then the parts grow again. So k such events in n cost
 * about 2·k·log2(n) POSTs, and what is left is never more than two ranges.
 *
 * Held are events that were refused, each alone, with nothing taken since: it
 * could be the set-up. Once something is taken they get one more chance
 * (again), before the rest. Refused alone again, it is their own fault.
 */
struct item {
	TAILQ_ENTRY(item) link;
	struct delivery *delivery;
	struct batch *batch; /* owned */
	struct range held, rest;
	bool again;
	bool taken_any; /* of this batch */

	struct post *post; /* NULL while it waits */
	struct {
		size_t first, events, plain_bytes, body_bytes;
	} part; /* sent last */
	int64_t sent_ms, due_ms;
	unsigned gate_turn;
	unsigned blamed;  /* answers that may be its own fault */
	unsigned retries; /* since anything else was answered */

	/* Failures that may be the batch's own, counted from the last one
	 * before something else was taken. */
	unsigned fails;
	int64_t fail_ms;
	uint64_t fail_takes;
	bool poison; /* it did fail so often: halved at the next failure */

	/* After a 413. */
	size_t events_max;  /* in a part */
	size_t large_end;   /* where the part was that got it */
	size_t large_taken; /* the largest part taken of that */
};

struct delivery {
	struct dassana *sink; /* borrowed */
	struct delivery_conf conf;
	struct timer *pump;
	struct split *split;
	struct item *split_user;       /* in flight, or NULL */
	TAILQ_HEAD(items, item) items; /* the oldest first */
	/* Open ──fault of the set-up──> closed ──a probe is taken──> open.
	 * Answers to what was sent before its last change are no news about
	 * the set-up as it is now, so they never move it. */
	struct {
		bool closed;
		bool by_refusals; /* and not by anything plainer */
		bool on_trial;	  /* opened only to see fresh events */
		unsigned turn;	  /* how often it has changed */
		int64_t closed_ms, probe_ms, probe_wait_ms;
		struct item *probe; /* in flight, or NULL */
	} gate;
	struct { /* nothing was taken since; why NULL: none */
		const char *why, *advice, *code; /* static */
		int64_t since_ms;
	} trouble;
	enum token_state token; /* as progress was last told */
	unsigned lone_refusals; /* of single events, nothing taken since */
	uint64_t takes;
	int64_t hold_ms; /* Retry-After: no POST before then */
	struct {
		size_t bytes; /* SIZE_MAX: none */
		int64_t grow_ms;
	} limit;
	bool changed; /* something that progress is to be told of */
	struct delivery_stats stats;
};

/* ---- item.c ---- */

struct item *item_new(struct delivery *d, struct batch *b);
bool item_whole(const struct item *it); /* nothing is settled, nothing held */
bool item_fresh(const struct item *it); /* some were never refused alone */
/* The next part: at most so many events from `first` on. */
size_t item_next(const struct item *it, size_t *first);
/* The part sent last is out of what is left. */
void item_took(struct item *it);
/* The same for one event that will not be sent again. */
void item_refuse(struct item *it);
/* It goes on with half of that part, which has several events. */
void item_halve(struct item *it);
/* That part, one event of the rest, is held from now on. */
void item_hold(struct item *it);
void item_retry_held(struct item *it);
/* Whether the part sent last is of those held. */
bool item_sent_held(const struct item *it);
/* Tells of events that are out of what is left; if nothing is, the item is out
 * of the queue before that and gone after it. why: of DELIVERY_REFUSED. */
void item_settle(struct item *it, size_t first, size_t n,
    enum delivery_outcome outcome, const struct dassana_result *why);
/* All that is held, as refused. */
void item_settle_held(struct item *it, const struct dassana_result *why);
/* All that is left, and the item is gone. */
void item_drop(struct item *it);

/* ---- answer.c ---- */

/* In the end the item is settled or waits again. */
void delivery_judge(struct delivery *d, struct item *it,
    const struct dassana_result *r, bool probe);

/* ---- gate.c ---- */

/* Whether the answer says something about the set-up as it is now. */
bool gate_news(const struct delivery *d, const struct item *it);
void gate_close(struct delivery *d, const struct dassana_result *r);
void gate_open(struct delivery *d, const char *why);
void gate_taken(struct delivery *d, bool probe);
void gate_refused(struct delivery *d, bool probe);
void gate_refused_alone(struct delivery *d, const struct dassana_result *r);
void gate_probe_later(struct delivery *d);

/* ---- trouble.c ---- */

void trouble_note(struct delivery *d, const struct dassana_result *r);
void trouble_set(struct delivery *d, const char *why, const char *advice,
    const struct dassana_result *r);

/* ---- count.c ---- */

void count_init(struct delivery *d);
void count_answer(
    struct delivery *d, const struct item *it, const struct dassana_result *r);

/* ---- limit.c ---- */

void limit_grow(struct delivery *d, int64_t now);
void limit_too_large(struct delivery *d, struct item *it);
void limit_taken(struct delivery *d, struct item *it);

#endif
