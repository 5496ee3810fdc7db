/* One object, apart from what is done with it. */
#include "base/mem.h"
#include "flow/objects.h"

int
object_cmp(const void *a, const void *b)
{
	const struct object *x = a, *y = b;
	int c = span_cmp(x->key, y->key);

	if (c == 0)
		c = span_cmp(x->bucket, y->bucket);
	if (c == 0)
		c = span_cmp(x->version, y->version);
	return c != 0 ? c : span_cmp(x->etag, y->etag);
}

static size_t
text_bytes(const struct notify_object *n)
{
	return n->bucket.n + n->key.n + n->version.n + n->etag.n + n->region.n;
}

size_t
object_bytes(const struct notify_object *n)
{
	return sizeof(struct object) + text_bytes(n) + 2 * sizeof(void *);
}

struct object *
object_new(const struct notify_object *n)
{
	struct object *o = mem_zalloc(sizeof *o);
	char *at;

	o->text = at = mem_alloc(text_bytes(n));
	o->bucket = span_place(&at, n->bucket);
	o->key = span_place(&at, n->key);
	o->version = span_place(&at, n->version);
	o->etag = span_place(&at, n->etag);
	o->region = span_place(&at, n->region);
	o->state = OBJECT_WAITING;
	return o;
}

void
object_free(struct object *o)
{
	mem_free(o->message);
	mem_free(o->text);
	mem_free(o);
}
