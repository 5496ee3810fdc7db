#include "trail/decode.h"

#include <stdio.h>

#include "base/mem.h"
#include "trail/gunzip.h"

struct decode {
	struct gunzip *gunzip;
	struct slicer *slicer;
	slicer_record_fn *fn;
	void *arg;
	void *lent;
	enum err err;
	char error[192];
	struct decode_stats stats;
};

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct decode *d = arg;

	d->stats.records++;
	d->fn(d->arg, head, tail);
}

struct decode *
decode_new(size_t max_record_bytes, slicer_record_fn *fn, void *arg)
{
	struct decode *d = mem_zalloc(sizeof *d);

	d->gunzip = gunzip_new();
	d->slicer = slicer_new(max_record_bytes, on_record, d);
	d->fn = fn;
	d->arg = arg;
	return d;
}

void
decode_free(struct decode **dp)
{
	struct decode *d = *dp;

	if (d == NULL)
		return;
	gunzip_free(&d->gunzip);
	slicer_free(&d->slicer);
	mem_free(d);
	*dp = NULL;
}

void
decode_reset(struct decode *d)
{
	gunzip_reset(d->gunzip);
	slicer_reset(d->slicer);
	d->lent = NULL;
	d->err = ERR_OK;
	d->error[0] = '\0';
	d->stats = (struct decode_stats){0};
}

static enum err
fail(struct decode *d, enum err e, const char *error)
{
	d->err = e;
	snprintf(d->error, sizeof d->error, "%s", error);
	return e;
}

enum err
decode_step(struct decode *d, struct span *in, bool *more)
{
	size_t before = in->n;
	struct span out;
	enum err e;

	*more = false;
	if (d->err != ERR_OK)
		return d->err;
	e = gunzip_step(d->gunzip, in, &out, more);
	d->stats.bytes_in += before - in->n;
	if (e != ERR_OK)
		return fail(d, e, gunzip_error(d->gunzip));
	d->stats.bytes_out += out.n;
	e = slicer_feed(d->slicer, out);
	if (e != ERR_OK) {
		*more = false;
		return fail(d, e, slicer_error(d->slicer));
	}
	return ERR_OK;
}

enum err
decode_finish(struct decode *d)
{
	enum err e;

	if (d->err != ERR_OK)
		return d->err;
	e = gunzip_finish(d->gunzip);
	if (e != ERR_OK)
		return fail(d, e, gunzip_error(d->gunzip));
	e = slicer_finish(d->slicer);
	if (e != ERR_OK)
		return fail(d, e, slicer_error(d->slicer));
	return ERR_OK;
}

size_t
decode_need(const struct decode *d)
{
	return slicer_pending(d->slicer) + GUNZIP_WINDOW;
}

bool
decode_wants_carry(const struct decode *d)
{
	return slicer_wants_carry(d->slicer, GUNZIP_WINDOW);
}

void
decode_lend_carry(struct decode *d, void *mem, size_t n)
{
	slicer_lend_carry(d->slicer, mem, n);
	d->lent = mem;
}

void *
decode_take_carry(struct decode *d, bool force)
{
	void *mem = slicer_take_carry(d->slicer);

	if (mem == NULL && force && d->lent != NULL) {
		mem = d->lent;
		slicer_reset(d->slicer);
		if (d->err == ERR_OK)
			(void)fail(d, ERR_TRUNCATED, "given up");
	}
	if (mem != NULL)
		d->lent = NULL;
	return mem;
}

struct decode_stats
decode_stats(const struct decode *d)
{
	return d->stats;
}

const char *
decode_error(const struct decode *d)
{
	return d->error;
}
