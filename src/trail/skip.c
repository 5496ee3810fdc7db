#include "trail/skip.h"

#include "trail/carry.h"

void
skip_init(struct skip *k)
{
	k->state = SKIP_BEGINS;
	k->depth = 0;
}

static enum skip_state
open_bracket(struct skip *k, bool is_map)
{
	if (k->depth < SLICER_DEPTH_MAX)
		k->is_map[k->depth] = is_map;
	k->depth++;
	return SKIP_TEXT;
}

static enum skip_state
close_bracket(struct skip *k, bool is_map)
{
	k->depth--;
	if (k->depth < SLICER_DEPTH_MAX && k->is_map[k->depth] != is_map)
		return SKIP_BAD;
	return k->depth == 0 ? SKIP_DONE : SKIP_TEXT;
}

/* A character inside of brackets, or the first of all. */
static enum skip_state
text_char(struct skip *k, char c)
{
	switch (c) {
	case '"':
		return SKIP_STRING;
	case '{':
	case '[':
		return open_bracket(k, c == '{');
	case '}':
	case ']':
		return close_bracket(k, c == '}');
	default:
		return k->depth == 0 ? SKIP_ATOM : SKIP_TEXT;
	}
}

static enum skip_state
string_char(const struct skip *k, char c)
{
	if ((unsigned char)c < ' ')
		return SKIP_BAD;
	if (c == '\\')
		return SKIP_ESCAPE;
	if (c != '"')
		return SKIP_STRING;
	return k->depth == 0 ? SKIP_DONE : SKIP_TEXT;
}

static bool
ends_atom(char c)
{
	return c == ',' || c == ']' || c == '}' || c == ' ' || c == '\t' ||
	       carry_is_break(c);
}

size_t
skip_feed(struct skip *k, struct span in)
{
	size_t i = 0;

	while (i < in.n && k->state < SKIP_DONE) {
		char c = in.p[i];

		if (k->state == SKIP_ATOM && ends_atom(c)) {
			k->state = SKIP_DONE;
			break;
		}
		if (k->state == SKIP_STRING)
			k->state = string_char(k, c);
		else if (k->state == SKIP_ESCAPE)
			k->state =
			    (unsigned char)c < ' ' ? SKIP_BAD : SKIP_STRING;
		else if (k->state != SKIP_ATOM)
			k->state = text_char(k, c);
		i++;
	}
	return i;
}
