/* What yajl tells of the text, and what follows from it. */
#include "trail/slicer_internal.h"

#include "base/mem.h"

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
}

static int
on_start_map(void *ctx)
{
	struct slicer *s = ctx;

	if (slicer_in_brackets(s))
		return deeper(s);
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
	return 1;
}

static int
on_map_key(void *ctx, const unsigned char *p, size_t n)
{
	struct slicer *s = ctx;
	struct span key = {(const char *)p, n};

	if (slicer_in_brackets(s))
		return 1;
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
	struct span head = SPAN("");

	if (carry_has_break(tail)) {
		carry_add(&s->carry, tail);
		tail = SPAN("");
	}
	if (s->carry.n > 0)
		head = (struct span){s->carry.p, s->carry.n};
	s->carry.n = 0;
	s->ready = false;
	s->index++;
	s->fn(s->arg, head, tail);
}

static void
end_element(struct slicer *s)
{
	s->mark = yajl_get_bytes_consumed(s->yajl);
	if (s->is_object)
		deliver(s, s->mark);
	else
		slicer_leave_out(s, SLICER_NO_OBJECT);
	tokens_heed(s);
}

static int
on_end_map(void *ctx)
{
	struct slicer *s = ctx;

	if (slicer_in_brackets(s)) {
		s->depth--;
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

	if (slicer_in_brackets(s))
		return deeper(s);
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
	return 1;
}

static int
on_end_array(void *ctx)
{
	struct slicer *s = ctx;

	if (slicer_in_brackets(s)) {
		s->depth--;
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
	return on_scalar(ctx, true);
}

static int
on_boolean(void *ctx, int value)
{
	(void)value;
	return on_scalar(ctx, false);
}

static int
on_number(void *ctx, const char *p, size_t n)
{
	(void)p;
	(void)n;
	return on_scalar(ctx, false);
}

static int
on_string(void *ctx, const unsigned char *p, size_t n)
{
	(void)p;
	(void)n;
	return on_scalar(ctx, false);
}

void
tokens_heed(struct slicer *s)
{
	bool on = s->wants_array || s->depth == s->array_depth;

	s->callbacks = (yajl_callbacks){
	    .yajl_start_map = on_start_map,
	    .yajl_map_key = on_map_key,
	    .yajl_end_map = on_end_map,
	    .yajl_start_array = on_start_array,
	    .yajl_end_array = on_end_array,
	    .yajl_null = on ? on_null : NULL,
	    .yajl_boolean = on ? on_boolean : NULL,
	    .yajl_number = on ? on_number : NULL,
	    .yajl_string = on ? on_string : NULL,
	};
}
