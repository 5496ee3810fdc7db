#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aws/call.h"
#include "aws/sigv4.h"
#include "base/log.h"
#include "base/mem.h"

#include "fake/fake_http.c"

#define ROWS(a)	  (sizeof(a) / sizeof(a)[0])
#define NOW_DATE  "Date: Sun, 22 Nov 2026 12:00:00 GMT\r\n"
#define LATE_DATE "Date: Sun, 22 Nov 2026 14:00:00 GMT\r\n" /* +2 h */

/* Keys that change when the test says so. */
struct rotating {
	struct creds_source base;
	struct timer *timer;
	creds_fetched_fn *fn;
	void *arg;
	unsigned fetches;
	char key_id[8];
};

static void
rotating_ready(void *arg)
{
	struct rotating *r = arg;
	struct creds c = {.key_id = mem_strndup(r->key_id, strlen(r->key_id)),
	    .secret = mem_strndup("SECRET", 6),
	    .token = mem_strndup("TOKEN", 5)};

	r->fn(r->arg, &c, NULL);
}

static void
rotating_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct rotating *r = (struct rotating *)s;

	r->fn = fn;
	r->arg = arg;
	r->fetches++;
	timer_soon(r->timer);
}

static void
rotating_cancel(struct creds_source *s)
{
	timer_stop(((struct rotating *)s)->timer);
}

static void
rotating_free(struct creds_source *s)
{
	timer_free(&((struct rotating *)s)->timer);
}

static struct {
	struct rotating source;
	struct creds_keeper *keeper;
	struct aws *aws;
	struct call *call;
	unsigned done, heads;
	struct aws_result result;
	struct buf body, stream;
	size_t take; /* of each offer */
	bool cancel_in_data;
} t;

static int
setup(void **state)
{
	(void)state;
	fake_begin();
	memset(&t, 0, sizeof t);
	t.source = (struct rotating){.base = {.name = "rotating",
					 .fetch = rotating_fetch,
					 .cancel = rotating_cancel,
					 .free = rotating_free},
	    .timer = timer_new(fake_timers(), rotating_ready, &t.source),
	    .key_id = "KEY1"};
	t.keeper = creds_keeper_new(fake_timers(), &t.source.base, NULL, NULL);
	fake_run();
	t.aws = aws_new(fake_http(), fake_timers(), t.keeper);
	t.take = SIZE_MAX;
	buf_init(&t.body, 1 << 20);
	buf_init(&t.stream, 1 << 20);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	call_cancel(&t.call); /* left by a test that failed */
	buf_fini(&t.body);
	buf_fini(&t.stream);
	aws_free(&t.aws);
	creds_keeper_free(&t.keeper);
	fake_end();
	return 0;
}

static void
on_done(void *arg, const struct aws_result *r)
{
	assert_ptr_equal(arg, &t);
	t.call = NULL;
	t.done++;
	t.result = *r;
	if (r->reply != NULL)
		buf_span(&t.body, r->reply->body);
	t.result.reply = NULL;
}

static void
on_head_seen(void *arg, const struct reply *r)
{
	(void)arg, (void)r;
	t.heads++;
}

static size_t
on_bytes(void *arg, struct span s)
{
	(void)arg;
	if (t.cancel_in_data) {
		call_cancel(&t.call);
		return s.n;
	}
	if (s.n > t.take)
		s.n = t.take;
	buf_span(&t.stream, s);
	return s.n;
}

static const struct endpoint host = {
    .tls = true, .host = "sqs.us-east-1.amazonaws.com"};

static struct call_spec
sqs_spec(void)
{
	static const struct http_header headers[] = {{"content-type", "x"}};

	return (struct call_spec){.operation = AWS_SQS_RECEIVE,
	    .service = "sqs",
	    .region = "us-east-1",
	    .dialect = AWS_DIALECT_JSON,
	    .method = "POST",
	    .endpoint = &host,
	    .path = SPAN("/"),
	    .headers = headers,
	    .nheaders = 1,
	    .body = SPAN("{\"a\":1}"),
	    .total_timeout_ms = 1234,
	    .reply_max = 64 * 1024,
	    .on_done = on_done,
	    .arg = &t};
}

static struct call_spec
s3_spec(void)
{
	struct call_spec s = sqs_spec();

	s.service = "s3";
	s.dialect = AWS_DIALECT_XML;
	s.method = "GET";
	s.path = SPAN("/a%20b//c");
	s.query = SPAN("versionId=1");
	s.nheaders = 0;
	s.body = SPAN("");
	s.stall_timeout_ms = 77;
	s.on_head = on_head_seen;
	s.on_data = on_bytes;
	return s;
}

static void
start(struct call_spec spec)
{
	t.call = call_start(t.aws, &spec);
	assert_int_equal(t.done, 0);
}

static struct aws_operation_stats
received_stats(void)
{
	return aws_stats(t.aws).operation[AWS_SQS_RECEIVE];
}

static void
assert_result(enum aws_class class, const char *code, unsigned attempts)
{
	fake_run();
	assert_int_equal(t.done, 1);
	assert_string_equal(
	    aws_class_name(t.result.class), aws_class_name(class));
	assert_string_equal(t.result.code, code);
	assert_int_equal(t.result.attempts, attempts);
	assert_null(fake_http_nth(0));
}

static void
test_request(void **state)
{
	struct request *r;
	struct sigv4_header h[] = {{"content-type", SPAN("x")},
	    {"host", SPAN("sqs.us-east-1.amazonaws.com")},
	    {"x-amz-date", SPAN("20261122T120000Z")},
	    {"x-amz-security-token", SPAN("TOKEN")}};
	struct span body = SPAN("{\"a\":1}");
	char hash[SIGV4_HEX + 1];
	struct sigv4_request want = {"POST", SPAN("/"), SPAN(""), h, 4, hash,
	    "us-east-1", "sqs", "KEY1", "SECRET", FAKE_WALL_S, NULL};
	struct buf authorization;
	struct sigv4_result result = {NULL, NULL, &authorization, ""};
	(void)state;
	start(sqs_spec());
	r = fake_http_expect();
	assert_string_equal(fake_method(r), "POST");
	assert_string_equal(
	    fake_url(r), "https://sqs.us-east-1.amazonaws.com/");
	assert_true(span_eq(fake_body(r), body));
	assert_string_equal(
	    fake_header(r, "host"), "sqs.us-east-1.amazonaws.com");
	assert_string_equal(fake_header(r, "x-amz-date"), "20261122T120000Z");
	assert_string_equal(fake_header(r, "x-amz-security-token"), "TOKEN");
	assert_null(fake_header(r, "x-amz-content-sha256"));
	assert_int_equal(fake_spec(r)->total_timeout_ms, 1234);
	assert_false(fake_spec(r)->no_proxy);
	sigv4_hash(hash, &body, 1);
	buf_init(&authorization, 1000);
	assert_int_equal(sigv4_sign(&want, &result), ERR_OK);
	assert_string_equal(
	    fake_header(r, "authorization"), buf_cstr(&authorization));
	buf_fini(&authorization);
	fake_reply(r, 200, "x-amzn-RequestId: id-1\r\n", SPAN("{}"));
	assert_result(AWS_OK, "", 1);
	assert_string_equal(t.result.request_id, "id-1");
	assert_string_equal(buf_cstr(&t.body), "{}");
	assert_int_equal(aws_stats(t.aws).calls, 1);
	assert_int_equal(aws_stats(t.aws).failed, 0);
	assert_int_equal(received_stats().requests, 1);
}

static void
test_s3_request(void **state)
{
	struct request *r;
	(void)state;
	start(s3_spec());
	r = fake_http_expect();
	assert_string_equal(fake_url(r),
	    "https://sqs.us-east-1.amazonaws.com/a%20b//c?versionId=1");
	assert_string_equal(
	    fake_header(r, "x-amz-content-sha256"), sigv4_empty_hash);
	assert_int_equal(fake_spec(r)->stall_timeout_ms, 77);
	fake_set_cut(2);
	fake_reply(r, 200, NULL, SPAN("hello"));
	assert_result(AWS_OK, "", 1);
	assert_int_equal(t.heads, 1);
	assert_string_equal(buf_cstr(&t.stream), "hello");
}

static void
test_classes(void **state)
{
	static const struct {
		enum aws_dialect dialect;
		int status;
		const char *head, *body;
		enum aws_class class;
		const char *code;
	} rows[] = {
#define J      AWS_DIALECT_JSON
#define X      AWS_DIALECT_XML
#define XML(c) "<?xml version=\"1.0\"?><Error><Code>" c "</Code></Error>"
	    {J, 200, "", "", AWS_OK, ""},
	    {X, 206, "", "", AWS_OK, ""},
	    {J, 200, "", "<html>", AWS_OK, ""},
	    {J, 400,
		"x-amzn-query-error: "
		"AWS.SimpleQueueService.NonExistentQueue;Sender\r\n",
		"{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}",
		AWS_NOT_FOUND, "QueueDoesNotExist"},
	    {J, 400,
		"x-amzn-query-error: "
		"AWS.SimpleQueueService.NonExistentQueue;Sender\r\n",
		"", AWS_NOT_FOUND, "AWS.SimpleQueueService.NonExistentQueue"},
	    {J, 400, "x-amzn-query-error: Throttling;Sender\r\n",
		"{\"__type\":\"x#SomethingNew\"}", AWS_THROTTLED,
		"SomethingNew"},
	    {J, 400, "", "{\"__type\":\"a#ThrottlingException:http://x\"}",
		AWS_THROTTLED, "ThrottlingException"},
	    {J, 403, "x-amzn-errortype: AccessDeniedException:http://x\r\n",
		"{}", AWS_DENIED, "AccessDeniedException"},
	    {J, 403, "", "{\"code\":\"ExpiredTokenException\"}", AWS_BAD_CREDS,
		"ExpiredTokenException"},
	    {J, 404, "", "{\"__type\":\"x#ReceiptHandleIsInvalid\"}", AWS_OTHER,
		"ReceiptHandleIsInvalid"},
	    {J, 403, "", "{\"__type\":\"RequestThrottled\"}", AWS_THROTTLED,
		"RequestThrottled"},
	    {J, 403, "", "{\"__type\":\"OverLimit\"}", AWS_THROTTLED,
		"OverLimit"},
	    {J, 400, "", "{\"__type\":\"KmsDisabled\"}", AWS_DENIED,
		"KmsDisabled"},
	    {J, 500, "", "{\"__type\":\"InternalFailure\"}", AWS_TRANSIENT,
		"InternalFailure"},
	    {J, 503, "", "<html>busy</html>", AWS_TRANSIENT, ""},
	    {J, 403, "", "<html>no</html>", AWS_DENIED, ""},
	    {J, 403, "",
		"<ErrorResponse><Error><Code>InvalidClientTokenId</Code>"
		"</Error></ErrorResponse>",
		AWS_BAD_CREDS, "InvalidClientTokenId"},
	    {J, 400, "", "[1]", AWS_OTHER, ""},
	    {J, 400, "", "{\"__type\":7}", AWS_OTHER, ""},
	    {J, 301, "", "", AWS_OTHER, ""},
	    {J, 429, "", "", AWS_THROTTLED, ""},
	    {J, 408, "", "", AWS_TRANSIENT, ""},
	    {J, 501, "", "", AWS_OTHER, ""},
	    {J, 502, "", "", AWS_TRANSIENT, ""},
	    {X, 404, "", XML("NoSuchKey"), AWS_NOT_FOUND, "NoSuchKey"},
	    {X, 404, "", "", AWS_NOT_FOUND, ""},
	    {X, 403, "", XML("AccessDenied"), AWS_DENIED, "AccessDenied"},
	    {X, 403, "", XML("InvalidObjectState"), AWS_OTHER,
		"InvalidObjectState"},
	    {X, 503, "", XML("SlowDown"), AWS_THROTTLED, "SlowDown"},
	    {X, 503, "", "<Error><Code>SlowDown</Code><Mes", AWS_THROTTLED,
		"SlowDown"},
	    {X, 400, "", XML("RequestTimeout"), AWS_TRANSIENT,
		"RequestTimeout"},
	    {X, 400, "", XML("ExpiredToken"), AWS_BAD_CREDS, "ExpiredToken"},
	    {X, 403, "", XML("SignatureDoesNotMatch"), AWS_BAD_CREDS,
		"SignatureDoesNotMatch"},
	    {X, 301, "", XML("PermanentRedirect"), AWS_WRONG_REGION,
		"PermanentRedirect"},
	    {X, 307, "", "", AWS_WRONG_REGION, ""},
	    {X, 400, "", XML("AuthorizationHeaderMalformed"), AWS_BAD_CREDS,
		"AuthorizationHeaderMalformed"},
	    {X, 400, "x-amz-bucket-region: eu-west-1\r\n",
		XML("AuthorizationHeaderMalformed"), AWS_WRONG_REGION,
		"AuthorizationHeaderMalformed"},
	    {X, 400, "", XML("KMS.DisabledException"), AWS_DENIED,
		"KMS.DisabledException"},
	    {X, 412, "", XML("PreconditionFailed"), AWS_OTHER,
		"PreconditionFailed"},
	    {X, 403, "", "<!DOCTYPE html><p>no", AWS_DENIED, ""},
#undef J
#undef X
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct reply r = {.status = rows[i].status,
		    .head = span_str(rows[i].head),
		    .body = span_str(rows[i].body)};
		struct aws_result res = {0};

		aws_classify(rows[i].dialect, &r, &res);
		if (res.class != rows[i].class)
			fail_msg("row %zu: %s", i, aws_class_name(res.class));
		assert_string_equal(res.code, rows[i].code);
		assert_int_equal(res.status, rows[i].status);
	}
}

static void
test_transport_errors(void **state)
{
	struct reply r = {.err = ERR_RESET, .detail = SPAN("went away")};
	struct aws_result res;
	(void)state;
	aws_classify(AWS_DIALECT_XML, &r, &res);
	assert_int_equal(res.class, AWS_TRANSIENT);
	assert_int_equal(res.err, ERR_RESET);
	assert_string_equal(res.message, "went away");
	/* A stream that breaks has a good status. */
	r.status = 200;
	aws_classify(AWS_DIALECT_XML, &r, &res);
	assert_int_equal(res.class, AWS_TRANSIENT);
	r.err = ERR_LIMIT;
	aws_classify(AWS_DIALECT_XML, &r, &res);
	assert_int_equal(res.class, AWS_TRANSIENT);
	/* An error page without end is the error that its status says. */
	r.status = 403;
	aws_classify(AWS_DIALECT_XML, &r, &res);
	assert_int_equal(res.class, AWS_DENIED);
}

static void
classify_body(enum aws_dialect d, const char *body, struct aws_result *res)
{
	struct reply r = {.status = 403, .body = span_str(body)};

	aws_classify(d, &r, res);
}

/* What ends up in logs has no receipt handle and no session token. */
static void
test_messages(void **state)
{
	char long_body[2000], handle[301];
	struct aws_result res;
	(void)state;
	classify_body(AWS_DIALECT_JSON, "{\"Message\":\"M m\"}", &res);
	assert_string_equal(res.message, "M m");
	classify_body(AWS_DIALECT_JSON,
	    "{\"message\":\"The signature does not match.\\n\\nThe Canonical "
	    "String was\\nx-amz-security-token:SECRET\"}",
	    &res);
	assert_string_equal(res.message, "The signature does not match.");
	memset(handle, 'A', 300);
	handle[300] = '\0';
	(void)snprintf(long_body, sizeof long_body,
	    "{\"message\":\"Value %s for parameter ReceiptHandle is "
	    "invalid.\"}",
	    handle);
	classify_body(AWS_DIALECT_JSON, long_body, &res);
	assert_string_equal(
	    res.message, "Value [...] for parameter ReceiptHandle is invalid.");
	/* Cut where it is full. */
	memset(handle, ' ', 300);
	(void)snprintf(
	    long_body, sizeof long_body, "{\"message\":\"x%sy\"}", handle);
	classify_body(AWS_DIALECT_JSON, long_body, &res);
	assert_int_equal(strlen(res.message), sizeof res.message - 1);
	classify_body(AWS_DIALECT_XML,
	    "<Error><Code>c</Code><Message>m</Message><RequestId>id"
	    "</RequestId></Error>",
	    &res);
	assert_string_equal(res.message, "m");
	assert_string_equal(res.request_id, "id");
}

static void
test_retries(void **state)
{
	int64_t waited[2];
	(void)state;
	start(sqs_spec());
	for (unsigned i = 0; i < 2; i++) {
		struct request *r = fake_http_expect();

		fake_reply(r, 503, NULL, SPAN(""));
		fake_run();
		assert_int_equal(t.done, 0);
		waited[i] = fake_next_timer();
		if (waited[i] < 0) /* not at all: the jitter is full */
			waited[i] = 0;
		fake_advance(waited[i]);
	}
	assert_in_range(waited[0], 0, 50);
	assert_in_range(waited[1], 0, 100);
	fake_fail(fake_http_expect(), ERR_CONNECT);
	assert_result(AWS_TRANSIENT, "", 3);
	assert_int_equal(t.result.err, ERR_CONNECT);
	assert_int_equal(t.result.status, 0);
	assert_int_equal(aws_stats(t.aws).retries[AWS_RETRY_TRANSIENT], 2);
	assert_int_equal(received_stats().requests, 3);
	assert_int_equal(received_stats().errors[AWS_TRANSIENT], 3);
	assert_int_equal(aws_stats(t.aws).failed, 1);
}

static void
assert_latency(enum aws_operation o, uint64_t count, uint64_t sum_ms)
{
	struct histogram h = aws_stats(t.aws).operation[o].latency_us;

	assert_int_equal(histogram_count(&h), count);
	assert_int_equal(h.sum, sum_ms * 1000);
}

/* Each attempt by itself, until its reply is there; a stream until its head. */
static void
test_latency(void **state)
{
	struct call_spec s3 = s3_spec();
	struct request *r;
	int64_t wait_ms;
	(void)state;
	start(sqs_spec());
	r = fake_http_expect();
	fake_advance(300);
	fake_reply(r, 500, NULL, SPAN(""));
	fake_run();
	assert_latency(AWS_SQS_RECEIVE, 1, 300);
	wait_ms = fake_next_timer();
	fake_advance(wait_ms > 0 ? wait_ms : 0);
	r = fake_http_expect();
	fake_advance(20);
	fake_reply(r, 200, NULL, SPAN("{}"));
	assert_result(AWS_OK, "", 2);
	assert_latency(AWS_SQS_RECEIVE, 2, 320);
	t.done = 0;
	s3.operation = AWS_S3_GET;
	start(s3);
	r = fake_http_expect();
	fake_advance(40);
	fake_reply_head(r, 200, NULL);
	fake_run();
	assert_latency(AWS_S3_GET, 1, 40);
	fake_advance(5000);
	fake_reply_body(r, SPAN("hello"));
	fake_reply_end(r);
	assert_result(AWS_OK, "", 1);
	assert_latency(AWS_S3_GET, 1, 40);
	assert_latency(AWS_SQS_RECEIVE, 2, 320);
}

static void
test_stats_add(void **state)
{
	struct aws_stats sum;
	(void)state;
	start(sqs_spec());
	fake_reply(fake_http_expect(), 403, NULL, SPAN(""));
	assert_result(AWS_DENIED, "", 1);
	sum = aws_stats(t.aws);
	aws_stats_add(&sum, &sum);
	assert_int_equal(sum.calls, 2);
	assert_int_equal(sum.failed, 2);
	assert_int_equal(sum.operation[AWS_SQS_RECEIVE].requests, 2);
	assert_int_equal(sum.operation[AWS_SQS_RECEIVE].errors[AWS_DENIED], 2);
	assert_int_equal(
	    histogram_count(&sum.operation[AWS_SQS_RECEIVE].latency_us), 2);
}

/* The back-off after throttling is longer, and the server may name more. */
static void
test_throttling(void **state)
{
	int64_t longest = 0, wait;
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct call_spec spec = sqs_spec();

		t.done = 0;
		start(spec);
		fake_reply(fake_http_expect(), 400, NULL,
		    SPAN("{\"__type\":\"ThrottlingException\"}"));
		fake_run();
		wait = fake_next_timer();
		longest = wait > longest ? wait : longest;
		call_cancel(&t.call);
		fake_run();
		assert_int_equal(t.done, 0);
	}
	assert_in_range(longest, 500, 1000);
	assert_int_equal(aws_stats(t.aws).throttled, 50);
	assert_int_equal(aws_stats(t.aws).retries[AWS_RETRY_THROTTLED], 50);
	assert_int_equal(received_stats().errors[AWS_THROTTLED], 50);
	start(sqs_spec());
	fake_reply(
	    fake_http_expect(), 429, "x-amz-retry-after: 3000\r\n", SPAN(""));
	fake_run();
	assert_int_equal(fake_next_timer(), 3000);
	fake_advance(3000);
	fake_reply(fake_http_expect(), 429, "x-amz-retry-after: 3600000\r\n",
	    SPAN(""));
	fake_run();
	assert_in_range(fake_next_timer(), 5000, 7000);
	call_cancel(&t.call);
}

static void
test_no_retry(void **state)
{
	static const int statuses[] = {400, 403, 404, 412, 501};
	(void)state;
	for (size_t i = 0; i < ROWS(statuses); i++) {
		t.done = 0;
		start(sqs_spec());
		fake_reply(fake_http_expect(), statuses[i], NULL, SPAN(""));
		fake_run();
		assert_int_equal(t.done, 1);
		assert_int_equal(t.result.attempts, 1);
	}
	/* Too large a reply is too large again. */
	t.done = 0;
	start(sqs_spec());
	fake_fail(fake_http_expect(), ERR_LIMIT);
	assert_result(AWS_TRANSIENT, "", 1);
	assert_int_equal(t.result.err, ERR_LIMIT);
}

static void
test_one_attempt(void **state)
{
	struct call_spec spec = sqs_spec();
	(void)state;
	spec.attempts = 1;
	start(spec);
	fake_fail(fake_http_expect(), ERR_RESET);
	assert_result(AWS_TRANSIENT, "", 1);
}

static void
test_stream_is_not_repeated(void **state)
{
	struct request *r;
	(void)state;
	/* Not a byte yet: again. */
	start(s3_spec());
	r = fake_http_expect();
	fake_reply_head(r, 200, NULL);
	fake_run();
	fake_fail(r, ERR_RESET);
	fake_run();
	assert_int_equal(t.done, 0);
	fake_advance(100);
	/* A byte: the end. */
	r = fake_http_expect();
	fake_reply_head(r, 200, NULL);
	fake_reply_body(r, SPAN("x"));
	fake_fail(r, ERR_RESET);
	assert_result(AWS_TRANSIENT, "", 2);
	assert_int_equal(t.result.err, ERR_RESET);
	assert_string_equal(buf_cstr(&t.stream), "x");
}

static void
test_pause_and_resume(void **state)
{
	(void)state;
	t.take = 2;
	start(s3_spec());
	call_resume(t.call); /* before there is anything: harmless */
	fake_reply(fake_http_expect(), 200, NULL, SPAN("hello"));
	fake_run();
	assert_string_equal(buf_cstr(&t.stream), "he");
	assert_int_equal(t.done, 0);
	call_resume(t.call);
	fake_run();
	assert_string_equal(buf_cstr(&t.stream), "hell");
	call_resume(t.call);
	assert_result(AWS_OK, "", 1);
	assert_string_equal(buf_cstr(&t.stream), "hello");
}

static void
test_cancel(void **state)
{
	(void)state;
	call_cancel(&t.call); /* NULL */
	start(sqs_spec());
	call_cancel(&t.call); /* before the first attempt */
	assert_null(t.call);
	start(sqs_spec());
	fake_run();
	call_cancel(&t.call); /* under way */
	start(sqs_spec());
	fake_fail(fake_http_expect(), ERR_RESET);
	fake_run();
	call_cancel(&t.call); /* in a back-off */
	start(s3_spec());
	t.cancel_in_data = true;
	fake_reply(fake_http_expect(), 200, NULL, SPAN("hello"));
	fake_advance(60 * 1000);
	assert_int_equal(t.done, 0);
	assert_null(fake_http_nth(0));
}

static void
test_no_credentials(void **state)
{
	struct creds_keeper *none;
	struct aws *aws;
	struct call_spec spec = sqs_spec();
	(void)state;
	setenv("AWS_ACCESS_KEY_ID", "K", 1);
	none = creds_keeper_new(
	    fake_timers(), creds_env_new(fake_timers()), NULL, NULL);
	unsetenv("AWS_ACCESS_KEY_ID");
	aws = aws_new(fake_http(), fake_timers(), none);
	fake_run();
	t.call = call_start(aws, &spec);
	assert_int_equal(t.done, 0); /* deferred */
	assert_result(AWS_NO_CREDS, "", 0);
	assert_non_null(strstr(t.result.message, "AWS_SECRET_ACCESS_KEY"));
	aws_free(&aws);
	creds_keeper_free(&none);
}

static char log_text[4096];

static void
keep_log(void *arg, struct span line)
{
	size_t n = strlen(log_text);

	(void)arg;
	(void)snprintf(
	    log_text + n, sizeof log_text - n, "%.*s", (int)line.n, line.p);
}

static void
test_clock_skew(void **state)
{
	struct request *r;
	(void)state;
	log_text[0] = '\0';
	log_set_sink(keep_log, NULL);
	start(sqs_spec());
	fake_reply(fake_http_expect(), 403, LATE_DATE,
	    SPAN("{\"__type\":\"x#InvalidSignatureException\"}"));
	r = fake_http_expect(); /* at once */
	log_set_sink(NULL, NULL);
	assert_non_null(strstr(log_text, "event=aws.clock"));
	assert_non_null(strstr(log_text, "offset_s=7200"));
	assert_string_equal(fake_header(r, "x-amz-date"), "20261122T140000Z");
	assert_int_equal(aws_now_s(t.aws), FAKE_WALL_S + 7200);
	fake_reply(r, 200, LATE_DATE, SPAN(""));
	assert_result(AWS_OK, "", 2);
	/* It stays. */
	t.done = 0;
	start(sqs_spec());
	r = fake_http_expect();
	assert_string_equal(fake_header(r, "x-amz-date"), "20261122T140000Z");
	/* The host's clock was set, or AWS's Date was wrong: back again. */
	fake_reply(
	    r, 403, NOW_DATE, SPAN("{\"__type\":\"x#AccessDeniedException\"}"));
	r = fake_http_expect();
	assert_string_equal(fake_header(r, "x-amz-date"), "20261122T120000Z");
	/* Once in a call. */
	fake_reply(r, 403, LATE_DATE,
	    SPAN("{\"__type\":\"x#AccessDeniedException\"}"));
	assert_result(AWS_DENIED, "AccessDeniedException", 2);
	assert_int_equal(aws_now_s(t.aws), FAKE_WALL_S);
	assert_int_equal(aws_stats(t.aws).retries[AWS_RETRY_CLOCK], 2);
	/* Wrong again, and this time it is set in a step: nothing is refused.
	 */
	fake_turn_wall(-7200 * 1000);
	t.done = 0;
	start(sqs_spec());
	fake_reply(fake_http_expect(), 403, NOW_DATE,
	    SPAN("{\"__type\":\"x#RequestTimeTooSkewed\"}"));
	fake_reply(fake_http_expect(), 200, NOW_DATE, SPAN(""));
	assert_result(AWS_OK, "", 2);
	fake_turn_wall(7200 * 1000);
	t.done = 0;
	start(sqs_spec());
	r = fake_http_expect();
	assert_string_equal(fake_header(r, "x-amz-date"), "20261122T120000Z");
	fake_reply(r, 200, NOW_DATE, SPAN(""));
	assert_result(AWS_OK, "", 1);
}

static unsigned others_done;

static void
on_other_done(void *arg, const struct aws_result *r)
{
	(void)arg;
	assert_int_equal(r->class, AWS_OK);
	assert_int_equal(r->attempts, 2);
	others_done++;
}

/* Calls that were under way when another one found the right time. */
static void
test_clock_skew_of_many(void **state)
{
	struct call_spec spec = sqs_spec();
	(void)state;
	others_done = 0;
	spec.on_done = on_other_done;
	for (unsigned i = 0; i < 3; i++)
		(void)call_start(t.aws, &spec);
	fake_run();
	for (unsigned i = 0; i < 3; i++)
		fake_reply(fake_http_nth(i), 403, LATE_DATE,
		    SPAN("{\"__type\":\"x#InvalidSignatureException\"}"));
	for (unsigned i = 0; i < 3; i++) {
		struct request *r = fake_http_expect();

		assert_string_equal(
		    fake_header(r, "x-amz-date"), "20261122T140000Z");
		fake_reply(r, 200, LATE_DATE, SPAN(""));
	}
	fake_run();
	assert_int_equal(others_done, 3);
	assert_int_equal(aws_now_s(t.aws), FAKE_WALL_S + 7200);
}

static void
test_no_skew(void **state)
{
	static const struct {
		const char *head, *code;
	} rows[] = {
	    {NOW_DATE, "SignatureDoesNotMatch"},
	    {"", "SignatureDoesNotMatch"},
	    {"Date: yesterday\r\n", "SignatureDoesNotMatch"},
	    /* 4 minutes are not enough either way. */
	    {"Date: Sun, 22 Nov 2026 12:04:00 GMT\r\n", "AccessDenied"},
	    {"Date: Sun, 22 Nov 2026 11:56:00 GMT\r\n", "AccessDenied"},
	    {LATE_DATE, "NoSuchKey"},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char body[100];

		(void)snprintf(body, sizeof body,
		    "<Error><Code>%s</Code></Error>", rows[i].code);
		t.done = 0;
		start(s3_spec());
		fake_reply(
		    fake_http_expect(), 403, rows[i].head, span_str(body));
		fake_run();
		assert_int_equal(t.done, 1);
		assert_int_equal(t.result.attempts, 1);
		assert_int_equal(aws_now_s(t.aws), FAKE_WALL_S);
	}
	/* One second more is. */
	t.done = 0;
	start(s3_spec());
	fake_reply(fake_http_expect(), 403,
	    "Date: Sun, 22 Nov 2026 11:55:59 GMT\r\n",
	    SPAN("<Error><Code>RequestTimeTooSkewed</Code></Error>"));
	assert_non_null(fake_http_expect());
	assert_int_equal(aws_now_s(t.aws), FAKE_WALL_S - 241);
	call_cancel(&t.call);
}

static const char expired[] = "{\"__type\":\"x#ExpiredTokenException\"}";

static void
test_expired_token(void **state)
{
	struct request *r;
	(void)state;
	/* The keeper has nothing else yet, but is made to look. */
	start(sqs_spec());
	r = fake_http_expect();
	memcpy(t.source.key_id, "KEY2", 5);
	fake_reply(r, 403, NULL, span_str(expired));
	assert_result(AWS_BAD_CREDS, "ExpiredTokenException", 1);
	fake_advance(5000);
	assert_int_equal(t.source.fetches, 2);
	assert_string_equal(creds_get(t.keeper)->key_id, "KEY2");
	/* Another set came while the request was under way. */
	t.done = 0;
	start(sqs_spec());
	r = fake_http_expect();
	memcpy(t.source.key_id, "KEY3", 5);
	creds_refused(t.keeper, "KEY2");
	fake_advance(5000);
	assert_string_equal(creds_get(t.keeper)->key_id, "KEY3");
	fake_reply(r, 403, NULL, span_str(expired));
	r = fake_http_expect();
	assert_non_null(strstr(fake_header(r, "authorization"), "KEY3"));
	/* Once. */
	memcpy(t.source.key_id, "KEY4", 5);
	creds_refused(t.keeper, "KEY3");
	fake_advance(5000);
	fake_reply(r, 403, NULL, span_str(expired));
	assert_result(AWS_BAD_CREDS, "ExpiredTokenException", 2);
}

/* A reply can send us only to a region of our partition. */
static void
test_region_of_a_redirect(void **state)
{
	static const struct {
		const char *told, *want;
	} rows[] = {
	    {"eu-west-1", "eu-west-1"},
	    {"cn-north-1", ""},
	    {"us-gov-west-1", ""},
	    {"evil.example", ""},
	    {"", ""},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows) * 2; i++) {
		const char *told = rows[i / 2].told;
		char head[100] = "", body[200];

		if (i % 2 == 0)
			(void)snprintf(head, sizeof head,
			    "x-amz-bucket-region: %s\r\n", told);
		(void)snprintf(body, sizeof body,
		    "<Error><Code>PermanentRedirect</Code><Region>%s</Region>"
		    "</Error>",
		    i % 2 == 0 ? "" : told);
		t.done = 0;
		start(s3_spec());
		fake_reply(fake_http_expect(), 301, head, span_str(body));
		assert_result(AWS_WRONG_REGION, "PermanentRedirect", 1);
		assert_string_equal(t.result.region, rows[i / 2].want);
	}
	/* Only a wrong region has a right one. */
	t.done = 0;
	start(s3_spec());
	fake_reply(fake_http_expect(), 403,
	    "x-amz-bucket-region: us-east-1\r\n", SPAN(""));
	assert_result(AWS_DENIED, "", 1);
	assert_string_equal(t.result.region, "");
}

static void
test_too_long(void **state)
{
	struct call_spec spec = s3_spec();
	char *path = mem_alloc(20000);
	(void)state;
	memset(path, '/', 20000);
	spec.path = (struct span){path, 20000};
	start(spec);
	mem_free(path); /* it was copied */
	assert_result(AWS_OTHER, "", 0);
	assert_int_equal(t.result.err, ERR_LIMIT);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_request),
	    T(test_s3_request),
	    cmocka_unit_test(test_classes),
	    cmocka_unit_test(test_transport_errors),
	    cmocka_unit_test(test_messages),
	    T(test_retries),
	    T(test_latency),
	    T(test_stats_add),
	    T(test_throttling),
	    T(test_no_retry),
	    T(test_one_attempt),
	    T(test_stream_is_not_repeated),
	    T(test_pause_and_resume),
	    T(test_cancel),
	    T(test_no_credentials),
	    T(test_clock_skew),
	    T(test_clock_skew_of_many),
	    T(test_no_skew),
	    T(test_expired_token),
	    T(test_region_of_a_redirect),
	    T(test_too_long),
	};

	return cmocka_run_group_tests_name("call", tests, NULL, NULL);
}
