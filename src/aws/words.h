/*
 * A command line, split as a shell would, but nothing in it is expanded:
 * blanks part words, '…' keeps all, "…" keeps all but \" and \\, a backslash
 * elsewhere keeps the next character.
 */
#ifndef AWS_WORDS_H
#define AWS_WORDS_H

#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

enum { WORDS_MAX = 64 };

struct words {
	char *text; /* owned: the words, one after the other */
	const char *argv[WORDS_MAX + 1]; /* NULL-terminated */
	size_t n;
};

/* ERR_SYNTAX: a quote without its end, or no word at all; ERR_LIMIT: too many.
 * *w is to be freed in any case. */
enum err words_split(struct span line, struct words *w);
void words_fini(struct words *w);

#endif
