/*
 * How far behind we are, told by each object when the last of its events was
 * delivered. An object of which nothing was sent, since all of it was
 * acknowledged before, tells nothing.
 */
#ifndef FLOW_LAG_H
#define FLOW_LAG_H

#include "base/histogram.h"
#include "flow/object.h"

struct lag {
	struct histogram object_s; /* since S3 put it there */
	struct histogram event_s;  /* since its last event happened */
};

void lag_init(struct lag *l);
void lag_delivered(struct lag *l, const struct object *o);
#endif
