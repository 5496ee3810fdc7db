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

enum {
	MAGIC_1 = 0x1f,
	MAGIC_2 = 0x8b,
	FORMAT_GZIP = 16,
	/* All that zlib allocates for it (zconf.h). */
	ZLIB_BYTES = (1 << MAX_WBITS) + 8 * 1024,
};

struct gunzip {
	z_stream z;
	enum state state;
	enum err err;
	uint64_t bytes_in;
	char error[96];
	size_t n; /* bytes in the window */
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
	g->n = 0;
	g->error[0] = '\0';
}

size_t
gunzip_memory(void)
{
	return sizeof(struct gunzip) + ZLIB_BYTES;
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

bool
gunzip_begins(char c)
{
	return (unsigned char)c == MAGIC_1;
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

/* One call of inflate, behind what is in the window; false on damaged data. */
static bool
inflate_some(struct gunzip *g, const char *p, size_t n, size_t *used)
{
	uInt avail = n < UINT32_MAX / 2 ? (uInt)n : UINT32_MAX / 2;
	int rc;

	g->z.next_in = (const Bytef *)p;
	g->z.avail_in = avail;
	g->z.next_out = g->window + g->n;
	g->z.avail_out = (uInt)(GUNZIP_WINDOW - g->n);
	rc = inflate(&g->z, Z_NO_FLUSH);
	*used = avail - g->z.avail_in;
	/* Z_BUF_ERROR only says that there was nothing to do. */
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return false;
	g->n = GUNZIP_WINDOW - g->z.avail_out;
	if (rc == Z_STREAM_END) {
		CHECK(inflateReset(&g->z) == Z_OK);
		g->state = BETWEEN;
	}
	return true;
}

static enum err
step_member(struct gunzip *g, struct span *in)
{
	size_t used;
	bool ok = inflate_some(g, in->p, in->n, &used);

	take(g, in, used);
	return ok ? ERR_OK : fail_inflate(g);
}

/* The second byte of the stream: gzip, or plain bytes that begin with 0x1f. */
static void
step_magic(struct gunzip *g, struct span *in)
{
	static const char first[] = {MAGIC_1};
	size_t used;

	if ((unsigned char)in->p[0] == MAGIC_2) {
		g->state = MEMBER;
		CHECK(inflate_some(g, first, 1, &used) && used == 1);
	} else {
		g->state = PLAIN;
		g->window[g->n++] = MAGIC_1;
	}
}

static enum err
step_between(struct gunzip *g, struct span *in)
{
	size_t nuls = 0;

	while (nuls < in->n && in->p[nuls] == '\0')
		nuls++;
	take(g, in, nuls);
	if (in->n == 0)
		return ERR_OK;
	if (!gunzip_begins(in->p[0]))
		return fail(g, ERR_TRAILING, "bytes after the gzip data", NULL);
	g->state = MEMBER;
	return ERR_OK;
}

/* What comes first, until it is known what it is. */
static void
step_start(struct gunzip *g, struct span *in)
{
	if (gunzip_begins(in->p[0])) {
		g->state = MAGIC;
		take(g, in, 1);
	} else {
		g->state = PLAIN;
	}
}

static void
step_plain(struct gunzip *g, struct span *in, struct span *out)
{
	*out = *in;
	if (out->n > GUNZIP_WINDOW)
		out->n = GUNZIP_WINDOW;
	take(g, in, out->n);
}

static enum err
step(struct gunzip *g, struct span *in)
{
	if (g->state == MEMBER)
		return step_member(g, in);
	if (g->state == BETWEEN)
		return step_between(g, in);
	if (g->state == MAGIC)
		step_magic(g, in);
	else
		step_start(g, in);
	return ERR_OK;
}

/*
 * Fills the window, over the ends of members: who gets the output pays for each
 * step, and must not pay for each of many small members. What came before an
 * error is handed over first.
 */
enum err
gunzip_step(struct gunzip *g, struct span *in, struct span *out, bool *more)
{
	bool full_before = g->n == GUNZIP_WINDOW;

	*out = SPAN("");
	*more = false;
	if (g->err != ERR_OK)
		return g->err;
	g->n = 0;
	if (full_before && g->state == MEMBER)
		(void)step(g, in);
	while (g->err == ERR_OK && in->n > 0 && g->n < GUNZIP_WINDOW &&
	       g->state != PLAIN)
		(void)step(g, in);
	if (g->n > 0)
		*out = (struct span){(const char *)g->window, g->n};
	else if (g->err != ERR_OK)
		return g->err;
	else if (g->state == PLAIN)
		step_plain(g, in, out);
	/* A full window may leave output behind in zlib. */
	*more = in->n > 0 || g->err != ERR_OK ||
		(g->state == MEMBER && g->n == GUNZIP_WINDOW);
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

const char *
gunzip_error(const struct gunzip *g)
{
	return g->error;
}
