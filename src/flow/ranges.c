#include "flow/ranges.h"

#include <string.h>

#include "base/mem.h"

enum { ROOM_MIN = 2 };

void
ranges_clear(struct ranges *s)
{
	mem_free(s->at);
	s->at = NULL;
	s->n = s->room = 0;
}

size_t
ranges_bytes(const struct ranges *s)
{
	return s->room * sizeof *s->at;
}

/* Many objects have one or two of them. */
static size_t
next_room(const struct ranges *s)
{
	if (s->n < s->room || s->n == RANGES_MAX)
		return s->room;
	return s->room > 0 ? 2 * s->room : ROOM_MIN;
}

size_t
ranges_next_bytes(const struct ranges *s)
{
	return (next_room(s) - s->room) * sizeof *s->at;
}

static void
make_room(struct ranges *s)
{
	size_t room = next_room(s);

	if (room > s->room)
		s->at = mem_realloc(s->at, room * sizeof *s->at);
	s->room = room;
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
	if (i == j)
		make_room(s);
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
