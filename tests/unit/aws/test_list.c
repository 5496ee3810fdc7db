#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "aws/list.h"
#include "base/log.h"

#include "fake/fake_http.c"

#define HEAD   "<ListBucketResult xmlns=\"http://s3.amazonaws.com/doc/\">"
#define TAIL   "</ListBucketResult>"
#define KEY(k) "<Contents><Key>" k "</Key></Contents>"
#define DENIED "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
#define MOVED                                                                  \
	"<Error><Code>PermanentRedirect</Code><Message>elsewhere</Message>"    \
	"</Error>"

/* ---- the parser ---- */

static enum err
parse(struct span text, size_t cut, struct list_page **out)
{
	struct list_page *p = list_page_new();
	enum err err = ERR_OK;

	for (size_t i = 0; i < text.n && err == ERR_OK; i += cut)
		err =
		    list_page_feed(p, (struct span){text.p + i,
					  text.n - i < cut ? text.n - i : cut});
	if (err == ERR_OK)
		err = list_page_finish(p);
	*out = p;
	return err;
}

static enum err
verdict(const char *text)
{
	struct list_page *p;
	enum err err = parse(span_str(text), SIZE_MAX / 2, &p);

	list_page_free(&p);
	assert_null(p);
	return err;
}

static void
test_a_page_cut_anywhere(void **state)
{
	static const char text[] =
	    "<?xml version=\"1.0\"?>\n" HEAD "<IsTruncated>true</IsTruncated>"
	    "<NextContinuationToken>1ue+/=</NextContinuationToken>"
	    "<Contents><Key>a/b+c%2Bd%C3%A9%0A.gz</Key><LastModified>"
	    "2026-01-31T12:00:00.000Z</LastModified><ETag>&quot;e1&quot;</ETag>"
	    "<Size>1234</Size><StorageClass>GLACIER</StorageClass></Contents>"
	    "<Contents><Size>x</Size><ETag>odd</ETag><Key>k</Key></Contents>"
	    "<CommonPrefixes><Prefix>a/</Prefix></CommonPrefixes>"
	    "<CommonPrefixes><Prefix>%62/</Prefix></CommonPrefixes>" TAIL;
	struct list_object o;
	struct list_page *p;

	(void)state;
	for (size_t cut = 1; cut <= sizeof text; cut++) {
		assert_int_equal(parse(SPAN(text), cut, &p), ERR_OK);
		assert_int_equal(list_page_count(p), 2);
		o = list_page_at(p, 0);
		assert_true(span_is(o.key, "a/b c+d\xc3\xa9\n.gz"));
		assert_true(span_is(o.etag, "e1"));
		assert_true(span_is(o.storage_class, "GLACIER"));
		assert_int_equal(o.size, 1234);
		assert_int_equal(o.modified_s, 1769860800);
		o = list_page_at(p, 1);
		assert_true(span_is(o.key, "k"));
		assert_true(span_is(o.etag, "odd"));
		assert_int_equal(o.storage_class.n, 0);
		assert_int_equal(o.size, -1);
		assert_int_equal(o.modified_s, -1);
		assert_int_equal(list_page_folders(p), 2);
		assert_true(span_is(list_page_folder(p, 1), "b/"));
		assert_true(span_is(list_page_next(p), "1ue+/="));
		list_page_free(&p);
	}
}

static void
test_what_is_no_page(void **state)
{
	(void)state;
	assert_int_equal(verdict(HEAD TAIL), ERR_OK);
	assert_int_equal(verdict(""), ERR_TRUNCATED);
	assert_int_equal(verdict(HEAD KEY("k")), ERR_TRUNCATED);
	assert_int_equal(verdict("<html></html>"), ERR_SHAPE);
	assert_int_equal(verdict("{}"), ERR_SYNTAX);
	assert_int_equal(verdict(HEAD "<Contents></Contents>" TAIL), ERR_SHAPE);
	assert_int_equal(verdict(HEAD KEY("") TAIL), ERR_SHAPE);
	assert_int_equal(verdict(HEAD KEY("%4") TAIL), ERR_SHAPE);
	assert_int_equal(verdict("<!DOCTYPE x>" HEAD TAIL), ERR_SHAPE);
}

/* An ETag that nobody has would make a message of any length. */
static void
test_words_that_are_too_long(void **state)
{
	struct list_page *p;
	struct buf b;

	(void)state;
	for (int n = 255; n <= 256; n++) {
		buf_init(&b, 4096);
		buf_printf(&b,
		    HEAD "<Contents><Key>k</Key><ETag>%0*d</ETag>"
			 "<StorageClass>%0*d</StorageClass></Contents>" TAIL,
		    n, 0, n, 0);
		assert_int_equal(parse(buf_view(&b), b.n, &p), ERR_OK);
		assert_int_equal(list_page_at(p, 0).etag.n, n % 256);
		assert_int_equal(list_page_at(p, 0).storage_class.n, n % 256);
		list_page_free(&p);
		buf_fini(&b);
	}
}

static enum err
many(const char *one, unsigned n)
{
	struct buf b;
	enum err err;

	buf_init(&b, 8 << 20);
	buf_str(&b, HEAD);
	for (unsigned i = 0; i < n; i++)
		buf_str(&b, one);
	buf_str(&b, TAIL);
	err = verdict(buf_cstr(&b));
	buf_fini(&b);
	return err;
}

static void
test_a_page_has_its_limits(void **state)
{
	static char key[3 * 1024 + 65];
	size_t n;

	(void)state;
	assert_int_equal(many(KEY("k"), LIST_KEYS_MAX), ERR_OK);
	assert_int_equal(many(KEY("k"), LIST_KEYS_MAX + 1), ERR_LIMIT);
	n = (size_t)snprintf(key, sizeof key, "<Contents><Key>");
	for (unsigned i = 0; i < 1024; i++)
		n += (size_t)snprintf(key + n, sizeof key - n, "%%2F");
	(void)snprintf(key + n, sizeof key - n, "</Key></Contents>");
	/* The longest keys there are. */
	assert_int_equal(many(key, LIST_KEYS_MAX), ERR_OK);
	memcpy(strstr(key, "</Key>"), "k</Key></Contents>",
	    sizeof "k</Key></Contents>");
	assert_int_equal(many(key, 1), ERR_LIMIT);
	assert_int_equal(
	    many("<CommonPrefixes><Prefix>p/</Prefix></CommonPrefixes>",
		LIST_KEYS_MAX + 1),
	    ERR_LIMIT);
}

/* ---- the call ---- */

static struct {
	struct creds_keeper *keeper;
	struct aws *aws;
	struct s3 *s3;
	struct list_call *call;
	unsigned done;
	struct aws_result result;
	struct list_page *page;
} t;

static int
setup(void **state)
{
	struct s3_conf conf = {
	    .region = "us-east-1", .stall_timeout_ms = 30000};

	(void)state;
	fake_begin();
	log_set_level(LOG_LVL_ERROR);
	memset(&t, 0, sizeof t);
	t.keeper = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", NULL), NULL, NULL);
	fake_run();
	t.aws = aws_new(fake_http(), fake_timers(), t.keeper);
	t.s3 = s3_new(t.aws, &conf);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	list_cancel(&t.call);
	list_page_free(&t.page);
	s3_free(&t.s3);
	aws_free(&t.aws);
	creds_keeper_free(&t.keeper);
	fake_end();
	return 0;
}

static void
on_page(void *arg, const struct aws_result *r, struct list_page *page)
{
	assert_ptr_equal(arg, &t);
	t.call = NULL;
	t.done++;
	t.result = *r;
	list_page_free(&t.page);
	t.page = page;
}

static struct request *
start(const struct list_spec *spec)
{
	t.done = 0;
	t.call = list_start(t.s3, spec, on_page, &t);
	assert_int_equal(t.done, 0);
	return fake_http_expect();
}

static void
test_requests(void **state)
{
	struct list_spec spec = {.bucket = SPAN("trail"),
	    .prefix = SPAN("p/AWSLogs/"),
	    .folders = true};
	struct request *r = start(&spec);

	(void)state;
	assert_string_equal(fake_url(r),
	    "https://trail.s3.us-east-1.amazonaws.com/?delimiter=%2F&"
	    "encoding-type=url&list-type=2&max-keys=1000&"
	    "prefix=p%2FAWSLogs%2F");
	assert_string_equal(fake_method(r), "GET");
	assert_non_null(fake_header(r, "authorization"));
	list_cancel(&t.call);
	spec = (struct list_spec){.bucket = SPAN("trail"),
	    .prefix = SPAN(""),
	    .after = SPAN("a+b c")};
	assert_string_equal(fake_url(start(&spec)),
	    "https://trail.s3.us-east-1.amazonaws.com/?encoding-type=url&"
	    "list-type=2&max-keys=1000&prefix=&start-after=a%2Bb%20c");
	list_cancel(&t.call);
	spec.next = SPAN("1ue/=");
	assert_string_equal(fake_url(start(&spec)),
	    "https://trail.s3.us-east-1.amazonaws.com/?continuation-token="
	    "1ue%2F%3D&encoding-type=url&list-type=2&max-keys=1000&prefix=");
	list_cancel(&t.call);
	fake_run();
	assert_int_equal(t.done, 0);
}

static const struct list_spec plain = {
    .bucket = {"trail", 5}, .prefix = {"p/", 2}};

static void
test_a_page_comes(void **state)
{
	(void)state;
	fake_set_cut(7);
	fake_reply(start(&plain), 200, NULL, SPAN(HEAD KEY("p/k") TAIL));
	fake_run();
	assert_int_equal(t.done, 1);
	assert_int_equal(t.result.class, AWS_OK);
	assert_int_equal(list_page_count(t.page), 1);
}

static void
test_replies_that_are_none(void **state)
{
	static const struct {
		int status;
		const char *body;
		enum aws_class class;
		enum err err;
	} rows[] = {
	    {403, DENIED, AWS_DENIED, ERR_OK},
	    {200, "<html></html>", AWS_TRANSIENT, ERR_SHAPE},
	    {200, HEAD, AWS_TRANSIENT, ERR_TRUNCATED},
	    {200, HEAD KEY("%") TAIL, AWS_TRANSIENT, ERR_SHAPE},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		fake_reply(start(&plain), rows[i].status, NULL,
		    span_str(rows[i].body));
		fake_run();
		assert_int_equal(t.done, 1);
		assert_int_equal(t.result.class, rows[i].class);
		assert_int_equal(t.result.err, rows[i].err);
		assert_null(t.page);
	}
}

static void
test_a_page_that_breaks_off(void **state)
{
	struct request *r = start(&plain);

	(void)state;
	fake_reply_head(r, 200, NULL);
	fake_reply_body(r, SPAN(HEAD KEY("p/k")));
	fake_fail(r, ERR_RESET);
	fake_run();
	assert_int_equal(t.done, 1);
	assert_int_equal(t.result.class, AWS_TRANSIENT);
	assert_null(t.page);
}

static void
test_another_region(void **state)
{
	char region[REGION_MAX];

	(void)state;
	/* Told, and not told: then the bucket is asked. */
	fake_reply(start(&plain), 301, "x-amz-bucket-region: eu-west-1\r\n",
	    SPAN(MOVED));
	assert_string_equal(fake_url(fake_http_expect()),
	    "https://trail.s3.eu-west-1.amazonaws.com/?encoding-type=url&"
	    "list-type=2&max-keys=1000&prefix=p%2F");
	s3_bucket_region(t.s3, SPAN("trail"), region);
	assert_string_equal(region, "eu-west-1");
	fake_reply(fake_http_expect(), 301, NULL, SPAN(MOVED));
	fake_run();
	assert_int_equal(t.done, 1);
	assert_int_equal(t.result.class, AWS_WRONG_REGION);

	s3_free(&t.s3);
	teardown(state);
	setup(state);
	fake_reply(start(&plain), 301, NULL, SPAN(MOVED));
	assert_string_equal(fake_method(fake_http_expect()), "HEAD");
	fake_reply(fake_http_expect(), 301,
	    "x-amz-bucket-region: eu-west-1\r\n", SPAN(""));
	fake_reply(fake_http_expect(), 200, NULL, SPAN(HEAD TAIL));
	fake_run();
	assert_int_equal(t.done, 1);
	assert_int_equal(t.result.class, AWS_OK);
}

static void
test_no_such_name(void **state)
{
	const struct list_spec spec = {.bucket = SPAN("a/b")};

	(void)state;
	t.call = list_start(t.s3, &spec, on_page, &t);
	fake_run();
	assert_int_equal(t.done, 1);
	assert_string_equal(t.result.code, "InvalidName");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_page_cut_anywhere),
	    cmocka_unit_test(test_what_is_no_page),
	    cmocka_unit_test(test_words_that_are_too_long),
	    cmocka_unit_test(test_a_page_has_its_limits),
	    cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_page_comes, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_replies_that_are_none, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_a_page_that_breaks_off, setup, teardown),
	    cmocka_unit_test_setup_teardown(
		test_another_region, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_no_such_name, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
