#include "base/ini.h"

#include <string.h>

struct parser {
	bool nested;
	ini_line_fn *fn;
	void *arg;
	unsigned number;
	struct span section;
	struct span parent;   /* last key with an empty value; p NULL: none */
	size_t indent;	      /* of the section's last key */
	bool has_key;	      /* there was one since the section began */
	struct ini_line held; /* a key that may go on; key.n 0: none */
};

/* Tells of the key that is held back. */
static void
release(struct parser *p)
{
	struct ini_line line = p->held;

	p->held = (struct ini_line){.number = 0};
	if (line.key.n > 0)
		p->fn(p->arg, &line);
}

static void
report(struct parser *p, const char *error)
{
	struct ini_line line = {
	    .number = p->number, .section = p->section, .error = error};

	release(p);
	p->fn(p->arg, &line);
}

static void
start_section(struct parser *p, struct span name)
{
	struct ini_line line = {.number = p->number, .section = name};

	release(p);
	p->section = name;
	if (p->nested)
		p->fn(p->arg, &line);
}

/* "[name]", with nothing but a comment behind it. */
static void
take_section(struct parser *p, struct span s)
{
	const char *end = memchr(s.p, ']', s.n);
	struct span name, rest;

	p->parent = (struct span){NULL, 0};
	p->has_key = false;
	if (end == NULL) {
		report(p, "a section without ']'");
		return;
	}
	name = span_trim((struct span){s.p + 1, (size_t)(end - s.p) - 1});
	rest = span_trim((struct span){end + 1, s.n - (size_t)(end - s.p) - 1});
	if (name.n == 0)
		report(p, "a section without a name");
	else if (rest.n > 0 && rest.p[0] != '#' && rest.p[0] != ';')
		report(p, "something stands behind ']'");
	else
		start_section(p, name);
}

static void
take_key(struct parser *p, struct span s, size_t indent)
{
	struct span rest = s, key = span_trim(span_cut(&rest, '='));
	struct ini_line line = {.number = p->number, .section = p->section};
	bool deeper = p->nested && p->has_key && indent > p->indent;

	if (rest.p == NULL || key.n == 0) {
		p->parent = (struct span){NULL, 0};
		report(p, rest.p == NULL ? "no \"key = value\""
					 : "no key before '='");
		return;
	}
	line.key = key;
	line.value = span_trim(rest);
	if (deeper) {
		if (p->parent.p == NULL) {
			report(p, "indented deeper than the key above it, "
				  "whose value is not empty");
			return;
		}
		line.parent = p->parent;
	} else {
		p->parent = line.value.n == 0 ? key : (struct span){NULL, 0};
		p->indent = indent;
		p->has_key = true;
	}
	release(p);
	if (p->nested && !deeper && line.value.n > 0)
		p->held = line;
	else
		p->fn(p->arg, &line);
}

/* A line that is indented deeper than the key above it, which has a value, is
 * more of that. */
static bool
continues(struct parser *p, struct span raw, struct span s)
{
	struct ini_line *h = &p->held;

	if (h->key.n == 0 || (size_t)(s.p - raw.p) <= p->indent)
		return false;
	h->value.n = (size_t)(s.p + s.n - h->value.p);
	return true;
}

static void
take_line(struct parser *p, struct span raw)
{
	struct span s = span_trim(raw);

	p->number++;
	if (raw.n > INI_LINE_MAX) {
		p->parent = (struct span){NULL, 0};
		report(p, "a line longer than 64 KiB");
		return;
	}
	if (s.n == 0)
		return;
	if (s.p[0] == '#' || s.p[0] == ';') {
		release(p);
		return;
	}
	if (memchr(s.p, '\0', s.n) != NULL) {
		report(p, "a NUL byte");
		return;
	}
	if (continues(p, raw, s))
		return;
	if (s.p[0] == '[')
		take_section(p, s);
	else
		take_key(p, s, (size_t)(s.p - raw.p));
}

void
ini_parse(struct span text, bool nested, ini_line_fn *fn, void *arg)
{
	struct parser p = {.nested = nested, .fn = fn, .arg = arg};

	/* Editors on Windows put a byte order mark at the start. */
	if (span_starts(text, "\xef\xbb\xbf")) {
		text.p += 3;
		text.n -= 3;
	}
	while (text.n > 0)
		take_line(&p, span_cut(&text, '\n'));
	release(&p);
}
