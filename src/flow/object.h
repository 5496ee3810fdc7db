/*
 * An object that messages name, each once, however many name it: from its
 * notification until the last of its events is settled.
 *
 *   READY --slot--> ACTIVE --end of its bytes--> ENDED --all settled--> gone
 *     ^  ^                                         |
 *     |  +-- made room for others -----------------+
 *     |                                            |
 *     +-- its message's turn -- PARKED <-----------+ failed, and nobody knows
 *                                                    whose fault that is
 *
 * Counts say what happened to the events: sliced (numbered), settled (it is
 * known what became of it), delivered (Dassana has it); one that the ledger
 * knows is skipped, which counts as all three. One that the rules leave out
 * (trail/events.h) is ruled out, which counts as sliced and settled. A record
 * that is left out as it cannot be read (trail/slicer.h) is no event and counts
 * as none of these. An object is good if it was read to its end (whole),
 * nothing of it was left out unread, and delivered + ruled out == sliced; then
 * and only then is it good for its messages. It has the rules with which its
 * GET began.
 */
#ifndef FLOW_OBJECT_H
#define FLOW_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/judge.h"
#include "base/span.h"
#include "flow/failure.h"
#include "flow/hidden.h"
#include "flow/ledger.h"
#include "flow/want.h"
#include "sink/delivery.h"
#include "trail/notify.h"
#include "trail/slicer.h"

struct object {
	TAILQ_ENTRY(object) link;
	char *text; /* owned: bucket, key, version, etag, region lie in it */
	struct span bucket, key, version, etag, region;
	int64_t put_s;	    /* when S3 had it, wall clock; −1: not told */
	int64_t event_s;    /* its last event, once it was read whole; −1 */
	struct wants wants; /* who names it; never empty */
	bool loose;	    /* not in the tree: nobody joins it */
	enum object_state state;
	struct ledger_page *page; /* from its GET's head on; may be NULL */
	uint64_t sliced, settled, delivered, skipped, ruled_out, left_out;
	uint64_t unsent; /* those from here on, up to sliced, are ruled out */
	bool whole;
	enum failure fault; /* if it is not */

	bool tried;		  /* a GET has ended */
	bool large;		  /* takes long: few such are read at a time */
	bool evicted;		  /* it gave up its slot, to be read again */
	bool repeat;		  /* it is tried again in its message's turn */
	bool suspect;		  /* Dassana has refused events of it */
	uint64_t refused_at;	  /* then; the judge's clock */
	bool answered;		  /* its GET has brought the head */
	struct trial trial;	  /* of its GET */
	uint64_t rules;		  /* of its GET, by number */
	unsigned ticket;	  /* of its GET, for the breaker */
	enum object_doubt doubt;  /* of what has just failed */
	enum judge_side side;	  /* and what it would be compared with */
	struct trial doubt_trial; /* and the request that failed */
	bool may_be_grant;	  /* refused as without a permission */
	bool asked_marked;	  /* a marked event is sent this time */
	bool marked_failed;	  /* and was refused again */
};

struct aws_result;

/* How its GET ended. */
struct object_end {
	bool whole;
	bool evicted; /* to be read again, once a large one may have a slot */
	enum err err; /* of decoding */
	const char *cause;	      /* for the log; borrowed */
	const struct aws_result *aws; /* of the GET, if that failed; or NULL */
	const char *request_id;	      /* of the GET's reply, or "" */
	uint64_t bytes, json_bytes;
	int64_t event_s; /* eventTime of the last record of a whole one; −1 */
};

/* A new one, ready; copies what n points to. */
struct object *object_new(const struct notify_object *n);
void object_free(struct object *o); /* its page has been closed */
/* For a tree: 0 for the same bucket, key and version, the same contents and
 * region as far as the notifications tell. Takes struct object *. */
int object_cmp(const void *a, const void *b);
/* What an object costs in memory while it is held. */
size_t object_bytes(const struct notify_object *n);
/* The most that the objects of one message cost: each has the bucket's name. */
size_t objects_widest(void);
bool object_is_good(const struct object *o);
enum failure object_fault(const struct object *o); /* if it is not */
/* It was read whole: whether it has no record at all, which is told. */
bool object_is_empty(const struct object *o);
/* Its page, to be closed, as S3 has answered its GET, which has these rules. */
struct s3_head;
struct ledger_page *object_page(const struct object *o, struct ledger *l,
    const struct s3_head *h, uint64_t rules);

/* ---- what becomes of its records, in their order ---- */

/* The next one is an event. True: it is to be sent, as number index, behind
 * lead of those that rules left out. */
bool object_slice(struct object *o, uint64_t *index, uint64_t *lead);
/* Rules leave the next one out. */
void object_rule_out(struct object *o);
/* One cannot be read. */
void object_leave_out(struct object *o);
/* So many are settled; taken: Dassana has them. */
void object_count_settled(struct object *o, uint64_t count, bool taken);

/* Its GET has ended, well or not. */
void object_get_ended(struct object *o, const struct object_end *e);
/* Something of it has failed in a way that may be everybody's. */
void object_in_doubt(struct object *o, enum object_doubt doubt,
    enum judge_side side, const struct trial *t, bool may_be_grant);
/* That event was sent alone and refused. */
void object_mark(struct object *o, uint64_t index);
/* It takes long. */
void object_turn_large(struct object *o);
/* How the messages that name it are given back, if they are and have not failed
 * already. */
void object_back_off(struct object *o, enum back_off how);
/* To be read from its first byte. What Dassana has taken the ledger knows. */
void object_begin_anew(struct object *o);

/* What an operator needs to see why it failed, or to find an event that was
 * refused. It still has its messages. */
void object_log_failure(const struct object *o, const struct object_end *e);
void object_log_left_out(
    const struct object *o, uint64_t index, enum slicer_cause cause);
void object_log_parked(const struct object *o, const struct aws_result *r);
void object_log_doubt(const struct object *o, const struct delivery_settled *s);
void object_log_refused(const struct object *o);
void object_log_at_fault(const struct object *o, const char *cause);

#endif
