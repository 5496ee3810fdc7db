/* A page of a listing: what ListObjectsV2 replies, read as it comes. Keys are
 * asked for in their encoded form, since XML cannot hold all of them. */
#include <string.h>

#include "aws/list.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/mem.h"
#include "base/xml.h"

#define ROOT   "ListBucketResult"
#define OBJECT ROOT "/Contents"

enum {
	FED_MAX = 16 * 1024 * 1024, /* of XML; nothing of it is kept */
	NEXT_MAX = 4 * 1024,
	WORD_MAX = 255, /* of an ETag, of a storage class */
	FOLDERS_MAX = LIST_KEYS_MAX,
};

/* Texts lie one after the other, as what holds them may move. */
struct text {
	uint32_t at, n;
};

struct entry {
	struct text key, etag, storage_class;
	int64_t size, modified_s;
};

struct list_page {
	struct xml *xml;
	enum err err;
	struct buf text, next;
	struct entry *entries;
	struct text *folders;
	size_t n, cap, nfolders, cap_folders;
	struct entry open; /* the one whose end has not come */
	bool has_key, is_listing;
};

static void
fail(struct list_page *p, enum err err)
{
	if (p->err == ERR_OK)
		p->err = err;
}

/* What is longer than any there is counts as not told. */
static struct text
keep(struct list_page *p, struct span s)
{
	struct text t = {(uint32_t)p->text.n, (uint32_t)s.n};

	if (s.n > WORD_MAX)
		return (struct text){0};
	buf_span(&p->text, s);
	if (p->text.err != ERR_OK)
		fail(p, ERR_LIMIT);
	return t;
}

/* '+' is a blank too: a plus sign comes as %2B. */
static struct text
keep_name(struct list_page *p, struct span s)
{
	struct text t = {.at = (uint32_t)p->text.n};
	enum err err = enc_form_decode(&p->text, s);

	if (err != ERR_OK || p->text.n == t.at)
		fail(p, err == ERR_LIMIT ? ERR_LIMIT : ERR_SHAPE);
	t.n = (uint32_t)p->text.n - t.at;
	if (t.n > LIST_KEY_MAX)
		fail(p, ERR_LIMIT);
	return t;
}

static struct span
bare_etag(struct span s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return (struct span){s.p + 1, s.n - 2};
	return s;
}

static void
open_entry(struct list_page *p)
{
	p->open = (struct entry){.size = -1, .modified_s = -1};
	p->has_key = false;
}

static void
end_entry(struct list_page *p)
{
	if (!p->has_key) {
		fail(p, ERR_SHAPE);
		return;
	}
	if (p->n == LIST_KEYS_MAX) {
		fail(p, ERR_LIMIT);
		return;
	}
	if (p->n == p->cap) {
		p->cap = p->cap > 0 ? 2 * p->cap : 16;
		p->entries =
		    mem_realloc(p->entries, p->cap * sizeof *p->entries);
	}
	p->entries[p->n++] = p->open;
	open_entry(p);
}

static void
add_folder(struct list_page *p, struct span name)
{
	if (p->nfolders == FOLDERS_MAX) {
		fail(p, ERR_LIMIT);
		return;
	}
	if (p->nfolders == p->cap_folders) {
		p->cap_folders = p->cap_folders > 0 ? 2 * p->cap_folders : 16;
		p->folders = mem_realloc(
		    p->folders, p->cap_folders * sizeof *p->folders);
	}
	p->folders[p->nfolders++] = keep_name(p, name);
}

static void
visit_object(struct list_page *p, const char *member, struct span text)
{
	uint64_t n;

	if (strcmp(member, "Key") == 0) {
		p->open.key = keep_name(p, text);
		p->has_key = true;
	} else if (strcmp(member, "ETag") == 0) {
		p->open.etag = keep(p, bare_etag(text));
	} else if (strcmp(member, "StorageClass") == 0) {
		p->open.storage_class = keep(p, text);
	} else if (strcmp(member, "Size") == 0) {
		if (span_u64(text, 0, INT64_MAX, &n) == ERR_OK)
			p->open.size = (int64_t)n;
	} else if (strcmp(member, "LastModified") == 0) {
		if (clock_parse_iso(text, &p->open.modified_s) != ERR_OK)
			p->open.modified_s = -1;
	}
}

static void
visit(void *arg, const char *path, struct span text)
{
	static const char object[] = OBJECT "/";
	struct list_page *p = arg;

	if (p->err != ERR_OK)
		return;
	if (strncmp(path, object, sizeof object - 1) == 0)
		visit_object(p, path + sizeof object - 1, text);
	else if (strcmp(path, OBJECT) == 0)
		end_entry(p);
	else if (strcmp(path, ROOT "/CommonPrefixes/Prefix") == 0)
		add_folder(p, text);
	else if (strcmp(path, ROOT "/NextContinuationToken") == 0)
		buf_span(&p->next, text);
	else if (strcmp(path, ROOT) == 0)
		p->is_listing = true;
}

struct list_page *
list_page_new(void)
{
	struct list_page *p = mem_zalloc(sizeof *p);

	buf_init(&p->text, LIST_PAGE_MAX);
	/* What is not written to is not touched. */
	buf_reserve(&p->text, LIST_PAGE_MAX);
	buf_init(&p->next, NEXT_MAX);
	open_entry(p);
	p->xml = xml_new_visit(FED_MAX, visit, p);
	return p;
}

enum err
list_page_feed(struct list_page *p, struct span s)
{
	enum err err = xml_feed(p->xml, s);

	fail(p, err);
	fail(p, p->next.err);
	return p->err;
}

enum err
list_page_finish(struct list_page *p)
{
	fail(p, xml_finish(p->xml));
	if (!p->is_listing)
		fail(p, ERR_SHAPE);
	xml_free(&p->xml);
	return p->err;
}

size_t
list_page_bytes(const struct list_page *p)
{
	return p->text.n;
}

void
list_page_free(struct list_page **pp)
{
	struct list_page *p = *pp;

	if (p == NULL)
		return;
	xml_free(&p->xml);
	buf_fini(&p->text);
	buf_fini(&p->next);
	mem_free(p->entries);
	mem_free(p->folders);
	mem_free(p);
	*pp = NULL;
}

static struct span
span_of(const struct list_page *p, struct text t)
{
	return (struct span){buf_view(&p->text).p + t.at, t.n};
}

size_t
list_page_count(const struct list_page *p)
{
	return p->n;
}

struct list_object
list_page_at(const struct list_page *p, size_t i)
{
	const struct entry *e = &p->entries[i];

	CHECK(i < p->n);
	return (struct list_object){.key = span_of(p, e->key),
	    .etag = span_of(p, e->etag),
	    .storage_class = span_of(p, e->storage_class),
	    .size = e->size,
	    .modified_s = e->modified_s};
}

size_t
list_page_folders(const struct list_page *p)
{
	return p->nfolders;
}

struct span
list_page_folder(const struct list_page *p, size_t i)
{
	CHECK(i < p->nfolders);
	return span_of(p, p->folders[i]);
}

struct span
list_page_next(const struct list_page *p)
{
	return buf_view(&p->next);
}
