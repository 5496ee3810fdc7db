/*
 * A stack of levels, each with the names of its folders that are still to come:
 *
 *	AWSLogs/ → [o-…/ →] ACCOUNT/ → CloudTrail…/ → REGION/ → days
 *
 * The path of a level is the front of one text.
 */
#include "backfill/walk.h"

#include <string.h>

#include "base/mem.h"
#include "trail/filter.h"

enum { PATH_MAX_BYTES = 4096, NAMES_MAX = 8 * 1024 * 1024, DEPTH = 5 };

enum kind { ROOT, ORGANIZATION, ACCOUNT, FAMILY, DAYS };

struct level {
	enum kind kind;
	size_t path_n;	  /* of the path, with its '/' */
	struct buf names; /* each with a '/' */
	size_t at;	  /* the next one in names */
	int64_t day;	  /* DAYS: the next one */
};

struct walk {
	const struct work *work;
	struct span after;
	struct level level[DEPTH];
	unsigned depth;
	struct buf path;
	bool begun;
	bool asked; /* the top level waits for its names */
	struct walk_view view;
};

static struct level *
top(struct walk *w)
{
	return &w->level[w->depth - 1];
}

static void
push(struct walk *w, enum kind kind)
{
	CHECK(w->depth < DEPTH);
	w->level[w->depth++] =
	    (struct level){.kind = kind, .path_n = w->path.n};
	buf_init(&top(w)->names, NAMES_MAX);
	if (kind == ACCOUNT)
		w->view.accounts++;
	if (kind == DAYS) {
		w->view.regions++;
		top(w)->day = w->work->from_s / WHEN_DAY_S - 1;
	}
}

static void
pop(struct walk *w)
{
	buf_fini(&top(w)->names);
	w->depth--;
}

struct walk *
walk_new(const struct work *work, struct span after)
{
	struct walk *w = mem_zalloc(sizeof *w);

	w->work = work;
	w->after = after;
	buf_init(&w->path, PATH_MAX_BYTES);
	buf_span(&w->path, work->prefix);
	if (work->any_key)
		return w;
	if (work->prefix.n > 0)
		buf_char(&w->path, '/');
	buf_str(&w->path, "AWSLogs/");
	if (work->organization.n > 0) {
		buf_span(&w->path, work->organization);
		buf_char(&w->path, '/');
	}
	push(w, work->organization.n > 0 ? ORGANIZATION : ROOT);
	return w;
}

void
walk_free(struct walk **wp)
{
	struct walk *w = *wp;

	if (w == NULL)
		return;
	while (w->depth > 0)
		pop(w);
	buf_fini(&w->path);
	mem_free(w);
	*wp = NULL;
}

/* ---- names ---- */

static bool
is_one(struct span name, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (span_is(name, list[i]))
			return true;
	}
	return n == 0;
}

static bool
is_account(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
	}
	return s.n == 12;
}

static bool
is_wanted(
    const struct walk *w, enum kind kind, struct span name, struct span folder)
{
	const struct work *work = w->work;

	switch (kind) {
	case ROOT:
		if (span_starts(name, "o-"))
			return true;
		return is_account(name) &&
		       is_one(name, work->accounts, work->naccounts);
	case ORGANIZATION:
		return is_account(name) &&
		       is_one(name, work->accounts, work->naccounts);
	case ACCOUNT:
		return span_starts(name, "CloudTrail") &&
		       filter_other_folder(folder).n == 0;
	case FAMILY:
		return is_one(name, work->regions, work->nregions);
	case DAYS:
		break;
	}
	return false;
}

/* Whether nothing in the folder comes behind the key to go on after. */
static bool
is_passed(const struct walk *w, struct span folder)
{
	size_t n = folder.n;

	return w->after.n > 0 && span_cmp(folder, w->after) < 0 &&
	       !(w->after.n >= n && memcmp(w->after.p, folder.p, n) == 0);
}

enum err
walk_add(struct walk *w, struct span folder)
{
	struct level *l = top(w);
	struct span name = folder;

	CHECK(w->asked && l->kind != DAYS);
	if (folder.n <= w->path.n + 1 || folder.p[folder.n - 1] != '/' ||
	    memcmp(folder.p, buf_view(&w->path).p, w->path.n) != 0)
		return ERR_SHAPE;
	name.p += w->path.n;
	name.n -= w->path.n + 1;
	if (memchr(name.p, '/', name.n) != NULL)
		return ERR_SHAPE;
	if (is_passed(w, folder) || !is_wanted(w, l->kind, name, folder))
		return ERR_OK;
	buf_span(&l->names, name);
	buf_char(&l->names, '/');
	return l->names.err;
}

void
walk_answered(struct walk *w)
{
	CHECK(w->asked);
	w->asked = false;
}

/* ---- the order ---- */

static bool
next_day(struct walk *w)
{
	struct level *l = top(w);
	int64_t last = (w->work->to_s - 1) / WHEN_DAY_S + 1;

	while (l->day <= last) {
		buf_cut(&w->path, l->path_n);
		when_day_folder(&w->path, l->day++);
		if (is_passed(w, buf_view(&w->path)))
			continue;
		w->view.days++;
		return true;
	}
	return false;
}

static bool
next_name(struct walk *w)
{
	struct level *l = top(w);
	struct span rest = {buf_view(&l->names).p + l->at, l->names.n - l->at};
	struct span name;

	if (rest.n == 0)
		return false;
	name = span_cut(&rest, '/');
	l->at += name.n + 1;
	buf_cut(&w->path, l->path_n);
	buf_span(&w->path, name);
	buf_char(&w->path, '/');
	CHECK(w->path.err == ERR_OK); /* S3's keys are shorter */
	if (l->kind == ROOT)
		push(w, span_starts(name, "o-") ? ORGANIZATION : ACCOUNT);
	else
		push(w, (enum kind)(l->kind + 1));
	return true;
}

static enum walk_step
give(struct walk *w, struct span *prefix, enum walk_step step)
{
	*prefix = buf_view(&w->path);
	return step;
}

enum walk_step
walk_next(struct walk *w, struct span *prefix)
{
	bool first = !w->begun;

	CHECK(!w->asked);
	w->begun = true;
	if (w->work->any_key)
		return give(w, prefix, first ? WALK_OBJECTS : WALK_END);
	w->asked = first;
	if (first)
		return give(w, prefix, WALK_FOLDERS);
	while (w->depth > 0) {
		if (top(w)->kind == DAYS) {
			if (next_day(w))
				return give(w, prefix, WALK_OBJECTS);
		} else if (next_name(w)) {
			if (top(w)->kind == DAYS)
				continue;
			w->asked = true;
			return give(w, prefix, WALK_FOLDERS);
		}
		pop(w);
	}
	return give(w, prefix, WALK_END);
}

struct walk_view
walk_view(const struct walk *w)
{
	return w->view;
}
