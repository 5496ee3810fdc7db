/*
 * The messages we hold, from receive until SQS has been told what became of
 * them.
 *
 *   HELD -- last object ended --> good: LEAVING (delete)  --> gone
 *                                 else: LEAVING (release) --> gone
 *
 * While a message is HELD its lease is extended when less than half is left of
 * a step: the visibility timeout, or 15 minutes for one that is parked, so that
 * nothing is hidden for longer after a crash. Deleted only if every object that
 * it names was delivered.
 */
#ifndef FLOW_MESSAGES_H
#define FLOW_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws/sqs.h"
#include "base/histogram.h"
#include "base/judge.h"
#include "flow/hidden.h"
#include "flow/want.h"
#include "net/timer.h"

/* flow/line's: its objects, by what they are doing. */
struct turn {
	TAILQ_ENTRY(message) link;
	bool waits;	/* in the line */
	bool held_back; /* its objects fail in a row: one at a time is tried */
	unsigned failures; /* in a row */
	unsigned n[OBJECT_STATES];
	struct wants wants;
};

/* flow/lot's: that it waits until it is known whose fault its failure is. */
struct stay {
	TAILQ_ENTRY(message) link;
	bool parked;
	bool trying;		 /* one of its objects is being tried */
	enum object_doubt doubt; /* what it waits for */
	unsigned tries;
	int64_t due_ms, tried_ms;
};

/* flow/doubt's: what is held against it. */
struct charge {
	struct blame blame[JUDGE_SIDES];
	bool may_be_grant;
};

/* What others keep of a message; the rest is known to messages.c alone. */
struct message {
	char *id; /* owned; the key of the table */
	struct turn turn;
	struct stay stay;
	struct charge charge;
	SLIST_HEAD(, pin) pins; /* flow/objects' */
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
void message_begun(struct message *m);	/* a GET of one of them has */
/* How it is given back, if it is and has not failed already. */
void message_back_off(struct message *m, enum back_off how);
void message_charge(struct messages *ms, struct message *m, size_t bytes);
/* One object (or the hold) has ended; good: delivered whole, or nothing to
 * deliver. The message may be gone afterwards. */
void message_ended(struct messages *ms, struct message *m, bool good);

bool message_has_begun(const struct message *m);
/* Its lease is lost: it comes again, or another has it. */
bool message_is_lost(const struct message *m);
/* Objects that have not ended, and intake's own hold. */
size_t message_open(const struct message *m);
size_t message_bytes(const struct message *m); /* what it is charged with */
unsigned message_receives(const struct message *m); /* as SQS counts */

/* Shutdown: what has not failed yet is visible again at once if it does. */
void messages_put_back(struct messages *ms);
/* Makes it visible again after its back-off; no object may know it any more. */
void message_release(struct messages *ms, struct message *m, enum back_off how);
/* The same for all that are still HELD. */
void messages_release_all(struct messages *ms);
void messages_flush(struct messages *ms);

uint64_t messages_leases_lost(const struct messages *ms); /* so far */
/* So many were given back and are hidden still, more or less. */
int64_t messages_hidden(const struct messages *ms);
/* So many of the queue are in flight, as SQS says; 0: it does not. */
void messages_in_flight(struct messages *ms, int64_t n);

size_t messages_held(const struct messages *ms);  /* in HELD */
size_t messages_count(const struct messages *ms); /* all */
size_t messages_bytes(const struct messages *ms); /* charged, all */
struct messages_stats messages_stats(const struct messages *ms);

#endif
