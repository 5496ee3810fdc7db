/* What yajl tells of the text, and what follows from it. */
#include "trail/slicer_internal.h"

#include "base/mem.h"

static void heed_scalars(struct slicer *s, bool on);

/* A token outside of elements that began `since` bytes after the mark. */
static int
outside_token(struct slicer *s, size_t since)
{
	if (s->gap + since > SLICER_OUTSIDE_MAX)
		return slicer_fail_outside(s, slicer_here(s));
	s->mark = yajl_get_bytes_consumed(s->yajl);
	s->gap = 0;
	return 1;
}

/* One of which the end alone is known: a bracket, brace or key. */
static int
outside_bracket(struct slicer *s)
{
	return outside_token(s, yajl_get_bytes_consumed(s->yajl) - s->mark);
}

static int
deeper(struct slicer *s)
{
	if (s->depth < SLICER_DEPTH_MAX) {
		s->depth++;
		return 1;
	}
	if (!slicer_in_brackets(s))
		return slicer_fail(s, ERR_DEPTH, slicer_here(s),
		    "nested deeper than %d", SLICER_DEPTH_MAX);
	s->leave = true;
	s->cause = SLICER_TOO_DEEP;
	return 0;
}

/* An object or array among the records. */
static void
begin_element(struct slicer *s, bool is_object)
{
	s->from = s->mark - 1;
	s->begin = s->before + s->from;
	s->is_object = is_object;
	if (s->match.rules != NULL)
		match_begin(&s->match);
}

/* ---- what the rules want to know of a record ---- */

static void
rules_open(struct slicer *s, bool is_map)
{
	if (s->match.rules == NULL)
		return;
	match_open(&s->match, is_map);
	heed_scalars(s, false);
}

static void
rules_close(struct slicer *s)
{
	if (s->match.rules != NULL)
		match_close(&s->match);
}

static void
rules_key(struct slicer *s, struct span key)
{
	if (s->match.rules == NULL)
		return;
	match_key(&s->match, key);
	heed_scalars(s, match_wants_scalar(&s->match));
}

static int
rules_scalar(struct slicer *s, struct span text)
{
	match_scalar(&s->match, text);
	heed_scalars(s, false);
	return 1;
}

static int
on_start_map(void *ctx)
{
	struct slicer *s = ctx;

	if (slicer_in_brackets(s)) {
		rules_open(s, true);
		return deeper(s);
	}
	if (!outside_bracket(s))
		return 0;
	if (s->wants_array)
		return slicer_fail_shape(s, slicer_here(s));
	if (s->array_depth > 0)
		begin_element(s, true);
	else if (s->depth == 0)
		s->found = false;
	if (!deeper(s))
		return 0;
	tokens_heed(s);
	if (slicer_in_brackets(s))
		rules_open(s, true);
	return 1;
}

static int
on_map_key(void *ctx, const unsigned char *p, size_t n)
{
	struct slicer *s = ctx;
	struct span key = {(const char *)p, n};

	if (slicer_in_brackets(s)) {
		rules_key(s, key);
		return 1;
	}
	if (!outside_bracket(s))
		return 0;
	if (s->wants_array)
		return slicer_fail_shape(s, slicer_here(s));
	s->wants_array = s->depth == 1 && span_is(key, "Records");
	tokens_heed(s);
	return 1;
}

static void
deliver(struct slicer *s, size_t end)
{
	struct span tail = {s->piece.p + s->from, end - s->from};
	struct span head;

	if (carry_has_break(tail)) {
		carry_add(&s->carry, tail);
		tail = SPAN("");
	}
	head = carry_view(&s->carry);
	carry_empty(&s->carry);
	s->ready = false;
	s->index++;
	s->fn(s->arg, head, tail);
}

static void
rule_out(struct slicer *s)
{
	carry_empty(&s->carry);
	s->ready = false;
	s->ruled_out(s->arg, s->index++);
}

static void
end_element(struct slicer *s)
{
	s->mark = yajl_get_bytes_consumed(s->yajl);
	if (!s->is_object)
		slicer_leave_out(s, SLICER_NO_OBJECT);
	else if (s->match.rules != NULL && match_leaves_out(&s->match))
		rule_out(s);
	else
		deliver(s, s->mark);
	tokens_heed(s);
}

static int
on_end_map(void *ctx)
{
	struct slicer *s = ctx;

	if (slicer_in_brackets(s)) {
		s->depth--;
		rules_close(s);
		if (!slicer_in_brackets(s))
			end_element(s);
		return 1;
	}
	if (!outside_bracket(s))
		return 0;
	s->depth--;
	if (s->wants_array || (s->depth == 0 && !s->found))
		return slicer_fail_shape(s, slicer_here(s));
	s->any |= s->depth == 0;
	tokens_heed(s);
	return 1;
}

static int
on_start_array(void *ctx)
{
	struct slicer *s = ctx;

	if (slicer_in_brackets(s)) {
		rules_open(s, false);
		return deeper(s);
	}
	if (!outside_bracket(s))
		return 0;
	if (s->array_depth > 0) {
		begin_element(s, false);
	} else if (s->wants_array || s->depth == 0) {
		s->array_depth = s->depth + 1;
		s->wants_array = false;
		s->found = s->ready = true;
	}
	if (!deeper(s))
		return 0;
	tokens_heed(s);
	if (slicer_in_brackets(s))
		rules_open(s, false);
	return 1;
}

static int
on_end_array(void *ctx)
{
	struct slicer *s = ctx;

	if (slicer_in_brackets(s)) {
		s->depth--;
		rules_close(s);
		if (!slicer_in_brackets(s))
			end_element(s);
		return 1;
	}
	if (!outside_bracket(s))
		return 0;
	s->array_depth = 0;
	s->any |= s->depth == 1;
	s->depth--;
	tokens_heed(s);
	return 1;
}

/* A number, string or literal where one is heeded. */
static int
on_scalar(struct slicer *s, bool is_null)
{
	size_t since;

	if (s->wants_array && is_null) {
		s->wants_array = false;
		s->found = true;
		tokens_heed(s);
		return outside_bracket(s);
	}
	if (s->array_depth == 0)
		return slicer_fail_shape(s, slicer_here(s));
	since = s->scalar ? 0
			  : slicer_separators((struct span){
				s->piece.p + s->mark, s->piece.n - s->mark});
	if (!outside_token(s, since))
		return 0;
	s->scalar = s->is_object = false;
	slicer_leave_out(s, SLICER_NO_OBJECT);
	return 1;
}

static int
on_null(void *ctx)
{
	struct slicer *s = ctx;

	return slicer_in_brackets(s) ? rules_scalar(s, SPAN("null"))
				     : on_scalar(s, true);
}

static int
on_boolean(void *ctx, int value)
{
	struct slicer *s = ctx;

	if (!slicer_in_brackets(s))
		return on_scalar(s, false);
	return rules_scalar(s, value != 0 ? SPAN("true") : SPAN("false"));
}

static int
on_number(void *ctx, const char *p, size_t n)
{
	struct slicer *s = ctx;

	return slicer_in_brackets(s) ? rules_scalar(s, (struct span){p, n})
				     : on_scalar(s, false);
}

static int
on_string(void *ctx, const unsigned char *p, size_t n)
{
	return on_number(ctx, (const char *)p, n);
}

static void
heed_scalars(struct slicer *s, bool on)
{
	s->callbacks.yajl_null = on ? on_null : NULL;
	s->callbacks.yajl_boolean = on ? on_boolean : NULL;
	s->callbacks.yajl_number = on ? on_number : NULL;
	s->callbacks.yajl_string = on ? on_string : NULL;
}

void
tokens_heed(struct slicer *s)
{
	s->callbacks.yajl_start_map = on_start_map;
	s->callbacks.yajl_map_key = on_map_key;
	s->callbacks.yajl_end_map = on_end_map;
	s->callbacks.yajl_start_array = on_start_array;
	s->callbacks.yajl_end_array = on_end_array;
	heed_scalars(s, s->wants_array || s->depth == s->array_depth);
}
