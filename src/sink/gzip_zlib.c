#include "base/mem.h"
#include "sink/gzip_internal.h"
#include "sink/zstream.h"

struct zlib_gzip {
	struct gzip gzip;
	z_stream z;
};

static struct gzip *
zlib_open(int level)
{
	struct zlib_gzip *g = mem_zalloc(sizeof *g);

	g->gzip.codec = &gzip_zlib;
	zstream_deflate(&g->z, level);
	return &g->gzip;
}

static void
zlib_close(struct gzip *gzip)
{
	struct zlib_gzip *g = (struct zlib_gzip *)gzip;

	(void)deflateEnd(&g->z);
	mem_free(g);
}

static bool
zlib_run(struct gzip *gzip, struct span *in, bool last, void *out, size_t *n)
{
	z_stream *z = &((struct zlib_gzip *)gzip)->z;
	struct span some = *in;
	size_t room = *n < GZIP_AT_ONCE ? *n : GZIP_AT_ONCE;
	int rc;

	some.n = some.n < GZIP_AT_ONCE ? some.n : GZIP_AT_ONCE;
	zstream_input(z, some);
	z->next_out = out;
	z->avail_out = (uInt)room;
	rc = deflate(z, last ? Z_FINISH : Z_NO_FLUSH);
	CHECK(rc == Z_OK || rc == Z_STREAM_END);
	in->p += some.n - z->avail_in;
	in->n -= some.n - z->avail_in;
	*n = room - z->avail_out;
	return rc == Z_STREAM_END;
}

static void
zlib_reset(struct gzip *gzip)
{
	CHECK(deflateReset(&((struct zlib_gzip *)gzip)->z) == Z_OK);
}

static size_t
zlib_bound(size_t n)
{
	/* zlib's header and trailer have 12 bytes less than gzip's. */
	return compressBound((uLong)n) + 12;
}

/* It cannot hold back more than all it has. */
static size_t
zlib_held_max(int level)
{
	(void)level;
	return ZSTREAM_DEFLATE_MAX;
}

static size_t
zlib_memory(int level)
{
	(void)level;
	return sizeof(struct zlib_gzip) + ZSTREAM_DEFLATE_MAX;
}

const struct gzip_codec gzip_zlib = {
    .name = "zlib",
    .open = zlib_open,
    .close = zlib_close,
    .run = zlib_run,
    .reset = zlib_reset,
    .bound = zlib_bound,
    .held_max = zlib_held_max,
    .memory = zlib_memory,
};
