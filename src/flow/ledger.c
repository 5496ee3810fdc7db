#include "flow/ledger.h"

#include <search.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"

enum { USUAL_TEXT_BYTES = 320, RANGES_BYTES = LEDGER_RANGES * 16 };

struct range {
	uint64_t from, to; /* to is one past */
};

_Static_assert(sizeof(struct range) * LEDGER_RANGES == RANGES_BYTES,
    "RANGES_BYTES is the size of a page's ranges");

struct ledger_page {
	struct ledger *ledger;
	TAILQ_ENTRY(ledger_page) link; /* oldest first */
	char *text;		       /* owned; the spans lie in it */
	struct span bucket, key, etag, version;
	unsigned opened;
	bool complete;
	uint64_t prefix;     /* events 0 … prefix − 1 */
	struct range *range; /* sorted, apart from one another; NULL if none */
	size_t nranges;
};

struct ledger {
	TAILQ_HEAD(, ledger_page) pages;
	void *tree; /* tsearch(3), by bucket and key */
	size_t count, max, bytes;
};

static int
by_name(const void *a, const void *b)
{
	const struct ledger_page *x = a, *y = b;
	int c = span_cmp(x->key, y->key);

	return c != 0 ? c : span_cmp(x->bucket, y->bucket);
}

static size_t
text_bytes(const struct ledger_page *p)
{
	return p->bucket.n + p->key.n + p->etag.n + p->version.n;
}

static void
drop_ranges(struct ledger_page *p)
{
	if (p->range != NULL)
		p->ledger->bytes -= RANGES_BYTES;
	mem_free(p->range);
	p->range = NULL;
	p->nranges = 0;
}

static void
write_names(struct ledger_page *p, struct span bucket, struct span key,
    struct span etag, struct span version)
{
	size_t n = bucket.n + key.n + etag.n + version.n;
	char *at = mem_alloc(n);
	char *old = p->text;

	p->ledger->bytes += n - text_bytes(p);
	p->text = at;
	p->bucket = span_place(&at, bucket);
	p->key = span_place(&at, key);
	p->etag = span_place(&at, etag);
	p->version = span_place(&at, version);
	mem_free(old);
}

static struct ledger_page *
find(struct ledger *l, struct span bucket, struct span key)
{
	struct ledger_page like = {.bucket = bucket, .key = key};
	struct ledger_page **at = tfind(&like, &l->tree, by_name);

	return at != NULL ? *at : NULL;
}

static void
tear_out(struct ledger *l, struct ledger_page *p)
{
	(void)tdelete(p, &l->tree, by_name);
	TAILQ_REMOVE(&l->pages, p, link);
	l->count--;
	drop_ranges(p);
	l->bytes -= text_bytes(p) + sizeof *p;
	mem_free(p->text);
	mem_free(p);
}

/* Until it keeps its bounds, or only open pages are left. */
static void
keep_bounds(struct ledger *l)
{
	struct ledger_page *p = TAILQ_FIRST(&l->pages), *next;

	for (; p != NULL; p = next) {
		if (l->count <= l->max && l->bytes <= ledger_bytes(l->max))
			return;
		next = TAILQ_NEXT(p, link);
		if (p->opened == 0)
			tear_out(l, p);
	}
}

/* The ETag decides where both sides have one: the version of an object that was
 * put while versioning was suspended is always "null". */
static bool
same_contents(
    const struct ledger_page *p, struct span etag, struct span version)
{
	if (etag.n > 0 && p->etag.n > 0)
		return span_eq(p->etag, etag);
	return version.n > 0 && !span_is(version, "null") &&
	       span_eq(p->version, version);
}

static void
start_over(struct ledger_page *p)
{
	drop_ranges(p);
	p->prefix = 0;
	p->complete = false;
}

static struct ledger_page *
new_page(struct ledger *l, struct span bucket, struct span key,
    struct span etag, struct span version)
{
	struct ledger_page *p = mem_zalloc(sizeof *p);

	p->ledger = l;
	p->opened = 1;
	write_names(p, bucket, key, etag, version);
	CHECK(tsearch(p, &l->tree, by_name) != NULL);
	TAILQ_INSERT_TAIL(&l->pages, p, link);
	l->count++;
	l->bytes += sizeof *p;
	keep_bounds(l);
	p->opened = 0;
	return p;
}

struct ledger_page *
ledger_open(struct ledger *l, struct span bucket, struct span key,
    struct span etag, struct span version)
{
	struct ledger_page *p;

	if (l->max == 0 || (etag.n == 0 && version.n == 0))
		return NULL;
	p = find(l, bucket, key);
	if (p == NULL) {
		p = new_page(l, bucket, key, etag, version);
	} else if (!same_contents(p, etag, version)) {
		/* Somebody is still counting events of other contents. */
		if (p->opened > 0)
			return NULL;
		start_over(p);
		write_names(p, bucket, key, etag, version);
	}
	TAILQ_REMOVE(&l->pages, p, link);
	TAILQ_INSERT_TAIL(&l->pages, p, link);
	p->opened++;
	return p;
}

void
ledger_close(struct ledger *l, struct ledger_page **pp)
{
	struct ledger_page *p = *pp;

	if (p == NULL)
		return;
	CHECK(p->opened > 0);
	*pp = NULL;
	p->opened--;
	keep_bounds(l);
}

/* Ranges that the prefix has reached become part of it. */
static void
absorb(struct ledger_page *p)
{
	size_t gone = 0;

	while (gone < p->nranges && p->range[gone].from <= p->prefix) {
		if (p->range[gone].to > p->prefix)
			p->prefix = p->range[gone].to;
		gone++;
	}
	if (gone == 0)
		return;
	p->nranges -= gone;
	memmove(p->range, p->range + gone, p->nranges * sizeof *p->range);
	if (p->nranges == 0)
		drop_ranges(p);
}

/* Puts r among the ranges, joined with those that it touches. */
static void
insert(struct ledger_page *p, struct range r)
{
	size_t i = 0, j;

	while (i < p->nranges && p->range[i].to < r.from)
		i++;
	for (j = i; j < p->nranges && p->range[j].from <= r.to; j++) {
		if (p->range[j].from < r.from)
			r.from = p->range[j].from;
		if (p->range[j].to > r.to)
			r.to = p->range[j].to;
	}
	if (i == j && p->nranges == LEDGER_RANGES)
		return;
	if (p->range == NULL) {
		p->range = mem_alloc(RANGES_BYTES);
		p->ledger->bytes += RANGES_BYTES;
	}
	memmove(p->range + i + 1, p->range + j,
	    (p->nranges - j) * sizeof *p->range);
	p->range[i] = r;
	p->nranges = p->nranges - (j - i) + 1;
}

void
ledger_note(struct ledger_page *p, uint64_t first, uint64_t count)
{
	struct range r = {first, first + count};

	if (p == NULL || r.to <= p->prefix)
		return;
	if (r.from <= p->prefix)
		p->prefix = r.to;
	else
		insert(p, r);
	absorb(p);
}

bool
ledger_has(const struct ledger_page *p, uint64_t index)
{
	if (p == NULL)
		return false;
	if (index < p->prefix)
		return true;
	for (size_t i = 0; i < p->nranges; i++) {
		if (index >= p->range[i].from && index < p->range[i].to)
			return true;
	}
	return false;
}

void
ledger_complete(struct ledger_page *p)
{
	if (p != NULL)
		p->complete = true;
}

bool
ledger_knows(struct ledger *l, struct span bucket, struct span key,
    struct span etag, struct span version)
{
	struct ledger_page *p = find(l, bucket, key);

	return p != NULL && p->complete && same_contents(p, etag, version);
}

struct ledger *
ledger_new(size_t max)
{
	struct ledger *l = mem_zalloc(sizeof *l);

	TAILQ_INIT(&l->pages);
	l->max = max;
	return l;
}

void
ledger_free(struct ledger **lp)
{
	struct ledger *l = *lp;
	struct ledger_page *p;

	if (l == NULL)
		return;
	while ((p = TAILQ_FIRST(&l->pages)) != NULL) {
		CHECK(p->opened == 0);
		tear_out(l, p);
	}
	mem_free(l);
	*lp = NULL;
}

size_t
ledger_count(const struct ledger *l)
{
	return l->count;
}

size_t
ledger_bytes(size_t max)
{
	return max * (sizeof(struct ledger_page) + USUAL_TEXT_BYTES);
}
