#include "base/json.h"

#include <stdarg.h>
#include <string.h>

#include "base/mem.h"
#include "base/yajl_mem.h"

/* Nodes and texts come from chunks that are freed together. */
struct chunk {
	struct chunk *next;
	size_t used, cap;
	_Alignas(max_align_t) char mem[];
};

struct json {
	yajl_handle yajl; /* NULL once the text has ended */
	size_t max;
	struct chunk *chunks;
	size_t left; /* of max_bytes */
	enum err err;
	struct json_node *root;
	struct json_node *open[JSON_DEPTH_MAX]; /* containers being filled */
	struct json_node *tail[JSON_DEPTH_MAX]; /* their last child */
	unsigned depth;
	struct span key; /* of the member that comes next */
};

enum { CHUNK_BYTES = 4096 };

static void *
take(struct json *j, size_t n)
{
	struct chunk *c = j->chunks;
	size_t cap;
	void *p;

	n = (n + 15) & ~(size_t)15;
	if (c == NULL || c->cap - c->used < n) {
		if (n > j->left) {
			j->err = ERR_LIMIT;
			return NULL;
		}
		cap = n > CHUNK_BYTES ? n : CHUNK_BYTES;
		if (cap > j->left)
			cap = j->left;
		j->left -= cap;
		c = mem_alloc(sizeof *c + cap);
		c->next = j->chunks;
		c->used = 0;
		c->cap = cap;
		j->chunks = c;
	}
	p = c->mem + c->used;
	c->used += n;
	return p;
}

static bool
copy_text(struct json *j, const void *p, size_t n, struct span *out)
{
	char *t = take(j, n + 1);

	if (t == NULL)
		return false;
	if (n > 0)
		memcpy(t, p, n);
	t[n] = '\0';
	*out = (struct span){t, n};
	return true;
}

static struct json_node *
add_node(struct json *j, enum json_type type)
{
	struct json_node *n = take(j, sizeof *n);

	if (n == NULL)
		return NULL;
	*n = (struct json_node){.type = type, .key = j->key};
	j->key = (struct span){NULL, 0};
	if (j->depth == 0) {
		j->root = n;
		return n;
	}
	if (j->tail[j->depth - 1] == NULL)
		j->open[j->depth - 1]->child = n;
	else
		j->tail[j->depth - 1]->next = n;
	j->tail[j->depth - 1] = n;
	return n;
}

static int
on_null(void *ctx)
{
	return add_node(ctx, JSON_NULL) != NULL;
}

static int
on_boolean(void *ctx, int value)
{
	struct json_node *n = add_node(ctx, JSON_BOOL);

	if (n == NULL)
		return 0;
	n->boolean = value != 0;
	return 1;
}

static int
add_text_node(void *ctx, enum json_type type, const void *p, size_t len)
{
	struct json *j = ctx;
	struct json_node *n = add_node(j, type);

	return n != NULL && copy_text(j, p, len, &n->text);
}

static int
on_number(void *ctx, const char *p, size_t len)
{
	return add_text_node(ctx, JSON_NUMBER, p, len);
}

static int
on_string(void *ctx, const unsigned char *p, size_t len)
{
	return add_text_node(ctx, JSON_STRING, p, len);
}

static int
on_key(void *ctx, const unsigned char *p, size_t len)
{
	struct json *j = ctx;

	return copy_text(j, p, len, &j->key);
}

static int
on_start(struct json *j, enum json_type type)
{
	struct json_node *n;

	if (j->depth == JSON_DEPTH_MAX) {
		j->err = ERR_DEPTH;
		return 0;
	}
	n = add_node(j, type);
	if (n == NULL)
		return 0;
	j->open[j->depth] = n;
	j->tail[j->depth] = NULL;
	j->depth++;
	return 1;
}

static int
on_start_map(void *ctx)
{
	return on_start(ctx, JSON_OBJECT);
}

static int
on_start_array(void *ctx)
{
	return on_start(ctx, JSON_ARRAY);
}

static int
on_end(void *ctx)
{
	struct json *j = ctx;

	j->depth--;
	return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_boolean,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_start_map,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_start_array,
    .yajl_end_array = on_end,
};

struct json *
json_new(size_t max_bytes)
{
	struct json *j = mem_zalloc(sizeof *j);

	j->left = j->max = max_bytes;
	j->yajl = yajl_mem_new(&callbacks, j);
	return j;
}

/* Its buffer may be twice as long as the longest text. */
static void
drop_parser(struct json *j)
{
	if (j->yajl != NULL)
		yajl_free(j->yajl);
	j->yajl = NULL;
}

void
json_free(struct json **jp)
{
	struct json *j = *jp;
	struct chunk *c, *next;

	if (j == NULL)
		return;
	drop_parser(j);
	for (c = j->chunks; c != NULL; c = next) {
		next = c->next;
		mem_wipe(c->mem, c->used); /* some hold credentials */
		mem_free(c);
	}
	mem_free(j);
	*jp = NULL;
}

enum err
json_feed(struct json *j, struct span s)
{
	CHECK(j->yajl != NULL);
	if (j->err == ERR_OK && s.n > 0 &&
	    yajl_parse(j->yajl, (const unsigned char *)s.p, s.n) !=
		yajl_status_ok &&
	    j->err == ERR_OK)
		j->err = ERR_SYNTAX;
	return j->err;
}

enum err
json_finish(struct json *j, const struct json_node **root)
{
	*root = NULL;
	if (j->err == ERR_OK && j->yajl != NULL &&
	    yajl_complete_parse(j->yajl) != yajl_status_ok && j->err == ERR_OK)
		j->err = ERR_TRUNCATED;
	if (j->err == ERR_OK && (j->root == NULL || j->depth > 0))
		j->err = ERR_TRUNCATED;
	drop_parser(j);
	if (j->err == ERR_OK)
		*root = j->root;
	return j->err;
}

enum err
json_parse(struct span s, size_t max_bytes, struct json **j,
    const struct json_node **root)
{
	*j = json_new(max_bytes);
	(void)json_feed(*j, s);
	return json_finish(*j, root);
}

const struct json_node *
json_get(const struct json_node *obj, const char *key)
{
	const struct json_node *found = NULL;

	if (!json_is(obj, JSON_OBJECT))
		return NULL;
	for (const struct json_node *n = obj->child; n != NULL; n = n->next) {
		if (span_is(n->key, key))
			found = n;
	}
	return found;
}

const struct json_node *
json_path(const struct json_node *n, ...)
{
	const char *key;
	va_list ap;

	va_start(ap, n);
	while (n != NULL && (key = va_arg(ap, const char *)) != NULL)
		n = json_get(n, key);
	va_end(ap);
	return n;
}

bool
json_is(const struct json_node *n, enum json_type type)
{
	return n != NULL && n->type == type;
}

struct span
json_str(const struct json_node *n)
{
	if (!json_is(n, JSON_STRING))
		return (struct span){"", 0};
	return n->text;
}

enum err
json_u64(const struct json_node *n, uint64_t *out)
{
	if (!json_is(n, JSON_NUMBER) && !json_is(n, JSON_STRING))
		return ERR_SHAPE;
	return span_u64(n->text, 0, UINT64_MAX, out);
}

size_t
json_bytes(const struct json *j)
{
	return j->max - j->left;
}
