#include "flow/ledger.h"

#include <search.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"

enum { USUAL_TEXT_BYTES = 320 };

struct ledger_page {
	struct ledger *ledger;
	TAILQ_ENTRY(ledger_page) link; /* oldest first */
	char *text;		       /* owned; the spans lie in it */
	struct span bucket, key, etag, version;
	unsigned opened;
	void *reader; /* borrowed */
	bool complete;
	bool judged;
	uint64_t rules;	     /* that it was opened with last */
	bool bound;	     /* what is noted holds for these alone */
	uint64_t prefix;     /* events 0 … prefix − 1 */
	struct ranges acked; /* beyond it */
	struct ranges marked;
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

static size_t
both_bytes(const struct ledger_page *p)
{
	return ranges_bytes(&p->acked) + ranges_bytes(&p->marked);
}

static void
drop_ranges(struct ledger_page *p)
{
	p->ledger->bytes -= both_bytes(p);
	ranges_clear(&p->acked);
	ranges_clear(&p->marked);
	p->judged = false;
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
	p->complete = p->bound = false;
}

static bool
holds_for(const struct ledger_page *p, uint64_t rules)
{
	return !p->bound || p->rules == rules;
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
    struct span etag, struct span version, uint64_t rules)
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
	} else if (p->rules != rules && p->opened > 0) {
		/* Likewise, of what these rules may not leave out. */
		return NULL;
	} else if (!holds_for(p, rules)) {
		start_over(p);
	}
	p->rules = rules;
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

struct ledger_page *
ledger_hold(struct ledger_page *p)
{
	if (p != NULL)
		p->opened++;
	return p;
}

bool
ledger_follows(const struct ledger_page *p, uint64_t rules)
{
	return p != NULL && p->rules == rules;
}

void
ledger_bind(struct ledger_page *p)
{
	if (p != NULL)
		p->bound = true;
}

void
ledger_set_reader(struct ledger_page *p, void *reader)
{
	if (p != NULL)
		p->reader = reader;
}

void *
ledger_reader(const struct ledger_page *p)
{
	return p != NULL ? p->reader : NULL;
}

void
ledger_note(struct ledger_page *p, uint64_t first, uint64_t count)
{
	struct range r = {first, first + count};

	if (p == NULL || r.to <= p->prefix)
		return;
	p->ledger->bytes -= both_bytes(p);
	if (r.from <= p->prefix)
		p->prefix = r.to;
	else
		ranges_add(&p->acked, r);
	p->prefix = ranges_cut(&p->acked, p->prefix);
	p->ledger->bytes += both_bytes(p);
}

void
ledger_mark(struct ledger_page *p, uint64_t index)
{
	if (p == NULL)
		return;
	p->ledger->bytes -= both_bytes(p);
	ranges_add(&p->marked, (struct range){index, index + 1});
	p->ledger->bytes += both_bytes(p);
}

bool
ledger_marked(const struct ledger_page *p, uint64_t index)
{
	return p != NULL && ranges_have(&p->marked, index);
}

const struct ranges *
ledger_marks(const struct ledger_page *p)
{
	static const struct ranges none = {0};

	return p != NULL ? &p->marked : &none;
}

void
ledger_unmark(struct ledger_page *p)
{
	if (p == NULL)
		return;
	p->ledger->bytes -= ranges_bytes(&p->marked);
	ranges_clear(&p->marked);
	p->judged = false;
}

void
ledger_judge(struct ledger_page *p)
{
	if (p != NULL)
		p->judged = true;
}

bool
ledger_judged(const struct ledger_page *p)
{
	return p != NULL && p->judged;
}

bool
ledger_has(const struct ledger_page *p, uint64_t index)
{
	if (p == NULL)
		return false;
	return index < p->prefix || ranges_have(&p->acked, index);
}

void
ledger_complete(struct ledger_page *p)
{
	if (p != NULL)
		p->complete = true;
}

bool
ledger_knows(struct ledger *l, struct span bucket, struct span key,
    struct span etag, struct span version, uint64_t rules)
{
	struct ledger_page *p = find(l, bucket, key);

	return p != NULL && p->complete && holds_for(p, rules) &&
	       same_contents(p, etag, version);
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
