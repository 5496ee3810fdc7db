#include "sink/pool.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>

#include "base/mem.h"

/* Under AddressSanitizer a piece that was given back is poisoned, so that a
 * late reader is caught as it would be with malloc. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(p, n)	  ((void)(p), (void)(n))
#define ASAN_UNPOISON_MEMORY_REGION(p, n) ((void)(p), (void)(n))
#endif

struct pool {
	char *base;
	size_t total;
	/* Indices of free pieces as a stack, the lowest on top at first: what
	 * was given back last is taken next, and the end that was never used
	 * stays so. */
	uint32_t *free;
	size_t nfree;
	bool *taken;
	uint64_t last_number;
};

struct pool *
pool_new(size_t bytes)
{
	struct pool *p = mem_zalloc(sizeof *p);

	p->total = bytes < POOL_PIECE ? 1 : bytes / POOL_PIECE;
	CHECK(p->total <= UINT32_MAX);
	p->base = mmap(NULL, p->total * POOL_PIECE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (p->base == MAP_FAILED)
		(void)mem_alloc(SIZE_MAX); /* dies, with the usual advice */
	ASAN_POISON_MEMORY_REGION(p->base, p->total * POOL_PIECE);
	p->taken = mem_zalloc(p->total * sizeof *p->taken);
	p->free = mem_alloc(p->total * sizeof *p->free);
	for (size_t i = 0; i < p->total; i++)
		p->free[i] = (uint32_t)(p->total - 1 - i);
	p->nfree = p->total;
	return p;
}

void
pool_free(struct pool **pp)
{
	struct pool *p = *pp;

	if (p == NULL)
		return;
	CHECK(p->nfree == p->total);
	ASAN_UNPOISON_MEMORY_REGION(p->base, p->total * POOL_PIECE);
	CHECK(munmap(p->base, p->total * POOL_PIECE) == 0);
	mem_free(p->free);
	mem_free(p->taken);
	mem_free(p);
	*pp = NULL;
}

void *
pool_take(struct pool *p)
{
	uint32_t i;
	char *piece;

	if (p->nfree == 0)
		return NULL;
	i = p->free[--p->nfree];
	p->taken[i] = true;
	piece = p->base + (size_t)i * POOL_PIECE;
	ASAN_UNPOISON_MEMORY_REGION(piece, POOL_PIECE);
	return piece;
}

void
pool_give(struct pool *p, void *piece)
{
	size_t at = (size_t)((uintptr_t)piece - (uintptr_t)p->base);
	size_t i = at / POOL_PIECE;

	CHECK(at % POOL_PIECE == 0 && i < p->total && p->taken[i]);
	ASAN_POISON_MEMORY_REGION(piece, POOL_PIECE);
	p->taken[i] = false;
	p->free[p->nfree++] = (uint32_t)i;
}

uint64_t
pool_number(struct pool *p)
{
	return ++p->last_number;
}

size_t
pool_left(const struct pool *p)
{
	return p->nfree;
}

size_t
pool_total(const struct pool *p)
{
	return p->total;
}
