/* Message bodies of every shape, and what each verdict rests on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/mem.h"
#include "trail/notify.h"

#define RECORD(event, object)                                                  \
	"{\"eventVersion\":\"2.6\",\"eventSource\":\"aws:s3\","                \
	"\"awsRegion\":\"eu-west-1\","                                         \
	"\"eventTime\":\"2026-02-14T09:31:07.250Z\",\"eventName\":\"" event    \
	"\",\"userIdentity\":{\"principalId\":\"AWS:AIDAX\"},"                 \
	"\"s3\":{\"s3SchemaVersion\":\"1.0\",\"bucket\":{\"name\":\"trail-"    \
	"b\","                                                                 \
	"\"arn\":\"arn:aws:s3:::trail-b\"},\"object\":" object "}}"
#define PUT(object)  RECORD("ObjectCreated:Put", object)
#define RECORDS(...) "{\"Records\":[" __VA_ARGS__ "]}"
#define RECORD_3(v, s, e)                                                      \
	"{\"Records\":[{\"eventVersion\":" v ",\"eventSource\":" s             \
	",\"eventName\":" e ",\"s3\":{\"bucket\":{\"name\":\"trail-b\"},"      \
	"\"object\":{\"key\":\"k\"}}}]}"
#define BRIDGE(source, type, detail)                                           \
	"{\"version\":\"0\",\"id\":\"6f1c\",\"detail-type\":\"" type           \
	"\",\"source\":\"" source                                              \
	"\",\"time\":\"2026-02-14T09:31:07Z\",\"region\":\"eu-west-1\","       \
	"\"detail\":" detail "}"
#define DETAIL                                                                 \
	"{\"version\":\"0\",\"event-version\":\"1.2\",\"bucket\":{\"name\":"   \
	"\"trail-b\"},\"object\":{\"key\":\"a+b%2F c\",\"size\":77,"           \
	"\"etag\":\"0123abcd\",\"version-id\":\"v1\"},"                        \
	"\"reason\":\"PutObject\"}"
#define CALL(name, rest)                                                       \
	BRIDGE("aws.s3", "AWS API Call via CloudTrail",                        \
	    "{\"eventVersion\":\"1.11\",\"eventSource\":"                      \
	    "\"s3.amazonaws.com\",\"eventName\":\"" name                       \
	    "\",\"awsRegion\":\"eu-west-1\","                                  \
	    "\"eventTime\":\"2026-02-14T09:31:07Z\"," rest "}")
#define ASKED                                                                  \
	"\"requestParameters\":{\"bucketName\":\"trail-b\","                   \
	"\"Host\":\"trail-b.s3.amazonaws.com\",\"key\":\"a+b%2F c\"}"
#define TEST_EVENT                                                             \
	"{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\","               \
	"\"Time\":\"2026-02-14T09:30:00.000Z\",\"Bucket\":\"trail-b\"}"

/* Expected of the objects: "bucket|key|version|etag|region|size|time" each. */
struct fixture {
	const char *name, *body;
	enum notify_verdict verdict;
	enum notify_reason why;
	const char *objects;
};

#define GOOD	   NOTIFY_OBJECTS, NOTIFY_R_NONE
#define NOTHING(r) NOTIFY_NOTHING, NOTIFY_R_##r, ""
#define UNKNOWN(r) NOTIFY_UNKNOWN, NOTIFY_R_##r, ""
#define TIMED	   "|eu-west-1|9|1771061467\n"

/* All of these are also tried in an envelope. */
static const struct fixture fixtures[] = {
    {"S3",
	RECORDS(PUT("{\"key\":\"AWSLogs/x_CloudTrail.json.gz\",\"size\":9,"
		    "\"eTag\":\"00ff\",\"versionId\":\"v.1\","
		    "\"sequencer\":\"00\"}")),
	GOOD, "trail-b|AWSLogs/x_CloudTrail.json.gz|v.1|00ff" TIMED},
    {"S3, one decode", RECORDS(PUT("{\"key\":\"a+b%2Bc%2fd%252B%C3%A9\"}")),
	GOOD, "trail-b|a b+c/d%2B\xc3\xa9|||eu-west-1|-1|1771061467\n"},
    {"S3, null version, quoted etag",
	RECORDS(PUT("{\"key\":\"k\",\"size\":9,\"versionId\":null,"
		    "\"eTag\":\"\\\"00ff-2\\\"\"}")),
	GOOD, "trail-b|k||00ff-2" TIMED},
    {"S3, large size", RECORDS(PUT("{\"key\":\"k\",\"size\":5368709120}")),
	GOOD, "trail-b|k|||eu-west-1|5368709120|1771061467\n"},
    {"S3, useless extras",
	RECORDS("{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\","
		"\"awsRegion\":\"evil.example/\",\"eventTime\":\"soon\","
		"\"eventName\":\"ObjectCreated:Copy\",\"s3\":{\"bucket\":"
		"{\"name\":\"b\"},\"object\":{\"key\":\"k\",\"size\":-1}}}"),
	GOOD, "b|k||||-1|-1\n"},
    {"S3, several",
	RECORDS(PUT("{\"key\":\"a\",\"size\":9}") "," PUT(
	    "{\"key\":\"b\",\"size\":9}")),
	GOOD, "trail-b|a||" TIMED "trail-b|b||" TIMED},
    {"S3, mixed",
	RECORDS(RECORD("ObjectRemoved:Delete", "{\"key\":\"gone\"}") "," PUT(
	    "{\"key\":\"b\",\"size\":9}")),
	GOOD, "trail-b|b||" TIMED},
    {"S3, multipart",
	RECORDS(RECORD("ObjectCreated:CompleteMultipartUpload",
	    "{\"key\":\"b\",\"size\":9}")),
	GOOD, "trail-b|b||" TIMED},
    {"another implementation of S3",
	RECORD_3("\"2.0\"", "\"minio:s3\"", "\"s3:ObjectCreated:Put\""), GOOD,
	"trail-b|k||||-1|-1\n"},
    {"version 2", RECORD_3("\"2\"", "\"aws:s3\"", "\"ObjectCreated:Put\""),
	GOOD, "trail-b|k||||-1|-1\n"},
    {"removed", RECORDS(RECORD("ObjectRemoved:Delete", "{\"key\":\"gone\"}")),
	NOTHING(OTHER_EVENT)},
    {"restored", RECORDS(RECORD("ObjectRestore:Completed", "{\"key\":\"k\"}")),
	NOTHING(OTHER_EVENT)},
    {"tagged", RECORDS(RECORD("ObjectTagging:Put", "{\"key\":\"k\"}")),
	NOTHING(OTHER_EVENT)},
    {"read, as MinIO says",
	RECORDS(RECORD("s3:ObjectAccessed:Get", "{\"key\":\"k\"}")),
	NOTHING(OTHER_EVENT)},
    {"an event to come", RECORDS(RECORD("ObjectMoved:In", "{\"key\":\"k\"}")),
	UNKNOWN(UNKNOWN_SHAPE)},
    {"no records", "{\"Records\":[]}", NOTHING(EMPTY)},
    {"Records null", "{\"Records\":null}", UNKNOWN(UNKNOWN_SHAPE)},
    {"Records an object", "{\"Records\":{}}", UNKNOWN(UNKNOWN_SHAPE)},
    {"record a number", "{\"Records\":[1]}", UNKNOWN(UNKNOWN_SHAPE)},
    {"second record a number", RECORDS(PUT("{\"key\":\"a\"}") ",1"),
	UNKNOWN(UNKNOWN_SHAPE)},
    {"version 3", RECORD_3("\"3.0\"", "\"aws:s3\"", "\"ObjectCreated:Put\""),
	UNKNOWN(UNKNOWN_SHAPE)},
    {"version 20", RECORD_3("\"20.1\"", "\"aws:s3\"", "\"ObjectCreated:Put\""),
	UNKNOWN(UNKNOWN_SHAPE)},
    {"a CloudTrail record",
	RECORD_3("\"1.11\"", "\"s3.amazonaws.com\"", "\"PutObject\""),
	UNKNOWN(UNKNOWN_SHAPE)},
    {"another source", RECORD_3("\"2.1\"", "\"aws:sns\"", "\"ObjectCreated:\""),
	UNKNOWN(UNKNOWN_SHAPE)},
    {"no event name", RECORD_3("\"2.1\"", "\"aws:s3\"", "null"),
	UNKNOWN(UNKNOWN_SHAPE)},
    {"stray percent", RECORDS(PUT("{\"key\":\"a%2\"}")), UNKNOWN(BAD_KEY)},
    {"percent, no hex", RECORDS(PUT("{\"key\":\"a%zz\"}")), UNKNOWN(BAD_KEY)},
    {"NUL encoded", RECORDS(PUT("{\"key\":\"a%00b\"}")), UNKNOWN(BAD_KEY)},
    {"NUL escaped", RECORDS(PUT("{\"key\":\"a\\u0000b\"}")), UNKNOWN(BAD_KEY)},
    {"no key", RECORDS(PUT("{\"size\":1}")), UNKNOWN(BAD_KEY)},
    {"empty key", RECORDS(PUT("{\"key\":\"\"}")), UNKNOWN(BAD_KEY)},
    {"key a number", RECORDS(PUT("{\"key\":1}")), UNKNOWN(BAD_KEY)},
    {"NUL in version",
	RECORDS(PUT("{\"key\":\"k\",\"versionId\":\"\\u0000\"}")),
	UNKNOWN(BAD_KEY)},
    {"second key bad",
	RECORDS(PUT("{\"key\":\"a\"}") "," PUT("{\"key\":\"%\"}")),
	UNKNOWN(BAD_KEY)},

    {"test event", TEST_EVENT, NOTHING(TEST_EVENT)},
    {"other event", "{\"Service\":\"Amazon S3\",\"Event\":\"s3:Other\"}",
	UNKNOWN(UNKNOWN_SHAPE)},

    {"EventBridge", BRIDGE("aws.s3", "Object Created", DETAIL), GOOD,
	"trail-b|a+b%2F c|v1|0123abcd|eu-west-1|77|1771061467\n"},
    {"EventBridge, deleted", BRIDGE("aws.s3", "Object Deleted", DETAIL),
	NOTHING(OTHER_EVENT)},
    {"EventBridge, no bucket",
	BRIDGE("aws.s3", "Object Created", "{\"object\":{\"key\":\"k\"}}"),
	UNKNOWN(BAD_KEY)},
    {"EventBridge, no detail", BRIDGE("aws.s3", "Object Created", "null"),
	UNKNOWN(UNKNOWN_SHAPE)},
    {"EventBridge, other source",
	BRIDGE("aws.ec2", "AWS API Call via CloudTrail", DETAIL),
	UNKNOWN(UNKNOWN_SHAPE)},

    {"EventBridge, async copy",
	BRIDGE("aws.s3", "Async Copy Completion", DETAIL),
	UNKNOWN(UNKNOWN_SHAPE)},
    {"EventBridge, restored",
	BRIDGE("aws.s3", "Object Restore Completed", DETAIL),
	NOTHING(OTHER_EVENT)},
    {"call, put", CALL("PutObject", ASKED), GOOD,
	"trail-b|a+b%2F c|||eu-west-1|-1|1771061467\n"},
    {"call, put, with its size",
	CALL("PutObject",
	    ASKED ",\"additionalEventData\":{\"bytesTransferredIn\":77}"),
	GOOD, "trail-b|a+b%2F c|||eu-west-1|77|1771061467\n"},
    {"call, multipart", CALL("CompleteMultipartUpload", ASKED), GOOD,
	"trail-b|a+b%2F c|||eu-west-1|-1|1771061467\n"},
    {"call, copy", CALL("CopyObject", ASKED), GOOD,
	"trail-b|a+b%2F c|||eu-west-1|-1|1771061467\n"},
    {"call, form", CALL("PostObject", ASKED), GOOD,
	"trail-b|a+b%2F c|||eu-west-1|-1|1771061467\n"},
    {"call, refused",
	CALL("PutObject", "\"errorCode\":\"AccessDenied\"," ASKED),
	NOTHING(OTHER_EVENT)},
    {"call, read", CALL("GetObject", ASKED), NOTHING(OTHER_EVENT)},
    {"call, deleted", CALL("DeleteObject", ASKED), NOTHING(OTHER_EVENT)},
    {"call, part", CALL("UploadPart", ASKED), NOTHING(OTHER_EVENT)},
    {"call, tagged", CALL("PutObjectTagging", ASKED), NOTHING(OTHER_EVENT)},
    {"call, new in S3", CALL("RenameObject", ASKED), UNKNOWN(UNKNOWN_SHAPE)},
    {"call, of a bucket",
	CALL("PutBucketPolicy",
	    "\"requestParameters\":{\"bucketName\":\"trail-b\"}"),
	NOTHING(OTHER_EVENT)},
    {"call, no key",
	CALL("PutObject", "\"requestParameters\":{\"bucketName\":\"trail-b\"}"),
	UNKNOWN(BAD_KEY)},
    {"call, no name", CALL("", ASKED), UNKNOWN(UNKNOWN_SHAPE)},

    {"CloudTrail", "{\"s3Bucket\":\"tb\",\"s3ObjectKey\":[\"a+b%2F c\",\"d\"]}",
	GOOD, "tb|a+b%2F c||||-1|-1\ntb|d||||-1|-1\n"},
    {"CloudTrail, string", "{\"s3ObjectKey\":\"k\",\"s3Bucket\":\"tb\"}", GOOD,
	"tb|k||||-1|-1\n"},
    {"CloudTrail, no keys", "{\"s3Bucket\":\"tb\",\"s3ObjectKey\":[]}",
	NOTHING(EMPTY)},
    {"CloudTrail, a number", "{\"s3Bucket\":\"tb\",\"s3ObjectKey\":[\"a\",1]}",
	UNKNOWN(BAD_KEY)},
    {"CloudTrail, key missing", "{\"s3Bucket\":\"tb\"}",
	UNKNOWN(UNKNOWN_SHAPE)},
    {"CloudTrail, bucket a number", "{\"s3Bucket\":1,\"s3ObjectKey\":\"k\"}",
	UNKNOWN(BAD_KEY)},
    {"CloudTrail, bucket missing", "{\"s3ObjectKey\":\"k\"}",
	UNKNOWN(UNKNOWN_SHAPE)},
    {"validation", "CloudTrail validation message.", NOTHING(VALIDATION)},
    {"validation, blanks", "\nCloudTrail validation message.\r\n ",
	NOTHING(VALIDATION)},
    {"not quite", "CloudTrail validation message", UNKNOWN(NOT_JSON)},

    {"Config, change",
	"{\"configurationItemDiff\":{},\"configurationItem\":{\"a\":1},"
	"\"messageType\":\"ConfigurationItemChangeNotification\"}",
	NOTHING(AWS_CONFIG)},
    {"Config, item only", "{\"configurationItem\":{\"a\":1}}",
	NOTHING(AWS_CONFIG)},
    {"Config, oversized",
	"{\"configurationItemSummary\":{},\"s3DeliverySummary\":{},"
	"\"messageType\":\"OversizedConfigurationItemChangeNotification\"}",
	NOTHING(AWS_CONFIG)},
    {"Config, snapshot",
	"{\"configSnapshotId\":\"9f\",\"s3Bucket\":\"tb\",\"s3ObjectKey\":"
	"\"AWSLogs/210987654321/Config/x.json.gz\",\"messageType\":"
	"\"ConfigurationSnapshotDeliveryCompleted\"}",
	NOTHING(AWS_CONFIG)},
    {"Config, history",
	"{\"s3Bucket\":\"tb\",\"s3ObjectKey\":\"AWSLogs/x\",\"messageType\":"
	"\"ConfigurationHistoryDeliveryCompleted\"}",
	NOTHING(AWS_CONFIG)},
    {"Config, compliance", "{\"messageType\":\"ComplianceChangeNotification\"}",
	NOTHING(AWS_CONFIG)},
    {"another message type",
	"{\"s3Bucket\":\"tb\",\"s3ObjectKey\":\"k\",\"messageType\":\"News\"}",
	UNKNOWN(UNKNOWN_SHAPE)},

    {"empty", "", UNKNOWN(NOT_JSON)},
    {"text", "hello", UNKNOWN(NOT_JSON)},
    {"half", "{\"Records\":[", UNKNOWN(NOT_JSON)},
    {"two", "{\"Records\":[]}{}", UNKNOWN(NOT_JSON)},
    {"empty object", "{}", UNKNOWN(UNKNOWN_SHAPE)},
    {"array", "[{\"s3Bucket\":\"tb\",\"s3ObjectKey\":\"k\"}]",
	UNKNOWN(UNKNOWN_SHAPE)},
    {"string", "\"CloudTrail validation message.\"", UNKNOWN(UNKNOWN_SHAPE)},
};

/* Only as a body of their own. */
static const struct fixture outer[] = {
    {"subscription",
	"{\"Type\":\"SubscriptionConfirmation\",\"TopicArn\":\"arn:a\","
	"\"Message\":\"You have chosen\",\"SubscribeURL\":\"https://x\"}",
	NOTHING(SUBSCRIPTION)},
    {"unsubscription",
	"{\"Type\":\"UnsubscribeConfirmation\",\"TopicArn\":\"arn:a\","
	"\"Message\":\"{\\\"Records\\\":[]}\"}",
	NOTHING(UNSUBSCRIPTION)},
    {"another envelope",
	"{\"Type\":\"Other\",\"TopicArn\":\"arn:a\",\"Message\":\"{}\"}",
	UNKNOWN(UNKNOWN_SHAPE)},
    {"no message", "{\"Type\":\"Notification\",\"TopicArn\":\"arn:a\"}",
	UNKNOWN(UNKNOWN_SHAPE)},
    {"message an object",
	"{\"Type\":\"Notification\",\"TopicArn\":\"arn:a\",\"Message\":{}}",
	UNKNOWN(UNKNOWN_SHAPE)},
    {"no topic",
	"{\"Type\":\"Notification\",\"Message\":\"{\\\"Records\\\":[]}\"}",
	UNKNOWN(UNKNOWN_SHAPE)},
};

static void
print_objects(struct buf *b, const struct notify *n)
{
	for (size_t i = 0; i < notify_count(n); i++) {
		const struct notify_object *o = notify_at(n, i);
		struct span parts[] = {
		    o->bucket, o->key, o->version, o->etag, o->region};

		for (size_t k = 0; k < sizeof parts / sizeof *parts; k++) {
			buf_span(b, parts[k]);
			buf_char(b, '|');
		}
		buf_printf(b, "%lld|%lld\n", (long long)o->size,
		    (long long)o->event_time);
	}
}

static void
check(const struct fixture *f, struct span body, const char *how)
{
	/* An exact copy: the sanitizer sees a byte read too much. */
	char *copy = mem_alloc(body.n);
	struct notify *n;
	enum notify_verdict verdict;
	struct buf got;

	if (body.n > 0)
		memcpy(copy, body.p, body.n);
	buf_init(&got, 1 << 20);
	verdict = notify_parse((struct span){copy, body.n}, &n);
	/* What it found does not point into the body. */
	mem_free(copy);
	print_objects(&got, n);
	if (verdict != f->verdict || notify_why(n) != f->why ||
	    strcmp(buf_cstr(&got), f->objects) != 0)
		fail_msg("%s (%s): verdict %d, reason %s, objects:\n%s",
		    f->name, how, (int)verdict,
		    notify_reason_name(notify_why(n)), buf_cstr(&got));
	buf_fini(&got);
	notify_free(&n);
	assert_null(n);
	notify_free(&n);
}

static void
wrap(struct buf *b, struct span message)
{
	buf_str(b,
	    "{\"Type\":\"Notification\",\"MessageId\":\"5d\",\"TopicArn\":"
	    "\"arn:aws:sns:eu-west-1:210987654321:t\",\"Subject\":\"s\","
	    "\"Message\":");
	enc_json_string(b, message);
	buf_str(b,
	    ",\"Timestamp\":\"2026-02-14T09:31:08.000Z\",\"SignatureVersion\":"
	    "\"1\",\"Signature\":\"c2ln\",\"MessageAttributes\":{\"Records\":"
	    "{\"Type\":\"String\",\"Value\":\"v\"}}}");
}

static void
test_shapes(void **state)
{
	struct buf b, c;

	(void)state;
	buf_init(&b, 1 << 20);
	buf_init(&c, 1 << 20);
	for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
		const struct fixture *f = &fixtures[i];
		struct fixture twice = {f->name, NULL, UNKNOWN(UNKNOWN_SHAPE)};

		check(f, span_str(f->body), "alone");
		buf_reset(&b);
		wrap(&b, span_str(f->body));
		check(f, buf_view(&b), "in an envelope");
		buf_reset(&c);
		wrap(&c, buf_view(&b));
		check(&twice, buf_view(&c), "in two envelopes");
	}
	for (size_t i = 0; i < sizeof outer / sizeof *outer; i++)
		check(&outer[i], span_str(outer[i].body), "alone");
	buf_fini(&b);
	buf_fini(&c);
}

/* A body cut short never passes for one that says something. */
static void
test_truncated(void **state)
{
	static const char body[] =
	    RECORDS(PUT("{\"key\":\"a\"}") "," PUT("{\"key\":\"b\"}"));
	struct fixture f = {"cut", NULL, UNKNOWN(NOT_JSON)};

	(void)state;
	for (size_t n = 0; n < sizeof body - 1; n++)
		check(&f, (struct span){body, n}, "alone");
}

static void
fill(struct buf *b, const char *before, const char *unit, size_t n,
    const char *after)
{
	buf_reset(b);
	buf_str(b, before);
	for (size_t i = 0; i < n; i++)
		buf_str(b, unit);
	buf_str(b, after);
	assert_int_equal(b->err, ERR_OK);
}

static void
expect(const struct buf *body, enum notify_reason why, size_t count)
{
	struct notify *n;

	(void)notify_parse(buf_view(body), &n);
	assert_string_equal(
	    notify_reason_name(notify_why(n)), notify_reason_name(why));
	assert_int_equal(notify_count(n), count);
	notify_free(&n);
}

static void
test_limits(void **state)
{
	static const char key_1[] =
	    "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventSource\":"
	    "\"aws:s3\",\"eventName\":\"ObjectCreated:Put\",\"s3\":{\"bucket\":"
	    "{\"name\":\"b\"},\"object\":{\"key\":\"";
	static const char key_2[] = "\"}}}]}";
	static const char bucket_1[] = "{\"s3ObjectKey\":\"k\",\"s3Bucket\":\"";
	static const char plain_1[] = "{\"s3Bucket\":\"b\",\"s3ObjectKey\":\"";
	static const char keys_1[] = "{\"s3Bucket\":\"b\",\"s3ObjectKey\":[";
	struct buf b;

	(void)state;
	buf_init(&b, 4 << 20);
	fill(&b, key_1, "%41", 1024, key_2);
	expect(&b, NOTIFY_R_NONE, 1);
	fill(&b, key_1, "%41", 1025, key_2);
	expect(&b, NOTIFY_R_BAD_KEY, 0);
	fill(&b, plain_1, "k", 1024, "\"}");
	expect(&b, NOTIFY_R_NONE, 1);
	fill(&b, plain_1, "k", 1025, "\"}");
	expect(&b, NOTIFY_R_BAD_KEY, 0);
	fill(&b, bucket_1, "b", 255, "\"}");
	expect(&b, NOTIFY_R_NONE, 1);
	fill(&b, bucket_1, "b", 256, "\"}");
	expect(&b, NOTIFY_R_BAD_KEY, 0);
	fill(&b, keys_1, "\"k\",", 9999, "\"k\"]}");
	expect(&b, NOTIFY_R_NONE, 10000);
	fill(&b, keys_1, "\"k\",", 10000, "\"k\"]}");
	expect(&b, NOTIFY_R_UNKNOWN_SHAPE, 0);
	/* More than the tree may take, and deeper than it may be. */
	fill(&b, "{\"Records\":[", "1,", 500000, "1]}");
	expect(&b, NOTIFY_R_UNKNOWN_SHAPE, 0);
	fill(&b, "", "[", 10000, "");
	expect(&b, NOTIFY_R_UNKNOWN_SHAPE, 0);
	buf_fini(&b);
}

/* The envelope leaves less for what is in it. */
static void
test_envelope_takes_room(void **state)
{
	static const char *const message =
	    "\"Message\":\"{\\\"s3Bucket\\\":\\\"b\\\","
	    "\\\"s3ObjectKey\\\":[";
	struct buf b;

	(void)state;
	buf_init(&b, 4 << 20);
	for (int way = 0; way < 2; way++) {
		size_t pad = way == 0 ? 1 << 20 : 7 << 19;

		buf_reset(&b);
		buf_str(&b, "{\"TopicArn\":\"t\",\"Type\":\"Notification\","
			    "\"Pad\":\"");
		for (size_t i = 0; i < pad; i++)
			buf_char(&b, 'x');
		buf_printf(&b, "\",%s", message);
		for (int i = 0; i < 9999; i++)
			buf_str(&b, "\\\"k\\\",");
		buf_str(&b, "\\\"k\\\"]}\"}");
		if (way == 0)
			expect(&b, NOTIFY_R_NONE, 10000);
		else
			expect(&b, NOTIFY_R_UNKNOWN_SHAPE, 0);
	}
	buf_fini(&b);
}

/* Which member it was, of a message that somebody made by hand. */
static void
test_faults(void **state)
{
	static const struct {
		const char *body, *fault;
	} rows[] = {
	    {"{}", "Records, detail-type or s3Bucket is missing"},
	    {"{\"Records\":{}}", "Records has an unknown value"},
	    {"{\"Records\":[{}]}", "eventSource in Records is missing"},
	    {"{\"Records\":[{\"eventSource\":\"s3\"}]}",
		"eventSource in Records has an unknown value"},
	    {"{\"Records\":[{\"eventSource\":\"aws:s3\"}]}",
		"eventVersion in Records is missing"},
	    {RECORD_3("\"2.1\"", "\"aws:s3\"", "null"),
		"eventName in Records is missing"},
	    {RECORDS(PUT("{}")), "s3.object.key in Records is missing"},
	    {RECORDS(PUT("{\"key\":1}")),
		"s3.object.key in Records is no text"},
	    {RECORDS(PUT("{\"key\":\"\"}")),
		"s3.object.key in Records is empty"},
	    {RECORDS(PUT("{\"key\":\"%\"}")),
		"s3.object.key in Records cannot be decoded, or is too long"},
	    {"{\"Records\":[{\"eventVersion\":\"2.1\",\"eventSource\":"
	     "\"aws:s3\",\"eventName\":\"ObjectCreated:Put\",\"s3\":"
	     "{\"object\":{\"key\":\"k\"}}}]}",
		"s3.bucket.name in Records is missing"},
	    {"{\"detail-type\":\"Object Created\"}", "source is missing"},
	    {BRIDGE("aws.s3", "Object Created", "null"), "detail is missing"},
	    {BRIDGE("aws.s3", "Object Created", "{}"),
		"detail.bucket.name is missing"},
	    {BRIDGE("aws.s3", "Object Invented", "{}"),
		"detail-type has an unknown value"},
	    {CALL("PutObject", "\"a\":1"),
		"detail.requestParameters.bucketName is missing"},
	    {"{\"s3Bucket\":\"b\"}", "s3ObjectKey is missing"},
	    {"{\"s3Bucket\":null,\"s3ObjectKey\":\"k\"}",
		"s3Bucket is missing"},
	    {"{\"TopicArn\":\"a\"}", "Type is missing"},
	    {"{\"TopicArn\":\"a\",\"Type\":\"Notification\"}",
		"Message is missing"},
	    {TEST_EVENT, ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct notify *n;

		(void)notify_parse(span_str(rows[i].body), &n);
		assert_string_equal(notify_fault(n), rows[i].fault);
		notify_free(&n);
	}
}

static void
test_subscription(void **state)
{
	struct notify *n;

	(void)state;
	(void)notify_parse(span_str(outer[0].body), &n);
	assert_true(span_is(notify_topic(n), "arn:a"));
	assert_true(span_is(notify_link(n), "https://x"));
	notify_free(&n);
	(void)notify_parse(SPAN(TEST_EVENT), &n);
	assert_int_equal(notify_topic(n).n, 0);
	notify_free(&n);
}

static void
test_names(void **state)
{
	(void)state;
	for (int r = 0; r < NOTIFY_R_COUNT; r++)
		assert_non_null(notify_reason_name((enum notify_reason)r));
	assert_string_equal(
	    notify_reason_name(NOTIFY_R_TEST_EVENT), "test_event");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_shapes),
	    cmocka_unit_test(test_truncated),
	    cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_envelope_takes_room),
	    cmocka_unit_test(test_faults),
	    cmocka_unit_test(test_subscription),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
