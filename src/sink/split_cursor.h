/*
 * Where one is in the text of a sealed batch. Of a compressed one what follows
 * is inflated piece by piece; of a plain one the pieces themselves are read.
 */
#ifndef SINK_SPLIT_CURSOR_H
#define SINK_SPLIT_CURSOR_H

#include <stdbool.h>

#include "sink/batch.h"
#include "sink/zstream.h"

enum { CURSOR_WINDOW = 32 * 1024 };

/* In the body: `at` bytes into next[0], with so many parts left. */
struct place {
	const struct span *next;
	size_t left, at;
};

struct cursor {
	struct place place; /* gzip: only whole parts are taken, at is 0 */
	size_t event; /* number of the one that begins, or goes on, here */
	/* With gzip alone; window is NULL otherwise. */
	z_stream z;
	char *window;	  /* owned */
	struct span text; /* inflated, in the window, and not passed yet */
};

void cursor_init(struct cursor *c, bool gzip);
void cursor_fini(struct cursor *c);
size_t cursor_memory(bool gzip);
void cursor_start(struct cursor *c, const struct batch *b);
void cursor_copy(struct cursor *to, const struct cursor *from);
void cursor_pass(struct cursor *c, size_t n); /* n bytes of text */
/* Inflates more behind the text at hand, which is less than a window; returns
 * how much. CHECKs that there is more: who reads knows how many events there
 * are. */
size_t cursor_fill(struct cursor *c);

/* To behind the next line end; returns how many bytes that is. */
size_t place_pass_line(struct place *p);
bool place_before(const struct place *p, const struct place *end);
/* What lies there in one piece, up to `end`; and p is behind it. */
struct span place_next(struct place *p, const struct place *end);

#endif
