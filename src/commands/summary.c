#include "commands/summary.h"

#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "base/enc.h"
#include "base/mem.h"
#include "trail/record.h"

struct kind {
	char *text; /* owned; both names lie in it */
	struct span source, name;
	uint64_t events, bytes;
};

struct summary {
	void *tree;			      /* tsearch(3), by names */
	struct kind *kind[SUMMARY_KINDS_MAX]; /* owned */
	size_t n;
	struct kind rest, all;
	struct buf whole; /* an event that came in two pieces */
};

static int
by_names(const void *a, const void *b)
{
	const struct kind *x = a, *y = b;
	int c = span_cmp(x->name, y->name);

	return c != 0 ? c : span_cmp(x->source, y->source);
}

struct summary *
summary_new(void)
{
	struct summary *s = mem_zalloc(sizeof *s);

	s->rest.source = s->all.source = SPAN("-");
	s->rest.name = SPAN("(others)");
	s->all.name = SPAN("(all)");
	buf_init(&s->whole, SIZE_MAX / 2);
	return s;
}

void
summary_free(struct summary **sp)
{
	struct summary *s = *sp;

	if (s == NULL)
		return;
	for (size_t i = 0; i < s->n; i++) {
		(void)tdelete(s->kind[i], &s->tree, by_names);
		mem_free(s->kind[i]->text);
		mem_free(s->kind[i]);
	}
	buf_fini(&s->whole);
	mem_free(s);
	*sp = NULL;
}

static struct span
name_of(struct span event, const char *key)
{
	struct span s;

	if (!record_text(event, key, &s))
		return SPAN("-");
	if (s.n > SUMMARY_NAME_MAX)
		s.n = SUMMARY_NAME_MAX;
	return s;
}

static struct kind *
find(struct summary *s, struct span event)
{
	struct kind like = {.source = name_of(event, "eventSource"),
	    .name = name_of(event, "eventName")};
	struct kind **found = tfind(&like, &s->tree, by_names), *k;
	char *at;

	if (found != NULL)
		return *found;
	if (s->n == SUMMARY_KINDS_MAX)
		return &s->rest;
	k = mem_zalloc(sizeof *k);
	k->text = at = mem_alloc(like.source.n + like.name.n);
	k->source = span_place(&at, like.source);
	k->name = span_place(&at, like.name);
	CHECK(tsearch(k, &s->tree, by_names) != NULL);
	s->kind[s->n++] = k;
	return k;
}

static void
count(struct kind *k, size_t bytes)
{
	k->events++;
	k->bytes += bytes;
}

void
summary_add(struct summary *s, struct span head, struct span tail)
{
	size_t bytes = head.n + tail.n + 1; /* its line end is sent too */
	struct span event = tail;

	if (head.n > 0) {
		buf_reset(&s->whole);
		buf_span(&s->whole, head);
		buf_span(&s->whole, tail);
		event = buf_view(&s->whole);
	}
	count(find(s, event), bytes);
	count(&s->all, bytes);
}

/* ---- the table ---- */

/* In the order in which they are told. */
struct place {
	const struct kind *kind;
};

static int
larger_first(const void *a, const void *b)
{
	const struct kind *x = ((const struct place *)a)->kind;
	const struct kind *y = ((const struct place *)b)->kind;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	return by_names(x, y);
}

/* What stands in a file may hold anything. */
static void
write_kind(const struct summary *s, const struct kind *k, struct buf *out)
{
	double share = s->all.bytes > 0
			   ? 100.0 * (double)k->bytes / (double)s->all.bytes
			   : 0;
	struct buf source;

	buf_init(&source, 6 * SUMMARY_NAME_MAX);
	enc_visible(&source, k->source);
	buf_printf(out, "%12" PRIu64 " %6.1f %10" PRIu64 "  %-32s  ", k->bytes,
	    share, k->events, buf_cstr(&source));
	enc_visible(out, k->name);
	buf_char(out, '\n');
	buf_fini(&source);
}

void
summary_write(const struct summary *s, struct buf *out)
{
	struct place *place = mem_alloc((s->n + 1) * sizeof *place);

	for (size_t i = 0; i < s->n; i++)
		place[i].kind = s->kind[i];
	qsort(place, s->n, sizeof *place, larger_first);
	buf_printf(out, "%12s %6s %10s  %-32s  %s\n", "bytes", "%", "events",
	    "eventSource", "eventName");
	for (size_t i = 0; i < s->n; i++)
		write_kind(s, place[i].kind, out);
	if (s->rest.events > 0)
		write_kind(s, &s->rest, out);
	write_kind(s, &s->all, out);
	mem_free(place);
}
