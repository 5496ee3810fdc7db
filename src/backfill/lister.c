/*
 * A ring of folders, the oldest in front. Each has the page that came last and,
 * the front one alone, the one behind it:
 *
 *	walk → [slot][slot]…[slot] → lister_peek, lister_take
 *
 * While the folders of a level are asked for (`asking`), no slot is added.
 */
#include "backfill/lister.h"

#include <stdio.h>
#include <string.h>

#include "backfill/walk.h"
#include "base/clock.h"
#include "base/mem.h"

/* What pages that are held or under way may take, as far as the largest one so
 * far tells; one there may be in any case. */
enum { HELD_MAX = 2 * 1024 * 1024 };

enum { KEY_MAX = 4096, RETRY_BASE_MS = 500, RETRY_CAP_MS = 30 * 1000 };

/* One folder whose listing is under way. */
struct slot {
	struct lister *lister;
	struct buf prefix, next;
	bool folders; /* it lists those of a level */
	bool more;    /* there is a page after the last one that came */
	bool used;
	struct list_call *call;
	struct timer *timer; /* a back-off */
	unsigned fails;	     /* in a row */
	struct list_page *page, *ahead;
	size_t at; /* in page */
};

struct lister {
	struct s3 *s3;
	const struct work *work;
	struct walk *walk;
	struct buf after, last; /* last: the key that came last */
	lister_fn *fn;
	void *arg;
	struct timer *wake;
	struct slot slot[LISTER_AHEAD], asking;
	unsigned front, n;
	bool walked; /* the walk has come to its end */
	bool failed;
	struct aws_result failure, trouble;
	bool in_trouble;
	struct buf failed_at;
	int64_t bad_ms; /* since when nothing succeeds; while in_trouble */
	uint64_t lists;
	size_t largest; /* of the pages so far; 0: none came */
};

static void fill(struct lister *l);

static void
fail(struct lister *l, const struct aws_result *r, struct span prefix)
{
	if (l->failed)
		return;
	l->failed = true;
	l->failure = *r;
	l->failure.reply = NULL;
	buf_span(&l->failed_at, prefix);
	timer_soon(l->wake);
}

/* What S3 lists is in order: whoever goes on after a key relies on it. */
static void
fail_shape(struct lister *l, struct span prefix, const char *what)
{
	struct aws_result r = {.class = AWS_OTHER, .err = ERR_SHAPE};

	(void)snprintf(r.message, sizeof r.message, "%s", what);
	fail(l, &r, prefix);
}

static void
slot_end(struct slot *s)
{
	list_cancel(&s->call);
	timer_stop(s->timer);
	list_page_free(&s->page);
	list_page_free(&s->ahead);
	buf_fini(&s->prefix);
	buf_fini(&s->next);
	s->used = false;
}

/* ---- a page comes ---- */

static void
take_folders(struct slot *s, struct list_page *page)
{
	struct lister *l = s->lister;
	enum err err = ERR_OK;

	for (size_t i = 0; i < list_page_folders(page) && err == ERR_OK; i++)
		err = walk_add(l->walk, list_page_folder(page, i));
	list_page_free(&page);
	if (err != ERR_OK)
		fail_shape(l, buf_view(&s->prefix),
		    "the listing is not of the prefix that was asked for");
	if (s->more || l->failed)
		return;
	walk_answered(l->walk);
	slot_end(s);
}

static bool
is_to_be_asked_again(const struct lister *l, const struct aws_result *r)
{
	return (r->class == AWS_TRANSIENT || r->class == AWS_THROTTLED) &&
	       clock_mono_ms() - l->bad_ms < LISTER_PATIENCE_MS;
}

static void
on_page(void *arg, const struct aws_result *r, struct list_page *page)
{
	struct slot *s = arg;
	struct lister *l = s->lister;

	s->call = NULL;
	if (page == NULL) {
		if (!l->in_trouble)
			l->bad_ms = clock_mono_ms();
		l->in_trouble = true;
		l->trouble = *r;
		if (is_to_be_asked_again(l, r))
			timer_after(s->timer, clock_backoff_ms(RETRY_BASE_MS,
						  RETRY_CAP_MS, s->fails++));
		else
			fail(l, r, buf_view(&s->prefix));
		return;
	}
	l->in_trouble = false;
	l->lists++;
	s->fails = 0;
	if (list_page_bytes(page) >= l->largest)
		l->largest = list_page_bytes(page) + 1;
	s->more = list_page_next(page).n > 0;
	buf_reset(&s->next);
	buf_span(&s->next, list_page_next(page));
	if (s->folders)
		take_folders(s, page);
	else if (s->page == NULL)
		s->page = page;
	else
		s->ahead = page;
	fill(l);
	timer_soon(l->wake);
}

static void
ask(void *arg)
{
	struct slot *s = arg;
	struct lister *l = s->lister;
	struct span after = buf_view(&l->after);
	struct list_spec spec = {.bucket = l->work->bucket,
	    .prefix = buf_view(&s->prefix),
	    .folders = s->folders,
	    .next = buf_view(&s->next)};

	/* Of folders, all are listed and those behind it picked. */
	if (!s->folders && span_cmp(spec.prefix, after) < 0)
		spec.after = after;
	s->call = list_start(l->s3, &spec, on_page, s);
}

/* ---- what to ask for ---- */

static void
open_slot(struct slot *s, struct span prefix, bool folders)
{
	buf_init(&s->prefix, KEY_MAX);
	buf_init(&s->next, KEY_MAX);
	buf_span(&s->prefix, prefix);
	s->folders = folders;
	s->more = true;
	s->used = true;
	s->fails = 0;
	s->at = 0;
	ask(s);
}

/* How many pages there may be at once. */
static size_t
width(const struct lister *l)
{
	size_t n = l->largest > 0 ? HELD_MAX / l->largest : 1;

	if (n < 1)
		return 1;
	return n < LISTER_AHEAD ? n : LISTER_AHEAD;
}

/* The pages of one folder come one after the other. */
static void
ask_more(struct slot *s, bool wanted)
{
	if (s->used && s->more && wanted && s->call == NULL && s->fails == 0)
		ask(s);
}

static void
fill(struct lister *l)
{
	struct span prefix;

	ask_more(&l->asking, true);
	for (unsigned i = 0; i < l->n; i++) {
		struct slot *s = &l->slot[(l->front + i) % LISTER_AHEAD];

		ask_more(s, s->page == NULL ||
				(i == 0 && s->ahead == NULL && width(l) > 1));
	}
	while (!l->failed && !l->walked && !l->asking.used && l->n < width(l)) {
		switch (walk_next(l->walk, &prefix)) {
		case WALK_FOLDERS:
			open_slot(&l->asking, prefix, true);
			break;
		case WALK_OBJECTS:
			open_slot(&l->slot[(l->front + l->n++) % LISTER_AHEAD],
			    prefix, false);
			break;
		case WALK_END:
			l->walked = true;
			break;
		}
	}
}

/* ---- what comes out ---- */

static bool
keep_order(struct lister *l, const struct slot *s, const struct list_object *o)
{
	struct span prefix = buf_view(&s->prefix);
	const char *what = NULL;

	if (l->last.n > 0 && span_cmp(o->key, buf_view(&l->last)) <= 0)
		what = "the listing is not in the order of keys";
	else if (o->key.n < prefix.n ||
		 memcmp(o->key.p, prefix.p, prefix.n) != 0)
		what = "the listing is not of the prefix that was asked for";
	if (what != NULL)
		fail_shape(l, prefix, what);
	return what == NULL;
}

/* The next page of the front folder, or the next folder; false: not yet. */
static bool
advance(struct lister *l, struct slot *s)
{
	if (s->page != NULL) {
		list_page_free(&s->page);
		s->page = s->ahead;
		s->ahead = NULL;
		s->at = 0;
	}
	if (s->page == NULL && !s->more) {
		slot_end(s);
		l->front = (l->front + 1) % LISTER_AHEAD;
		l->n--;
	}
	fill(l);
	return !s->used || s->page != NULL;
}

enum lister_state
lister_peek(struct lister *l, struct list_object *o)
{
	while (!l->failed && l->n > 0) {
		struct slot *s = &l->slot[l->front];

		if (s->page != NULL && s->at < list_page_count(s->page)) {
			*o = list_page_at(s->page, s->at);
			if (keep_order(l, s, o))
				return LISTER_OBJECT;
		} else if (!advance(l, s)) {
			return LISTER_WAITS;
		}
	}
	if (l->failed)
		return LISTER_FAILED;
	return l->walked ? LISTER_END : LISTER_WAITS;
}

void
lister_take(struct lister *l)
{
	struct slot *s = &l->slot[l->front];
	struct list_object o = list_page_at(s->page, s->at++);

	buf_reset(&l->last);
	buf_span(&l->last, o.key);
}

/* ---- life ---- */

static void
on_wake(void *arg)
{
	struct lister *l = arg;

	l->fn(l->arg);
}

struct lister *
lister_new(struct s3 *s, struct timers *t, const struct work *w,
    struct span after, lister_fn *fn, void *arg)
{
	struct lister *l = mem_zalloc(sizeof *l);

	l->s3 = s;
	l->work = w;
	l->fn = fn;
	l->arg = arg;
	buf_init(&l->after, KEY_MAX);
	buf_init(&l->last, KEY_MAX);
	buf_init(&l->failed_at, KEY_MAX);
	buf_span(&l->after, after);
	buf_span(&l->last, after);
	l->walk = walk_new(w, buf_view(&l->after));
	l->wake = timer_new(t, on_wake, l);
	for (unsigned i = 0; i <= LISTER_AHEAD; i++) {
		struct slot *one = i < LISTER_AHEAD ? &l->slot[i] : &l->asking;

		one->lister = l;
		one->timer = timer_new(t, ask, one);
	}
	fill(l);
	return l;
}

void
lister_free(struct lister **lp)
{
	struct lister *l = *lp;

	if (l == NULL)
		return;
	for (unsigned i = 0; i <= LISTER_AHEAD; i++) {
		struct slot *one = i < LISTER_AHEAD ? &l->slot[i] : &l->asking;

		if (one->used)
			slot_end(one);
		timer_free(&one->timer);
	}
	timer_free(&l->wake);
	walk_free(&l->walk);
	buf_fini(&l->after);
	buf_fini(&l->last);
	buf_fini(&l->failed_at);
	mem_free(l);
	*lp = NULL;
}

struct lister_view
lister_view(const struct lister *l)
{
	struct walk_view v = walk_view(l->walk);

	return (struct lister_view){.lists = l->lists,
	    .accounts = v.accounts,
	    .regions = v.regions,
	    .days = v.days,
	    .trouble = l->in_trouble ? &l->trouble : NULL};
}

const struct aws_result *
lister_failure(const struct lister *l, struct span *prefix)
{
	CHECK(l->failed);
	*prefix = buf_view(&l->failed_at);
	return &l->failure;
}
