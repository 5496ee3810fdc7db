/*
 * A shell pattern as a set of states that advance together: bit i stands for
 * "the first i elements match what has come". So a byte of the text costs one
 * step over all bits, and no pattern can make it go back: at most
 * PATTERN_MAX / 64 words for each byte, whatever both are.
 *
 * It works on bytes. A character of UTF-8 is one that is no continuation byte,
 * with the continuation bytes behind it.
 */
#ifndef TRAIL_PATTERN_H
#define TRAIL_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

enum { PATTERN_MAX = 4096 }; /* elements: bytes, '?', sets; a '*' is none */

struct pattern;

/* Made by adding elements in order, then sealed; only then does it match. */
struct pattern *pattern_new(void);
void pattern_free(struct pattern **p);
bool pattern_is_full(const struct pattern *p); /* no element may be added */
void pattern_add_byte(struct pattern *p, char c);
void pattern_add_star(struct pattern *p);
/* One character: those of ASCII that are in `ascii`, and with `others` all that
 * are not ASCII. */
void pattern_add_set(struct pattern *p, const bool ascii[128], bool others);
void pattern_seal(struct pattern *p);
size_t pattern_memory(const struct pattern *p);

/* All of s. */
bool pattern_matches(const struct pattern *p, struct span s);

#endif
