#include "trail/gunzip.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"

/*
 *   START ─ 0x1f → MAGIC ─ 0x8b → MEMBER ─ end → BETWEEN ─ 0x1f → MEMBER
 *     └─ other → PLAIN ←┘ other                    ├─ NUL → BETWEEN
 *                                                  └─ other: ERR_TRAILING
 */
enum state { START, MAGIC, MEMBER, BETWEEN, PLAIN };

enum { MAGIC_1 = 0x1f, MAGIC_2 = 0x8b, FORMAT_GZIP = 16 };

struct gunzip {
	z_stream z;
	enum state state;
	enum err err;
	uint64_t bytes_in;
	char error[96];
	unsigned char window[GUNZIP_WINDOW];
};

static void *
z_alloc(void *ctx, unsigned items, unsigned size)
{
	(void)ctx;
	return mem_alloc((size_t)items * size);
}

static void
z_free(void *ctx, void *p)
{
	(void)ctx;
	mem_free(p);
}

struct gunzip *
gunzip_new(void)
{
	struct gunzip *g = mem_zalloc(sizeof *g);

	g->z.zalloc = z_alloc;
	g->z.zfree = z_free;
	CHECK(inflateInit2(&g->z, MAX_WBITS + FORMAT_GZIP) == Z_OK);
	return g;
}

void
gunzip_free(struct gunzip **gp)
{
	struct gunzip *g = *gp;

	if (g == NULL)
		return;
	inflateEnd(&g->z);
	mem_free(g);
	*gp = NULL;
}

void
gunzip_reset(struct gunzip *g)
{
	CHECK(inflateReset(&g->z) == Z_OK);
	g->state = START;
	g->err = ERR_OK;
	g->bytes_in = 0;
	g->error[0] = '\0';
}

static enum err
fail(struct gunzip *g, enum err e, const char *what, const char *cause)
{
	g->err = e;
	snprintf(g->error, sizeof g->error, "%s%s%s at byte %" PRIu64, what,
	    cause != NULL ? ": " : "", cause != NULL ? cause : "", g->bytes_in);
	return e;
}

static enum err
fail_inflate(struct gunzip *g)
{
	const char *cause = g->z.msg;

	if (cause != NULL && strcmp(cause, "incorrect data check") == 0)
		return fail(g, ERR_CORRUPT, "gzip checksum wrong", NULL);
	if (cause != NULL && strcmp(cause, "incorrect length check") == 0)
		return fail(g, ERR_CORRUPT, "gzip length wrong", NULL);
	return fail(g, ERR_CORRUPT, "gzip data damaged", cause);
}

static void
take(struct gunzip *g, struct span *in, size_t n)
{
	if (n == 0) /* in->p may be NULL */
		return;
	in->p += n;
	in->n -= n;
	g->bytes_in += n;
}

/* One call of inflate; false on damaged data. */
static bool
inflate_some(
    struct gunzip *g, const char *p, size_t n, size_t *used, struct span *out)
{
	uInt avail = n < UINT32_MAX / 2 ? (uInt)n : UINT32_MAX / 2;
	int rc;

	g->z.next_in = (const Bytef *)p;
	g->z.avail_in = avail;
	g->z.next_out = g->window;
	g->z.avail_out = GUNZIP_WINDOW;
	rc = inflate(&g->z, Z_NO_FLUSH);
	*used = avail - g->z.avail_in;
	*out = (struct span){
	    (const char *)g->window, GUNZIP_WINDOW - g->z.avail_out};
	if (rc == Z_STREAM_END) {
		CHECK(inflateReset(&g->z) == Z_OK);
		g->state = BETWEEN;
		return true;
	}
	/* Z_BUF_ERROR only says that there was nothing to do. */
	return rc == Z_OK || rc == Z_BUF_ERROR;
}

static enum err
step_member(struct gunzip *g, struct span *in, struct span *out, bool *more)
{
	size_t used;
	bool ok = inflate_some(g, in->p, in->n, &used, out);

	take(g, in, used);
	if (!ok) {
		*out = SPAN("");
		return fail_inflate(g);
	}
	/* A full window may leave output behind in zlib. */
	*more = in->n > 0 || (g->state == MEMBER && out->n == GUNZIP_WINDOW);
	return ERR_OK;
}

/* The second byte of the stream: gzip, or plain bytes that begin with 0x1f. */
static enum err
step_magic(struct gunzip *g, struct span *in, struct span *out, bool *more)
{
	static const char first[] = {MAGIC_1};
	size_t used;

	if ((unsigned char)in->p[0] == MAGIC_2) {
		g->state = MEMBER;
		CHECK(inflate_some(g, first, 1, &used, out) && used == 1);
	} else {
		g->state = PLAIN;
		*out = (struct span){first, 1};
	}
	*more = true;
	return ERR_OK;
}

static void
step_plain(struct gunzip *g, struct span *in, struct span *out, bool *more)
{
	*out = *in;
	if (out->n > GUNZIP_WINDOW)
		out->n = GUNZIP_WINDOW;
	take(g, in, out->n);
	*more = in->n > 0;
}

static enum err
step_between(struct gunzip *g, struct span *in, struct span *out, bool *more)
{
	size_t nuls = 0;

	while (nuls < in->n && in->p[nuls] == '\0')
		nuls++;
	take(g, in, nuls);
	if (in->n == 0)
		return ERR_OK;
	if ((unsigned char)in->p[0] != MAGIC_1)
		return fail(g, ERR_TRAILING, "bytes after the gzip data", NULL);
	g->state = MEMBER;
	return step_member(g, in, out, more);
}

enum err
gunzip_step(struct gunzip *g, struct span *in, struct span *out, bool *more)
{
	*out = SPAN("");
	*more = false;
	if (g->err != ERR_OK)
		return g->err;
	if (g->state == MEMBER)
		return step_member(g, in, out, more);
	if (in->n == 0)
		return ERR_OK;
	if (g->state == MAGIC)
		return step_magic(g, in, out, more);
	if (g->state == BETWEEN)
		return step_between(g, in, out, more);
	if (g->state == START && (unsigned char)in->p[0] == MAGIC_1) {
		g->state = MAGIC;
		take(g, in, 1);
		*more = in->n > 0;
		return ERR_OK;
	}
	g->state = PLAIN;
	step_plain(g, in, out, more);
	return ERR_OK;
}

enum err
gunzip_finish(struct gunzip *g)
{
	if (g->err == ERR_OK && (g->state == MAGIC || g->state == MEMBER))
		return fail(g, ERR_TRUNCATED, "gzip data ends too early", NULL);
	return g->err;
}

bool
gunzip_is_gzip(const struct gunzip *g)
{
	return g->state == MEMBER || g->state == BETWEEN;
}

bool
gunzip_begins(char c)
{
	return (unsigned char)c == MAGIC_1;
}

const char *
gunzip_error(const struct gunzip *g)
{
	return g->error;
}
