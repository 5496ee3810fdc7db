#include "base/mem.h"
#include "sink/gzip_internal.h"

/*
 * At levels 1 to 3 ISA-L's bodies were smaller than zlib's in batches of 16 kB
 * and more, and at most 8 bytes larger below that (tests/bench/levels.c); from
 * 4 on they were larger.
 */
enum { ISAL_LEVEL_MAX = 3 };

static const struct gzip_codec *
codec_of(int level)
{
	CHECK(level >= 1 && level <= 9);
#ifdef GZIP_ISAL
	if (level <= ISAL_LEVEL_MAX)
		return &gzip_isal;
#endif
	return &gzip_zlib;
}

struct gzip *
gzip_new(int level)
{
	return codec_of(level)->open(level);
}

void
gzip_free(struct gzip **gp)
{
	struct gzip *g = *gp;

	if (g == NULL)
		return;
	g->codec->close(g);
	*gp = NULL;
}

size_t
gzip_add(struct gzip *g, struct span *in, void *out, size_t room)
{
	size_t n = room, left = in->n;

	if (left == 0)
		return 0;
	(void)g->codec->run(g, in, false, out, &n);
	CHECK(n > 0 || in->n < left);
	return n;
}

bool
gzip_end(struct gzip *g, void *out, size_t *n)
{
	struct span none = SPAN("");

	if (g->codec->run(g, &none, true, out, n)) {
		g->codec->reset(g);
		return true;
	}
	CHECK(*n > 0);
	return false;
}

void
gzip_drop(struct gzip *g)
{
	g->codec->reset(g);
}

size_t
gzip_bound(int level, size_t n)
{
	return codec_of(level)->bound(n);
}

size_t
gzip_held_max(int level)
{
	return codec_of(level)->held_max(level);
}

size_t
gzip_memory(int level)
{
	return codec_of(level)->memory(level);
}

const char *
gzip_codec(int level)
{
	return codec_of(level)->name;
}
