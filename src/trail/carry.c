#include "trail/carry.h"

#include <string.h>

#include "base/mem.h"
#include "trail/slicer.h"

enum { CARRY_FIRST = 1024 };

void
carry_init(struct carry *c, size_t max)
{
	*c = (struct carry){.max = max};
}

void
carry_fini(struct carry *c)
{
	mem_free(c->own);
	carry_init(c, c->max);
}

void
carry_reset(struct carry *c)
{
	c->lent = false;
	c->p = c->own;
	c->cap = c->own_cap;
	c->n = 0;
}

static void
reserve(struct carry *c, size_t n)
{
	size_t cap = c->own_cap > 0 ? c->own_cap : CARRY_FIRST;

	if (n <= c->cap)
		return;
	CHECK(!c->lent && n <= SLICER_CARRY);
	while (cap < n)
		cap *= 2;
	c->own = mem_realloc(c->own, cap);
	c->own_cap = cap;
	c->p = c->own;
	c->cap = cap;
}

/* Four searches, because memchr is many times faster than a loop over bytes,
 * and nearly all records have none. */
bool
carry_has_break(struct span s)
{
	return memchr(s.p, '\n', s.n) != NULL ||
	       memchr(s.p, '\r', s.n) != NULL ||
	       memchr(s.p, '\v', s.n) != NULL || memchr(s.p, '\f', s.n) != NULL;
}

void
carry_add(struct carry *c, struct span s)
{
	CHECK(s.n <= c->max - c->n);
	reserve(c, c->n + s.n);
	if (!carry_has_break(s)) {
		memcpy(c->p + c->n, s.p, s.n);
		c->n += s.n;
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		if (!carry_is_break(s.p[i]))
			c->p[c->n++] = s.p[i];
	}
}

bool
carry_wants(const struct carry *c, size_t n)
{
	size_t room = c->max - c->n;

	return !c->lent && c->n + (n < room ? n : room) > SLICER_CARRY;
}

void
carry_lend(struct carry *c, void *mem, size_t n)
{
	CHECK(!c->lent && n >= c->max);
	if (c->n > 0)
		memcpy(mem, c->p, c->n);
	c->p = mem;
	c->cap = n;
	c->lent = true;
}

/* Up to half of the own carry, so that the lent one is not wanted again with
 * the very next chunk. */
void *
carry_take(struct carry *c)
{
	char *mem = c->p;
	size_t n = c->n;

	if (!c->lent || n > SLICER_CARRY / 2)
		return NULL;
	carry_reset(c);
	reserve(c, n);
	if (n > 0)
		memcpy(c->p, mem, n);
	c->n = n;
	return mem;
}
