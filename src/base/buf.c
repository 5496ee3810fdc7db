#include "base/buf.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

enum { BUF_FIRST_CAP = 128 };

void
buf_init(struct buf *b, size_t max)
{
	*b = (struct buf){.max = max};
}

void
buf_fini(struct buf *b)
{
	mem_free(b->p);
	*b = (struct buf){.max = b->max};
}

void
buf_fini_wipe(struct buf *b)
{
	mem_wipe(b->p, b->cap);
	buf_fini(b);
}

void
buf_reset(struct buf *b)
{
	buf_cut(b, 0);
}

void
buf_cut(struct buf *b, size_t n)
{
	CHECK(n <= b->n);
	b->n = n;
	b->err = ERR_OK;
	if (b->p != NULL)
		b->p[n] = '\0';
}

/* Makes room for n more bytes and the NUL; false sets the sticky error. The
 * old memory is wiped, since any buffer may carry a secret. */
static bool
reserve(struct buf *b, size_t n)
{
	size_t cap = b->cap;
	char *p;

	if (b->err != ERR_OK)
		return false;
	if (n > b->max || b->n > b->max - n) {
		b->err = ERR_LIMIT;
		return false;
	}
	if (b->n + n < cap)
		return true;
	if (cap == 0)
		cap = BUF_FIRST_CAP;
	while (cap <= b->n + n)
		cap *= 2;
	if (cap > b->max + 1)
		cap = b->max + 1;
	p = mem_alloc(cap);
	if (b->n > 0)
		memcpy(p, b->p, b->n);
	mem_wipe(b->p, b->n);
	mem_free(b->p);
	b->p = p;
	b->cap = cap;
	return true;
}

void
buf_reserve(struct buf *b, size_t n)
{
	(void)reserve(b, n);
}

void
buf_add(struct buf *b, const void *p, size_t n)
{
	if (!reserve(b, n))
		return;
	if (n > 0)
		memcpy(b->p + b->n, p, n);
	b->n += n;
	b->p[b->n] = '\0';
}

void
buf_span(struct buf *b, struct span s)
{
	buf_add(b, s.p, s.n);
}

void
buf_str(struct buf *b, const char *s)
{
	buf_add(b, s, strlen(s));
}

void
buf_char(struct buf *b, char c)
{
	buf_add(b, &c, 1);
}

void
buf_vprintf(struct buf *b, const char *fmt, va_list ap)
{
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	CHECK(n >= 0);
	if (reserve(b, (size_t)n)) {
		vsnprintf(b->p + b->n, (size_t)n + 1, fmt, again);
		b->n += (size_t)n;
	}
	va_end(again);
}

void
buf_printf(struct buf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(b, fmt, ap);
	va_end(ap);
}

void
buf_drop(struct buf *b, size_t n)
{
	CHECK(n <= b->n);
	if (n == 0)
		return;
	memmove(b->p, b->p + n, b->n - n);
	b->n -= n;
	b->p[b->n] = '\0';
}

struct span
buf_view(const struct buf *b)
{
	return (struct span){buf_cstr(b), b->n};
}

const char *
buf_cstr(const struct buf *b)
{
	return b->p != NULL ? b->p : "";
}
