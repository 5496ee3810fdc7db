#include "fuzz.h"

#include <string.h>

uint8_t
fuzz_byte(struct span *in)
{
	uint8_t byte;

	if (in->n == 0)
		return 0;
	byte = (uint8_t)*in->p;
	in->p++;
	in->n--;
	return byte;
}

struct span
fuzz_until(struct span *in, const char *sep)
{
	size_t n = strlen(sep);
	const char *at = in->n > 0 ? memmem(in->p, in->n, sep, n) : NULL;
	struct span s = *in;

	if (at == NULL) {
		*in = SPAN("");
		return s;
	}
	s.n = (size_t)(at - s.p);
	in->p = at + n;
	in->n -= s.n + n;
	return s;
}

char *
fuzz_copy(struct span s)
{
	char *p = mem_alloc(s.n);

	if (s.n > 0)
		memcpy(p, s.p, s.n);
	return p;
}

char *
fuzz_cstr(struct span s)
{
	char *p = mem_strndup(s.p, s.n);

	for (size_t i = 0; i < s.n; i++) {
		if (p[i] == '\0')
			p[i] = '0';
	}
	return p;
}

void
fuzz_cut_init(struct fuzz_cut *c, struct span s, uint8_t how)
{
	*c = (struct fuzz_cut){.rest = s, .how = how, .state = how};
}

/* Mostly short pieces, for that is where parsers go wrong. */
static size_t
next_length(struct fuzz_cut *c)
{
	if (c->how == 0)
		return c->rest.n;
	if (c->how == 1)
		return 1;
	c->state = c->state * 1664525u + 1013904223u;
	return 1 + (c->state >> 16) % ((c->state >> 28) < 12 ? 8 : 2048);
}

bool
fuzz_cut_next(struct fuzz_cut *c)
{
	size_t n;

	fuzz_cut_fini(c);
	if (c->done)
		return false;
	n = next_length(c);
	if (n > c->rest.n)
		n = c->rest.n;
	c->piece.n = n;
	c->piece.p = fuzz_copy((struct span){c->rest.p, n});
	c->rest.p += n;
	c->rest.n -= n;
	c->done = c->rest.n == 0;
	return true;
}

void
fuzz_cut_fini(struct fuzz_cut *c)
{
	mem_free((char *)(uintptr_t)c->piece.p);
	c->piece = (struct span){NULL, 0};
}
