#include "sink/zstream.h"

#include <limits.h>
#include <stdint.h>

#include "base/mem.h"

enum { GZIP = 16 }; /* added to the window bits, asks for it */

static void *
z_take(void *ctx, uInt n, uInt size)
{
	(void)ctx;
	return mem_alloc((size_t)n * size);
}

static void
z_give(void *ctx, void *p)
{
	(void)ctx;
	mem_free(p);
}

static void
own_memory(z_stream *z)
{
	*z = (z_stream){.zalloc = z_take, .zfree = z_give};
}

void
zstream_deflate(z_stream *z, int level)
{
	own_memory(z);
	CHECK(deflateInit2(z, level, Z_DEFLATED, ZSTREAM_WINDOW_BITS + GZIP,
		  ZSTREAM_MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
}

void
zstream_inflate(z_stream *z)
{
	own_memory(z);
	CHECK(inflateInit2(z, ZSTREAM_WINDOW_BITS + GZIP) == Z_OK);
}

void
zstream_input(z_stream *z, struct span in)
{
	static Bytef none;

	CHECK(in.n <= UINT_MAX);
	z->next_in = in.n > 0 ? (Bytef *)(uintptr_t)in.p : &none;
	z->avail_in = (uInt)in.n;
}
