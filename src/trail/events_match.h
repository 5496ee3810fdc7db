/*
 * One record against the rules, told as the parser comes by.
 *
 *   begin → (open, key, scalar, close)… of the record → verdict → begin → …
 *
 * The first open and the last close are the record's own. A key is told with
 * its escapes undone, as are strings. Of scalars only those matter that come
 * while match_wants_scalar says so: all others need not be told.
 */
#ifndef TRAIL_EVENTS_MATCH_H
#define TRAIL_EVENTS_MATCH_H

#include "trail/events_internal.h"

struct match {
	struct events_rules *rules; /* borrowed; NULL: nothing is left out */
	unsigned char *node;	    /* owned: what came of each */
	bool *failed; /* owned: a value that it does not hold for */
	/* Whose members are read, by depth from 1 on; EVENTS_NONE: nobody's
	 * who matters. */
	int at[EVENTS_PATH_MAX + 1];
	uint64_t depth;
	int pending; /* whose value comes next */
};

/* rules may be NULL. */
void match_init(struct match *m, struct events_rules *rules);
void match_fini(struct match *m);

void match_begin(struct match *m);
void match_open(struct match *m, bool is_map);
void match_close(struct match *m);
void match_key(struct match *m, struct span key);
void match_scalar(struct match *m, struct span text);
static inline bool
match_wants_scalar(const struct match *m)
{
	return m->pending != EVENTS_NONE;
}

/* True: it is left out, and counted. */
bool match_leaves_out(struct match *m);

#endif
