#include "trail/slicer.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "trail/slicer_internal.h"

/*
 * Only the map, key and array callbacks are always set: yajl is fastest so, but
 * says nothing of numbers, strings and literals. Those are heeded only where
 * they matter: as the value of "Records", among the records, between documents,
 * and as the value of a field that a rule names. The grammar itself is yajl's
 * business.
 *
 *   depth == array_depth == 0    between documents
 *   depth == array_depth > 0     in the Records array, between its elements
 *   depth > array_depth > 0      in an element
 *   depth > array_depth == 0     in other members, or before the array
 *
 * What is to be left out is found at a place that does not depend on how the
 * text was cut: no piece reaches beyond the longest element that began in it,
 * and the depth is told by a callback. From its first byte on the element is
 * then skipped (trail/skip), and yajl begins anew behind it, since it can
 * neither go on after a callback that stopped it, nor skip.
 */

/* Bounds what yajl may keep beyond the limits. */
enum { PIECE_MAX = 16 * 1024 };

int
slicer_fail(struct slicer *s, enum err e, uint64_t at, const char *fmt, ...)
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
	n = strlen(s->error);
	if (s->array_depth > 0)
		snprintf(s->error + n, sizeof s->error - n,
		    ", %s index %" PRIu64,
		    slicer_in_element(s) ? "in the record with"
					 : "before the record with",
		    s->index);
	return 0;
}

uint64_t
slicer_here(const struct slicer *s)
{
	return s->before + yajl_get_bytes_consumed(s->yajl);
}

int
slicer_fail_outside(struct slicer *s, uint64_t at)
{
	return slicer_fail(s, ERR_LIMIT, at,
	    "more than %d bytes outside of records", SLICER_OUTSIDE_MAX);
}

int
slicer_fail_shape(struct slicer *s, uint64_t at)
{
	bool more = s->depth == 0 && s->any;

	return slicer_fail(s, ERR_SHAPE, at, "%s",
	    more ? "a document that is no object or array"
		 : "no Records array");
}

size_t
slicer_separators(struct span s)
{
	size_t n = 0;

	while (n < s.n && (s.p[n] == ',' || s.p[n] == ' ' || s.p[n] == '\t' ||
			      carry_is_break(s.p[n])))
		n++;
	return n;
}

void
slicer_leave_out(struct slicer *s, enum slicer_cause cause)
{
	carry_empty(&s->carry);
	s->ready = false;
	s->left_out(
	    s->arg, s->index++, s->is_object ? cause : SLICER_NO_OBJECT);
}

struct slicer *
slicer_new(size_t max_record_bytes, slicer_record_fn *fn,
    slicer_left_out_fn *left_out, void *arg)
{
	struct slicer *s = mem_zalloc(sizeof *s);

	CHECK(max_record_bytes > 0);
	s->fn = fn;
	s->left_out = left_out;
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
slicer_rules(
    struct slicer *s, struct events_rules *rules, slicer_ruled_out_fn *fn)
{
	CHECK(s->before == 0 && s->match.rules == NULL);
	match_init(&s->match, rules);
	s->ruled_out = fn;
}

static void
free_yajl(struct slicer *s)
{
	if (s->yajl != NULL)
		yajl_free(s->yajl);
	s->yajl = NULL;
}

void
slicer_reset(struct slicer *s)
{
	free_yajl(s);
	match_fini(&s->match);
	carry_reset(&s->carry);
	*s = (struct slicer){
	    .fn = s->fn,
	    .left_out = s->left_out,
	    .arg = s->arg,
	    .carry = s->carry,
	    .match = s->match,
	};
}

/*
 * yajl's handle is made for the first piece and freed by reset: it never gives
 * back the memory of its longest token. A new one behind an element that was
 * left out is told a text that brings it to the same place. Strings are not
 * checked for UTF-8: what it is not, is passed on as it came.
 */
static void
make_yajl(struct slicer *s)
{
	static const char *const places[] = {"", "[{}", "{\"Records\":[{}"};
	struct span place = span_str(places[s->array_depth]);

	s->yajl = yajl_mem_new(&s->callbacks, s);
	CHECK(yajl_config(s->yajl, yajl_allow_multiple_values, 1));
	CHECK(yajl_config(s->yajl, yajl_dont_validate_strings, 1));
	s->callbacks = (yajl_callbacks){0};
	CHECK(yajl_parse(s->yajl, (const unsigned char *)place.p, place.n) ==
	      yajl_status_ok);
	tokens_heed(s);
}

static void
fail_syntax(struct slicer *s)
{
	unsigned char *text = yajl_get_error(s->yajl, 0, NULL, 0);
	struct span cause = span_trim(span_str((const char *)text));

	slicer_fail(s, ERR_SYNTAX, slicer_here(s), "not JSON (%.*s)",
	    (int)(cause.n < 80 ? cause.n : 80), cause.p);
	yajl_free_error(s->yajl, text);
}

/* What follows of an element that is left out; returns how much it was. */
static size_t
skip(struct slicer *s, struct span p)
{
	size_t n = skip_feed(&s->skip, p);

	if (s->skip.state == SKIP_BAD) {
		slicer_fail(s, ERR_SYNTAX, s->before + n,
		    "not JSON (in a record that is left out)");
	} else if (s->skip.state == SKIP_DONE) {
		s->leave = s->scalar = false;
		s->depth = s->array_depth;
		s->gap = 0;
		make_yajl(s);
		slicer_leave_out(s, s->cause);
	}
	return n;
}

/* The element that is open is to be left out: what follows is skipped. Returns
 * how much of the piece stands before that. */
static size_t
begin_skip(struct slicer *s)
{
	free_yajl(s);
	skip_init(&s->skip);
	if (s->carry.n > 0)
		(void)skip_feed(&s->skip, carry_view(&s->carry));
	carry_empty(&s->carry);
	return s->from;
}

/* The end of a piece, outside of brackets: blanks, or some of a scalar. */
static void
end_outside(struct slicer *s, struct span rest)
{
	/* A comma in what began wrongly separates nothing. */
	bool listed = s->depth == s->array_depth && !s->stray;
	size_t gap = listed ? slicer_separators(rest) : rest.n;

	if (listed && gap > 0 && memchr(rest.p, ',', gap) != NULL)
		s->ready = true;
	if (gap < rest.n && s->array_depth > 0 && s->ready) {
		s->scalar = true;
		s->is_object = false;
		s->from = s->mark + gap;
		s->begin = s->before + s->from;
	} else if (gap < rest.n) {
		s->stray = true;
		gap = rest.n;
	}
	s->gap += gap;
	if (s->gap > SLICER_OUTSIDE_MAX)
		slicer_fail_outside(s, s->before + s->mark + gap);
}

static size_t
parse(struct slicer *s, struct span p)
{
	s->piece = p;
	s->from = 0;
	s->mark = 0;
	if (s->yajl == NULL)
		make_yajl(s);
	if (yajl_parse(s->yajl, (const unsigned char *)p.p, p.n) !=
	    yajl_status_ok) {
		if (s->leave)
			return begin_skip(s);
		if (s->err == ERR_OK)
			fail_syntax(s);
		return 0;
	}
	if (!slicer_in_element(s))
		end_outside(s, (struct span){p.p + s->mark, p.n - s->mark});
	if (!slicer_in_element(s))
		return p.n;
	if (s->before + p.n - s->begin == s->carry.max) {
		s->leave = true;
		s->cause = SLICER_TOO_LONG;
		return begin_skip(s);
	}
	carry_add(&s->carry, (struct span){p.p + s->from, p.n - s->from});
	return p.n;
}

/* The most that may be given to yajl at once, see above. */
static size_t
piece_max(const struct slicer *s)
{
	size_t max = s->carry.max;

	if (slicer_in_element(s))
		max -= (size_t)(s->before - s->begin);
	return max < PIECE_MAX ? max : PIECE_MAX;
}

enum err
slicer_feed(struct slicer *s, struct span chunk)
{
	while (chunk.n > 0 && s->err == ERR_OK) {
		size_t n = s->leave ? chunk.n : piece_max(s);
		struct span p = {chunk.p, chunk.n < n ? chunk.n : n};

		n = s->leave ? skip(s, p) : parse(s, p);
		s->before += n;
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
		slicer_fail(
		    s, ERR_TRUNCATED, s->before, "ends inside a document");
	else if (s->stray || (!s->any && s->before > 0))
		slicer_fail_shape(s, s->before);
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

const char *
slicer_cause_name(enum slicer_cause c)
{
	static const char *const names[SLICER_CAUSES] = {
	    [SLICER_TOO_LONG] = "too_long",
	    [SLICER_TOO_DEEP] = "too_deep",
	    [SLICER_NO_OBJECT] = "no_object",
	};

	CHECK((unsigned)c < SLICER_CAUSES);
	return names[c];
}
