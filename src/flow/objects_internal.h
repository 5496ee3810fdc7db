/* What objects.c and hold.c share. */
#ifndef FLOW_OBJECTS_INTERNAL_H
#define FLOW_OBJECTS_INTERNAL_H

#include "flow/lag.h"
#include "flow/objects.h"

struct grant;
struct slots;

TAILQ_HEAD(object_list, object);

struct objects {
	struct messages *messages;
	struct slots *slots;
	struct grant *grant;
	struct ledger *ledger;
	void *tree; /* tsearch(3), by identity */
	struct object_list waiting;
	unsigned nheld;		  /* of them */
	struct object_list begun; /* active and ended */
	objects_changed_fn *changed;
	void *arg;
	struct objects_stats stats;
	struct lag lag;
	bool draining; /* nothing is held any more */
};

/* The GET of o failed: whether it is to be held until its fault is proven. */
bool
hold_is_due(struct objects *os, struct object *o, const struct aws_result *r);
/* All of its events are settled: puts it back to those that wait, at the end.
 */
void hold(struct objects *os, struct object *o);
/* An object begins to wait, and stops. */
void hold_wait(struct objects *os, struct object *o);
void hold_wait_ends(struct objects *os, struct object *o);
/* A GET has ended: who is held gets more turns. */
void hold_go_on(struct objects *os);
/* One is to be held as soon as its events are settled. */
bool hold_is_near(const struct objects *os);
/* One that is held, and whose messages have all lost their leases; or NULL. */
struct object *hold_forsaken(const struct objects *os);
/* A GET was answered: what that proves for those that are held. */
void hold_proof(struct objects *os, uint64_t number, bool was_held);
/* The first that waits and is held, or is not; NULL if there is none such. */
struct object *hold_first(const struct objects *os, bool held);
/* Whose turn it is; NULL if it is nobody's. */
struct object *hold_next(const struct objects *os);

#endif
