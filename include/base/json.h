/*
 * A small JSON document as a tree, for replies and notifications (never for
 * log files: those are sliced, trail/slicer.h). Push parser: feed it in pieces
 * of any size. Bounded in depth and in the bytes that the tree may take.
 *
 * A document owns all its nodes and strings; they live until json_free.
 * Strings are unescaped; numbers keep their text. Of a key that stands twice in
 * one object, the last one counts, as with most parsers.
 *
 * Beside the tree yajl takes up to three times the longest string that has
 * escapes, until json_finish.
 */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

enum json_type {
	JSON_NULL,
	JSON_BOOL,
	JSON_NUMBER,
	JSON_STRING,
	JSON_ARRAY,
	JSON_OBJECT
};

struct json_node {
	enum json_type type;
	bool boolean;
	struct span text;		/* of a string or number */
	struct span key;		/* of a member of an object */
	struct json_node *child, *next; /* first child; next sibling */
};

struct json;

enum { JSON_DEPTH_MAX = 64 };

/* max_bytes bounds what the tree takes in memory. */
struct json *json_new(size_t max_bytes);
void json_free(struct json **j);
/* ERR_SYNTAX, ERR_DEPTH, ERR_LIMIT; after an error every call repeats it. */
enum err json_feed(struct json *j, struct span s);
/* Ends the text, so nothing may be fed any more; *root is borrowed from j.
 * ERR_TRUNCATED on an open or empty document. */
enum err json_finish(struct json *j, const struct json_node **root);
/* What the tree takes. */
size_t json_bytes(const struct json *j);
/* The three in one: *j is set also on an error, and is the caller's to free. */
enum err json_parse(struct span s, size_t max_bytes, struct json **j,
    const struct json_node **root);

/* All of these accept NULL and a node of another type. */
const struct json_node *json_get(const struct json_node *obj, const char *key);
/* A chain of names: json_path(n, "s3", "bucket", "name", NULL). */
const struct json_node *
json_path(const struct json_node *n, ...) __attribute__((sentinel));
bool json_is(const struct json_node *n, enum json_type type);
/* Text of a string; empty span for anything else. */
struct span json_str(const struct json_node *n);
/* A whole number ≥ 0, given as a number or as a string of digits. */
enum err json_u64(const struct json_node *n, uint64_t *out);

#endif
