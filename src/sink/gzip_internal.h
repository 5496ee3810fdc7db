/*
 * What a codec is to gzip.c.
 */
#ifndef SINK_GZIP_INTERNAL_H
#define SINK_GZIP_INTERNAL_H

#include "sink/gzip.h"

struct gzip_codec {
	const char *name;
	struct gzip *(*open)(int level);
	void (*close)(struct gzip *g);
	/* As gzip_add and gzip_end: *n is the room, then what was written.
	 * True: complete; only if `last`. */
	bool (*run)(
	    struct gzip *g, struct span *in, bool last, void *out, size_t *n);
	void (*reset)(struct gzip *g);
	size_t (*bound)(size_t n);
	size_t (*held_max)(int level);
	size_t (*memory)(int level);
};

struct gzip { /* the first member of each codec's own */
	const struct gzip_codec *codec;
};

extern const struct gzip_codec gzip_zlib;
extern const struct gzip_codec gzip_isal;

/* What both can take and give at once. */
enum { GZIP_AT_ONCE = 1 << 30 };

#endif
