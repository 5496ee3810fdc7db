/*
 * The objects that the held messages name, each once, from notification until
 * its last event was settled.
 *
 *   WAITING --free slot--> ACTIVE --end of its bytes--> ENDED
 *      |    ^                 |                           |   |
 *      |    |                 +--failed--> ENDED          |   +--last event
 *      |    +--refused by S3, last event settled----------+      settled
 *      +--shutdown -> gone                                       -> gone
 *
 * Counts say what happened to the events: sliced (handed to the batcher),
 * settled (Dassana's answer is known), delivered (Dassana has it); an event
 * that the ledger knows is skipped, which counts as all three. A record that is
 * left out (trail/slicer.h) is no event and counts as none of these. An object
 * is good if it was read to its end (whole), nothing of it was left out and
 * delivered == sliced; then and only then is it good for its messages.
 */
#ifndef FLOW_OBJECTS_H
#define FLOW_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "aws/s3.h"
#include "flow/ledger.h"
#include "flow/shipper.h"
#include "flow/messages.h"
#include "sink/batcher.h"
#include "sink/delivery.h"
#include "trail/notify.h"
#include "trail/slicer.h"

struct object {
	TAILQ_ENTRY(object) link;
	char *text; /* owned: bucket, key, version, etag, region lie in it */
	struct span bucket, key, version, etag, region;
	int64_t put_s;	 /* when S3 had it, wall clock; −1: not told */
	int64_t event_s; /* its last event, once it was read whole; −1 */
	struct message **message; /* owned array; the messages that name it */
	size_t nmessages, cap;
	struct ledger_page *page; /* while active and after; may be NULL */
	uint64_t sliced, settled, delivered, skipped, left_out;
	bool whole;
	enum shipper_fault fault; /* why not */
	bool loose;		  /* not in the tree: nobody joins it */
	uint64_t number;	  /* of its GET (flow/grant.h) */
	uint64_t refused_at;	  /* number of the last GET then started */
	bool answered;		  /* its GET has brought the head */
	bool held;    /* refused, and it is not known whose fault it is */
	bool suspect; /* was held, and then another one could be read */
	enum { OBJECT_WAITING, OBJECT_ACTIVE, OBJECT_ENDED } state;
};

/* A new one, waiting; copies what n points to. */
struct object *object_new(const struct notify_object *n);
void object_free(struct object *o); /* its page has been closed */
/* For a tree: 0 for the same bucket, key and version, and the same contents as
 * far as the notifications tell. Takes struct object *. */
int object_cmp(const void *a, const void *b);
/* What an object costs in memory while it is held. */
size_t object_bytes(const struct notify_object *n);

/* What an operator needs to see why it failed, or to find an event that was
 * refused. It still has its messages. */
struct slots_end;
void object_log_failure(const struct object *o, const struct slots_end *e);
void
object_log_held(const struct object *o, const struct aws_result *r, bool again);
void object_log_left_out(
    const struct object *o, uint64_t index, enum slicer_cause cause);
/* Whether it is good for its messages; if not, and nothing is to come, why. */
bool object_is_good(const struct object *o);
enum shipper_fault object_fault(const struct object *o);
/* It was read whole: whether it has no record at all, which is told. */
bool object_is_empty(const struct object *o);
void object_log_gave_way(const struct object *o);
void object_log_refusal(const struct object *o, const struct batch_run *run,
    const struct dassana_result *r);

struct objects;

struct objects_conf {
	unsigned concurrency;
	size_t max_record_bytes;
	size_t remember; /* objects in the ledger */
};

struct objects_stats {
	uint64_t failed_by[SHIPPER_FAULTS];
	uint64_t done, failed, joined, bytes, json_bytes, sliced, delivered;
	uint64_t left_out[SLICER_CAUSES]; /* records */
	uint64_t empty;			  /* objects without any record */
	uint64_t skipped;		  /* events not sent again */
	uint64_t known;			  /* objects not even read again */
	unsigned active, waiting;
};

/* changed runs when an object became active, ended, or is gone. */
typedef void objects_changed_fn(void *arg);

struct objects *objects_new(struct timers *t, struct s3 *s3,
    struct batcher *batcher, struct messages *ms,
    const struct objects_conf *conf, objects_changed_fn *changed, void *arg);
/* Cancels every GET; messages hear nothing. */
void objects_free(struct objects **os);

/* m names this object: joins the one that is here or makes a new one (calls
 * message_expect), or nothing at all if it is known to be delivered. */
void objects_want(
    struct objects *os, struct message *m, const struct notify_object *n);
/* Starts GETs while slots are free. */
void objects_start(struct objects *os);
/* There may be room in the batcher again. */
void objects_wake(struct objects *os);
/* A run of an object's events is settled. why: of DELIVERY_REFUSED. */
void objects_settled(struct objects *os, const struct batch_run *run,
    enum delivery_outcome outcome, const struct dassana_result *why);
/* Whether S3 lets us read; if not, nobody should poll, except for one message
 * while objects_on_trial. */
bool objects_readable(const struct objects *os);
bool objects_on_trial(const struct objects *os);
struct part objects_part(const struct objects *os); /* what S3 is like */
/* There is no place for a trial: gives one of those back that are held. */
void objects_give_way(struct objects *os);
/* New credentials: try at once what S3 refused. */
void objects_retry(struct objects *os);
/* Shutdown: gives up waiting objects none of whose messages has begun, all of
 * them while S3 does not let us read, and from now on whatever it refuses. */
void objects_drop_waiting(struct objects *os);
/* Shutdown: gives up everything; messages hear nothing. */
void objects_abandon(struct objects *os);

bool objects_idle(const struct objects *os); /* none waiting, none active */
struct objects_stats objects_stats(const struct objects *os);
struct lag;
const struct lag *objects_lag(const struct objects *os);
/* For how long at least one object had to wait for room in the batcher. */
int64_t objects_choked_ms(const struct objects *os);

#endif
