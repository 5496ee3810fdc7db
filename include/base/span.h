/*
 * A span is bytes that somebody else owns: pointer and length, no NUL.
 * It is valid for the call it is passed to unless said otherwise.
 */
#ifndef BASE_SPAN_H
#define BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct span {
	const char *p;
	size_t n;
};

/* A span over a string literal. */
#define SPAN(lit) ((struct span){(lit), sizeof(lit) - 1})

struct span span_str(const char *s); /* NULL gives the empty span */
bool span_eq(struct span a, struct span b);
bool span_is(struct span a, const char *s);
bool span_starts(struct span a, const char *prefix);
bool span_ends(struct span a, const char *suffix);
/* Total order by bytes, as memcmp, the shorter first. */
int span_cmp(struct span a, struct span b);
/* Without leading and trailing blanks, tabs, CR and LF. */
struct span span_trim(struct span a);
/* Copies s to *at, which must have room, and moves *at past it: for several
 * texts in one piece of memory. */
struct span span_place(char **at, struct span s);
/* Cuts off and returns what stands before the first c; *rest keeps what comes
 * after it. Without a c: all of it, and *rest becomes empty with p NULL. */
struct span span_cut(struct span *rest, char c);

/*
 * The only parser of numbers from outside: decimal digits and nothing else,
 * the whole span, within [min, max]. ERR_SYNTAX or ERR_RANGE.
 */
enum err span_u64(struct span a, uint64_t min, uint64_t max, uint64_t *out);

#endif
