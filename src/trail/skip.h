/*
 * Finds the end of a JSON value that is not to be kept: strings and brackets
 * are all that it looks at, so it needs neither memory nor recursion, however
 * long or deep the value is.
 *
 * Of SLICER_DEPTH_MAX levels it knows which bracket is open; those beyond are
 * only counted, which makes a difference for broken text alone.
 */
#ifndef TRAIL_SKIP_H
#define TRAIL_SKIP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "trail/slicer.h"

enum skip_state {
	SKIP_BEGINS,
	SKIP_ATOM, /* a number or literal; ends before what cannot be in one */
	SKIP_TEXT, /* outside of strings */
	SKIP_STRING,
	SKIP_ESCAPE, /* a backslash came */
	SKIP_DONE,
	SKIP_BAD, /* a control character in a string, or a wrong bracket */
};

struct skip {
	enum skip_state state;
	uint64_t depth;
	bool is_map[SLICER_DEPTH_MAX];
};

void skip_init(struct skip *k);
/* Returns how many bytes belong to the value: all of them until the state is
 * SKIP_DONE; up to the offending one when it is SKIP_BAD. */
size_t skip_feed(struct skip *k, struct span in);

#endif
