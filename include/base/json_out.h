/*
 * Writes JSON into a buf, commas and all. The caller keeps the order: members
 * (with a name) inside of an object, elements (NULL) inside of an array.
 */
#ifndef BASE_JSON_OUT_H
#define BASE_JSON_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct json_out {
	struct buf *b;
	bool follows; /* something stands before: a comma comes first */
};

void json_begin(struct json_out *j, const char *name, char bracket);
void json_end(struct json_out *j, char bracket);
/* A text may be from outside and be in any encoding: what is no printable ASCII
 * is escaped, and our own secrets are hidden (base/secret.h). */
void json_text(struct json_out *j, const char *name, struct span text);
void json_count(struct json_out *j, const char *name, uint64_t n);
void json_real(struct json_out *j, const char *name, double x);
void json_flag(struct json_out *j, const char *name, bool on);
void json_null(struct json_out *j, const char *name);
/* A wall clock in ms, as "2026-11-22T12:00:00.123Z". */
void json_time(struct json_out *j, const char *name, int64_t wall_ms);

#endif
