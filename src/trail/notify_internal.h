/*
 * What the files of notify share: notify.c (the body and the envelope),
 * notify_shapes.c (who announces an object in which words), notify_objects.c.
 */
#ifndef TRAIL_NOTIFY_INTERNAL_H
#define TRAIL_NOTIFY_INTERNAL_H

#include "base/json.h"
#include "trail/notify.h"

enum { NOTIFY_FAULT_MAX = 96 };

struct notify {
	enum notify_reason why;
	const char *shape;	    /* NULL: none that names objects */
	struct json *outer, *inner; /* body, and message in an envelope */
	struct entry *entries;
	size_t count, cap;
	struct span topic, link;      /* of a subscription */
	char fault[NOTIFY_FAULT_MAX]; /* what is wrong with which member */
};

/* ---- notify_objects.c ---- */

/* An object as its notification has it; the members' names are for people. */
struct notify_found {
	const struct json_node *bucket, *key;
	const char *bucket_name, *key_name;
	bool encoded; /* the key */
	struct notify_object o;
};

enum notify_reason notify_add(struct notify *n, struct notify_found f);
/* NOTIFY_R_UNKNOWN_SHAPE, because of this member. */
enum notify_reason notify_unknown(
    struct notify *n, const char *name, const struct json_node *member);
/* No object is left. */
void notify_drop(struct notify *n);

/* ---- notify_shapes.c ---- */

/* A message without its envelope. */
enum notify_reason
notify_read_shape(struct notify *n, const struct json_node *root);

#endif
