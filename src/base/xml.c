#include "base/xml.h"

#include <string.h>

#include <expat.h>

#include "base/buf.h"
#include "base/mem.h"

/* Where in the store the path and the text of a leaf lie, one after the
 * other. */
struct leaf {
	size_t at, path_n, text_n;
};

struct xml {
	XML_Parser parser;
	enum err err;
	size_t left; /* of the bytes that may be fed */
	struct buf path;
	size_t parent_n[XML_DEPTH_MAX]; /* path's length without level i */
	unsigned depth, elements;
	bool in_leaf; /* no child since the last start tag */
	struct buf text;
	struct buf store;
	struct leaf *leaves;
	size_t nleaves, cap;
	xml_visit_fn *visit; /* NULL: leaves are kept */
	void *arg;
};

static void
fail(struct xml *x, enum err err)
{
	if (x->err == ERR_OK)
		x->err = err;
	(void)XML_StopParser(x->parser, XML_FALSE);
}

static void
on_start(void *ctx, const XML_Char *name, const XML_Char **attr)
{
	struct xml *x = ctx;
	const char *colon = strchr(name, ':');

	(void)attr;
	if (x->depth == XML_DEPTH_MAX) {
		fail(x, ERR_DEPTH);
		return;
	}
	if (x->elements++ == XML_ELEMENTS_MAX) {
		fail(x, ERR_LIMIT);
		return;
	}
	x->parent_n[x->depth++] = x->path.n;
	if (x->path.n > 0)
		buf_char(&x->path, '/');
	buf_str(&x->path, colon != NULL ? colon + 1 : name);
	if (x->path.err != ERR_OK)
		fail(x, ERR_LIMIT);
	x->in_leaf = true;
	buf_reset(&x->text);
}

static void
add_leaf(struct xml *x)
{
	struct leaf l = {.at = x->store.n, .path_n = x->path.n};
	struct span text = span_trim(buf_view(&x->text));

	l.text_n = text.n;
	buf_span(&x->store, buf_view(&x->path));
	buf_span(&x->store, text);
	if (x->store.err != ERR_OK) {
		fail(x, ERR_LIMIT);
		return;
	}
	if (x->nleaves == x->cap) {
		x->cap = x->cap > 0 ? x->cap * 2 : 16;
		x->leaves = mem_realloc(x->leaves, x->cap * sizeof *x->leaves);
	}
	x->leaves[x->nleaves++] = l;
}

static void
on_end(void *ctx, const XML_Char *name)
{
	struct xml *x = ctx;

	(void)name;
	if (x->err != ERR_OK)
		return;
	if (x->visit != NULL)
		x->visit(x->arg, buf_cstr(&x->path),
		    x->in_leaf ? span_trim(buf_view(&x->text)) : SPAN(""));
	else if (x->in_leaf)
		add_leaf(x);
	x->in_leaf = false;
	buf_cut(&x->path, x->parent_n[--x->depth]);
}

static void
on_text(void *ctx, const XML_Char *s, int n)
{
	struct xml *x = ctx;

	if (!x->in_leaf || n <= 0)
		return;
	buf_add(&x->text, s, (size_t)n);
	if (x->text.err != ERR_OK)
		fail(x, ERR_LIMIT);
}

/* No reply of AWS has one, and it is where all the attacks of XML live. */
static void
on_doctype(void *ctx, const XML_Char *name, const XML_Char *sysid,
    const XML_Char *pubid, int internal)
{
	(void)name, (void)sysid, (void)pubid, (void)internal;
	fail(ctx, ERR_SHAPE);
}

struct xml *
xml_new(size_t max_bytes)
{
	static const XML_Memory_Handling_Suite memory = {
	    mem_alloc, mem_realloc, mem_free};
	struct xml *x = mem_zalloc(sizeof *x);

	x->left = max_bytes;
	buf_init(&x->path, max_bytes);
	buf_init(&x->text, max_bytes);
	buf_init(&x->store, max_bytes);
	x->parser = XML_ParserCreate_MM(NULL, &memory, NULL);
	CHECK(x->parser != NULL);
	XML_SetUserData(x->parser, x);
	XML_SetElementHandler(x->parser, on_start, on_end);
	XML_SetCharacterDataHandler(x->parser, on_text);
	XML_SetStartDoctypeDeclHandler(x->parser, on_doctype);
	return x;
}

struct xml *
xml_new_visit(size_t max_bytes, xml_visit_fn *fn, void *arg)
{
	struct xml *x = xml_new(max_bytes);

	x->visit = fn;
	x->arg = arg;
	return x;
}

void
xml_free(struct xml **xp)
{
	struct xml *x = *xp;

	if (x == NULL)
		return;
	XML_ParserFree(x->parser);
	/* A reply of STS holds credentials. */
	buf_fini_wipe(&x->path);
	buf_fini_wipe(&x->text);
	buf_fini_wipe(&x->store);
	mem_free(x->leaves);
	mem_free(x);
	*xp = NULL;
}

/* Expat takes an int: callers' pieces are small, but that is no reason to
 * depend on it. */
enum { FEED_MAX = 1 << 20 };

enum err
xml_feed(struct xml *x, struct span s)
{
	if (x->err == ERR_OK && s.n > x->left)
		fail(x, ERR_LIMIT);
	while (x->err == ERR_OK && s.n > 0) {
		size_t n = s.n < FEED_MAX ? s.n : FEED_MAX;

		if (XML_Parse(x->parser, s.p, (int)n, XML_FALSE) !=
		    XML_STATUS_OK)
			fail(x, ERR_SYNTAX);
		x->left -= n;
		s.p += n;
		s.n -= n;
	}
	return x->err;
}

enum err
xml_finish(struct xml *x)
{
	if (x->err == ERR_OK &&
	    XML_Parse(x->parser, "", 0, XML_TRUE) != XML_STATUS_OK)
		fail(x, ERR_TRUNCATED);
	return x->err;
}

struct span
xml_text(const struct xml *x, const char *path)
{
	for (size_t i = 0; i < x->nleaves; i++) {
		const struct leaf *l = &x->leaves[i];
		const char *p = x->store.p + l->at;

		if (span_is((struct span){p, l->path_n}, path))
			return (struct span){p + l->path_n, l->text_n};
	}
	return (struct span){"", 0};
}
