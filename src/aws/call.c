/*
 * One call, from call_start to on_done.
 *
 *	call_start -> [timer] -> attempt -> request -> on_reply
 *	                 ^                               |
 *	                 +--- back-off, or at once ------+--> finish
 *
 * Either the timer is armed or a request is under way. finish frees the call
 * before it calls on_done, so that the owner has nothing left to free.
 */
#include "aws/call.h"

#include <string.h>

#include "aws/priv.h"
#include "base/clock.h"
#include "base/log.h"

enum {
	ATTEMPTS = 3,
	TRANSIENT_BASE_MS = 50,
	THROTTLED_BASE_MS = 1000,
	BACKOFF_CAP_MS = 20 * 1000,
	RETRY_AFTER_EXTRA_MS = 5000,
	SKEW_S = 4 * 60, /* less than that is not why AWS refuses */
	URL_MAX = 16 * 1024,
};

struct call {
	struct aws *aws;
	struct call_spec spec; /* all it points to is owned, by the fields */
	struct endpoint endpoint;
	struct http_header headers[CALL_HEADERS_MAX];
	char *strings[2 * CALL_HEADERS_MAX]; /* what they point to */
	char *region;
	struct creds creds; /* spec.creds */
	struct buf url, path, query, body;
	struct span body_part;
	char body_hash[SIGV4_HEX + 1];
	struct request *request;
	struct timer *timer;
	char *key_id;	  /* that the attempt under way is signed with */
	int64_t offset_s; /* and the clock offset of that */
	int64_t sent_us;  /* when; −1 once its latency is known */
	unsigned attempts;
	bool delivered;		       /* bytes went to on_data */
	bool clock_set, creds_changed; /* each once in a call */
};

static void
call_free(struct call *c)
{
	request_cancel(&c->request);
	timer_free(&c->timer);
	for (size_t i = 0; i < 2 * c->spec.nheaders; i++)
		mem_free(c->strings[i]);
	buf_fini(&c->url);
	buf_fini(&c->path);
	buf_fini(&c->query);
	buf_fini_wipe(&c->body);
	creds_fini(&c->creds);
	mem_free(c->region);
	mem_free(c->key_id);
	mem_free(c);
}

static const char *
name_of(const struct call *c)
{
	return aws_operation_name(c->spec.operation);
}

/* Of a stream the head counts, since how long the rest takes is also up to who
 * reads it. */
static void
note_latency(struct call *c)
{
	if (c->sent_us >= 0)
		stats_latency(
		    c->aws, c->spec.operation, clock_mono_us() - c->sent_us);
	c->sent_us = -1;
}

static void
finish(struct call *c, struct aws_result *r)
{
	void (*on_done)(void *, const struct aws_result *) = c->spec.on_done;
	void *arg = c->spec.arg;

	r->attempts = c->attempts;
	if (!endpoint_same_partition(r->region, c->region))
		r->region[0] = '\0';
	if (r->class != AWS_OK)
		c->aws->stats.failed++;
	call_free(c);
	on_done(arg, r);
}

static bool
is_skewed(int64_t a_s, int64_t b_s)
{
	return a_s - b_s > SKEW_S || b_s - a_s > SKEW_S;
}

static bool
is_one_of(const char *code, const char *const *list)
{
	for (; *list != NULL; list++) {
		if (strcmp(code, *list) == 0)
			return true;
	}
	return false;
}

/*
 * Whether a wrong clock explains the refusal; then it is right from now on.
 * The offset that counts is the one this attempt was signed with: another call
 * may have found the right one meanwhile.
 */
static bool
fix_clock(struct call *c, const struct reply *r, const struct aws_result *res)
{
	static const char *const skewed[] = {"InvalidSignatureException",
	    "SignatureDoesNotMatch", "AuthFailure", "RequestTimeTooSkewed",
	    "AccessDenied", "AccessDeniedException", NULL};
	int64_t server_s, offset_s;

	if (c->clock_set || c->spec.is_unsigned ||
	    !is_one_of(res->code, skewed) ||
	    clock_parse_http(reply_header(r, "Date"), &server_s) != ERR_OK)
		return false;
	offset_s = server_s - clock_wall_s();
	if (!is_skewed(offset_s, c->offset_s))
		return false;
	c->clock_set = true;
	if (is_skewed(offset_s, aws_offset_s(c->aws)))
		aws_set_offset(c->aws, c->spec.operation,
		    is_skewed(offset_s, 0) ? offset_s : 0);
	return true;
}

/* Whether AWS does not know these credentials while others are at hand. */
static bool
change_creds(struct call *c, const struct aws_result *res)
{
	static const char *const refused[] = {"ExpiredToken",
	    "ExpiredTokenException", "InvalidAccessKeyId",
	    "InvalidClientTokenId", "InvalidToken", "TokenRefreshRequired",
	    "UnrecognizedClientException", NULL};
	const struct creds *now;

	if (c->spec.creds != NULL || c->spec.is_unsigned ||
	    !is_one_of(res->code, refused))
		return false;
	creds_refused(c->aws->keeper, c->key_id);
	now = creds_get(c->aws->keeper);
	if (c->creds_changed || now == NULL ||
	    strcmp(now->key_id, c->key_id) == 0)
		return false;
	c->creds_changed = true;
	return true;
}

static int64_t
backoff_ms(const struct call *c, const struct reply *r, enum aws_class class)
{
	int64_t base =
	    class == AWS_THROTTLED ? THROTTLED_BASE_MS : TRANSIENT_BASE_MS;
	int64_t ms = clock_backoff_ms(base, BACKOFF_CAP_MS, c->attempts - 1);
	uint64_t asked;

	if (span_u64(reply_header(r, "x-amz-retry-after"), 0, INT32_MAX,
		&asked) != ERR_OK ||
	    (int64_t)asked <= ms)
		return ms;
	if ((int64_t)asked > ms + RETRY_AFTER_EXTRA_MS)
		return ms + RETRY_AFTER_EXTRA_MS;
	return (int64_t)asked;
}

/* What is too large once is too large again. */
static bool
is_worth_retrying(const struct call *c, const struct aws_result *res)
{
	return (res->class == AWS_TRANSIENT || res->class == AWS_THROTTLED) &&
	       res->err != ERR_LIMIT && c->attempts < c->spec.attempts;
}

static void
on_reply(void *arg, const struct reply *r)
{
	struct call *c = arg;
	struct aws_result res = {.reply = r};
	int64_t ms;

	c->request = NULL;
	aws_classify(c->spec.dialect, r, &res);
	note_latency(c);
	stats_answer(c->aws, c->spec.operation, res.class);
	if (res.class == AWS_OK || c->delivered) {
		finish(c, &res);
	} else if (fix_clock(c, r, &res)) {
		stats_retry(c->aws, AWS_RETRY_CLOCK);
		timer_soon(c->timer);
	} else if (change_creds(c, &res)) {
		stats_retry(c->aws, AWS_RETRY_CREDS);
		timer_soon(c->timer);
	} else if (is_worth_retrying(c, &res)) {
		ms = backoff_ms(c, r, res.class);
		LOG_DEBUG("aws.retry", F_STR("operation", name_of(c)),
		    F_INT("in_ms", ms), F_ERR(res.err), AWS_FIELDS(&res));
		stats_retry(c->aws, res.class == AWS_THROTTLED
					? AWS_RETRY_THROTTLED
					: AWS_RETRY_TRANSIENT);
		timer_after(c->timer, ms);
	} else {
		finish(c, &res);
	}
}

static void
on_head(void *arg, const struct reply *r)
{
	struct call *c = arg;

	note_latency(c);
	if (c->spec.on_head != NULL)
		c->spec.on_head(c->spec.arg, r);
}

static size_t
on_data(void *arg, struct span bytes)
{
	struct call *c = arg;

	c->delivered = true;
	return c->spec.on_data(c->spec.arg, bytes);
}

static void
send_request(struct call *c, const struct signed_headers *h)
{
	struct request_spec spec = {.method = c->spec.method,
	    .url = buf_cstr(&c->url),
	    .headers = h->header,
	    .nheaders = h->n,
	    .body = &c->body_part,
	    .nbody = c->body_part.n > 0 ? 1 : 0,
	    .total_timeout_ms = c->spec.total_timeout_ms,
	    .stall_timeout_ms = c->spec.stall_timeout_ms,
	    .reply_max = c->spec.reply_max,
	    .reply_budget = c->spec.reply_budget,
	    .on_head = c->spec.on_data != NULL ? on_head : NULL,
	    .on_data = c->spec.on_data != NULL ? on_data : NULL,
	    .on_done = on_reply,
	    .arg = c};

	c->sent_us = clock_mono_us();
	stats_request(c->aws, c->spec.operation);
	c->request = request_start(c->aws->http, &spec);
}

static void
fail_here(
    struct call *c, enum aws_class class, enum err err, const char *message)
{
	struct aws_result res = {.class = class, .err = err};

	stats_answer(c->aws, c->spec.operation, class);
	aws_copy_message(res.message, sizeof res.message, span_str(message));
	finish(c, &res);
}

static void
remember_key(struct call *c, const struct creds *creds)
{
	mem_free(c->key_id);
	c->key_id = creds != NULL
			? mem_strndup(creds->key_id, strlen(creds->key_id))
			: NULL;
}

/* NULL: there are none, or none are wanted. */
static const struct creds *
creds_now(const struct call *c)
{
	if (c->spec.is_unsigned)
		return NULL;
	return c->spec.creds != NULL ? c->spec.creds
				     : creds_get(c->aws->keeper);
}

static void
attempt(void *arg)
{
	struct call *c = arg;
	const struct creds *creds = creds_now(c);
	struct signed_headers h;
	enum err err;

	if (creds == NULL && !c->spec.is_unsigned) {
		fail_here(c, AWS_NO_CREDS, ERR_OK, creds_error(c->aws->keeper));
		return;
	}
	err = signed_headers_init(&h, c->aws, &c->spec, c->body_hash, creds);
	if (err == ERR_OK)
		err = c->url.err;
	if (err == ERR_OK) {
		remember_key(c, creds);
		c->offset_s = aws_offset_s(c->aws);
		c->attempts++;
		send_request(c, &h);
	}
	signed_headers_fini(&h);
	if (err != ERR_OK)
		fail_here(c, AWS_OTHER, err, "too long to be sent");
}

static void
copy_buf(struct buf *b, struct span *s)
{
	buf_init(b, s->n);
	buf_span(b, *s);
	*s = buf_view(b);
}

static void
copy_spec(struct call *c, const struct call_spec *spec)
{
	CHECK(spec->nheaders <= CALL_HEADERS_MAX);
	c->spec = *spec;
	c->endpoint = *spec->endpoint;
	c->spec.endpoint = &c->endpoint;
	c->region = mem_strndup(spec->region, strlen(spec->region));
	c->spec.region = c->region;
	if (spec->creds != NULL) {
		creds_copy(&c->creds, spec->creds);
		c->spec.creds = &c->creds;
	}
	copy_buf(&c->path, &c->spec.path);
	copy_buf(&c->query, &c->spec.query);
	copy_buf(&c->body, &c->spec.body);
	c->body_part = c->spec.body;
	for (size_t i = 0; i < spec->nheaders; i++) {
		const struct http_header *h = &spec->headers[i];
		char **own = &c->strings[2 * i];

		own[0] = mem_strndup(h->name, strlen(h->name));
		own[1] = mem_strndup(h->value, strlen(h->value));
		c->headers[i] = (struct http_header){own[0], own[1]};
	}
	c->spec.headers = c->headers;
	if (c->spec.attempts == 0)
		c->spec.attempts = ATTEMPTS;
}

struct call *
call_start(struct aws *a, const struct call_spec *spec)
{
	struct call *c = mem_zalloc(sizeof *c);

	c->aws = a;
	copy_spec(c, spec);
	buf_init(&c->url, URL_MAX);
	endpoint_url(&c->endpoint, &c->url);
	buf_span(&c->url, c->spec.path.n > 0 ? c->spec.path : SPAN("/"));
	if (c->spec.query.n > 0) {
		buf_char(&c->url, '?');
		buf_span(&c->url, c->spec.query);
	}
	sigv4_hash(c->body_hash, &c->body_part, 1);
	c->timer = timer_new(a->timers, attempt, c);
	timer_soon(c->timer);
	a->stats.calls++;
	return c;
}

void
call_resume(struct call *c)
{
	if (c->request != NULL)
		request_resume(c->request);
}

void
call_cancel(struct call **cp)
{
	if (*cp != NULL)
		call_free(*cp);
	*cp = NULL;
}
