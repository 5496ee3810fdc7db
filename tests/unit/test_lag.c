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
#include "fake/fake_http.c"
#include "fake/fake_s3.c"
#include "fake/fake_sqs.c"
#include "fake/quiet.h"
#include "flow/lag.h"
#include "flow/objects.h"

/* The last of them happened 600 s before the fake's clock begins. */
#define FILE_TEXT                                                              \
	"{\"Records\":[{\"eventTime\":\"2026-11-22T11:00:00Z\"},"              \
	"{\"u\":{\"eventTime\":\"2001-01-01T00:00:00Z\"},"                     \
	"\"eventTime\":\"2026-11-22T11:50:00Z\"}]}"

static struct {
	struct messages *ms;
	struct objects *os;
	struct pool *pool;
	struct batcher *batcher;
	struct batch *sealed;
	unsigned next_id;
} t;

static void
ignore(void *arg)
{
	(void)arg;
}

static void
on_sealed(void *arg, struct batch *b)
{
	(void)arg;
	assert_null(t.sealed);
	t.sealed = b;
}

static int
open_world(void **state)
{
	struct batcher_conf bc = {1 << 20, 1000, 1000, 0};
	struct objects_conf oc = {
	    .concurrency = 2, .max_record_bytes = 65536, .remember = 100};

	(void)state;
	memset(&t, 0, sizeof t);
	fake_begin();
	log_quiet();
	t.pool = pool_new(64 * POOL_PIECE);
	t.batcher = batcher_new(fake_timers(), t.pool, &bc, on_sealed, NULL);
	t.ms = messages_new(fake_timers(), NULL, 3600, 30, ignore, NULL);
	t.os = objects_new(
	    fake_timers(), NULL, t.batcher, t.ms, &oc, ignore, NULL);
	return 0;
}

static int
close_world(void **state)
{
	(void)state;
	batch_free(&t.sealed);
	batcher_free(&t.batcher);
	objects_free(&t.os);
	messages_free(&t.ms);
	pool_free(&t.pool);
	log_set_sink(NULL, NULL);
	fake_end();
	return 0;
}

/* S3 had it so long before the clock begins; −1: not told. */
static void
want_contents(const char *key, struct span etag, int64_t before_s)
{
	char id[16];
	struct sqs_message s = {.receive_count = 1};
	struct notify_object o = {.bucket = SPAN("b"),
	    .key = span_str(key),
	    .etag = etag,
	    .size = -1,
	    .event_time = before_s >= 0 ? FAKE_WALL_S - before_s : -1};
	struct message *m;

	snprintf(id, sizeof id, "m%u", ++t.next_id);
	s.id = s.handle = span_str(id);
	m = messages_hold(t.ms, &s, 0);
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
settle(enum delivery_outcome outcome)
{
	struct dassana_result why = {.status = 400, .why = "refused"};

	batcher_seal(t.batcher);
	assert_non_null(t.sealed);
	for (size_t i = 0; i < batch_nruns(t.sealed); i++)
		objects_settled(t.os, batch_run_at(t.sealed, i), outcome,
		    outcome == DELIVERY_REFUSED ? &why : NULL);
	batch_free(&t.sealed);
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
	batch_free(&t.sealed); /* its age has sealed it */
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
failed_by(enum shipper_fault f)
{
	return objects_stats(t.os).failed_by[f];
}

static void
test_not_delivered(void **state)
{
	(void)state;
	want("a", 100);
	assert_true(fake_s3_send(fake_s3_of("a"), FILE_TEXT));
	settle(DELIVERY_REFUSED);
	assert_int_equal(failed_by(SHIPPER_F_REFUSED), 1);
	want("b", 100);
	fake_s3_fail(fake_s3_of("b"), AWS_NOT_FOUND, "NoSuchKey");
	assert_int_equal(failed_by(SHIPPER_F_UNREAD), 1);
	want("c", 100);
	assert_true(fake_s3_send(fake_s3_of("c"), "{\"Records\":[{}"));
	settle(DELIVERY_TAKEN);
	assert_lag(0, 0, 0, 0);
	assert_int_equal(failed_by(SHIPPER_F_DAMAGED), 1);
	assert_int_equal(objects_stats(t.os).failed, 3);
}

/* Whether it waits or is being read. */
static void
test_oldest(void **state)
{
	(void)state;
	assert_int_equal(lag_oldest_s(t.os), -1);
	want("x", -1);
	assert_int_equal(lag_oldest_s(t.os), -1);
	want("a", 100);
	want("b", 300);
	want("c", 200);
	assert_int_equal(lag_oldest_s(t.os), FAKE_WALL_S - 300);
	fake_s3_fail(fake_s3_of("x"), AWS_NOT_FOUND, "NoSuchKey");
	assert_true(fake_s3_send(fake_s3_of("b"), "{\"Records\":[]}"));
	assert_int_equal(lag_oldest_s(t.os), FAKE_WALL_S - 200);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, open_world, close_world)
	    T(test_delivered),
	    T(test_taken),
	    T(test_not_delivered),
	    T(test_oldest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
