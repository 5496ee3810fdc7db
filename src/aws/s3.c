/*
 * One GET, from s3_get_start to on_done.
 *
 *	start -> [timer] -> begin -> call -> on_head -> on_data ... -> on_done
 *	            ^                                                    |
 *	            +-- other region, or broken: from `taken` on --------+
 *
 * Where the reply tells that it is another region, but not which, the bucket is
 * asked for (HeadBucket) before that.
 *
 * A stream that breaks while the consumer has it paused waits for
 * s3_get_resume before it is begun again (`waiting`).
 */
#include <string.h>

#include "aws/range.h"
#include "aws/s3_internal.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/log.h"

enum {
	BREAKS_MAX = 3, /* in a row without progress */
	BREAK_BASE_MS = 50,
	BREAK_CAP_MS = 20 * 1000,
	QUERY_MAX = 4 * 1024,
	ETAG_MAX = 256,
	ERROR_BODY_MAX = 64 * 1024,
};

struct s3_get {
	struct s3 *s3;
	struct s3_events ev;
	struct buf bucket, key, version;
	struct s3_where where;
	struct call *call;
	struct timer *timer;
	bool *gone; /* set by a cancel from inside on_data */

	char etag[ETAG_MAX]; /* "" if it cannot be used to go on */
	int64_t size;	     /* −1: not told */
	int64_t taken;	     /* by on_data */
	int64_t skip;	     /* to drop of a reply that begins anew */
	int64_t broke_at;    /* what was taken at the last break */
	unsigned breaks;
	bool begun;   /* on_head was told */
	bool paused;  /* by the consumer */
	bool waiting; /* broken; s3_get_resume begins it again */
};

static void
get_free(struct s3_get *g)
{
	if (g->gone != NULL)
		*g->gone = true;
	call_cancel(&g->call);
	s3_where_fini(&g->where);
	timer_free(&g->timer);
	buf_fini(&g->bucket);
	buf_fini(&g->key);
	buf_fini(&g->version);
	mem_free(g);
}

static void
finish(struct s3_get *g, const struct aws_result *r)
{
	struct s3_events ev = g->ev;
	struct aws_result res = *r; /* which may be the get's own */

	get_free(g);
	ev.on_done(ev.arg, &res);
}

static void
fail_here(struct s3_get *g, const struct reply *r, enum err err,
    const char *code, const char *message)
{
	struct aws_result res = {0};

	if (r != NULL)
		aws_classify(AWS_DIALECT_XML, r, &res);
	res.class = AWS_OTHER;
	res.err = err;
	aws_copy_text(res.code, sizeof res.code, span_str(code));
	aws_copy_text(res.message, sizeof res.message, span_str(message));
	finish(g, &res);
}

static void
fail_changed(struct s3_get *g, const struct reply *r)
{
	fail_here(g, r, ERR_OK, "ObjectChanged",
	    "the object was replaced while it was being read");
}

static void
first_head(struct s3_get *g, const struct reply *r)
{
	struct s3_head h = {.etag = reply_header(r, "ETag"),
	    .version = reply_header(r, "x-amz-version-id"),
	    .storage_class = reply_header(r, "x-amz-storage-class"),
	    .request_id = reply_header(r, "x-amz-request-id"),
	    .size = -1};
	uint64_t n;

	if (r->status != 200) {
		fail_here(g, r, ERR_PROTOCOL, "UnexpectedStatus",
		    "a part of the object although all of it was asked for");
		return;
	}
	if (span_u64(reply_header(r, "Content-Length"), 0, INT64_MAX, &n) ==
	    ERR_OK)
		h.size = (int64_t)n;
	range_keep_etag(g->etag, sizeof g->etag, h.etag);
	g->size = h.size;
	g->begun = true;
	if (g->ev.on_head != NULL)
		g->ev.on_head(g->ev.arg, &h);
}

/* Of a reply that goes on where an earlier one broke. */
static void
on_head(void *arg, const struct reply *r)
{
	struct s3_get *g = arg;

	if (!g->begun) {
		first_head(g, r);
		return;
	}
	g->skip = 0;
	if (g->etag[0] != '\0' && !span_is(reply_header(r, "ETag"), g->etag))
		fail_changed(g, r);
	else if (r->status == 200)
		g->skip = g->taken;
	else if (range_start(reply_header(r, "Content-Range")) != g->taken)
		fail_here(g, r, ERR_PROTOCOL, "UnexpectedRange",
		    "not the part of the object that was asked for");
}

static size_t
on_data(void *arg, struct span bytes)
{
	struct s3_get *g = arg;
	size_t dropped = 0, n;
	bool gone = false;

	if (g->skip > 0) {
		dropped =
		    (uint64_t)g->skip < bytes.n ? (size_t)g->skip : bytes.n;
		g->skip -= (int64_t)dropped;
		bytes.p += dropped;
		bytes.n -= dropped;
		if (bytes.n == 0)
			return dropped;
	}
	g->gone = &gone;
	g->paused = true; /* before, as the consumer may resume in there */
	n = g->ev.on_data(g->ev.arg, bytes);
	CHECK(n <= bytes.n);
	if (gone)
		return dropped + n;
	g->gone = NULL;
	g->taken += (int64_t)n;
	if (n == bytes.n)
		g->paused = false;
	return dropped + n;
}

/* Goes on from `taken`, or gives up with what has gone wrong. */
static void
take_break(struct s3_get *g, const struct aws_result *r)
{
	struct aws_result res = *r;

	res.class = AWS_TRANSIENT;
	if (g->taken > g->broke_at)
		g->breaks = 0;
	g->broke_at = g->taken;
	if (g->etag[0] == '\0' || (!g->paused && g->breaks == BREAKS_MAX)) {
		finish(g, &res);
		return;
	}
	LOG_DEBUG("s3.resume", F_SPAN("bucket", buf_view(&g->bucket)),
	    F_SPAN("key", buf_view(&g->key)), F_INT("at", g->taken),
	    F_ERR(res.err), F_STR("request_id", res.request_id));
	stats_retry(g->s3->aws, AWS_RETRY_BROKEN);
	if (g->paused) {
		g->waiting = true;
		return;
	}
	timer_after(
	    g->timer, clock_backoff_ms(BREAK_BASE_MS, BREAK_CAP_MS, g->breaks));
	g->breaks++;
}

static void
on_lost(void *arg, const struct aws_result *refused)
{
	finish(arg, refused);
}

static void
on_call_done(void *arg, const struct aws_result *r)
{
	struct s3_get *g = arg;
	struct aws_result res = *r;
	bool whole = g->begun && g->taken == g->size;

	g->call = NULL;
	if (r->class == AWS_OK && (whole || g->size < 0)) {
		finish(g, r);
	} else if (r->class == AWS_OK) {
		res.err = ERR_TRUNCATED;
		take_break(g, &res);
	} else if (g->begun && r->err != ERR_OK && whole) {
		/* What broke was only the end of it. */
		res.class = AWS_OK;
		res.err = ERR_OK;
		finish(g, &res);
	} else if (g->begun && aws_is_passing(r)) {
		take_break(g, r);
	} else if (g->begun && (r->status == 412 || r->status == 416)) {
		fail_changed(g, r->reply);
	} else if (!s3_where_follow(&g->where, r)) {
		finish(g, r);
	}
}

static enum err
add_paths(const struct s3_get *g, struct endpoint *e, struct buf *path,
    struct buf *query)
{
	enum err err =
	    s3_place(g->s3, buf_view(&g->bucket), g->where.region, e, path);

	if (err != ERR_OK)
		return err;
	buf_char(path, '/');
	enc_uri(path, buf_view(&g->key), true);
	if (g->version.n > 0)
		sigv4_query_add(query, "versionId", buf_view(&g->version));
	return path->err != ERR_OK ? path->err : query->err;
}

static void
fail_name(struct s3_get *g, enum err err)
{
	const char *kind = endpoint_bucket_unsupported(buf_view(&g->bucket));
	struct buf text;

	buf_init(&text, 256);
	if (kind != NULL)
		buf_printf(&text, "%s: these are not supported", kind);
	else
		buf_str(&text, "no bucket, key or region can be called that");
	fail_here(g, NULL, err, kind != NULL ? "NotSupported" : "InvalidName",
	    buf_cstr(&text));
	buf_fini(&text);
}

static void
begin(void *arg)
{
	struct s3_get *g = arg;
	struct endpoint endpoint;
	struct buf path, query, range;
	struct http_header headers[2];
	struct call_spec spec = {.operation = AWS_S3_GET,
	    .service = "s3",
	    .region = g->where.region,
	    .dialect = AWS_DIALECT_XML,
	    .method = "GET",
	    .endpoint = &endpoint,
	    .headers = headers,
	    .stall_timeout_ms = g->s3->stall_timeout_ms,
	    .reply_max = ERROR_BODY_MAX,
	    .attempts = 1, /* who asks decides when to ask again */
	    .on_head = on_head,
	    .on_data = on_data,
	    .on_done = on_call_done,
	    .arg = g};
	enum err err;

	buf_init(&path, S3_PATH_MAX);
	buf_init(&query, QUERY_MAX);
	buf_init(&range, 64);
	err = add_paths(g, &endpoint, &path, &query);
	if (g->taken > 0) {
		buf_printf(&range, "bytes=%lld-", (long long)g->taken);
		headers[0] = (struct http_header){"range", buf_cstr(&range)};
		headers[1] = (struct http_header){"if-match", g->etag};
		spec.nheaders = 2;
	}
	spec.path = buf_view(&path);
	spec.query = buf_view(&query);
	if (err == ERR_OK)
		g->call = call_start(g->s3->aws, &spec);
	buf_fini(&path);
	buf_fini(&query);
	buf_fini(&range);
	if (err != ERR_OK)
		fail_name(g, err);
}

static void
keep(struct buf *b, struct span s)
{
	buf_init(b, s.n);
	buf_span(b, s);
}

struct s3_get *
s3_get_start(
    struct s3 *s, const struct s3_object *o, const struct s3_events *ev)
{
	struct s3_get *g = mem_zalloc(sizeof *g);

	g->s3 = s;
	g->ev = *ev;
	g->size = -1;
	keep(&g->bucket, o->bucket);
	keep(&g->key, o->key);
	keep(&g->version, o->version);
	g->timer = timer_new(s->aws->timers, begin, g);
	g->where = (struct s3_where){.s3 = s,
	    .bucket = &g->bucket,
	    .timer = g->timer,
	    .on_lost = on_lost,
	    .arg = g};
	s3_where_init(&g->where, o->region);
	timer_soon(g->timer);
	return g;
}

void
s3_get_resume(struct s3_get *g)
{
	g->paused = false;
	if (g->waiting) {
		g->waiting = false;
		timer_soon(g->timer);
	} else if (g->call != NULL) {
		call_resume(g->call);
	}
}

void
s3_get_cancel(struct s3_get **gp)
{
	if (*gp != NULL)
		get_free(*gp);
	*gp = NULL;
}
