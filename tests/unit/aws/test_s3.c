#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aws/s3.h"

#include "fake/fake_http.c"

#define ROWS(a) (sizeof(a) / sizeof(a)[0])
#define ETAG	"ETag: \"e1\"\r\n"
#define OTHER	"ETag: \"e2\"\r\n"
#define TEN	"0123456789"

static struct {
	struct creds_keeper *keeper;
	struct aws *aws;
	struct s3 *s3;
	struct s3_get *get;
	unsigned heads, done;
	struct s3_head head;
	char etag[64], version[64], storage_class[64];
	struct aws_result result;
	struct buf bytes;
	size_t take; /* of each offer */
	bool cancel_in_data, resume_in_data;
} t;

static void
s3_open(const char *region, const struct endpoint *custom)
{
	struct s3_conf conf = {
	    .region = region, .custom = custom, .stall_timeout_ms = 30000};

	s3_free(&t.s3);
	t.s3 = s3_new(t.aws, &conf);
}

static int
setup(void **state)
{
	(void)state;
	fake_begin();
	memset(&t, 0, sizeof t);
	t.take = SIZE_MAX;
	buf_init(&t.bytes, 1 << 16);
	t.keeper = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", NULL), NULL, NULL);
	fake_run();
	t.aws = aws_new(fake_http(), fake_timers(), t.keeper);
	s3_open("us-east-1", NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	s3_get_cancel(&t.get);
	s3_free(&t.s3);
	aws_free(&t.aws);
	creds_keeper_free(&t.keeper);
	buf_fini(&t.bytes);
	fake_end();
	return 0;
}

static void
keep_text(char out[64], struct span s)
{
	(void)snprintf(out, 64, "%.*s", (int)s.n, s.p);
}

static void
on_head_seen(void *arg, const struct s3_head *h)
{
	assert_ptr_equal(arg, &t);
	t.heads++;
	t.head = *h;
	keep_text(t.etag, h->etag);
	keep_text(t.version, h->version);
	keep_text(t.storage_class, h->storage_class);
}

static size_t
on_bytes(void *arg, struct span s)
{
	assert_ptr_equal(arg, &t);
	if (t.cancel_in_data) {
		s3_get_cancel(&t.get);
		return s.n;
	}
	if (t.resume_in_data)
		s3_get_resume(t.get);
	if (s.n > t.take)
		s.n = t.take;
	buf_span(&t.bytes, s);
	return s.n;
}

static void
on_done(void *arg, const struct aws_result *r)
{
	assert_ptr_equal(arg, &t);
	t.get = NULL;
	t.done++;
	t.result = *r;
}

static void
get(struct s3_object o)
{
	struct s3_events ev = {on_head_seen, on_bytes, on_done, &t};

	t.done = t.heads = 0;
	buf_reset(&t.bytes);
	t.get = s3_get_start(t.s3, &o, &ev);
	assert_int_equal(t.done, 0);
}

static void
get_key(const char *key)
{
	get((struct s3_object){.bucket = SPAN("logs"), .key = span_str(key)});
}

static void
assert_done(enum aws_class class, const char *code, const char *bytes)
{
	fake_run();
	assert_int_equal(t.done, 1);
	assert_string_equal(
	    aws_class_name(t.result.class), aws_class_name(class));
	assert_string_equal(t.result.code, code);
	assert_string_equal(buf_cstr(&t.bytes), bytes);
	assert_null(fake_http_nth(0));
}

static void
test_whole(void **state)
{
	(void)state;
	for (size_t cut = 1; cut <= 11; cut++) {
		fake_set_cut(cut);
		get_key("k");
		fake_reply(fake_http_expect(), 200,
		    ETAG "x-amz-version-id: v1\r\n"
			 "x-amz-storage-class: GLACIER_IR\r\n",
		    SPAN(TEN));
		assert_done(AWS_OK, "", TEN);
		assert_int_equal(t.heads, 1);
		assert_int_equal(t.head.size, 10);
		assert_string_equal(t.etag, "\"e1\"");
		assert_string_equal(t.version, "v1");
		assert_string_equal(t.storage_class, "GLACIER_IR");
	}
	get_key("empty");
	fake_reply(fake_http_expect(), 200, ETAG, SPAN(""));
	assert_done(AWS_OK, "", "");
	assert_int_equal(t.heads, 1);
}

#define ARN_IN(region) "arn:aws:s3:" region ":111122223333:accesspoint/logs"

static void
test_urls(void **state)
{
	static const struct {
		const char *bucket, *key, *version, *region, *url;
	} rows[] = {
#define HOST "https://logs.s3.us-east-1.amazonaws.com"
	    {"logs", "a/b.json.gz", "", "", HOST "/a/b.json.gz"},
	    {"logs", "a//b/", "", "", HOST "/a//b/"},
	    {"logs", "/k", "", "", HOST "//k"},
	    {"logs", "../k", "", "", HOST "/../k"},
	    {"logs", "a b+c=%\xe2\x9c\x93", "", "",
		HOST "/a%20b%2Bc%3D%25%E2%9C%93"},
	    {"logs", "k?x#y", "", "", HOST "/k%3Fx%23y"},
	    {"logs", "k", "a.B_1/", "", HOST "/k?versionId=a.B_1%2F"},
	    {"logs", "k", "", "eu-west-3",
		"https://logs.s3.eu-west-3.amazonaws.com/k"},
	    {"logs", "k", "", "cn-north-1", HOST "/k"},
	    {"logs", "k", "", "evil.example", HOST "/k"},
	    {"my.logs", "k", "", "",
		"https://s3.us-east-1.amazonaws.com/my.logs/k"},
	    {ARN_IN("us-west-2"), "k", "", "us-east-2",
		"https://logs-111122223333.s3-accesspoint.us-west-2."
		"amazonaws.com/k"},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct request *r;

		get((struct s3_object){span_str(rows[i].bucket),
		    span_str(rows[i].key), span_str(rows[i].version),
		    span_str(rows[i].region)});
		r = fake_http_expect();
		assert_string_equal(fake_url(r), rows[i].url);
		assert_null(fake_header(r, "range"));
		assert_null(fake_header(r, "if-match"));
		assert_int_equal(fake_spec(r)->stall_timeout_ms, 30000);
		assert_int_equal(fake_spec(r)->total_timeout_ms, 0);
		s3_get_cancel(&t.get);
		assert_null(t.get);
	}
	fake_run();
	assert_int_equal(t.done, 0);
}

/* Told as what they are, and not as a name that is wrong. */
static void
test_unsupported_buckets(void **state)
{
	static const char *const rows[][2] = {
	    {"logs--use1-az4--x-s3", "Express"},
	    {"logs--use1-az4--xa-s3", "Express"},
	    {"arn:aws:s3-outposts:us-east-1:111122223333:outpost/op-1/bucket/b",
		"Outposts"},
	    {"logs-abc--op-s3", "Outposts"},
	    {"arn:aws:s3-object-lambda:us-east-1:111122223333:accesspoint/x",
		"Object Lambda"},
	    {"arn:aws:s3::111122223333:accesspoint/mfzwi23gnjvgw.mrap",
		"multi-region"},
	    {"arn:aws:s3:us-east-1:111122223333:storage-lens/x", "kind"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		get((struct s3_object){
		    .bucket = span_str(rows[i][0]), .key = SPAN("k")});
		assert_done(AWS_OTHER, "NotSupported", "");
		assert_non_null(strstr(t.result.message, rows[i][1]));
		assert_non_null(strstr(t.result.message, "not supported"));
	}
	assert_null(endpoint_bucket_unsupported(SPAN("logs")));
	assert_null(endpoint_bucket_unsupported(SPAN(ARN_IN("us-west-2"))));
}

static void
test_impossible_names(void **state)
{
	char key[4000];
	(void)state;
	get((struct s3_object){.bucket = SPAN("a/b"), .key = SPAN("k")});
	assert_done(AWS_OTHER, "InvalidName", "");
	assert_int_equal(t.result.err, ERR_SYNTAX);
	memset(key, '%', sizeof key);
	get((struct s3_object){
	    .bucket = SPAN("logs"), .key = {key, sizeof key}});
	assert_done(AWS_OTHER, "InvalidName", "");
	assert_int_equal(t.result.err, ERR_LIMIT);
	s3_open("nowhere", NULL);
	get_key("k");
	assert_done(AWS_OTHER, "InvalidName", "");
	assert_int_equal(t.result.err, ERR_SHAPE);
}

static void
test_custom_endpoint(void **state)
{
	struct endpoint e;
	struct request *r;
	(void)state;
	assert_int_equal(
	    endpoint_parse(SPAN("http://localhost:9000"), &e), ERR_OK);
	s3_open("garage", &e);
	get_key("k");
	r = fake_http_expect();
	assert_string_equal(fake_url(r), "http://localhost:9000/logs/k");
	assert_string_equal(fake_header(r, "host"), "localhost:9000");
	assert_non_null(strstr(fake_header(r, "authorization"), "/garage/s3/"));
}

static void
test_refusals(void **state)
{
	(void)state;
	get_key("k");
	fake_reply(fake_http_expect(), 404, "x-amz-request-id: R\r\n",
	    SPAN("<Error><Code>NoSuchKey</Code></Error>"));
	assert_done(AWS_NOT_FOUND, "NoSuchKey", "");
	assert_string_equal(t.result.request_id, "R");
	assert_int_equal(t.heads, 0);
	get_key("k");
	fake_reply(fake_http_expect(), 206, ETAG, SPAN("x"));
	assert_done(AWS_OTHER, "UnexpectedStatus", "");
	get_key("k");
	fake_reply(fake_http_expect(), 412, NULL, SPAN(""));
	assert_done(AWS_OTHER, "", "");
}

static void
test_pause(void **state)
{
	(void)state;
	t.take = 4;
	get_key("k");
	fake_reply(fake_http_expect(), 200, ETAG, SPAN(TEN));
	fake_run();
	fake_run();
	assert_string_equal(buf_cstr(&t.bytes), "0123");
	s3_get_resume(t.get);
	fake_run();
	assert_string_equal(buf_cstr(&t.bytes), "01234567");
	s3_get_resume(t.get);
	assert_done(AWS_OK, "", TEN);
}

static void
test_cancel(void **state)
{
	(void)state;
	s3_get_cancel(&t.get); /* NULL */
	get_key("k");
	s3_get_cancel(&t.get);
	get_key("k");
	t.cancel_in_data = true;
	fake_set_cut(3);
	fake_reply(fake_http_expect(), 200, ETAG, SPAN(TEN));
	fake_advance(60 * 1000);
	assert_int_equal(t.done, 0);
	assert_null(fake_http_nth(0));
}

/* Begins a GET of ten bytes that breaks after n. */
static void
break_after(size_t n, enum err err)
{
	struct request *r = fake_http_expect();

	fake_reply_head(r, 200, ETAG "Content-Length: 10\r\n");
	fake_reply_body(r, (struct span){TEN, n});
	fake_fail(r, err);
	fake_run();
}

static struct request *
expect_range(const char *range)
{
	struct request *r;

	assert_int_equal(t.done, 0);
	fake_advance(500); /* longer than the first few back-offs */
	r = fake_http_expect();
	assert_string_equal(fake_header(r, "range"), range);
	assert_string_equal(fake_header(r, "if-match"), "\"e1\"");
	assert_non_null(strstr(fake_header(r, "authorization"),
	    "SignedHeaders=host;if-match;range;"));
	return r;
}

#define PART(from) ETAG "Content-Range: bytes " from "-9/10\r\n"

static void
test_resumed(void **state)
{
	static const enum err errs[] = {ERR_RESET, ERR_STALL, ERR_TRUNCATED};
	(void)state;
	for (size_t i = 0; i < ROWS(errs); i++) {
		get_key("k");
		break_after(4, errs[i]);
		fake_reply(
		    expect_range("bytes=4-"), 206, PART("4"), SPAN("456789"));
		assert_done(AWS_OK, "", TEN);
		assert_int_equal(t.heads, 1);
	}
	/* Shorter than it said, without an error. */
	get_key("k");
	fake_reply(fake_http_expect(), 200, ETAG "Content-Length: 10\r\n",
	    SPAN("012345678"));
	fake_run();
	fake_reply(expect_range("bytes=9-"), 206, PART("9"), SPAN("9"));
	assert_done(AWS_OK, "", TEN);
	/* All was there but the end. */
	get_key("k");
	break_after(10, ERR_RESET);
	assert_done(AWS_OK, "", TEN);
	assert_int_equal(t.result.err, ERR_OK);
}

/* Whoever does not know ranges sends all of it again. */
static void
test_resumed_with_the_whole(void **state)
{
	(void)state;
	for (size_t cut = 1; cut <= 11; cut++) {
		fake_set_cut(cut);
		get_key("k");
		break_after(4, ERR_RESET);
		fake_reply(expect_range("bytes=4-"), 200, ETAG, SPAN(TEN));
		assert_done(AWS_OK, "", TEN);
	}
	/* Broken once more while what we have is dropped. */
	fake_set_cut(2);
	get_key("k");
	break_after(4, ERR_RESET);
	(void)expect_range("bytes=4-");
	break_after(3, ERR_RESET);
	(void)expect_range("bytes=4-");
	break_after(7, ERR_RESET);
	fake_reply(expect_range("bytes=7-"), 206, PART("7"), SPAN("789"));
	assert_done(AWS_OK, "", TEN);
	/* Then a part after all: nothing is left to drop of it. */
	get_key("k");
	break_after(4, ERR_RESET);
	(void)expect_range("bytes=4-");
	break_after(3, ERR_RESET);
	fake_reply(expect_range("bytes=4-"), 206, PART("4"), SPAN("456789"));
	assert_done(AWS_OK, "", TEN);
}

static void
test_object_changed(void **state)
{
	static const struct {
		int status;
		const char *head;
		const char *code;
	} rows[] = {
	    {200, OTHER, "ObjectChanged"},
	    {200, "", "ObjectChanged"},
	    {206, OTHER "Content-Range: bytes 4-9/10\r\n", "ObjectChanged"},
	    {412, NULL, "ObjectChanged"},
	    {416, NULL, "ObjectChanged"},
	    {206, PART("3"), "UnexpectedRange"},
	    {206, PART("5"), "UnexpectedRange"},
	    {206, ETAG, "UnexpectedRange"},
	    {206, ETAG "Content-Range: bytes */10\r\n", "UnexpectedRange"},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		get_key("k");
		break_after(4, ERR_RESET);
		fake_reply(expect_range("bytes=4-"), rows[i].status,
		    rows[i].head, SPAN("xxxxxx"));
		assert_done(AWS_OTHER, rows[i].code, "0123");
	}
	/* Deleted meanwhile. */
	get_key("k");
	break_after(4, ERR_RESET);
	fake_reply(expect_range("bytes=4-"), 404, NULL, SPAN(""));
	assert_done(AWS_NOT_FOUND, "", "0123");
}

static void
test_no_progress(void **state)
{
	struct request *r;
	(void)state;
	get_key("k");
	break_after(4, ERR_RESET);
	for (unsigned i = 0; i < 3; i++) {
		assert_int_equal(t.done, 0);
		r = expect_range("bytes=4-");
		/* Also what the server refuses only for now. */
		if (i == 1)
			fake_reply(r, 503, "", SPAN(""));
		else
			fake_fail(r, ERR_CONNECT);
		fake_run();
	}
	assert_done(AWS_TRANSIENT, "", "0123");
	assert_int_equal(t.result.err, ERR_CONNECT);
}

/* One byte at a time is progress. */
static void
test_slow_progress(void **state)
{
	char head[100], range[32];
	(void)state;
	get_key("k");
	break_after(1, ERR_RESET);
	for (int i = 1; i < 10; i++) {
		struct request *r;

		(void)snprintf(range, sizeof range, "bytes=%d-", i);
		(void)snprintf(head, sizeof head,
		    ETAG "Content-Range: bytes %d-9/10\r\n", i);
		r = expect_range(range);
		fake_reply_head(r, 206, head);
		fake_reply_body(r, (struct span){&TEN[i], 1});
		fake_fail(r, ERR_RESET);
		fake_run();
	}
	assert_done(AWS_OK, "", TEN);
}

static void
test_break_while_paused(void **state)
{
	(void)state;
	t.take = 1;
	get_key("k");
	for (unsigned i = 0; i < 8; i++) {
		struct request *r = fake_http_expect();
		char head[100];

		(void)snprintf(head, sizeof head,
		    ETAG "Content-Range: bytes %u-9/10\r\n"
			 "Content-Length: 10\r\n",
		    i);
		fake_reply_head(r, i == 0 ? 200 : 206, head);
		fake_reply_body(r, (struct span){&TEN[i], 10 - i});
		fake_run();
		/* The server has waited long enough. */
		fake_break(r, ERR_RESET);
		fake_advance(60 * 1000);
		/* Nothing is fetched for one that cannot take it. */
		assert_int_equal(t.done, 0);
		assert_null(fake_http_nth(0));
		s3_get_resume(t.get);
	}
	t.take = SIZE_MAX;
	fake_reply(fake_http_expect(), 206, PART("8"), SPAN("89"));
	assert_done(AWS_OK, "", TEN);
}

/* A resume from inside on_data is not lost. */
static void
test_resume_in_data(void **state)
{
	struct request *r;
	(void)state;
	t.take = 3;
	t.resume_in_data = true;
	get_key("k");
	r = fake_http_expect();
	fake_reply_head(r, 200, ETAG "Content-Length: 10\r\n");
	fake_reply_body(r, SPAN("012345"));
	fake_run();
	assert_string_equal(buf_cstr(&t.bytes), "012345");
	fake_reply_body(r, SPAN("6789"));
	fake_break(r, ERR_RESET);
	fake_run();
	t.take = SIZE_MAX;
	fake_reply(expect_range("bytes=6-"), 206, PART("6"), SPAN("6789"));
	assert_done(AWS_OK, "", TEN);
}

static void
test_cannot_be_resumed(void **state)
{
	static const char *const heads[] = {
	    "", "ETag: W/\"e1\"\r\n", "ETag: e1\r\n", "ETag: \"\x01\"\r\n"};
	(void)state;
	for (size_t i = 0; i < ROWS(heads); i++) {
		struct request *r;
		char head[100];

		(void)snprintf(
		    head, sizeof head, "%sContent-Length: 10\r\n", heads[i]);
		get_key("k");
		r = fake_http_expect();
		fake_reply_head(r, 200, head);
		fake_reply_body(r, SPAN("0123"));
		fake_fail(r, ERR_RESET);
		assert_done(AWS_TRANSIENT, "", "0123");
		assert_int_equal(t.result.err, ERR_RESET);
	}
}

static void
assert_host(const struct s3_object *o, const char *wanted)
{
	struct endpoint e;

	assert_int_equal(s3_host(t.s3, o, &e), ERR_OK);
	assert_string_equal(e.host, wanted);
}

static const char redirect[] = "x-amz-bucket-region: eu-west-1\r\n";

static void
test_other_region(void **state)
{
	const struct s3_object o = {
	    SPAN("logs"), SPAN("k"), SPAN(""), SPAN("us-east-2")};
	struct request *r;
	(void)state;
	assert_host(&o, "logs.s3.us-east-2.amazonaws.com");
	get_key("k");
	fake_reply(fake_http_expect(), 301, redirect, SPAN(""));
	r = fake_http_expect();
	assert_string_equal(
	    fake_url(r), "https://logs.s3.eu-west-1.amazonaws.com/k");
	assert_non_null(
	    strstr(fake_header(r, "authorization"), "/eu-west-1/s3/"));
	fake_reply(r, 200, ETAG, SPAN(TEN));
	assert_done(AWS_OK, "", TEN);
	/* Remembered, also against the guess. */
	assert_host(&o, "logs.s3.eu-west-1.amazonaws.com");
	get(o);
	r = fake_http_expect();
	assert_string_equal(
	    fake_url(r), "https://logs.s3.eu-west-1.amazonaws.com/k");
	/* It moved; and once in a GET is enough. */
	fake_reply(r, 301, "x-amz-bucket-region: eu-west-2\r\n", SPAN(""));
	r = fake_http_expect();
	fake_reply(r, 301, redirect, SPAN(""));
	assert_done(AWS_WRONG_REGION, "", "");
	/* The same region again helps nobody. */
	get_key("k");
	r = fake_http_expect();
	assert_string_equal(
	    fake_url(r), "https://logs.s3.eu-west-2.amazonaws.com/k");
	fake_reply(r, 301, "x-amz-bucket-region: eu-west-2\r\n", SPAN(""));
	assert_done(AWS_WRONG_REGION, "", "");
}

static void
expect_head(void)
{
	struct request *r = fake_http_expect();

	assert_string_equal(fake_method(r), "HEAD");
	assert_string_equal(
	    fake_url(r), "https://logs.s3.us-east-1.amazonaws.com/");
	assert_non_null(
	    strstr(fake_header(r, "authorization"), "/us-east-1/s3/"));
}

/* Where the refusal does not tell the region, HeadBucket does, whatever its
 * status is. */
static void
test_region_asked_for(void **state)
{
	static const int statuses[] = {200, 301, 403};
	(void)state;
	for (size_t i = 0; i < 3; i++) {
		s3_open("us-east-1", NULL);
		get_key("k");
		fake_reply(fake_http_expect(), 307, NULL, SPAN(""));
		expect_head();
		fake_reply(fake_http_expect(), statuses[i], redirect, SPAN(""));
		assert_string_equal(fake_url(fake_http_expect()),
		    "https://logs.s3.eu-west-1.amazonaws.com/k");
		fake_reply(fake_http_expect(), 200, ETAG, SPAN(TEN));
		assert_done(AWS_OK, "", TEN);
	}
	/* It does not know either; the first answer is what is told. */
	s3_open("us-east-1", NULL);
	get_key("k");
	fake_reply(
	    fake_http_expect(), 301, "x-amz-request-id: R1\r\n", SPAN(""));
	expect_head();
	fake_reply(fake_http_expect(), 404, NULL, SPAN(""));
	assert_done(AWS_WRONG_REGION, "", "");
	assert_int_equal(t.result.status, 301);
	assert_string_equal(t.result.request_id, "R1");
	/* Silence after a cancel. */
	get_key("k");
	fake_reply(fake_http_expect(), 301, NULL, SPAN(""));
	expect_head();
	s3_get_cancel(&t.get);
	assert_int_equal(fake_http_open(), 0);
}

static void
test_region_unknown(void **state)
{
	(void)state;
	get_key("k");
	fake_reply(fake_http_expect(), 301,
	    "x-amz-bucket-region: cn-north-1\r\n", SPAN(""));
	expect_head();
	fake_reply(fake_http_expect(), 301,
	    "x-amz-bucket-region: cn-north-1\r\n", SPAN(""));
	assert_done(AWS_WRONG_REGION, "", "");
	assert_string_equal(t.result.region, "");
}

/* Whoever may write to the queue must not choose where we send our requests,
 * and an access point does not move. */
static void
test_access_point_stays(void **state)
{
	(void)state;
	get((struct s3_object){
	    .bucket = SPAN(ARN_IN("us-west-2")), .key = SPAN("k")});
	assert_non_null(strstr(
	    fake_header(fake_http_expect(), "authorization"), "/us-west-2/"));
	fake_reply(fake_http_expect(), 301, redirect, SPAN(""));
	assert_done(AWS_WRONG_REGION, "", "");
	get((struct s3_object){
	    .bucket = SPAN("arn:aws-cn:s3:cn-north-1:111122223333:"
			   "accesspoint/logs"),
	    .key = SPAN("k")});
	assert_done(AWS_OTHER, "InvalidName", "");
}

static void
learn_bucket(unsigned i)
{
	char name[16];

	(void)snprintf(name, sizeof name, "bucket%u", i);
	get((struct s3_object){.bucket = span_str(name), .key = SPAN("k")});
	if (strstr(fake_url(fake_http_expect()), "us-east-1") != NULL)
		fake_reply(fake_http_expect(), 301, redirect, SPAN(""));
	assert_non_null(strstr(fake_url(fake_http_expect()), "eu-west-1"));
	fake_reply(fake_http_expect(), 200, ETAG, SPAN(""));
	fake_run();
}

static void
test_memory_of_regions_is_bounded(void **state)
{
	uint64_t before;
	(void)state;
	for (unsigned i = 0; i < 65; i++)
		learn_bucket(i);
	before = http_stats(NULL).requests;
	for (unsigned i = 1; i < 65; i++)
		learn_bucket(i);
	assert_int_equal(http_stats(NULL).requests, before + 64);
	learn_bucket(0); /* the oldest was forgotten */
	assert_int_equal(http_stats(NULL).requests, before + 66);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_whole),
	    T(test_urls),
	    T(test_impossible_names),
	    T(test_custom_endpoint),
	    T(test_refusals),
	    T(test_pause),
	    T(test_cancel),
	    T(test_resumed),
	    T(test_resumed_with_the_whole),
	    T(test_object_changed),
	    T(test_no_progress),
	    T(test_slow_progress),
	    T(test_break_while_paused),
	    T(test_resume_in_data),
	    T(test_cannot_be_resumed),
	    T(test_other_region),
	    T(test_region_unknown),
	    T(test_region_asked_for),
	    T(test_unsupported_buckets),
	    T(test_access_point_stays),
	    T(test_memory_of_regions_is_bounded),
	};

	return cmocka_run_group_tests_name("s3", tests, NULL, NULL);
}
