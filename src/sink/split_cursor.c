#include "sink/split_cursor.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"

void
cursor_init(struct cursor *c, bool gzip)
{
	*c = (struct cursor){.event = 0};
	if (!gzip)
		return;
	zstream_inflate(&c->z);
	c->window = mem_alloc(CURSOR_WINDOW);
}

void
cursor_fini(struct cursor *c)
{
	if (c->window != NULL)
		(void)inflateEnd(&c->z);
	mem_free(c->window);
	c->window = NULL;
}

size_t
cursor_memory(bool gzip)
{
	return gzip ? CURSOR_WINDOW + ZSTREAM_INFLATE_MAX : 0;
}

void
cursor_start(struct cursor *c, const struct batch *b)
{
	c->place.next = batch_body(b, &c->place.left);
	c->place.at = 0;
	c->event = 0;
	c->text = (struct span){c->window, 0};
	if (c->window == NULL)
		return;
	CHECK(inflateReset(&c->z) == Z_OK);
	zstream_input(&c->z, (struct span){NULL, 0});
}

void
cursor_copy(struct cursor *to, const struct cursor *from)
{
	to->place = from->place;
	to->event = from->event;
	if (to->window == NULL)
		return;
	memcpy(to->window, from->text.p, from->text.n);
	to->text = (struct span){to->window, from->text.n};
	(void)inflateEnd(&to->z);
	/* zlib only reads it, but does not say so. */
	CHECK(inflateCopy(&to->z, (z_stream *)(uintptr_t)&from->z) == Z_OK);
}

void
cursor_pass(struct cursor *c, size_t n)
{
	c->text.p += n;
	c->text.n -= n;
}

size_t
cursor_fill(struct cursor *c)
{
	z_stream *z = &c->z;
	size_t room = CURSOR_WINDOW - c->text.n, n;
	int rc;

	CHECK(room > 0);
	memmove(c->window, c->text.p, c->text.n);
	c->text.p = c->window;
	z->next_out = (Bytef *)c->window + c->text.n;
	z->avail_out = (uInt)room;
	/* Without input it may still have something to give. */
	for (;;) {
		rc = inflate(z, Z_NO_FLUSH);
		CHECK(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR);
		if (z->avail_out < room)
			break;
		CHECK(z->avail_in == 0 && c->place.left-- > 0);
		zstream_input(z, *c->place.next++);
	}
	n = room - z->avail_out;
	c->text.n += n;
	return n;
}

/* ---- of a plain body ---- */

static void
place_move(struct place *p, size_t n)
{
	p->at += n;
	if (p->at == p->next->n) {
		p->next++;
		p->left--;
		p->at = 0;
	}
}

size_t
place_pass_line(struct place *p)
{
	size_t n = 0;

	for (;;) {
		const char *from, *nl;
		size_t more;

		CHECK(p->left > 0);
		from = p->next->p + p->at;
		more = p->next->n - p->at;
		nl = memchr(from, '\n', more);
		if (nl != NULL)
			more = (size_t)(nl + 1 - from);
		place_move(p, more);
		n += more;
		if (nl != NULL)
			return n;
	}
}

bool
place_before(const struct place *p, const struct place *end)
{
	return p->left > end->left || p->at < end->at;
}

struct span
place_next(struct place *p, const struct place *end)
{
	size_t to = p->left > end->left ? p->next->n : end->at;
	struct span s = {p->next->p + p->at, to - p->at};

	place_move(p, s.n);
	return s;
}
