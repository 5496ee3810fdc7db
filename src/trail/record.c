/*
 * A scanner, no parser: the text is known to be JSON, up to where it was cut
 * off. Only strings and brackets are looked at.
 */
#include "trail/record.h"

#include <string.h>

#include "base/clock.h"

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void
skip_blanks(struct span *s)
{
	while (s->n > 0 && is_blank(*s->p)) {
		s->p++;
		s->n--;
	}
}

static bool
take(struct span *s, char c)
{
	if (s->n == 0 || *s->p != c)
		return false;
	s->p++;
	s->n--;
	return true;
}

/* The bytes of a string as they stand, after its opening quote. false if it has
 * no end. */
static bool
take_string(struct span *s, struct span *out)
{
	size_t i = 0;

	while (i < s->n && s->p[i] != '"')
		i += s->p[i] == '\\' ? 2 : 1;
	if (i >= s->n)
		return false;
	*out = (struct span){s->p, i};
	s->p += i + 1;
	s->n -= i + 1;
	return true;
}

/* After a key: its value, if that is a string. */
static bool
take_value(struct span *s, struct span *out)
{
	skip_blanks(s);
	if (!take(s, ':'))
		return false;
	skip_blanks(s);
	return take(s, '"') && take_string(s, out);
}

static size_t
keep(struct record_head *r, struct span s)
{
	size_t room = sizeof r->bytes - r->n, n = s.n < room ? s.n : room;

	if (n > 0)
		memcpy(r->bytes + r->n, s.p, n);
	return r->n + n;
}

void
record_keep(struct record_head *r, struct span head, struct span tail)
{
	r->n = 0;
	r->n = keep(r, head);
	r->n = keep(r, tail);
}

bool
record_text(struct span s, const char *key, struct span *value)
{
	unsigned depth = 0;
	struct span text;

	while (s.n > 0) {
		char c = *s.p++;

		s.n--;
		if (c == '{' || c == '[') {
			depth++;
		} else if ((c == '}' || c == ']') && depth > 0) {
			depth--;
		} else if (c == '"') {
			if (!take_string(&s, &text))
				return false;
			/* As a value it is followed by no colon. */
			if (depth == 1 && span_is(text, key) &&
			    take_value(&s, value))
				return true;
		}
	}
	return false;
}

bool
record_time(const struct record_head *r, int64_t *wall_s)
{
	struct span text;

	return record_text((struct span){r->bytes, r->n}, "eventTime", &text) &&
	       clock_parse_iso(text, wall_s) == ERR_OK;
}
