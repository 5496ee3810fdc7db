#include "trail/slicer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "base/yajl_mem.h"
#include "trail/carry.h"

/*
 * Only the map, key and array callbacks are set: yajl is fastest so, but says
 * nothing of numbers, strings and literals. Where one of them would be wrong
 * (between the records of the array, and outside of all documents) the text
 * between two callbacks is looked at here; the grammar itself is yajl's
 * business. What is found there counts only at the next callback, so that where
 * the text was cut makes no difference to which error comes first.
 *
 *   depth == array_depth == 0    between documents
 *   depth == array_depth > 0     in the Records array, between records
 *   depth > array_depth > 0      in a record
 *   depth > array_depth == 0     in other members, or before the array
 */
/* Bounds what yajl may keep beyond the limits. */
enum { PIECE_MAX = 16 * 1024 };

struct slicer {
	slicer_record_fn *fn;
	void *arg;
	yajl_handle yajl;
	enum err err;
	char error[160];

	unsigned depth, array_depth;
	bool wants_array; /* the key "Records" came, its value not yet */
	bool found;	  /* this document has had its Records */
	bool any;	  /* there was a document */

	struct span piece; /* being parsed */
	uint64_t before;   /* bytes fed before it */
	size_t from;	   /* where in it the open record goes on */
	size_t mark;	   /* end of the last token outside of records */
	size_t gap;	   /* bytes since that token before this piece */
	bool stray;	   /* among them some that do not belong there */

	struct carry carry; /* the open record, as far as it came before */
};

static bool
in_record(const struct slicer *s)
{
	return s->array_depth > 0 && s->depth > s->array_depth;
}

/* Always 0: what a callback returns to stop yajl. */
static int __attribute__((format(printf, 4, 5)))
fail(struct slicer *s, enum err e, uint64_t at, const char *fmt, ...)
{
	size_t n;
	va_list ap;
	int len;

	s->err = e;
	va_start(ap, fmt);
	len = vsnprintf(s->error, sizeof s->error, fmt, ap);
	va_end(ap);
	CHECK(len >= 0);
	n = strlen(s->error);
	snprintf(s->error + n, sizeof s->error - n,
	    " at byte %" PRIu64 " of the text", at);
	return 0;
}

/* Offset in the whole text; for messages from within a callback. */
static uint64_t
here(const struct slicer *s)
{
	return s->before + yajl_get_bytes_consumed(s->yajl);
}

static int
fail_too_long(struct slicer *s, uint64_t at)
{
	return fail(
	    s, ERR_LIMIT, at, "record longer than %zu bytes", s->carry.max);
}

static int
fail_outside(struct slicer *s, uint64_t at)
{
	return fail(s, ERR_LIMIT, at, "more than %d bytes outside of records",
	    SLICER_OUTSIDE_MAX);
}

static int
fail_shape(struct slicer *s, uint64_t at)
{
	const char *what = "no Records array";

	if (s->array_depth > 0)
		what = "a record that is no object";
	else if (s->depth == 0 && s->any)
		what = "a document that is no object or array";
	return fail(s, ERR_SHAPE, at, "%s", what);
}

/* Where records or documents are listed, yajl lets no comma stand wrongly. */
static bool
is_separator(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (p[i] != ',' && p[i] != ' ' && p[i] != '\t' &&
		    !carry_is_break(p[i]))
			return false;
	}
	return true;
}

/* A token outside of records: looks at what stood before it. */
static int
outside_token(struct slicer *s)
{
	size_t at = yajl_get_bytes_consumed(s->yajl);

	if (s->gap + (at - s->mark) > SLICER_OUTSIDE_MAX)
		return fail_outside(s, here(s));
	/* Here a token is one character, since keys stand elsewhere. */
	if (s->depth == s->array_depth &&
	    (s->stray || !is_separator(s->piece.p + s->mark, at - 1 - s->mark)))
		return fail_shape(s, here(s));
	s->mark = at;
	s->gap = 0;
	s->stray = false;
	return 1;
}

static int
deeper(struct slicer *s)
{
	if (s->depth == SLICER_DEPTH_MAX)
		return fail(s, ERR_DEPTH, here(s), "nested deeper than %d",
		    SLICER_DEPTH_MAX);
	s->depth++;
	return 1;
}

static int
on_start_map(void *ctx)
{
	struct slicer *s = ctx;

	if (in_record(s))
		return deeper(s);
	if (!outside_token(s))
		return 0;
	if (s->wants_array)
		return fail_shape(s, here(s));
	if (s->array_depth > 0) /* a record begins */
		s->from = s->mark - 1;
	else if (s->depth == 0)
		s->found = false;
	return deeper(s);
}

static int
on_map_key(void *ctx, const unsigned char *p, size_t n)
{
	struct slicer *s = ctx;
	struct span key = {(const char *)p, n};

	if (in_record(s))
		return 1;
	if (!outside_token(s))
		return 0;
	if (s->wants_array)
		return fail_shape(s, here(s));
	s->wants_array = s->depth == 1 && span_is(key, "Records");
	return 1;
}

static int
end_record(struct slicer *s)
{
	size_t at = yajl_get_bytes_consumed(s->yajl);
	struct span tail = {s->piece.p + s->from, at - s->from};
	struct span head;

	if (carry_has_break(tail)) {
		if (!carry_add(&s->carry, tail))
			return fail_too_long(s, here(s));
		tail = SPAN("");
	}
	if (tail.n > s->carry.max - s->carry.n)
		return fail_too_long(s, here(s));
	head =
	    s->carry.n > 0 ? (struct span){s->carry.p, s->carry.n} : SPAN("");
	s->carry.n = 0;
	s->mark = at;
	s->fn(s->arg, head, tail);
	return 1;
}

static int
on_end_map(void *ctx)
{
	struct slicer *s = ctx;

	if (in_record(s)) {
		s->depth--;
		return in_record(s) ? 1 : end_record(s);
	}
	if (!outside_token(s))
		return 0;
	s->depth--;
	if (s->wants_array || (s->depth == 0 && !s->found))
		return fail_shape(s, here(s));
	s->any |= s->depth == 0;
	return 1;
}

static int
on_start_array(void *ctx)
{
	struct slicer *s = ctx;

	if (in_record(s))
		return deeper(s);
	if (!outside_token(s))
		return 0;
	if (s->array_depth > 0)
		return fail_shape(s, here(s));
	if (s->wants_array || s->depth == 0) {
		s->array_depth = s->depth + 1;
		s->wants_array = false;
		s->found = true;
	}
	return deeper(s);
}

static int
on_end_array(void *ctx)
{
	struct slicer *s = ctx;

	if (!in_record(s)) {
		if (!outside_token(s))
			return 0;
		s->array_depth = 0;
		s->any |= s->depth == 1;
	}
	s->depth--;
	return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_map_key,
    .yajl_end_map = on_end_map,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end_array,
};

struct slicer *
slicer_new(size_t max_record_bytes, slicer_record_fn *fn, void *arg)
{
	struct slicer *s = mem_zalloc(sizeof *s);

	s->fn = fn;
	s->arg = arg;
	carry_init(&s->carry, max_record_bytes);
	return s;
}

void
slicer_free(struct slicer **sp)
{
	struct slicer *s = *sp;

	if (s == NULL)
		return;
	slicer_reset(s);
	carry_fini(&s->carry);
	mem_free(s);
	*sp = NULL;
}

void
slicer_reset(struct slicer *s)
{
	if (s->yajl != NULL)
		yajl_free(s->yajl);
	carry_reset(&s->carry);
	*s = (struct slicer){
	    .fn = s->fn,
	    .arg = s->arg,
	    .carry = s->carry,
	};
}

/* yajl's handle is made for the first piece and freed by reset: it never gives
 * back the memory of its longest token. */
static void
make_yajl(struct slicer *s)
{

	if (s->yajl != NULL)
		return;
	s->yajl = yajl_mem_new(&callbacks, s);
	CHECK(yajl_config(s->yajl, yajl_allow_multiple_values, 1));
}

static void
fail_syntax(struct slicer *s)
{
	unsigned char *text = yajl_get_error(s->yajl, 0, NULL, 0);
	struct span cause = span_trim(span_str((const char *)text));

	fail(s, ERR_SYNTAX, here(s), "not JSON (%.*s)",
	    (int)(cause.n < 80 ? cause.n : 80), cause.p);
	yajl_free_error(s->yajl, text);
}

static void
feed_piece(struct slicer *s, struct span p)
{
	struct span rest;

	s->piece = p;
	s->from = 0;
	s->mark = 0;
	if (yajl_parse(s->yajl, (const unsigned char *)p.p, p.n) !=
	    yajl_status_ok) {
		if (s->err == ERR_OK)
			fail_syntax(s);
		return;
	}
	s->before += p.n;
	if (in_record(s)) {
		rest = (struct span){p.p + s->from, p.n - s->from};
		if (!carry_add(&s->carry, rest))
			fail_too_long(s, s->before);
		return;
	}
	rest = (struct span){p.p + s->mark, p.n - s->mark};
	s->gap += rest.n;
	if (s->gap > SLICER_OUTSIDE_MAX)
		fail_outside(s, s->before);
	if (s->depth == s->array_depth && !is_separator(rest.p, rest.n))
		s->stray = true;
}

enum err
slicer_feed(struct slicer *s, struct span chunk)
{
	make_yajl(s);
	while (chunk.n > 0 && s->err == ERR_OK) {
		size_t n = chunk.n < PIECE_MAX ? chunk.n : PIECE_MAX;

		feed_piece(s, (struct span){chunk.p, n});
		chunk.p += n;
		chunk.n -= n;
	}
	s->piece = SPAN("");
	return s->err;
}

/* yajl_complete_parse has nothing to add: what is open, or stands where nothing
 * may stand, is known here. */
enum err
slicer_finish(struct slicer *s)
{
	if (s->err != ERR_OK)
		return s->err;
	if (s->depth > 0)
		fail(s, ERR_TRUNCATED, s->before, "ends inside a document");
	else if (s->stray || !s->any)
		fail_shape(s, s->before);
	return s->err;
}

size_t
slicer_pending(const struct slicer *s)
{
	return s->carry.n;
}

bool
slicer_wants_carry(const struct slicer *s, size_t n)
{
	return carry_wants(&s->carry, n);
}

void
slicer_lend_carry(struct slicer *s, void *mem, size_t n)
{
	carry_lend(&s->carry, mem, n);
}

void *
slicer_take_carry(struct slicer *s)
{
	return carry_take(&s->carry);
}

const char *
slicer_error(const struct slicer *s)
{
	return s->error;
}
