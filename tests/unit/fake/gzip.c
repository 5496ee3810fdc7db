/* A gzip member by zlib, for tests to read. Included by what needs it. */
#include <stddef.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"

/* Appends one that holds text. */
static void
gzip_member(struct buf *out, struct span text, int level)
{
	z_stream z = {.zalloc = NULL};
	size_t n;
	void *to;

	CHECK(deflateInit2(&z, level, Z_DEFLATED, 15 + 16, 8,
		  Z_DEFAULT_STRATEGY) == Z_OK);
	n = deflateBound(&z, (uLong)text.n);
	to = mem_alloc(n);
	z.next_in = (Bytef *)(uintptr_t)text.p;
	z.avail_in = (uInt)text.n;
	z.next_out = to;
	z.avail_out = (uInt)n;
	CHECK(deflate(&z, Z_FINISH) == Z_STREAM_END);
	buf_add(out, to, n - z.avail_out);
	deflateEnd(&z);
	mem_free(to);
}
