#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backfill/letters.h"
#include "base/json.h"
#include "trail/notify.h"

static struct list_object
object(const char *key)
{
	return (struct list_object){.key = span_str(key),
	    .etag = SPAN("0123456789abcdef0123456789abcdef"),
	    .size = 1234,
	    .modified_s = 1};
}

static void
test_the_shape(void **state)
{
	struct list_object o = object("a/b c+d\xc3\xa9%.gz");
	struct letters l;

	(void)state;
	letters_init(&l, SPAN("trail"), "eu-west-1", SQS_BATCH_MAX);
	assert_true(letters_add(&l, &o));
	o = (struct list_object){.key = SPAN("k"), .size = -1};
	assert_true(letters_add(&l, &o));
	assert_int_equal(l.n, 1);
	assert_int_equal(l.total, 2);
	assert_int_equal(l.bytes, 1234);
	assert_true(span_is(letters_at(&l, 0),
	    "{\"Records\":[{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:"
	    "s3\","
	    "\"awsRegion\":\"eu-west-1\",\"eventName\":\"ObjectCreated:Put\","
	    "\"s3\":{\"s3SchemaVersion\":\"1.0\",\"bucket\":{\"name\":"
	    "\"trail\","
	    "\"arn\":\"arn:aws:s3:::trail\"},\"object\":{\"key\":"
	    "\"a/b%20c%2Bd%C3%A9%25.gz\",\"size\":1234,\"eTag\":"
	    "\"0123456789abcdef0123456789abcdef\"}}},"
	    "{\"eventVersion\":\"2.1\",\"eventSource\":\"aws:s3\","
	    "\"awsRegion\":\"eu-west-1\",\"eventName\":\"ObjectCreated:Put\","
	    "\"s3\":{\"s3SchemaVersion\":\"1.0\",\"bucket\":{\"name\":"
	    "\"trail\","
	    "\"arn\":\"arn:aws:s3:::trail\"},\"object\":{\"key\":\"k\"}}}]}"));
	letters_fini(&l);
}

/* The daemon reads what was meant, for every byte there is. */
static void
test_the_daemon_reads_it(void **state)
{
	const struct notify_object *o;
	struct notify *n;
	struct letters l;
	char key[257];
	struct list_object in = object("");

	(void)state;
	for (int i = 0; i < 255; i++)
		key[i] = (char)(i + 1);
	in.key = (struct span){key, 255};
	letters_init(&l, SPAN("trail"), "us-east-1", SQS_BATCH_MAX);
	assert_true(letters_add(&l, &in));
	assert_int_equal(notify_parse(letters_at(&l, 0), &n), NOTIFY_OBJECTS);
	assert_int_equal(notify_count(n), 1);
	o = notify_at(n, 0);
	assert_true(span_eq(o->key, in.key));
	assert_true(span_is(o->bucket, "trail"));
	assert_true(span_is(o->region, "us-east-1"));
	assert_true(span_eq(o->etag, in.etag));
	assert_int_equal(o->size, 1234);
	assert_int_equal(o->version.n, 0);
	assert_int_equal(o->event_time, -1);
	notify_free(&n);
	letters_fini(&l);
}

/* Fills a batch; what it holds at the end. */
static uint64_t
fill(struct letters *l, struct span key)
{
	struct list_object o = object("");
	size_t bytes = 0;
	struct notify *n;
	uint64_t named = 0;

	o.key = key;
	while (letters_add(l, &o))
		;
	for (size_t i = 0; i < l->n; i++) {
		struct span body = letters_at(l, i);

		bytes += body.n;
		assert_int_equal(notify_parse(body, &n), NOTIFY_OBJECTS);
		assert_true(notify_count(n) <= LETTER_OBJECTS);
		named += notify_count(n);
		notify_free(&n);
	}
	assert_int_equal(named, l->total);
	assert_true(bytes <= SQS_SEND_MAX);
	assert_true(span_eq(buf_view(&l->last), key));
	return named;
}

static void
test_batches_have_their_limits(void **state)
{
	static char key[1024];
	struct letters l;
	uint64_t n;

	(void)state;
	letters_init(&l, SPAN("trail"), "us-east-1", SQS_BATCH_MAX);
	assert_int_equal(fill(&l, SPAN("short")), 250);
	assert_int_equal(l.n, SQS_BATCH_MAX);
	letters_reset(&l);
	/* 1,024 bytes that are all escapes: bytes are the limit. */
	memset(key, '"', sizeof key);
	n = fill(&l, (struct span){key, sizeof key});
	assert_true(n > 2 * LETTER_OBJECTS && n < 250);
	/* Not a whole record more would have fitted. */
	assert_true(l.text.n + 3072 + 350 > SQS_SEND_MAX);
	letters_fini(&l);
	letters_init(&l, SPAN("trail"), "us-east-1", 3);
	assert_int_equal(fill(&l, SPAN("short")), 75);
	assert_int_equal(l.n, 3);
	letters_fini(&l);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_shape),
	    cmocka_unit_test(test_the_daemon_reads_it),
	    cmocka_unit_test(test_batches_have_their_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
