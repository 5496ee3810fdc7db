/*
 * Who is read next: messages take turns, so that nobody gets more for naming
 * more objects, and each turn is one object.
 *
 * No message has more than a quarter of the slots while others wait. Objects
 * that are known to take long have three quarters of them at most. A message
 * whose objects fail one after the other is held back: it has no turns until
 * one that is tried by itself is read.
 */
#ifndef FLOW_LINE_H
#define FLOW_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "flow/messages.h"

enum { LINE_FAILURES = 3 }; /* in a row hold a message back */

TAILQ_HEAD(turns, message);

struct line {
	struct turns turns; /* messages that have objects to be read */
	unsigned slots;
};

void line_init(struct line *l, unsigned slots);
/* m wants o: o's messages and m's objects know it from now on. */
void line_want(struct line *l, struct message *m, struct object *o);
/* o is wanted no more by that message; w is gone. */
void line_unwant(struct line *l, struct want *w);
/* Moves o on, as all of its messages see. */
void line_move(struct line *l, struct object *o, enum object_state to);
/* One of m's objects was read, or may be by now: it has turns again. */
void line_forgive(struct line *l, struct message *m);
/* One was not. */
void line_blame(struct line *l, struct message *m);
/* Whose turn it is, and it is over; NULL: nobody's. large_too: there is a slot
 * for one that takes long. */
struct object *line_next(struct line *l, bool large_too);
/* One of m's objects, ready or parked, one after the other; those that were
 * never tried first. NULL: none. */
struct object *line_try(struct message *m);
/* Nothing of m is being done, nor may be begun in its turn. */
bool line_rests(const struct message *m);

#endif
