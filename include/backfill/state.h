/*
 * A file that says how far a backfill has come: the last key before which all
 * was acknowledged. It is written whole or not at all, and good for the same
 * work alone, since of another one it would skip what was never sent.
 */
#ifndef BACKFILL_STATE_H
#define BACKFILL_STATE_H

#include "backfill/work.h"

struct state {
	struct buf after;	    /* a key; empty: nothing so far */
	int64_t to_s;		    /* of the work; −1: there is no file */
	uint64_t objects, messages; /* sent up to there */
	bool done;
};

void state_init(struct state *s);
void state_fini(struct state *s);

/* No file is no mistake: *s stays as it was. Else false, and why. A work whose
 * to_s is −1 takes what the file says. */
bool state_read(
    struct state *s, const char *path, const struct work *w, struct buf *why);
bool state_write(const struct state *s, const char *path, const struct work *w,
    struct buf *why);

#endif
