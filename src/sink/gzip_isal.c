#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <isa-l.h>

#include "base/mem.h"
#include "sink/gzip_internal.h"

/*
 * What may come out of n bytes. ISA-L turns its input into literals and matches
 * of 4 bytes or more and collects these in the level buffer; a block is what
 * filled it, or what there is at the end. Each block is written in the shortest
 * of three ways: with a code of its own, with deflate's fixed code, or stored.
 * Stored is left out when its bytes have gone from the history, but the fixed
 * code never is. That takes at most 9 bits for a literal and 31 for a match,
 * less than 9 for each of its bytes, and 10 for a block's head and end. So n
 * bytes give at most 9/8·n, and 2 for each block, one of which has thousands of
 * bytes unless it is the last or empty; and 18 for gzip's own head and end.
 *
 * What may still be in it: what is gathered, its history, of which not all is
 * coded, the level buffer, where 4 bytes stand for at most 31 bits, and a
 * block's head.
 */
enum {
	/* Gathered before ISA-L sees it: within a block of more than 32 KiB it
	 * moves its whole history for each call, however few bytes that has. */
	GATHER = 16 * 1024,
	LEVEL_MAX = 3,
	BLOCK_MIN =
	    4096, /* bytes of input; its level buffer has 16 Ki places */
	ENDS_MAX = 64,
	HEAD_MAX = 1024,
};

/* More than SMALL made bodies no smaller, and nothing faster. */
static const uint32_t level_bytes[LEVEL_MAX + 1] = {
    [1] = ISAL_DEF_LVL1_SMALL,
    [2] = ISAL_DEF_LVL2_SMALL,
    [3] = ISAL_DEF_LVL3_SMALL,
};

struct isal_gzip {
	struct gzip gzip;
	struct isal_zstream z;
	size_t at, end; /* of what is gathered, what ISA-L has not taken yet */
	char gathered[GATHER];
	_Alignas(max_align_t) uint8_t level_buf[];
};

static size_t
isal_memory(int level)
{
	CHECK(level >= 1 && level <= LEVEL_MAX);
	return sizeof(struct isal_gzip) + level_bytes[level];
}

static struct gzip *
isal_open(int level)
{
	/* In one, so that it is large enough for pages of its own: what is
	 * never used then takes no memory. */
	struct isal_gzip *g = mem_zalloc(isal_memory(level));

	g->gzip.codec = &gzip_isal;
	isal_deflate_init(&g->z);
	g->z.level = (uint32_t)level;
	g->z.level_buf_size = level_bytes[level];
	g->z.level_buf = g->level_buf;
	g->z.gzip_flag = IGZIP_GZIP;
	return &g->gzip;
}

static void
isal_close(struct gzip *gzip)
{
	mem_free(gzip);
}

static void
gather(struct isal_gzip *g, struct span *in)
{
	size_t n = GATHER - g->end;

	if (g->at > 0) /* it was full, and is not yet empty again */
		return;
	n = in->n < n ? in->n : n;
	memcpy(g->gathered + g->end, in->p, n);
	g->end += n;
	in->p += n;
	in->n -= n;
}

static void
compress(struct isal_gzip *g, bool last)
{
	g->z.next_in = (uint8_t *)g->gathered + g->at;
	g->z.avail_in = (uint32_t)(g->end - g->at);
	g->z.end_of_stream = last;
	CHECK(isal_deflate(&g->z) == COMP_OK);
	g->at = g->end - g->z.avail_in;
	if (g->at == g->end)
		g->at = g->end = 0;
}

static bool
isal_run(struct gzip *gzip, struct span *in, bool last, void *out, size_t *n)
{
	struct isal_gzip *g = (struct isal_gzip *)gzip;
	size_t room = *n < GZIP_AT_ONCE ? *n : GZIP_AT_ONCE;

	g->z.next_out = out;
	g->z.avail_out = (uint32_t)room;
	do {
		gather(g, in);
		if (last || g->at > 0 || g->end == GATHER)
			compress(g, last && in->n == 0);
	} while (in->n > 0 && g->z.avail_out > 0);
	CHECK(g->z.avail_out <= room);
	*n = room - g->z.avail_out;
	return g->z.internal_state.state == ZSTATE_END;
}

static void
isal_reset(struct gzip *gzip)
{
	struct isal_gzip *g = (struct isal_gzip *)gzip;

	isal_deflate_reset(&g->z);
	g->z.gzip_flag = IGZIP_GZIP; /* "no head" since it has written it */
	g->at = g->end = 0;
}

static size_t
isal_bound(size_t n)
{
	return n + n / 8 + n / BLOCK_MIN + ENDS_MAX;
}

static size_t
isal_held_max(int level)
{
	size_t in = GATHER + sizeof((struct isal_zstate *)NULL)->buffer;

	return in + in / 8 + level_bytes[level] + HEAD_MAX;
}

const struct gzip_codec gzip_isal = {
    .name = "ISA-L",
    .open = isal_open,
    .close = isal_close,
    .run = isal_run,
    .reset = isal_reset,
    .bound = isal_bound,
    .held_max = isal_held_max,
    .memory = isal_memory,
};
