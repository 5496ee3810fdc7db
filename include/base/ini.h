/*
 * Lines of "key = value" with [sections], comments (# or ; at the start of a
 * line) and, for AWS's files, nested keys (a "key = value" that is indented
 * deeper than the key above it, which has an empty value) and values that go on
 * (such a line below a key that has a value; no comment between them). A line
 * has up to 64 KiB. Values are not changed but for blanks around them: one that
 * goes on holds line breaks and what indents them.
 */
#ifndef BASE_INI_H
#define BASE_INI_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

enum { INI_LINE_MAX = 64 * 1024 };

struct ini_line {
	unsigned number;     /* from 1 on */
	struct span section; /* "" before the first */
	struct span parent;  /* key this one is nested under, or "" */
	struct span key, value;
	const char *error; /* NULL, or what is wrong with this line: then key
			    * and value are not set */
};

typedef void ini_line_fn(void *arg, const struct ini_line *line);

/* Calls fn for every key and for every bad line. nested: as in AWS's files,
 * where lines indented deeper are nested keys, and a section means something by
 * being there: fn is called for it, with an empty key. */
void ini_parse(struct span text, bool nested, ini_line_fn *fn, void *arg);

#endif
