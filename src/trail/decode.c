#include "trail/decode.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "trail/gunzip.h"
#include "trail/magic.h"

struct decode {
	struct gunzip *outer, *inner; /* inner: only if it is needed */
	bool known, twice;	      /* whether it is needed */
	struct span between; /* the outer one's output, for the inner */
	bool outer_more, inner_more;
	bool begun; /* the text's first bytes have gone to the slicer */
	char head[MAGIC_MAX];
	size_t nhead;
	struct slicer *slicer;
	slicer_record_fn *fn;
	slicer_left_out_fn *left_out;
	slicer_ruled_out_fn *ruled_out;
	void *arg;
	void *lent;
	enum err err;
	char error[256];
	struct decode_stats stats;
};

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct decode *d = arg;

	d->stats.records++;
	d->fn(d->arg, head, tail);
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	struct decode *d = arg;

	d->stats.left_out++;
	d->left_out(d->arg, index, cause);
}

static void
on_ruled_out(void *arg, uint64_t index)
{
	struct decode *d = arg;

	d->stats.ruled_out++;
	d->ruled_out(d->arg, index);
}

struct decode *
decode_new(size_t max_record_bytes, slicer_record_fn *fn,
    slicer_left_out_fn *left_out, void *arg)
{
	struct decode *d = mem_zalloc(sizeof *d);

	d->outer = gunzip_new();
	d->slicer = slicer_new(max_record_bytes, on_record, on_left_out, d);
	d->fn = fn;
	d->left_out = left_out;
	d->arg = arg;
	return d;
}

void
decode_free(struct decode **dp)
{
	struct decode *d = *dp;

	if (d == NULL)
		return;
	gunzip_free(&d->outer);
	gunzip_free(&d->inner);
	slicer_free(&d->slicer);
	mem_free(d);
	*dp = NULL;
}

void
decode_reset(struct decode *d)
{
	gunzip_reset(d->outer);
	gunzip_free(&d->inner);
	slicer_reset(d->slicer);
	*d = (struct decode){
	    .outer = d->outer,
	    .slicer = d->slicer,
	    .fn = d->fn,
	    .left_out = d->left_out,
	    .arg = d->arg,
	};
}

void
decode_rules(
    struct decode *d, struct events_rules *rules, slicer_ruled_out_fn *fn)
{
	d->ruled_out = fn;
	slicer_rules(d->slicer, rules, on_ruled_out);
}

static enum err
fail(struct decode *d, enum err e, const char *error)
{
	d->err = e;
	snprintf(d->error, sizeof d->error, "%s%s", error,
	    d->inner != NULL ? " (stored with gzip twice)" : "");
	return e;
}

/* No JSON begins as a gzip does. */
static void
look_inside(struct decode *d, struct span first)
{
	if (d->known || first.n == 0)
		return;
	d->known = true;
	if (gunzip_is_gzip(d->outer) && gunzip_begins(first.p[0]))
		d->twice = true;
}

bool
decode_wants_layer(const struct decode *d)
{
	return d->twice && d->inner == NULL;
}

void
decode_add_layer(struct decode *d)
{
	CHECK(decode_wants_layer(d));
	d->inner = gunzip_new();
}

/* At most GUNZIP_WINDOW bytes of the text. */
static enum err
inflate_some(struct decode *d, struct span *in, struct span *out)
{
	size_t before = in->n;
	enum err e;

	if (d->between.n == 0 && !d->inner_more) {
		e = gunzip_step(d->outer, in, out, &d->outer_more);
		d->stats.bytes_in += before - in->n;
		if (e != ERR_OK)
			return fail(d, e, gunzip_error(d->outer));
		look_inside(d, *out);
		if (!d->twice)
			return ERR_OK;
		d->between = *out;
		*out = SPAN("");
		if (d->inner == NULL)
			return ERR_OK;
	}
	e = gunzip_step(d->inner, &d->between, out, &d->inner_more);
	if (e != ERR_OK)
		return fail(d, e, gunzip_error(d->inner));
	return ERR_OK;
}

static enum err
slice(struct decode *d, struct span text)
{
	enum err e = slicer_feed(d->slicer, text);

	return e != ERR_OK ? fail(d, e, slicer_error(d->slicer)) : ERR_OK;
}

/* The text's first bytes, kept until it is known what they are. */
static enum err
begin(struct decode *d, struct span *text)
{
	struct span head = {d->head, d->nhead};
	const char *format;
	char error[80];

	while (text->n > 0 && magic_goes_on(head)) {
		d->head[d->nhead++] = text->p[0];
		head.n++;
		text->p++;
		text->n--;
	}
	if (magic_goes_on(head))
		return ERR_OK;
	d->begun = true;
	format = magic_name(head);
	if (format == NULL)
		return slice(d, head);
	if (format[0] == '\0')
		return ERR_OK;
	snprintf(
	    error, sizeof error, "not JSON but %s, which is not read", format);
	return fail(d, ERR_SYNTAX, error);
}

enum err
decode_step(struct decode *d, struct span *in, bool *more)
{
	struct span out;
	enum err e = d->err;

	CHECK(!decode_wants_layer(d));
	*more = false;
	if (e == ERR_OK)
		e = inflate_some(d, in, &out);
	if (e != ERR_OK)
		return e;
	d->stats.bytes_out += out.n;
	if (!d->begun)
		e = begin(d, &out);
	if (e == ERR_OK && d->begun)
		e = slice(d, out);
	if (e != ERR_OK)
		return e;
	*more = in->n > 0 || d->outer_more || d->inner_more || d->between.n > 0;
	return ERR_OK;
}

enum err
decode_finish(struct decode *d)
{
	enum err e = d->err;

	if (e != ERR_OK)
		return e;
	e = gunzip_finish(d->outer);
	if (e != ERR_OK)
		return fail(d, e, gunzip_error(d->outer));
	e = d->inner != NULL ? gunzip_finish(d->inner) : ERR_OK;
	if (e != ERR_OK)
		return fail(d, e, gunzip_error(d->inner));
	if (!d->begun)
		e = slice(d, (struct span){d->head, d->nhead});
	if (e != ERR_OK)
		return e;
	e = slicer_finish(d->slicer);
	return e != ERR_OK ? fail(d, e, slicer_error(d->slicer)) : ERR_OK;
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

enum err
decode_feed(struct decode *d, struct span in, size_t carry_bytes)
{
	bool more = false;
	enum err err;

	do {
		if (decode_wants_layer(d))
			decode_add_layer(d);
		if (decode_wants_carry(d))
			decode_lend_carry(
			    d, mem_alloc(carry_bytes), carry_bytes);
		err = decode_step(d, &in, &more);
	} while (err == ERR_OK && (more || in.n > 0));
	return err;
}

const char *
decode_error(const struct decode *d)
{
	return d->error;
}
