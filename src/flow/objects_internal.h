/* What the files of objects and doubt share. */
#ifndef FLOW_OBJECTS_INTERNAL_H
#define FLOW_OBJECTS_INTERNAL_H

#include "base/breaker.h"
#include "flow/lag.h"
#include "flow/line.h"
#include "flow/lot.h"
#include "flow/objects.h"
#include "flow/outages.h"
#include "flow/suspects.h"

struct slots;

TAILQ_HEAD(object_list, object);

/* One of the two that may do nothing for us. */
struct side {
	struct breaker breaker; /* for what is parked: probes take turns */
	int64_t well_ms;	/* something succeeded; −1: never */
};

struct objects {
	struct objects_conf conf;
	struct slots *slots;
	struct ledger *ledger;
	struct suspects *suspects;
	void *tree; /* tsearch(3), by identity */
	struct object_list all;
	struct line line;
	struct lot lot;
	struct outages *outages;
	struct side s3, dassana;
	int64_t s3_own_ms; /* S3 laid a failure to an object; −1: never */
	uint64_t dassana_turned; /* the judge's clock when its breaker opened */
	bool lack_creds;
	uint64_t leases_lost;	/* messages', as they were last looked at */
	struct timer *retry;	/* somebody who is parked is due */
	struct timer *release;	/* somebody who is parked is to go */
	struct object *suspect; /* Dassana is asked with it; or NULL */
	unsigned repeats;	/* in slots */
	struct objects_stats stats;
	struct lag lag;
	bool draining;
};

/* ---- objects.c ---- */

void object_move(struct objects *os, struct object *o, enum object_state to);
/* Nobody wants it any more. */
void object_drop(struct objects *os, struct object *o);
/* If all of its bytes and events are, decides what follows. */
void object_settle_if_over(struct objects *os, struct object *o);
/* Off the books; its messages learn how it came out. */
void object_settle(struct objects *os, struct object *o);
/* m is gone as far as its objects are concerned; those that nobody else wants
 * are gone with it. */
void objects_disown(struct objects *os, struct message *m);
/* What was delivered of it may be forgotten. */
void objects_unpin(struct objects *os, struct message *m);

/* ---- objects_start.c ---- */

/* It was evicted: it is to be read again. */
void object_put_back(struct objects *os, struct object *o);

/* ---- doubt_blame.c ---- */

/* o has failed, which may speak against m. */
void doubt_blame(struct objects *os, struct message *m, const struct object *o,
    int64_t now_ms);
/* Whoever succeeds has not failed again and again. */
void doubt_forgive(struct object *o, enum judge_side side);
/* It has failed by comparison, in whatever. */
bool doubt_compared(const struct message *m);
/* It is at fault. */
bool doubt_proven(const struct message *m, int64_t now_ms);

/* ---- doubt.c, doubt_release.c ---- */

static inline const struct side *
doubt_side(const struct objects *os, enum object_doubt doubt)
{
	return doubt == DOUBT_S3 ? &os->s3 : &os->dassana;
}

/* Others have succeeded of late. */
bool doubt_is_well(const struct objects *os, enum object_doubt doubt);
/* A GET of o has failed. True: it is not known whose fault that is. */
bool
doubt_get(struct objects *os, struct object *o, const struct aws_result *r);
/* S3 has answered it with the object. */
void doubt_opened(struct objects *os, struct object *o);
/* And sent all of it. */
void doubt_read(struct objects *os, struct object *o);
/* A new one: it may be a suspect from before. */
void doubt_wanted(struct objects *os, struct message *m, struct object *o);
/* Some of its events were refused or taken. */
void doubt_settled(
    struct objects *os, struct object *o, const struct delivery_settled *s);
/* All of its events are settled, and it is in doubt. */
void doubt_park(struct objects *os, struct object *o);
/* One of m's objects is no more: the rest may be all that is parked. */
void doubt_look(struct objects *os, struct message *m);
/* It is delivered. */
void doubt_over(struct objects *os, struct object *o);
/* Who is to be tried again now, if anybody; it is then the repeat of its
 * message. */
struct object *doubt_next(struct objects *os);
/* It need not be tried after all. */
void doubt_cancelled(struct objects *os, struct object *o);
/* Gives back who is at fault, and those for whom there is no place. */
void doubt_release(struct objects *os);
/* Nothing of the suspect is under way any more. */
void doubt_suspect_over(struct objects *os);
/* When doubt_next or doubt_release has something to do; INT64_MAX: not by
 * itself. */
int64_t doubt_due(const struct objects *os);
void doubt_hurry(struct objects *os);
/* Shutdown: all that is parked is given back. */
void doubt_drain(struct objects *os);

#endif
