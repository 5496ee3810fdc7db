/*
 * One page, from list_start to fn.
 *
 *	start -> [timer] -> begin -> call -> on_data ... -> on_call_done
 *	            ^                                          |
 *	            +-- the bucket is in another region -------+--> finish
 */
#include <string.h>

#include "aws/list.h"
#include "aws/s3_internal.h"

enum { QUERY_MAX = 16 * 1024, ERROR_BODY_MAX = 64 * 1024 };

struct list_call {
	struct s3 *s3;
	list_fn *fn;
	void *arg;
	struct buf bucket, prefix, after, next;
	bool folders;
	struct s3_where where;
	struct call *call;
	struct timer *timer;
	struct list_page *page;
	enum err err; /* of the page */
};

static void
free_call(struct list_call *c)
{
	call_cancel(&c->call);
	s3_where_fini(&c->where);
	timer_free(&c->timer);
	list_page_free(&c->page);
	buf_fini(&c->bucket);
	buf_fini(&c->prefix);
	buf_fini(&c->after);
	buf_fini(&c->next);
	mem_free(c);
}

static void
finish(struct list_call *c, const struct aws_result *r)
{
	struct aws_result res = *r; /* which may be the call's own */
	struct list_page *page = NULL;
	list_fn *fn = c->fn;
	void *arg = c->arg;

	if (res.class == AWS_OK) {
		page = c->page;
		c->page = NULL;
	}
	free_call(c);
	fn(arg, &res, page);
}

static size_t
on_data(void *arg, struct span bytes)
{
	struct list_call *c = arg;

	if (c->err == ERR_OK)
		c->err = list_page_feed(c->page, bytes);
	return bytes.n;
}

static void
on_lost(void *arg, const struct aws_result *refused)
{
	finish(arg, refused);
}

static void
on_call_done(void *arg, const struct aws_result *r)
{
	struct list_call *c = arg;
	struct aws_result res = *r;

	c->call = NULL;
	if (s3_where_follow(&c->where, r))
		return;
	if (res.class == AWS_OK) {
		if (c->err == ERR_OK)
			c->err = list_page_finish(c->page);
		if (c->err != ERR_OK) {
			res.class = AWS_TRANSIENT;
			res.err = c->err;
			aws_copy_text(res.message, sizeof res.message,
			    SPAN("the reply is not what S3 answers; is this "
				 "its endpoint?"));
		}
	}
	finish(c, &res);
}

/* In sorted order, as the signature wants them. */
static void
add_query(const struct list_call *c, struct buf *q)
{
	if (c->next.n > 0)
		sigv4_query_add(q, "continuation-token", buf_view(&c->next));
	if (c->folders)
		sigv4_query_add(q, "delimiter", SPAN("/"));
	sigv4_query_add(q, "encoding-type", SPAN("url"));
	sigv4_query_add(q, "list-type", SPAN("2"));
	sigv4_query_add(q, "max-keys", SPAN("1000"));
	sigv4_query_add(q, "prefix", buf_view(&c->prefix));
	if (c->after.n > 0 && c->next.n == 0)
		sigv4_query_add(q, "start-after", buf_view(&c->after));
}

static void
fail_name(struct list_call *c, enum err err)
{
	struct aws_result res = {.class = AWS_OTHER, .err = err};

	aws_copy_text(res.code, sizeof res.code, SPAN("InvalidName"));
	aws_copy_text(res.message, sizeof res.message,
	    SPAN("no bucket or prefix can be called that"));
	finish(c, &res);
}

static void
begin(void *arg)
{
	struct list_call *c = arg;
	struct endpoint endpoint;
	struct buf path, query;
	struct call_spec spec = {.operation = AWS_S3_LIST,
	    .service = "s3",
	    .region = c->where.region,
	    .dialect = AWS_DIALECT_XML,
	    .method = "GET",
	    .endpoint = &endpoint,
	    .stall_timeout_ms = c->s3->stall_timeout_ms,
	    .reply_max = ERROR_BODY_MAX,
	    .on_data = on_data,
	    .on_done = on_call_done,
	    .arg = c};
	enum err err;

	list_page_free(&c->page);
	c->page = list_page_new();
	c->err = ERR_OK;
	buf_init(&path, S3_PATH_MAX);
	buf_init(&query, QUERY_MAX);
	err = s3_place(
	    c->s3, buf_view(&c->bucket), c->where.region, &endpoint, &path);
	buf_char(&path, '/');
	add_query(c, &query);
	if (err == ERR_OK)
		err = path.err != ERR_OK ? path.err : query.err;
	spec.path = buf_view(&path);
	spec.query = buf_view(&query);
	if (err == ERR_OK)
		c->call = call_start(c->s3->aws, &spec);
	buf_fini(&path);
	buf_fini(&query);
	if (err != ERR_OK)
		fail_name(c, err);
}

static void
keep(struct buf *b, struct span s)
{
	buf_init(b, s.n);
	buf_span(b, s);
}

struct list_call *
list_start(struct s3 *s, const struct list_spec *spec, list_fn *fn, void *arg)
{
	struct list_call *c = mem_zalloc(sizeof *c);

	c->s3 = s;
	c->fn = fn;
	c->arg = arg;
	c->folders = spec->folders;
	keep(&c->bucket, spec->bucket);
	keep(&c->prefix, spec->prefix);
	keep(&c->after, spec->after);
	keep(&c->next, spec->next);
	c->timer = timer_new(s->aws->timers, begin, c);
	c->where = (struct s3_where){.s3 = s,
	    .bucket = &c->bucket,
	    .timer = c->timer,
	    .on_lost = on_lost,
	    .arg = c};
	s3_where_init(&c->where, spec->region);
	timer_soon(c->timer);
	return c;
}

void
list_cancel(struct list_call **cp)
{
	if (*cp != NULL)
		free_call(*cp);
	*cp = NULL;
}
