#include "base/yajl_mem.h"

#include "base/mem.h"

static void *
on_malloc(void *ctx, size_t n)
{
	(void)ctx;
	return mem_alloc(n);
}

static void *
on_realloc(void *ctx, void *p, size_t n)
{
	(void)ctx;
	return mem_realloc(p, n);
}

static void
on_free(void *ctx, void *p)
{
	(void)ctx;
	mem_free(p);
}

yajl_handle
yajl_mem_new(const yajl_callbacks *callbacks, void *arg)
{
	yajl_alloc_funcs alloc = {on_malloc, on_realloc, on_free, NULL};

	return yajl_alloc(callbacks, &alloc, arg);
}
