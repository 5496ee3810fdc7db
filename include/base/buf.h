/*
 * A growing buffer that knows its limit from the start. An append that would
 * pass the limit leaves the contents as they were and sets a sticky error, so
 * a caller may append many times and look once at the end.
 * The bytes are followed by a NUL that is not counted.
 */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/span.h"

struct buf {
	char *p; /* owned; NULL until the first append */
	size_t n;
	size_t cap;
	size_t max;
	enum err err;
};

void buf_init(struct buf *b, size_t max);
void buf_fini(struct buf *b);	   /* frees; b may be used again after init */
void buf_fini_wipe(struct buf *b); /* the same for secrets */
void buf_reset(struct buf *b);	   /* empty, no error, memory is kept */

/* Makes room for n bytes more at once, where growing step by step would take
 * twice the memory for a moment. The same error as adding them. */
void buf_reserve(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *p, size_t n);
void buf_span(struct buf *b, struct span s);
void buf_str(struct buf *b, const char *s);
void buf_char(struct buf *b, char c);
void buf_printf(struct buf *b, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void buf_vprintf(struct buf *b, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));
/* Takes back what was appended since it had n bytes, and its error. */
void buf_cut(struct buf *b, size_t n);
/* Drops n ≤ b->n bytes from the front. */
void buf_drop(struct buf *b, size_t n);

/* What is in it: never NULL, valid until the next change. */
struct span buf_view(const struct buf *b);
const char *buf_cstr(const struct buf *b);

#endif
