#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aws/sqs.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/log.h"
#include "trail/notify.h"

#include "fake/fake_http.c"

#define ROWS(a) (sizeof(a) / sizeof(a)[0])
#define URL	"https://sqs.us-east-1.amazonaws.com/111122223333/q"

static struct {
	struct creds_keeper *keeper;
	struct aws *aws;
	struct sqs *sqs;
	struct sqs_op *op;
	unsigned done;
	struct aws_result result;
	size_t n;
	struct buf text; /* what the callback got, one line an item */
} t;

static int
setup(void **state)
{
	struct sqs_conf conf = {.queue_url = URL, .region = "us-east-1"};
	char region[REGION_MAX];

	(void)state;
	fake_begin();
	memset(&t, 0, sizeof t);
	buf_init(&t.text, 1 << 16);
	t.keeper = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", NULL), NULL, NULL);
	fake_run();
	t.aws = aws_new(fake_http(), fake_timers(), t.keeper);
	assert_int_equal(
	    endpoint_queue_url(SPAN(URL), &conf.endpoint, region), ERR_OK);
	t.sqs = sqs_new(t.aws, &conf);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	sqs_cancel(&t.op); /* left by a test that failed */
	sqs_free(&t.sqs);
	aws_free(&t.aws);
	creds_keeper_free(&t.keeper);
	buf_fini(&t.text);
	fake_end();
	return 0;
}

static void
note(const struct aws_result *r, size_t n)
{
	t.op = NULL;
	t.done++;
	t.result = *r;
	t.n = n;
}

static void
on_received(void *arg, const struct aws_result *r, const struct sqs_message *m,
    size_t n)
{
	assert_ptr_equal(arg, &t);
	note(r, n);
	for (size_t i = 0; i < n; i++)
		buf_printf(&t.text, "%.*s|%.*s|%.*s|%u|%lld\n", (int)m[i].id.n,
		    m[i].id.p, (int)m[i].handle.n, m[i].handle.p,
		    (int)m[i].body.n, m[i].body.p, m[i].receive_count,
		    (long long)m[i].sent_ms);
}

static void
on_batch(void *arg, const struct aws_result *r,
    const struct sqs_entry_result *e, size_t n)
{
	assert_ptr_equal(arg, &t);
	note(r, n);
	for (size_t i = 0; i < n; i++)
		buf_printf(&t.text, "%d|%d|%.*s|%.*s\n", e[i].ok,
		    e[i].sender_fault, (int)e[i].code.n, e[i].code.p,
		    (int)e[i].message.n, e[i].message.p);
}

static void
receive_reply(int status, const char *body)
{
	t.done = 0;
	buf_reset(&t.text);
	t.op = sqs_receive(
	    t.sqs, &(struct sqs_ask){10, 20, 300, NULL}, on_received, &t);
	assert_int_equal(t.done, 0);
	fake_reply(fake_http_expect(), status, NULL, span_str(body));
	fake_run();
	assert_int_equal(t.done, 1);
	assert_null(fake_http_nth(0));
}

static void
test_receive_request(void **state)
{
	struct request *r;
	(void)state;
	t.op = sqs_receive(
	    t.sqs, &(struct sqs_ask){7, 20, 300, NULL}, on_received, &t);
	r = fake_http_expect();
	assert_string_equal(fake_method(r), "POST");
	assert_string_equal(
	    fake_url(r), "https://sqs.us-east-1.amazonaws.com/");
	assert_string_equal(
	    fake_header(r, "content-type"), "application/x-amz-json-1.0");
	assert_string_equal(
	    fake_header(r, "x-amz-target"), "AmazonSQS.ReceiveMessage");
	assert_string_equal(fake_body(r).p,
	    "{\"QueueUrl\":\"" URL "\",\"MaxNumberOfMessages\":7,"
	    "\"WaitTimeSeconds\":20,\"VisibilityTimeout\":300,"
	    "\"MessageSystemAttributeNames\":[\"ApproximateReceiveCount\","
	    "\"SentTimestamp\"],\"AttributeNames\":"
	    "[\"ApproximateReceiveCount\",\"SentTimestamp\"]}");
	assert_int_equal(fake_spec(r)->total_timeout_ms, 35000);
	assert_int_equal(fake_spec(r)->reply_max, SQS_REPLY_MAX);
	sqs_cancel(&t.op);
	assert_null(t.op);
	sqs_cancel(&t.op);
	fake_run();
	assert_int_equal(t.done, 0);
}

static void
test_receive(void **state)
{
	(void)state;
	receive_reply(200,
	    "{\"Messages\":["
	    "{\"MessageId\":\"a\",\"ReceiptHandle\":\"h1\",\"Body\":\"{"
	    "\\\"x\\\""
	    ":1}\",\"Attributes\":{\"ApproximateReceiveCount\":\"3\","
	    "\"SentTimestamp\":\"1677112650140\"},\"MD5OfBody\":\"?\"},"
	    "{\"MessageId\":\"a\",\"ReceiptHandle\":\"h2\",\"Body\":\"\"}]}");
	assert_int_equal(t.result.class, AWS_OK);
	assert_string_equal(
	    buf_cstr(&t.text), "a|h1|{\"x\":1}|3|1677112650140\na|h2||0|-1\n");
}

static void
test_receive_nothing(void **state)
{
	static const char *const bodies[] = {
	    "", " \n", "{}", "{\"Messages\":[]}", "{\"Messages\":null}"};
	(void)state;
	for (size_t i = 0; i < ROWS(bodies); i++) {
		receive_reply(200, bodies[i]);
		assert_int_equal(t.result.class, AWS_OK);
		assert_int_equal(t.n, 0);
	}
}

#define MSG(id, handle, body)                                                  \
	"{\"MessageId\":" id ",\"ReceiptHandle\":" handle ",\"Body\":" body "}"

static void
test_unreadable(void **state)
{
	static const struct {
		const char *body;
		enum err err;
	} rows[] = {
	    {"<html>sign in</html>", ERR_SYNTAX},
	    {"{\"Messages\":[", ERR_TRUNCATED},
	    {"[]", ERR_SHAPE},
	    {"{\"Messages\":{}}", ERR_SHAPE},
	    {"{\"Messages\":[1]}", ERR_SHAPE},
	    {"{\"Messages\":[{}]}", ERR_SHAPE},
	    {"{\"Messages\":[" MSG("1", "\"h\"", "\"b\"") "]}", ERR_SHAPE},
	    {"{\"Messages\":[" MSG("\"i\"", "null", "\"b\"") "]}", ERR_SHAPE},
	    {"{\"Messages\":[" MSG("\"i\"", "\"\"", "\"b\"") "]}", ERR_SHAPE},
	    {"{\"Messages\":[" MSG("\"i\"", "\"h\"", "{}") "]}", ERR_SHAPE},
	    {"{\"Messages\":[" MSG("\"i\"", "\"h\"", "\"b\"") "," MSG(
		 "\"\"", "\"h\"", "\"b\"") "]}",
		ERR_SHAPE},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		receive_reply(200, rows[i].body);
		if (t.result.class != AWS_TRANSIENT ||
		    t.result.err != rows[i].err)
			fail_msg("row %zu: %s", i, err_name(t.result.err));
		assert_int_equal(t.n, 0);
	}
}

/* n messages with an id and a handle of these lengths. */
static void
receive_sized(unsigned n, int id_n, int handle_n)
{
	static const char zeros[2] = "0";
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_str(&b, "{\"Messages\":[");
	for (unsigned i = 0; i < n; i++)
		buf_printf(&b,
		    "%s{\"MessageId\":\"%0*d\",\"ReceiptHandle\":\"%0*d\","
		    "\"Body\":\"%s\"}",
		    i > 0 ? "," : "", id_n, 1, handle_n, 1, zeros);
	buf_str(&b, "]}");
	receive_reply(200, buf_cstr(&b));
	buf_fini(&b);
}

static void
test_receive_limits(void **state)
{
	static const struct {
		unsigned n;
		int id, handle;
		bool ok;
	} rows[] = {
	    {SQS_BATCH_MAX, SQS_ID_MAX, SQS_HANDLE_MAX, true},
	    {SQS_BATCH_MAX + 1, 1, 1, false},
	    {1, SQS_ID_MAX + 1, 1, false},
	    {1, 1, SQS_HANDLE_MAX + 1, false},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		receive_sized(rows[i].n, rows[i].id, rows[i].handle);
		assert_int_equal(
		    t.result.class, rows[i].ok ? AWS_OK : AWS_TRANSIENT);
		assert_int_equal(t.result.err, rows[i].ok ? ERR_OK : ERR_SHAPE);
		assert_int_equal(t.n, rows[i].ok ? rows[i].n : 0);
	}
}

static void
receive_sent(int64_t seconds_ago)
{
	char body[256];

	snprintf(body, sizeof body,
	    "{\"Messages\":[{\"MessageId\":\"i\",\"ReceiptHandle\":\"h\","
	    "\"Body\":\"b\",\"Attributes\":{\"SentTimestamp\":\"%lld\"}}]}",
	    (long long)(clock_wall_ms() - seconds_ago * 1000));
	receive_reply(200, body);
}

/* Of a minute, give or take a sixth of it. */
static void
test_the_oldest_of_the_last_minute(void **state)
{
	(void)state;
	assert_int_equal(sqs_oldest_s(t.sqs), -1);
	receive_sent(30);
	receive_sent(300);
	receive_sent(5);
	assert_int_equal(sqs_oldest_s(t.sqs), 300);
	fake_advance(45 * 1000);
	assert_int_equal(sqs_oldest_s(t.sqs), 300);
	receive_sent(7);
	fake_advance(20 * 1000);
	assert_int_equal(sqs_oldest_s(t.sqs), 7);
	fake_advance(60 * 1000);
	assert_int_equal(sqs_oldest_s(t.sqs), -1);
}

static void
test_the_dead_letter_queue(void **state)
{
	struct sqs *dead = sqs_dead_letters(
	    t.sqs, SPAN("arn:aws:sqs:us-east-1:111122223333:dead"));
	struct request *r;

	(void)state;
	assert_non_null(dead);
	t.op = sqs_receive(
	    dead, &(struct sqs_ask){1, 0, 0, NULL}, on_received, &t);
	r = fake_http_expect();
	assert_non_null(memmem(fake_body(r).p, fake_body(r).n, "/dead\"", 6));
	sqs_cancel(&t.op);
	sqs_free(&dead);
	assert_null(sqs_dead_letters(t.sqs, SPAN("arn:aws:sqs:x:y:")));
	assert_null(sqs_dead_letters(t.sqs, SPAN("")));
}

static void
test_receive_is_tried_once(void **state)
{
	(void)state;
	receive_reply(503, "");
	assert_int_equal(t.result.class, AWS_TRANSIENT);
	assert_int_equal(t.result.attempts, 1);
	t.done = 0;
	t.op = sqs_receive(
	    t.sqs, &(struct sqs_ask){1, 0, 0, NULL}, on_received, &t);
	assert_int_equal(
	    fake_spec(fake_http_expect())->total_timeout_ms, 15000);
	fake_fail(fake_http_expect(), ERR_LIMIT);
	fake_run();
	assert_int_equal(t.done, 1);
	assert_int_equal(t.result.class, AWS_TRANSIENT);
	assert_int_equal(t.result.err, ERR_LIMIT);
}

static void
test_refusal(void **state)
{
	(void)state;
	receive_reply(
	    400, "{\"__type\":\"com.amazonaws.sqs#QueueDoesNotExist\"}");
	assert_int_equal(t.result.class, AWS_NOT_FOUND);
	assert_string_equal(t.result.code, "QueueDoesNotExist");
	assert_int_equal(t.n, 0);
}

static const struct span handles[3] = {{"h0", 2}, {"h\"1", 3}, {"h2", 2}};

static void
delete_reply(int status, const char *body)
{
	t.done = 0;
	buf_reset(&t.text);
	t.op = sqs_delete(t.sqs, handles, 3, on_batch, &t);
	fake_reply(fake_http_expect(), status, NULL, span_str(body));
	fake_run();
	assert_int_equal(t.done, 1);
}

static void
test_delete(void **state)
{
	struct request *r;
	(void)state;
	t.op = sqs_delete(t.sqs, handles, 3, on_batch, &t);
	r = fake_http_expect();
	assert_string_equal(
	    fake_header(r, "x-amz-target"), "AmazonSQS.DeleteMessageBatch");
	assert_string_equal(fake_body(r).p,
	    "{\"QueueUrl\":\"" URL "\",\"Entries\":["
	    "{\"Id\":\"0\",\"ReceiptHandle\":\"h0\"},"
	    "{\"Id\":\"1\",\"ReceiptHandle\":\"h\\\"1\"},"
	    "{\"Id\":\"2\",\"ReceiptHandle\":\"h2\"}]}");
	assert_int_equal(fake_spec(r)->total_timeout_ms, 30000);
	fake_reply(r, 200, NULL,
	    SPAN("{\"Failed\":[{\"Id\":\"1\",\"SenderFault\":true,\"Code\":"
		 "\"ReceiptHandleIsInvalid\",\"Message\":\"bad\"}],"
		 "\"Successful\":[{\"Id\":\"2\"}]}"));
	fake_run();
	assert_int_equal(t.done, 1);
	assert_int_equal(t.result.class, AWS_OK);
	assert_string_equal(buf_cstr(&t.text),
	    "0|0|Missing|\n0|1|ReceiptHandleIsInvalid|bad\n1|0||\n");
}

/* Only what the reply calls a success is one. */
static void
test_batch_replies(void **state)
{
	static const struct {
		const char *body, *want; /* NULL: unreadable */
	} rows[] = {
	    {"", "0|0|Missing|\n0|0|Missing|\n0|0|Missing|\n"},
	    {"{}", "0|0|Missing|\n0|0|Missing|\n0|0|Missing|\n"},
	    {"{\"Successful\":[{\"Id\":\"3\"},{\"Id\":\"-1\"},{\"Id\":0},{}]}",
		"0|0|Missing|\n0|0|Missing|\n0|0|Missing|\n"},
	    {"{\"Successful\":[{\"Id\":\"0\"},{\"Id\":\"0\"},{\"Id\":\"1\"}],"
	     "\"Failed\":[{\"Id\":\"1\",\"Code\":\"C\"}]}",
		"1|0||\n0|0|C|\n0|0|Missing|\n"},
	    {"{\"Successful\":[{\"Id\":\"0\"}],\"Failed\":1}", NULL},
	    {"<html>", NULL},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		delete_reply(200, rows[i].body);
		assert_int_equal(t.result.class,
		    rows[i].want != NULL ? AWS_OK : AWS_TRANSIENT);
		assert_string_equal(buf_cstr(&t.text),
		    rows[i].want != NULL ? rows[i].want : "");
	}
}

static void
test_batch_is_tried_once(void **state)
{
	(void)state;
	t.op = sqs_delete(t.sqs, handles, 1, on_batch, &t);
	fake_reply(fake_http_expect(), 500, NULL, SPAN(""));
	fake_run();
	assert_int_equal(t.result.class, AWS_TRANSIENT);
	assert_int_equal(t.result.attempts, 1);
	fake_advance(60000);
	assert_null(fake_http_next());
}

static void
test_change_visibility(void **state)
{
	static const unsigned seconds[3] = {0, 30, SQS_VISIBILITY_MAX_S};
	struct request *r;
	(void)state;
	t.op = sqs_change_visibility(t.sqs, handles, seconds, 3, on_batch, &t);
	r = fake_http_expect();
	assert_string_equal(fake_header(r, "x-amz-target"),
	    "AmazonSQS.ChangeMessageVisibilityBatch");
	assert_string_equal(fake_body(r).p,
	    "{\"QueueUrl\":\"" URL "\",\"Entries\":["
	    "{\"Id\":\"0\",\"ReceiptHandle\":\"h0\",\"VisibilityTimeout\":0},"
	    "{\"Id\":\"1\",\"ReceiptHandle\":\"h\\\"1\","
	    "\"VisibilityTimeout\":30},"
	    "{\"Id\":\"2\",\"ReceiptHandle\":\"h2\","
	    "\"VisibilityTimeout\":43200}]}");
	fake_reply(
	    r, 404, NULL, SPAN("{\"__type\":\"x#ReceiptHandleIsInvalid\"}"));
	fake_run();
	assert_int_equal(t.result.class, AWS_OTHER);
	assert_int_equal(t.n, 0);
}

static bool leaked;

static void
look_for_handles(void *arg, struct span line)
{
	(void)arg;
	leaked = leaked || memmem(line.p, line.n, "HANDLE", 6) != NULL;
}

static void
test_handles_are_not_logged(void **state)
{
	struct span h = SPAN("HANDLE");
	(void)state;
	leaked = false;
	log_set_sink(look_for_handles, NULL);
	log_set_level(LOG_LVL_TRACE);
	t.op = sqs_delete(t.sqs, &h, 1, on_batch, &t);
	fake_reply(fake_http_expect(), 503, NULL, SPAN(""));
	fake_run();
	t.op = sqs_delete(t.sqs, &h, 1, on_batch, &t);
	fake_reply(fake_http_expect(), 400, NULL, SPAN("{\"__type\":\"x\"}"));
	fake_run();
	receive_reply(
	    200, "{\"Messages\":[" MSG("\"i\"", "\"HANDLE\"", "1") "]}");
	log_set_sink(NULL, NULL);
	log_set_level(LOG_LVL_INFO);
	assert_false(leaked);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

static void
on_attributes(
    void *arg, const struct aws_result *r, const struct sqs_attributes *a)
{
	assert_ptr_equal(arg, &t);
	note(r, a != NULL);
	if (a != NULL)
		buf_printf(&t.text, "%.*s|%lld|%lld|%lld|%lld|%.*s|%.*s|%d|%d",
		    (int)a->arn.n, a->arn.p, (long long)a->visibility_s,
		    (long long)a->waiting, (long long)a->in_flight,
		    (long long)a->max_receives, (int)a->dead_letter_arn.n,
		    a->dead_letter_arn.p, (int)a->kms_key.n, a->kms_key.p,
		    a->sqs_encrypted, a->fifo);
}

static void
test_attributes(void **state)
{
#define OBJECT(members) "{\"Attributes\":{" members "}}"
	static const struct {
		const char *body, *want; /* NULL: unreadable */
	} rows[] = {
	    {OBJECT("\"QueueArn\":\"a\",\"VisibilityTimeout\":\"30\","
		    "\"ApproximateNumberOfMessages\":\"7\","
		    "\"ApproximateNumberOfMessagesNotVisible\":\"2\","
		    "\"RedrivePolicy\":\"{\\\"deadLetterTargetArn\\\":"
		    "\\\"d\\\",\\\"maxReceiveCount\\\":5}\","
		    "\"KmsMasterKeyId\":\"k\","
		    "\"SqsManagedSseEnabled\":\"false\""),
		"a|30|7|2|5|d|k|0|0"},
	    {OBJECT("\"RedrivePolicy\":\"{\\\"maxReceiveCount\\\":"
		    "\\\"3\\\"}\",\"SqsManagedSseEnabled\":\"true\","
		    "\"FifoQueue\":\"true\""),
		"|-1|-1|-1|3|||1|1"},
	    {OBJECT("\"RedrivePolicy\":\"{\",\"VisibilityTimeout\":\"x\""),
		"|-1|-1|-1|-1|||0|0"},
	    {OBJECT(""), "|-1|-1|-1|-1|||0|0"},
	    {"{}", NULL},
	    {"", NULL},
	    {"{\"Attributes\":[]}", NULL},
	    {"<html>", NULL},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct request *r;

		t.done = 0;
		buf_reset(&t.text);
		t.op = sqs_get_attributes(t.sqs, on_attributes, &t);
		r = fake_http_expect();
		assert_string_equal(fake_header(r, "x-amz-target"),
		    "AmazonSQS.GetQueueAttributes");
		assert_string_equal(fake_body(r).p,
		    "{\"QueueUrl\":\"" URL "\",\"AttributeNames\":[\"All\"]}");
		fake_reply(r, 200, NULL, span_str(rows[i].body));
		fake_run();
		assert_int_equal(t.done, 1);
		assert_int_equal(t.result.class,
		    rows[i].want != NULL ? AWS_OK : AWS_TRANSIENT);
		assert_int_equal(t.n, rows[i].want != NULL);
		if (rows[i].want != NULL)
			assert_string_equal(buf_cstr(&t.text), rows[i].want);
	}
	t.done = 0;
	t.op = sqs_get_attributes(t.sqs, on_attributes, &t);
	fake_reply(fake_http_expect(), 403, NULL,
	    SPAN("{\"__type\":\"x#AccessDeniedException\"}"));
	fake_run();
	assert_int_equal(t.result.class, AWS_DENIED);
	assert_int_equal(t.n, 0);
}

static void
test_send(void **state)
{
	static const struct span bodies[] = {{"{\"a\":1}", 7}, {"b\n", 2}};
	struct request *r;

	(void)state;
	t.op = sqs_send(t.sqs, bodies, 2, on_batch, &t);
	r = fake_http_expect();
	assert_string_equal(
	    fake_header(r, "x-amz-target"), "AmazonSQS.SendMessageBatch");
	assert_string_equal(fake_body(r).p,
	    "{\"QueueUrl\":\"" URL "\",\"Entries\":["
	    "{\"Id\":\"0\",\"MessageBody\":\"{\\\"a\\\":1}\"},"
	    "{\"Id\":\"1\",\"MessageBody\":\"b\\u000a\"}]}");
	fake_reply(r, 200, NULL,
	    SPAN("{\"Successful\":[{\"Id\":\"0\",\"MessageId\":\"m\"}],"
		 "\"Failed\":[{\"Id\":\"1\",\"SenderFault\":true,"
		 "\"Code\":\"InvalidMessageContents\"}]}"));
	fake_run();
	assert_int_equal(t.done, 1);
	assert_int_equal(t.result.class, AWS_OK);
	assert_string_equal(
	    buf_cstr(&t.text), "1|0||\n0|1|InvalidMessageContents|\n");
	/* Not sent a second time by itself: it may have been obeyed. */
	t.op = sqs_send(t.sqs, bodies, 1, on_batch, &t);
	fake_fail(fake_http_expect(), ERR_TIMEOUT);
	fake_run();
	assert_int_equal(t.done, 2);
	assert_int_equal(t.result.class, AWS_TRANSIENT);
	assert_null(fake_http_next());
}

/* A daemon would delete it, where something takes it in spite of all. */
static void
test_a_message_that_nobody_takes(void **state)
{
	const struct json_node *root, *entry;
	struct notify *n;
	struct json *j;
	struct span body;

	(void)state;
	t.op = sqs_try_send(t.sqs, on_batch, &t);
	assert_int_equal(
	    json_parse(fake_body(fake_http_expect()), 1 << 16, &j, &root),
	    ERR_OK);
	entry = json_get(root, "Entries")->child;
	assert_true(span_is(json_get(entry, "DelaySeconds")->text, "901"));
	body = json_str(json_get(entry, "MessageBody"));
	assert_non_null(memmem(body.p, body.n, "\xef\xbf\xbf", 3));
	assert_int_equal(notify_parse(body, &n), NOTIFY_NOTHING);
	notify_free(&n);
	json_free(&j);
	sqs_cancel(&t.op);
}

/* What its sender gave it comes with a dead letter, and goes back with it. */
static void
on_dead_letter(void *arg, const struct aws_result *r,
    const struct sqs_message *m, size_t n)
{
	note(r, n);
	assert_ptr_equal(arg, &t);
	assert_int_equal(n, 2);
	sqs_copy_attributes(&t.text, m[0].attributes);
	buf_char(&t.text, '|');
	sqs_copy_attributes(&t.text, m[1].attributes);
}

static void
test_attributes_go_back(void **state)
{
	static const char given[] =
	    "\"MessageAttributes\":{\"k\":{\"DataType\":\"String\","
	    "\"StringValue\":\"v\\u000a\"},\"b\":{\"DataType\":"
	    "\"Binary\",\"BinaryValue\":\"AAE=\"}}";
	const struct sqs_ask ask = {.max = 10};
	struct sqs *dead =
	    sqs_dead_letters(t.sqs, SPAN("arn:aws:sqs:us-east-1:1:dead"));
	struct request *r;
	struct buf reply;

	(void)state;
	buf_init(&reply, 4096);
	buf_printf(&reply,
	    "{\"Messages\":[{\"MessageId\":\"a\",\"ReceiptHandle\":\"h\","
	    "\"Body\":\"x\",%s},{\"MessageId\":\"b\","
	    "\"ReceiptHandle\":\"i\",\"Body\":\"y\"}]}",
	    given);
	t.op = sqs_receive(dead, &ask, on_dead_letter, &t);
	r = fake_http_expect();
	assert_non_null(
	    strstr(fake_body(r).p, ",\"MessageAttributeNames\":[\"All\"]}"));
	fake_reply(r, 200, NULL, buf_view(&reply));
	fake_run();
	assert_int_equal(t.done, 1);
	assert_true(span_starts(buf_view(&t.text), ","));
	assert_int_equal(t.text.n, sizeof given - 1 + 2);
	assert_memory_equal(t.text.p + 1, given, sizeof given - 1);
	t.text.n--;
	t.op =
	    sqs_send_again(t.sqs, SPAN("x"), buf_view(&t.text), on_batch, &t);
	r = fake_http_expect();
	assert_non_null(strstr(fake_body(r).p, given));
	sqs_cancel(&t.op);
	sqs_free(&dead);
	buf_fini(&reply);
}

static void
on_moved(void *arg, const struct aws_result *r)
{
	assert_ptr_equal(arg, &t);
	note(r, 0);
}

static void
test_move(void **state)
{
	struct request *r;

	(void)state;
	t.op = sqs_move(t.sqs, SPAN("arn:x"), on_moved, &t);
	r = fake_http_expect();
	assert_string_equal(
	    fake_header(r, "x-amz-target"), "AmazonSQS.StartMessageMoveTask");
	assert_string_equal(fake_body(r).p, "{\"SourceArn\":\"arn:x\"}");
	fake_reply(r, 200, NULL, SPAN("{\"TaskHandle\":\"h\"}"));
	fake_run();
	assert_int_equal(t.done, 1);
	assert_int_equal(t.result.class, AWS_OK);
}

/* All of a call's bytes, each of which takes an escape. */
static void
test_send_as_much_as_may_be(void **state)
{
	char *p = mem_alloc(SQS_SEND_MAX);
	struct span body = {p, SQS_SEND_MAX};

	(void)state;
	memset(p, '\n', SQS_SEND_MAX);
	t.op = sqs_send(t.sqs, &body, 1, on_batch, &t);
	assert_true(fake_body(fake_http_expect()).n > (size_t)6 * SQS_SEND_MAX);
	sqs_cancel(&t.op);
	mem_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_receive_request),
	    T(test_receive),
	    T(test_receive_nothing),
	    T(test_unreadable),
	    T(test_receive_limits),
	    T(test_receive_is_tried_once),
	    T(test_the_oldest_of_the_last_minute),
	    T(test_the_dead_letter_queue),
	    T(test_refusal),
	    T(test_delete),
	    T(test_batch_replies),
	    T(test_batch_is_tried_once),
	    T(test_change_visibility),
	    T(test_handles_are_not_logged),
	    T(test_attributes),
	    T(test_send),
	    T(test_a_message_that_nobody_takes),
	    T(test_attributes_go_back),
	    T(test_move),
	    T(test_send_as_much_as_may_be),
	};

	return cmocka_run_group_tests_name("sqs", tests, NULL, NULL);
}
