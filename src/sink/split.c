#include "sink/split.h"

#include <string.h>

#include "base/mem.h"
#include "sink/gzip.h"
#include "sink/split_cursor.h"

enum { SLICE = 128 * 1024 };

struct split {
	int level;
	struct gzip *out; /* NULL without gzip, as is scratch */
	char *scratch;	  /* owned */
	size_t scratch_bytes, used;
	struct span *part; /* owned; of the body made last */
	size_t nparts, cap;

	/* Of which batch the cursors are, and where: at the first event of the
	 * part that was begun last, and where reading has come to. */
	const struct batch *batch;
	uint64_t batch_id;
	struct cursor begin, here;
	bool has_begin;
	bool at_line; /* here: a part is complete, the next event follows */

	/* The part: what was asked for, and what of it was written. */
	size_t first, count, max_bytes;
	bool all_fits;
	size_t events, bytes;
};

static size_t
scratch_bytes(int level, size_t part_max_bytes)
{
	return level > 0 ? gzip_bound(level, part_max_bytes) : 0;
}

size_t
split_memory(int level, size_t part_max_bytes)
{
	size_t codec = level > 0 ? gzip_memory(level) : 0;

	return sizeof(struct split) + 2 * cursor_memory(level > 0) + codec +
	       scratch_bytes(level, part_max_bytes);
}

struct split *
split_new(int level, size_t part_max_bytes)
{
	struct split *s = mem_zalloc(sizeof *s);

	s->level = level;
	cursor_init(&s->begin, level > 0);
	cursor_init(&s->here, level > 0);
	if (level == 0)
		return s;
	s->out = gzip_new(level);
	s->scratch_bytes = scratch_bytes(level, part_max_bytes);
	s->scratch = mem_alloc(s->scratch_bytes);
	return s;
}

void
split_free(struct split **sp)
{
	struct split *s = *sp;

	if (s == NULL)
		return;
	cursor_fini(&s->begin);
	cursor_fini(&s->here);
	gzip_free(&s->out);
	mem_free(s->scratch);
	mem_free(s->part);
	mem_free(s);
	*sp = NULL;
}

/* ---- writing ---- */

static void
add_part(struct split *s, struct span text)
{
	struct span *last;

	if (s->part != NULL && s->nparts > 0) {
		last = &s->part[s->nparts - 1];
		if (last->p + last->n == text.p) {
			last->n += text.n;
			return;
		}
	}
	if (s->nparts == s->cap) {
		s->cap = s->cap == 0 ? 4 : s->cap * 2;
		s->part = mem_realloc(s->part, s->cap * sizeof *s->part);
	}
	CHECK(s->part != NULL);
	s->part[s->nparts++] = text;
}

static void
write_out(struct split *s, struct span text)
{
	while (text.n > 0) {
		size_t room = s->scratch_bytes - s->used;

		s->used += gzip_add(s->out, &text, s->scratch + s->used, room);
	}
}

static void
write_end(struct split *s)
{
	size_t n = s->scratch_bytes - s->used;

	CHECK(gzip_end(s->out, s->scratch + s->used, &n));
	s->used += n;
	add_part(s, (struct span){s->scratch, s->used});
}

/* ---- one slice ---- */

/* Whether another line of n bytes belongs to the part. */
static bool
fits(const struct split *s, size_t n)
{
	return s->events == 0 || s->all_fits || s->bytes + n <= s->max_bytes;
}

static void
begin_here(struct split *s)
{
	if (s->has_begin && s->begin.event == s->first)
		return;
	cursor_copy(&s->begin, &s->here);
	s->has_begin = true;
}

/* A plain body is all there: lines are looked at where they lie. */
static bool
step_plain(struct split *s)
{
	struct cursor *c = &s->here;
	size_t done = 0;

	while (done < SLICE) {
		struct place was = c->place;
		size_t n;

		if (c->event == s->first)
			begin_here(s);
		n = place_pass_line(&c->place);
		done += n;
		if (c->event < s->first) {
			c->event++;
			continue;
		}
		if (!fits(s, n)) {
			c->place = was;
			return true;
		}
		while (place_before(&was, &c->place))
			add_part(s, place_next(&was, &c->place));
		c->event++;
		s->bytes += n;
		if (++s->events == s->count)
			return true;
	}
	return false;
}

static void
skip_lines(struct cursor *c, size_t first)
{
	const char *nl;

	while (c->event < first && c->text.n > 0) {
		nl = memchr(c->text.p, '\n', c->text.n);
		if (nl != NULL)
			c->event++;
		cursor_pass(
		    c, nl != NULL ? (size_t)(nl + 1 - c->text.p) : c->text.n);
	}
}

/* Writes the lines at hand; whether the part is complete. What has been written
 * cannot be taken back, so the begin of a line that may not fit stays at hand
 * until its end is known. */
static bool
take_lines(struct split *s)
{
	struct cursor *c = &s->here;
	struct span from = c->text;
	const char *nl;
	bool full = false;

	while (!full && c->text.n > 0 &&
	       (nl = memchr(c->text.p, '\n', c->text.n)) != NULL) {
		size_t n = (size_t)(nl + 1 - c->text.p);

		if (!fits(s, n)) {
			full = true;
			break;
		}
		cursor_pass(c, n);
		c->event++;
		s->bytes += n;
		full = ++s->events == s->count;
	}
	if (!full && (s->events == 0 || s->all_fits)) {
		s->bytes += c->text.n;
		cursor_pass(c, c->text.n);
	}
	write_out(s, (struct span){from.p, from.n - c->text.n});
	return full || c->text.n == CURSOR_WINDOW;
}

static bool
step_gzip(struct split *s)
{
	struct cursor *c = &s->here;
	size_t done = 0;

	while (done < SLICE) {
		if (c->event < s->first)
			skip_lines(c, s->first);
		if (c->event >= s->first) {
			if (s->events == 0 && s->bytes == 0)
				begin_here(s);
			if (take_lines(s))
				return true;
		}
		done += cursor_fill(c);
	}
	return false;
}

/* ---- from outside ---- */

void
split_begin(struct split *s, const struct batch *b, size_t first, size_t count,
    size_t max_bytes)
{
	bool same = s->batch == b && s->batch_id == batch_id(b);

	CHECK(count > 0 && first + count <= batch_events(b));
	if (same && s->at_line && s->here.event <= first) {
		/* on from there */
	} else if (same && s->has_begin && s->begin.event <= first) {
		cursor_copy(&s->here, &s->begin);
	} else {
		cursor_start(&s->here, b);
		s->has_begin = false;
	}
	if (s->level > 0 && !s->at_line)
		gzip_drop(s->out);
	s->batch = b;
	s->batch_id = batch_id(b);
	s->at_line = false;
	s->first = first;
	s->count = count;
	s->max_bytes = max_bytes;
	s->all_fits = batch_plain_bytes(b) <= max_bytes;
	s->events = s->bytes = s->used = s->nparts = 0;
}

bool
split_step(struct split *s, struct split_body *out)
{
	CHECK(!s->at_line);
	s->at_line = s->level > 0 ? step_gzip(s) : step_plain(s);
	if (!s->at_line)
		return false;
	if (s->level > 0)
		write_end(s);
	*out = (struct split_body){
	    .part = s->part,
	    .nparts = s->nparts,
	    .events = s->events,
	    .plain_bytes = s->bytes,
	    .body_bytes = s->level > 0 ? s->used : s->bytes,
	};
	return true;
}

bool
split_take_over(
    struct split *s, const struct split *from, struct split_body *body)
{
	if (from->used > s->scratch_bytes)
		return false;
	s->used = from->used;
	s->nparts = 0;
	for (size_t i = 0; s->level == 0 && i < from->nparts; i++)
		add_part(s, from->part[i]);
	if (s->level > 0) {
		memcpy(s->scratch, from->scratch, s->used);
		add_part(s, (struct span){s->scratch, s->used});
	}
	body->part = s->part;
	body->nparts = s->nparts;
	return true;
}
