#include "sink/gzip.h"

#include <limits.h>
#include <stdint.h>

#include "base/mem.h"

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
gzip_deflater(z_stream *z, int level)
{
	own_memory(z);
	CHECK(deflateInit2(z, level, Z_DEFLATED, GZIP_WINDOW_BITS + GZIP_FORMAT,
		  GZIP_MEM_LEVEL, Z_DEFAULT_STRATEGY) == Z_OK);
}

void
gzip_inflater(z_stream *z)
{
	own_memory(z);
	CHECK(inflateInit2(z, GZIP_WINDOW_BITS + GZIP_FORMAT) == Z_OK);
}

void
gzip_input(z_stream *z, const char *p, size_t n)
{
	static Bytef none;

	CHECK(n <= UINT_MAX);
	z->next_in = n > 0 ? (Bytef *)(uintptr_t)p : &none;
	z->avail_in = (uInt)n;
}
