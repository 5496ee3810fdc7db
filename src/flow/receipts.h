/*
 * What we tell SQS about the messages we hold: extend, delete, release.
 * Changes go out in batches of up to ten, at the latest after 200 ms; an entry
 * that failed is tried again, alone, for as long as its lease lasts.
 *
 * A receipt is one message's standing with SQS; it is embedded in its owner.
 *
 *   idle --want--> queued --flush--> flying --ok--> idle, done(DONE)
 *                     ^                | failed: lease left?  yes -> resting
 *                     +---- due -------+--------------------- no -> done(LOST)
 *
 * A stronger wish replaces a weaker one at any time (delete and release win
 * over extend). While an operation is under way or wanted, the owner must not
 * go; done is the sign that it may.
 */
#ifndef FLOW_RECEIPTS_H
#define FLOW_RECEIPTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws/sqs.h"
#include "net/timer.h"

enum receipt_op {
	RECEIPT_NONE,
	RECEIPT_EXTEND,
	RECEIPT_DELETE,
	RECEIPT_RELEASE,
};

enum receipt_outcome {
	RECEIPT_DONE,
	RECEIPT_LOST, /* SQS knows the handle no more, or the lease ran out
		       * before the operation got through */
};

struct receipt {
	TAILQ_ENTRY(receipt) link; /* of the list it is on */
	void *owner;
	char *handle;		/* owned */
	int64_t received_ms;	/* monotonic */
	int64_t lease_until_ms; /* end of it */
	enum receipt_op want;	/* queued, resting, or to follow */
	unsigned want_s;	/* visibility of a release or an extension */
	enum receipt_op flying;
	unsigned flying_s;
	int64_t sent_ms;
	int64_t due_ms; /* of a resting one */
	unsigned attempts;
	enum { RECEIPT_OFF, RECEIPT_QUEUED, RECEIPT_RESTING } place;
	bool alone; /* failed in a batch: goes by itself */
	bool stale; /* the handle changed while an operation flew */
};

struct receipts;

typedef void receipt_done_fn(void *arg, struct receipt *r, enum receipt_op op,
    enum receipt_outcome outcome);

struct receipts *receipts_new(
    struct timers *t, struct sqs *sqs, receipt_done_fn *done, void *arg);
void receipts_free(struct receipts **rs); /* cancels; done stays silent */

/* A message was received just now under this handle (copied). */
void receipt_init(
    struct receipt *r, void *owner, struct span handle, unsigned visibility_s);
void receipt_fini(struct receipt *r);
/* The message came again: its new handle, and a new lease. */
void
receipt_renew(struct receipt *r, struct span handle, unsigned visibility_s);

/* Never calls done from inside. */
void receipts_extend(struct receipts *rs, struct receipt *r, unsigned s);
void receipts_delete(struct receipts *rs, struct receipt *r);
void receipts_release(struct receipts *rs, struct receipt *r, unsigned after_s);
void receipts_flush(struct receipts *rs); /* do not wait for more */
/* Whether less than half of step_s is left and it can be extended. */
bool receipt_due(const struct receipt *r, unsigned step_s, int64_t now_ms);
bool receipt_busy(const struct receipt *r);
/* wanted_s, or less: SQS keeps a message invisible for 12 hours after its
 * receive at most. */
unsigned
receipt_longest_s(const struct receipt *r, unsigned wanted_s, int64_t now_ms);

#endif
