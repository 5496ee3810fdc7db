#include "flow/ranges.h"

#include <string.h>

#include "base/mem.h"

void
ranges_clear(struct ranges *s)
{
	mem_free(s->at);
	s->at = NULL;
	s->n = 0;
}

size_t
ranges_bytes(const struct ranges *s)
{
	return s->at != NULL ? RANGES_BYTES : 0;
}

/* Joined with those that it touches. */
void
ranges_add(struct ranges *s, struct range r)
{
	size_t i = 0, j;

	while (i < s->n && s->at[i].to < r.from)
		i++;
	for (j = i; j < s->n && s->at[j].from <= r.to; j++) {
		if (s->at[j].from < r.from)
			r.from = s->at[j].from;
		if (s->at[j].to > r.to)
			r.to = s->at[j].to;
	}
	if (i == j && s->n == RANGES_MAX)
		return;
	if (s->at == NULL)
		s->at = mem_alloc(RANGES_BYTES);
	memmove(s->at + i + 1, s->at + j, (s->n - j) * sizeof *s->at);
	s->at[i] = r;
	s->n = s->n - (j - i) + 1;
}

bool
ranges_have(const struct ranges *s, uint64_t index)
{
	for (size_t i = 0; i < s->n; i++) {
		if (index >= s->at[i].from && index < s->at[i].to)
			return true;
	}
	return false;
}

uint64_t
ranges_cut(struct ranges *s, uint64_t end)
{
	size_t gone = 0;

	while (gone < s->n && s->at[gone].from <= end) {
		if (s->at[gone].to > end)
			end = s->at[gone].to;
		gone++;
	}
	if (gone == 0)
		return end;
	s->n -= gone;
	memmove(s->at, s->at + gone, s->n * sizeof *s->at);
	if (s->n == 0)
		ranges_clear(s);
	return end;
}

uint64_t
ranges_count(const struct ranges *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->at[i].to - s->at[i].from;
	return n;
}
