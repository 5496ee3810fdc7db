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
	struct object_list begun; /* active and ended */
	objects_changed_fn *changed;
	void *arg;
	struct objects_stats stats;
	struct lag lag;
};

/* The GET of o failed: whether it is to be held, as the set-up's fault. */
bool
hold_is_due(struct objects *os, struct object *o, const struct aws_result *r);
/* Puts it back to those that wait, at the end. */
void hold(struct objects *os, struct object *o);
/* A fresh object could be read: those that are held become suspects. */
void hold_suspect(struct objects *os);
/* The first that waits and is held, or is not; NULL if there is none such. */
struct object *hold_first(const struct objects *os, bool held);
/* Whose turn it is; NULL if it is nobody's. */
struct object *hold_next(const struct objects *os);

#endif
