/* How far behind the flow is: told by what was delivered, and by what is
 * held. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "fake/objects_world.c"
#include "flow/lag.h"

/* The last of them happened 600 s before the fake's clock begins. */
#define FILE_TEXT                                                              \
	"{\"Records\":[{\"eventTime\":\"2026-11-22T11:00:00Z\"},"              \
	"{\"u\":{\"eventTime\":\"2001-01-01T00:00:00Z\"},"                     \
	"\"eventTime\":\"2026-11-22T11:50:00Z\"}]}"

static int
setup(void **state)
{
	(void)state;
	open_world(2);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	close_world();
	return 0;
}

/* S3 had it so long before the clock begins; −1: not told. */
static void
want_contents(const char *key, struct span etag, int64_t before_s)
{
	struct notify_object o = {.bucket = SPAN("b"),
	    .key = span_str(key),
	    .etag = etag,
	    .size = -1,
	    .event_time = before_s >= 0 ? FAKE_WALL_S - before_s : -1};
	struct message *m = hold();

	objects_want(t.os, m, &o);
	message_ended(t.ms, m, true);
	objects_start(t.os);
}

static void
want(const char *key, int64_t before_s)
{
	want_contents(key, SPAN("e"), before_s);
}

static void
assert_lag(
    uint64_t objects, uint64_t object_s, uint64_t events, uint64_t event_s)
{
	const struct lag *l = objects_lag(t.os);

	assert_int_equal(histogram_count(&l->object_s), objects);
	assert_int_equal(l->object_s.sum, object_s);
	assert_int_equal(histogram_count(&l->event_s), events);
	assert_int_equal(l->event_s.sum, event_s);
}

/* Until the last event is taken, not until the object is read. */
static void
test_delivered(void **state)
{
	(void)state;
	want("a", 100);
	assert_true(fake_s3_send(fake_s3_of("a"), FILE_TEXT));
	assert_lag(0, 0, 0, 0);
	fake_advance(20 * 1000);
	assert_int_equal(t.nsealed, 1); /* by its age */
	assert_lag(0, 0, 0, 0);
}

static void
test_taken(void **state)
{
	(void)state;
	want("a", 100);
	assert_true(fake_s3_send(fake_s3_of("a"), FILE_TEXT));
	fake_advance(500);
	fake_turn_wall(20 * 1000);
	settle(DELIVERY_TAKEN);
	assert_lag(1, 120, 1, 620);
	/* The same again is known, or found out to be, and is no news. */
	want("a", 100);
	want_contents("a", SPAN(""), 100);
	assert_true(fake_s3_send(fake_s3_of("a"), FILE_TEXT));
	assert_int_equal(objects_stats(t.os).skipped, 2);
	assert_lag(1, 120, 1, 620);
	/* One that tells nothing. */
	want("b", -1);
	assert_true(fake_s3_send(fake_s3_of("b"), "{\"Records\":[{\"a\":1}]}"));
	settle(DELIVERY_TAKEN);
	assert_lag(1, 120, 1, 620);
	/* A clock that was set back. */
	fake_turn_wall(-3600 * 1000);
	want("c", 0);
	assert_true(fake_s3_send(fake_s3_of("c"), FILE_TEXT));
	settle(DELIVERY_TAKEN);
	assert_lag(2, 120, 2, 620);
}

static uint64_t
failed_by(enum failure f)
{
	return objects_stats(t.os).failed_by[f];
}

static void
test_not_delivered(void **state)
{
	(void)state;
	want("a", 100);
	assert_true(fake_s3_send(fake_s3_of("a"), FILE_TEXT));
	settle(DELIVERY_UNSURE);
	assert_int_equal(failed_by(FAILURE_REFUSED), 1);
	want("b", 100);
	fake_s3_fail(fake_s3_of("b"), AWS_NOT_FOUND, "NoSuchKey");
	assert_int_equal(failed_by(FAILURE_UNREAD), 1);
	want("c", 100);
	assert_true(fake_s3_send(fake_s3_of("c"), "{\"Records\":[{}"));
	settle(DELIVERY_TAKEN);
	assert_lag(0, 0, 0, 0);
	assert_int_equal(failed_by(FAILURE_DAMAGED), 1);
	assert_int_equal(objects_stats(t.os).failed, 3);
}

/* Whether it waits or is being read. */
static void
test_oldest(void **state)
{
	(void)state;
	assert_int_equal(objects_oldest_s(t.os), -1);
	want("x", -1);
	assert_int_equal(objects_oldest_s(t.os), -1);
	want("a", 100);
	want("b", 300);
	want("c", 200);
	assert_int_equal(objects_oldest_s(t.os), FAKE_WALL_S - 300);
	fake_s3_fail(fake_s3_of("x"), AWS_NOT_FOUND, "NoSuchKey");
	assert_true(fake_s3_send(fake_s3_of("b"), "{\"Records\":[]}"));
	assert_int_equal(objects_oldest_s(t.os), FAKE_WALL_S - 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    T(test_delivered),
	    T(test_taken),
	    T(test_not_delivered),
	    T(test_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
