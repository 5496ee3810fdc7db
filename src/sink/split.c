#include "sink/split.h"

#include <string.h>

#include "base/mem.h"
#include "sink/gzip.h"
#include "sink/zstream.h"

enum { WINDOW = 32 * 1024 };

struct split {
	int level;
	char window[WINDOW]; /* inflated bytes */
	char *scratch;	     /* owned; NULL without gzip */
	size_t scratch_bytes, used;
	z_stream in; /* unused without gzip */
	struct gzip *out;
	/* What is read: the parts of a batch that are not begun. */
	const struct span *next;
	size_t left;
	struct span *part; /* owned; of the body made last */
	size_t nparts, cap;
};

/* The bytes from..to of the plain text, and how many events they are. */
struct cut {
	size_t from, to, events;
};

static size_t
scratch_bytes(int level, size_t batch_max_bytes)
{
	return level > 0 ? gzip_bound(level, batch_max_bytes) : 0;
}

size_t
split_memory(int level, size_t batch_max_bytes)
{
	size_t states =
	    level > 0 ? ZSTREAM_INFLATE_MAX + gzip_memory(level) : 0;

	return sizeof(struct split) + states +
	       scratch_bytes(level, batch_max_bytes);
}

struct split *
split_new(int level, size_t batch_max_bytes)
{
	struct split *s = mem_zalloc(sizeof *s);

	s->level = level;
	if (level == 0)
		return s;
	zstream_inflate(&s->in);
	s->out = gzip_new(level);
	s->scratch_bytes = scratch_bytes(level, batch_max_bytes);
	s->scratch = mem_alloc(s->scratch_bytes);
	return s;
}

void
split_free(struct split **sp)
{
	struct split *s = *sp;

	if (s == NULL)
		return;
	if (s->level > 0)
		(void)inflateEnd(&s->in);
	gzip_free(&s->out);
	mem_free(s->scratch);
	mem_free(s->part);
	mem_free(s);
	*sp = NULL;
}

/* ---- reading ---- */

static void
read_from_start(struct split *s, const struct batch *b)
{
	s->next = batch_body(b, &s->left);
	if (s->level > 0) {
		CHECK(inflateReset(&s->in) == Z_OK);
		zstream_input(&s->in, (struct span){NULL, 0});
	}
}

/* The next bytes of plain text, until the next call. CHECKs that there are
 * some: who reads knows how many events there are. */
static struct span
read_more(struct split *s)
{
	z_stream *z = &s->in;
	int rc;

	if (s->level == 0) {
		CHECK(s->left-- > 0);
		return *s->next++;
	}
	z->next_out = (Bytef *)s->window;
	z->avail_out = WINDOW;
	/* Without input it may still have something to give. */
	for (;;) {
		rc = inflate(z, Z_NO_FLUSH);
		CHECK(rc == Z_OK || rc == Z_STREAM_END || rc == Z_BUF_ERROR);
		if (z->avail_out < WINDOW)
			break;
		CHECK(z->avail_in == 0 && s->left-- > 0);
		zstream_input(z, *s->next);
		s->next++;
	}
	return (struct span){s->window, WINDOW - z->avail_out};
}

/* Counts lines; each ends with the only '\n' in it. */
static struct cut
find(struct split *s, const struct batch *b, size_t first, size_t count,
    size_t max_bytes)
{
	struct cut cut = {0, 0, 0};
	size_t line = 0, at = 0;

	read_from_start(s, b);
	for (;;) {
		struct span text = read_more(s);
		const char *p = text.p, *end = text.p + text.n, *nl;

		while ((nl = memchr(p, '\n', (size_t)(end - p))) != NULL) {
			size_t here = at + (size_t)(nl + 1 - text.p);

			p = nl + 1;
			if (++line <= first) {
				cut.from = here;
				continue;
			}
			if (cut.events > 0 && here - cut.from > max_bytes)
				return cut;
			cut.to = here;
			if (++cut.events == count)
				return cut;
		}
		at += text.n;
	}
}

/* ---- writing ---- */

static void
add_part(struct split *s, struct span text)
{
	if (s->nparts == s->cap) {
		s->cap = s->cap == 0 ? 4 : s->cap * 2;
		s->part = mem_realloc(s->part, s->cap * sizeof *s->part);
	}
	s->part[s->nparts++] = text;
}

static void
write_out(struct split *s, struct span text)
{
	while (text.n > 0) {
		size_t room = s->scratch_bytes - s->used;

		s->used += gzip_add(s->out, &text, s->scratch + s->used, room);
	}
}

static void
write_end(struct split *s)
{
	size_t n = s->scratch_bytes - s->used;

	CHECK(gzip_end(s->out, s->scratch + s->used, &n));
	s->used += n;
}

static void
copy(struct split *s, const struct batch *b, const struct cut *cut)
{
	size_t at = 0;

	s->used = s->nparts = 0;
	read_from_start(s, b);
	while (at < cut->to) {
		struct span text = read_more(s);
		size_t next = at + text.n;

		if (next > cut->to)
			text.n -= next - cut->to;
		if (at < cut->from) {
			size_t skip = cut->from - at;

			skip = skip < text.n ? skip : text.n;
			text.p += skip;
			text.n -= skip;
		}
		at = next;
		if (text.n == 0)
			continue;
		if (s->level == 0)
			add_part(s, text);
		else
			write_out(s, text);
	}
}

void
split_render(struct split *s, const struct batch *b, size_t first, size_t count,
    size_t max_bytes, struct split_body *out)
{
	struct cut cut;

	CHECK(count > 0 && first + count <= batch_events(b));
	cut = find(s, b, first, count, max_bytes);
	copy(s, b, &cut);
	if (s->level > 0) {
		write_end(s);
		add_part(s, (struct span){s->scratch, s->used});
	}
	*out = (struct split_body){
	    .part = s->part,
	    .nparts = s->nparts,
	    .events = cut.events,
	    .plain_bytes = cut.to - cut.from,
	    .body_bytes = s->level > 0 ? s->used : cut.to - cut.from,
	};
}
