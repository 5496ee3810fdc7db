/*
 * What delivery.c (the queue) and answer.c (what an answer changes) share.
 *
 * A batch (item) on its way:
 *
 *   submitted ──> waiting ──send──> in flight ──taken, refused──> settled
 *                   ^  due_ms, gate     │
 *                   └──── transient, ───┘
 *                         set-up's fault
 *
 * An item keeps its place in the queue, which is ordered by age, while it is in
 * flight; so whatever comes back unsent is again as old as it is.
 *
 * The gate: open ──fault of the set-up──> closed ──a probe is taken──> open.
 * Answers to what was sent before its last change are no news about the
 * set-up as it is now, so they never move it.
 */
#ifndef SINK_DELIVERY_INTERNAL_H
#define SINK_DELIVERY_INTERNAL_H

#include <sys/queue.h>

#include "sink/delivery.h"

struct item {
	TAILQ_ENTRY(item) link;
	struct delivery *delivery;
	struct batch *batch; /* owned */
	struct post *post;   /* NULL while it waits */
	int64_t sent_ms, due_ms;
	unsigned retries;
	unsigned refusals; /* that were put down to the set-up */
	unsigned gate_turn;
};

struct delivery {
	struct dassana *sink; /* borrowed */
	struct delivery_conf conf;
	struct timer *pump;
	TAILQ_HEAD(items, item) items; /* the oldest first */
	struct {
		bool closed;
		unsigned turn; /* how often it has changed */
		int64_t closed_ms, probe_ms, probe_wait_ms;
		struct item *probe; /* in flight, or NULL */
	} gate;
	int64_t hold_ms; /* Retry-After: no POST before then */
	bool ever_taken;
	bool changed; /* something that progress is to be told of */
	struct delivery_stats stats;
};

/* What the answer changes: in the end the item is settled or waits again. */
void delivery_judge(struct delivery *d, struct item *it,
    const struct dassana_result *r, bool probe);
/* Tells of every run and frees the item. */
void delivery_settle(
    struct delivery *d, struct item *it, enum delivery_outcome outcome);

#endif
