/*
 * What the first bytes of a text say it is, if it is not JSON: so that an error
 * names the format that somebody stored by mistake.
 */
#ifndef TRAIL_MAGIC_H
#define TRAIL_MAGIC_H

#include <stdbool.h>

#include "base/span.h"

enum { MAGIC_MAX = 6 };

/* Whether more bytes are needed to tell: head begins a magic number, and is not
 * a whole one. JSON begins none. */
bool magic_goes_on(struct span head);
/* The format that head is the magic number of, "" for a UTF-8 byte order mark,
 * NULL for none. */
const char *magic_name(struct span head);

#endif
