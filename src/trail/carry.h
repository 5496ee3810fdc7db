/*
 * The bytes of a record that came with earlier chunks. Grows by doubling up to
 * SLICER_CARRY; beyond that only in memory that was lent.
 */
#ifndef TRAIL_CARRY_H
#define TRAIL_CARRY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

struct carry {
	char *p; /* own or lent */
	size_t n, cap;
	size_t max; /* bytes of a record; n never passes it */
	char *own;
	size_t own_cap;
	bool lent;
};

void carry_init(struct carry *c, size_t max);
void carry_fini(struct carry *c);
/* Empty, and back in the own memory. */
void carry_reset(struct carry *c);
/* Empty; what was lent stays. What carry_view told of may still be read until
 * the next carry_add. */
static inline void
carry_empty(struct carry *c)
{
	c->n = 0;
}
static inline struct span
carry_view(const struct carry *c)
{
	return c->n > 0 ? (struct span){c->p, c->n} : SPAN("");
}
/* Appends without line breaks. More than max, or lack of room that carry_wants
 * told of, is a bug. */
void carry_add(struct carry *c, struct span s);
bool carry_wants(const struct carry *c, size_t n);
void carry_lend(struct carry *c, void *mem, size_t n);
void *carry_take(struct carry *c);

/* LF, VT, FF, CR: in a string no control character can stand. */
bool carry_has_break(struct span s);
static inline bool
carry_is_break(char c)
{
	return c >= '\n' && c <= '\r';
}

#endif
