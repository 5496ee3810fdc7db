/*
 *   rule      = condition *( blanks condition )
 *   condition = "!" path / path "=" patterns / path "!=" patterns
 *   path      = name *3( "." name )
 *   patterns  = pattern *( "," pattern )
 *
 * Names and patterns may stand in quotes, wholly or in part.
 */
#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/mem.h"
#include "trail/events_internal.h"

struct reader {
	struct events_rules *rules;
	struct span in;
	size_t at;
	size_t bytes; /* of memory, of its patterns */
	size_t *column;
	struct buf *why;
};

/* At that byte; people count characters. */
static bool __attribute__((format(printf, 3, 4)))
fail(struct reader *r, size_t at, const char *fmt, ...)
{
	va_list ap;

	*r->column = 1;
	for (size_t i = 0; i < at && i < r->in.n; i++)
		*r->column += ((unsigned char)r->in.p[i] & 0xc0) != 0x80;
	va_start(ap, fmt);
	buf_vprintf(r->why, fmt, ap);
	va_end(ap);
	return false;
}

static bool
at_end(const struct reader *r)
{
	return r->at == r->in.n;
}

/* NUL at the end; there is none in the text. */
static char
next(const struct reader *r)
{
	return at_end(r) ? '\0' : r->in.p[r->at];
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* Whether c is one of those; a NUL is none. */
static bool
is_in(char c, const char *chars)
{
	return c != '\0' && strchr(chars, c) != NULL;
}

/* What stands behind a backslash, for itself. */
static bool
read_escaped(struct reader *r, char *c)
{
	r->at++;
	*c = next(r);
	if (!is_in(*c, "\"\\*?[]!=,.# "))
		return fail(r, r->at - 1,
		    "a backslash stands before \" \\ * ? [ ] ! = , . # or a "
		    "blank");
	r->at++;
	return true;
}

/* ---- names ---- */

static bool
read_quoted_name(struct reader *r, struct buf *name)
{
	size_t begin = r->at++;
	char c;

	while (next(r) != '"') {
		if (at_end(r))
			return fail(r, begin, "this quote is not closed");
		c = next(r);
		if (c != '\\')
			r->at++;
		else if (!read_escaped(r, &c))
			return false;
		buf_char(name, c);
	}
	r->at++;
	return true;
}

static bool
read_name(struct reader *r, struct buf *name)
{
	size_t begin = r->at;

	if (next(r) == '"')
		return read_quoted_name(r, name);
	while (!at_end(r) && !is_in(next(r), " \t.=!,\"\\*?[]#;"))
		buf_char(name, r->in.p[r->at++]);
	if (is_in(next(r), "#;") && r->at == begin)
		return fail(r, begin, "a comment needs a line of its own");
	if (is_in(next(r), ",\"\\*?[]#;"))
		return fail(r, r->at,
		    "'%c' cannot stand in a field's name, unless that is in "
		    "quotes",
		    next(r));
	if (r->at == begin)
		return fail(r, begin, "the name of a field is missing");
	return true;
}

static int
node(struct events_rules *r, int parent, struct span name)
{
	int last = EVENTS_NONE, i;

	for (i = r->node[parent].child; i != EVENTS_NONE; i = r->node[i].next) {
		if (span_eq((struct span){r->node[i].name, r->node[i].n}, name))
			return i;
		last = i;
	}
	i = (int)r->nnodes++;
	r->node = mem_realloc(r->node, r->nnodes * sizeof *r->node);
	r->node[i] = (struct node){.name = mem_strndup(name.p, name.n),
	    .n = name.n,
	    .parent = parent,
	    .child = EVENTS_NONE,
	    .next = EVENTS_NONE,
	    .condition = EVENTS_NONE};
	if (last == EVENTS_NONE)
		r->node[parent].child = i;
	else
		r->node[last].next = i;
	return i;
}

static bool
read_path(struct reader *r, int *out)
{
	struct buf name;
	bool right = true, more = true;
	size_t begin = r->at;

	*out = 0;
	buf_init(&name, EVENTS_TEXT_MAX);
	for (unsigned n = 0; right && more; n++) {
		buf_reset(&name);
		right = read_name(r, &name);
		if (right && n == EVENTS_PATH_MAX)
			right = fail(r, begin, "a path of more than %d names",
			    EVENTS_PATH_MAX);
		if (right)
			*out = node(r->rules, *out, buf_view(&name));
		more = next(r) == '.';
		r->at += more;
	}
	buf_fini(&name);
	return right;
}

/* ---- patterns ---- */

/* A character of a set: of ASCII. */
static bool
read_member(struct reader *r, char *c)
{
	*c = next(r);
	if ((unsigned char)*c >= 0x80)
		return fail(r, r->at,
		    "between '[' and ']' only characters of ASCII can stand");
	if (*c == '\\')
		return read_escaped(r, c);
	r->at++;
	return true;
}

/* Behind '['. A ']' that comes first is a member. */
static bool
read_set(struct reader *r, struct pattern *p)
{
	bool in[128] = {false}, others, first = true;
	size_t begin = r->at++;

	others = is_in(next(r), "!^");
	r->at += others;
	for (; first || next(r) != ']'; first = false) {
		char from, to;

		if (at_end(r))
			return fail(r, begin, "this '[' is not closed");
		if (!read_member(r, &from))
			return false;
		to = from;
		if (next(r) == '-' && r->at + 1 < r->in.n &&
		    r->in.p[r->at + 1] != ']') {
			r->at++;
			if (!read_member(r, &to))
				return false;
		}
		for (unsigned char c = (unsigned char)from;
		     c <= (unsigned char)to; c++)
			in[c] = true;
	}
	r->at++;
	for (size_t c = 0; others && c < 128; c++)
		in[c] = !in[c];
	pattern_add_set(p, in, others);
	return true;
}

static void
add_any(struct pattern *p)
{
	bool all[128];

	memset(all, true, sizeof all);
	pattern_add_set(p, all, true);
}

/* One element of a pattern, or a '*'. */
static bool
read_element(struct reader *r, struct pattern *p)
{
	char c = next(r);

	if (pattern_is_full(p))
		return fail(r, r->at, "a pattern of more than %d characters",
		    PATTERN_MAX);
	if (c == '[')
		return read_set(r, p);
	if (c == '\\') {
		if (!read_escaped(r, &c))
			return false;
		pattern_add_byte(p, c);
		return true;
	}
	r->at++;
	if (c == '*')
		pattern_add_star(p);
	else if (c == '?')
		add_any(p);
	else
		pattern_add_byte(p, c);
	return true;
}

static bool
read_pattern(struct reader *r, struct pattern *p)
{
	size_t begin = r->at, quote = 0;
	bool quoted = false;

	while (
	    !at_end(r) && (quoted || (!is_blank(next(r)) && next(r) != ','))) {
		if (next(r) == '"') {
			quoted = !quoted;
			quote = r->at++;
		} else if (!read_element(r, p)) {
			return false;
		}
	}
	if (quoted)
		return fail(r, quote, "this quote is not closed");
	if (r->at == begin)
		return fail(
		    r, begin, "a value is missing; an empty one is \"\"");
	pattern_seal(p);
	return true;
}

static bool
read_patterns(struct reader *r, struct condition *c)
{
	bool more = true;

	while (more) {
		struct pattern *p = pattern_new();

		c->pattern = mem_realloc(
		    c->pattern, (c->npatterns + 1) * sizeof(struct pattern *));
		c->pattern[c->npatterns++] = p;
		if (!read_pattern(r, p))
			return false;
		r->bytes += pattern_memory(p);
		if (r->bytes > EVENTS_BYTES_MAX)
			return fail(r, r->at,
			    "the patterns of a rule take "
			    "more than %d bytes of memory",
			    EVENTS_BYTES_MAX);
		more = next(r) == ',';
		r->at += more;
	}
	return true;
}

/* ---- conditions ---- */

static bool
read_operator(struct reader *r, struct condition *c)
{
	if (c->kind == CONDITION_ABSENT) {
		if (at_end(r) || is_blank(next(r)))
			return true;
		return fail(r, r->at,
		    "behind !FIELD, which says that it is not there, nothing "
		    "can stand; for another value write FIELD!=VALUE");
	}
	if (next(r) == '!') {
		c->kind = CONDITION_IS_NOT;
		r->at++;
	}
	if (next(r) != '=')
		return fail(r, r->at, "'=' is missing");
	r->at++;
	return read_patterns(r, c);
}

static bool
read_condition(struct reader *r)
{
	struct events_rules *to = r->rules;
	struct condition *c;
	int where;

	to->condition = mem_realloc(
	    to->condition, (to->nconditions + 1) * sizeof *to->condition);
	c = &to->condition[to->nconditions++];
	*c = (struct condition){.next = EVENTS_NONE};
	if (next(r) == '!') {
		c->kind = CONDITION_ABSENT;
		r->at++;
	}
	if (!read_path(r, &where))
		return false;
	c->node = where;
	c->next = to->node[where].condition;
	to->node[where].condition = (int)to->nconditions - 1;
	return read_operator(r, c);
}

static void
skip_blanks(struct reader *r)
{
	while (is_blank(next(r)))
		r->at++;
}

bool
events_parse(struct events_rules *to, struct span text, struct rule *out,
    size_t *column, struct buf *why)
{
	struct reader r = {
	    .rules = to, .in = text, .column = column, .why = why};

	*out = (struct rule){.first = to->nconditions};
	if (memchr(text.p, '\0', text.n) != NULL)
		return fail(&r, 0, "a NUL byte");
	skip_blanks(&r);
	do {
		if (out->n == EVENTS_CONDITIONS_MAX)
			return fail(&r, r.at, "more than %d conditions",
			    EVENTS_CONDITIONS_MAX);
		if (!read_condition(&r))
			return false;
		out->n++;
		skip_blanks(&r);
	} while (!at_end(&r));
	return true;
}
