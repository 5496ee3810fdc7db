#include "flow/ledger.h"

#include <search.h>
#include <string.h>
#include <sys/queue.h>

#include "base/mem.h"

enum {
	USUAL_TEXT_BYTES = 320,
	/* So that a full lot has its pages, however few are remembered. */
	OPEN_BYTES = 512 * 1024,
};

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

static void
write_names(struct ledger_page *p, struct span bucket, struct span key,
    struct span etag, struct span version)
{
	size_t n = bucket.n + key.n + etag.n + version.n;
	char *at = mem_alloc(n);

	p->text = at;
	p->bucket = span_place(&at, bucket);
	p->key = span_place(&at, key);
	p->etag = span_place(&at, etag);
	p->version = span_place(&at, version);
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
	l->bytes -= sizeof *p + text_bytes(p) + ranges_bytes(&p->acked) +
		    ranges_bytes(&p->marked);
	ranges_clear(&p->acked);
	ranges_clear(&p->marked);
	mem_free(p->text);
	mem_free(p);
}

/* Until it keeps its bounds with so many bytes more, or only open pages are
 * left; the result is whether they fit. */
static bool
make_room(struct ledger *l, size_t more)
{
	size_t most = ledger_bytes(l->max);
	struct ledger_page *p = TAILQ_FIRST(&l->pages), *next;

	for (; p != NULL; p = next) {
		if (l->count <= l->max && l->bytes + more <= most)
			break;
		next = TAILQ_NEXT(p, link);
		if (p->opened == 0)
			tear_out(l, p);
	}
	return l->bytes + more <= most;
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

static bool
holds_for(const struct ledger_page *p, uint64_t rules)
{
	return !p->bound || p->rules == rules;
}

/* Whether it can go on from it: while others read it, more may be left out. */
static bool
is_of(const struct ledger_page *p, struct span etag, struct span version,
    uint64_t rules)
{
	return same_contents(p, etag, version) &&
	       (p->opened > 0 ? p->rules == rules : holds_for(p, rules));
}

/* NULL: there is no room for it. */
static struct ledger_page *
new_page(struct ledger *l, struct span bucket, struct span key,
    struct span etag, struct span version)
{
	size_t n = bucket.n + key.n + etag.n + version.n;
	struct ledger_page *p;

	l->count++;
	if (!make_room(l, sizeof *p + n)) {
		l->count--;
		return NULL;
	}
	p = mem_zalloc(sizeof *p);
	p->ledger = l;
	write_names(p, bucket, key, etag, version);
	CHECK(tsearch(p, &l->tree, by_name) != NULL);
	TAILQ_INSERT_TAIL(&l->pages, p, link);
	l->bytes += sizeof *p + n;
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
	if (p != NULL && !is_of(p, etag, version, rules)) {
		/* Somebody is still counting what it has. */
		if (p->opened > 0)
			return NULL;
		tear_out(l, p);
		p = NULL;
	}
	if (p == NULL)
		p = new_page(l, bucket, key, etag, version);
	if (p == NULL)
		return NULL;
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
	(void)make_room(l, 0);
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

static void
add_range(struct ledger_page *p, struct ranges *to, struct range r)
{
	struct ledger *l = p->ledger;

	if (!make_room(l, ranges_next_bytes(to)))
		return;
	l->bytes -= ranges_bytes(to);
	ranges_add(to, r);
	l->bytes += ranges_bytes(to);
}

static void
grow_prefix(struct ledger_page *p, uint64_t end)
{
	p->ledger->bytes -= ranges_bytes(&p->acked);
	p->prefix = ranges_cut(&p->acked, end);
	p->ledger->bytes += ranges_bytes(&p->acked);
}

void
ledger_note(struct ledger_page *p, uint64_t first, uint64_t count)
{
	struct range r = {first, first + count};

	if (p == NULL || r.to <= p->prefix)
		return;
	if (r.from <= p->prefix)
		grow_prefix(p, r.to);
	else
		add_range(p, &p->acked, r);
}

void
ledger_mark(struct ledger_page *p, uint64_t index)
{
	if (p != NULL)
		add_range(p, &p->marked, (struct range){index, index + 1});
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
	if (max == 0)
		return 0;
	return max * (sizeof(struct ledger_page) + USUAL_TEXT_BYTES) +
	       OPEN_BYTES;
}
