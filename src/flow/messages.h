/*
 * The messages we hold, from receive until SQS has been told what became of
 * them.
 *
 *   HELD -- last object ended --> good: LEAVING (delete)  --> gone
 *                                 else: LEAVING (release) --> gone
 *
 * While a message is HELD its lease is extended at half of the visibility
 * timeout. Deleted only if every object that it names was delivered.
 */
#ifndef FLOW_MESSAGES_H
#define FLOW_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws/sqs.h"
#include "base/histogram.h"
#include "flow/receipts.h"
#include "net/timer.h"

struct message {
	TAILQ_ENTRY(message) link;
	char *id; /* owned; the key of the table */
	struct receipt receipt;
	unsigned receive_count;
	size_t open;  /* objects that have not ended, and intake's own hold */
	size_t bytes; /* what it is charged with */
	bool failed;
	bool started; /* a GET of one of its objects has begun */
	bool lease_lost;
	bool put_back; /* not tried: visible again at once, no back-off */
	enum { MESSAGE_HELD, MESSAGE_LEAVING } state;
};

struct messages_stats {
	uint64_t deleted, failed, released, duplicate;
	uint64_t leases_extended, leases_lost, delete_failures;
	struct histogram receives; /* ApproximateReceiveCount of each receive */
};

struct messages;

/* changed runs when a message has left HELD or is gone. */
typedef void messages_changed_fn(void *arg);

struct messages *
messages_new(struct timers *t, struct sqs *sqs, unsigned visibility_s,
    unsigned redeliver_after_s, messages_changed_fn *changed, void *arg);
void messages_free(struct messages **ms);

/* Takes in a message, charged with bytes beside its own. NULL: it is here
 * already; the receipt handle and lease have been replaced. The new one has one
 * hold, which message_ended gives back. */
struct message *
messages_hold(struct messages *ms, const struct sqs_message *m, size_t bytes);
void message_expect(struct message *m); /* one more object */
/* One object (or the hold) has ended; good: delivered whole, or nothing to
 * deliver. The message may be gone afterwards. */
void message_ended(struct messages *ms, struct message *m, bool good);

/* Shutdown: whatever fails from now on is visible again at once. */
void messages_put_back(struct messages *ms);
/* Makes it visible at once; no object may know it any more. */
void message_release(struct messages *ms, struct message *m);
/* The same for all that are still HELD. */
void messages_release_all(struct messages *ms);
void messages_flush(struct messages *ms);

size_t messages_held(const struct messages *ms);  /* in HELD */
size_t messages_count(const struct messages *ms); /* all */
size_t messages_bytes(const struct messages *ms); /* charged, all */
struct messages_stats messages_stats(const struct messages *ms);

#endif
