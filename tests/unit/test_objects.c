#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fake/objects_world.c"

#define TWO "{\"Records\":[{\"a\":1},{\"a\":2}]}"

static void
want(struct message *m, const char *key, const char *etag)
{
	struct notify_object o = {.bucket = SPAN("b"),
	    .key = span_str(key),
	    .etag = span_str(etag),
	    .size = -1,
	    .event_time = -1};

	objects_want(t.os, m, &o);
}

/* A message that names these keys ("a b"), as intake would take it. */
static struct message *
message(const char *keys)
{
	struct message *m = hold();
	struct span rest = span_str(keys);
	char key[16];

	while (rest.p != NULL && rest.n > 0) {
		struct span k = span_cut(&rest, ' ');

		snprintf(key, sizeof key, "%.*s", (int)k.n, k.p);
		want(m, key, "e");
	}
	message_ended(t.ms, m, true);
	objects_start(t.os);
	return m;
}

static struct messages_stats
leave(void)
{
	struct sqs_op *op;

	messages_flush(t.ms);
	while ((op = fake_sqs_nth(0)) != NULL)
		fake_sqs_answer(op, 0, NULL);
	return messages_stats(t.ms);
}

static struct objects_stats
stats(void)
{
	return objects_stats(t.os);
}

static void
test_delivered(void **state)
{
	(void)state;
	open_world(2);
	message("a b");
	assert_int_equal(fake_s3_open(), 2);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	assert_int_equal(stats().active, 1);
	settle(DELIVERY_TAKEN);
	assert_int_equal(stats().done, 1);
	assert_int_equal(leave().deleted, 0); /* b is open */
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	assert_true(objects_idle(t.os));
	assert_int_equal(leave().deleted, 0); /* b is not delivered */
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 1);
	assert_int_equal(stats().sliced, 4);
	assert_int_equal(stats().delivered, 4);
	close_world();
}

/* Settled while it is still being read is not the end of it. */
static void
test_settled_before_its_end(void **state)
{
	struct s3_get *g;

	(void)state;
	open_world(1);
	message("a");
	g = fake_s3_of("a");
	fake_s3_head(g, "\"e\"");
	assert_int_equal(fake_s3_feed(g, SPAN("{\"Records\":[{\"a\":1},")), 20);
	settle(DELIVERY_TAKEN);
	assert_int_equal(stats().done + stats().failed, 0);
	assert_int_equal(fake_s3_feed(g, SPAN("{\"a\":2}]}")), 9);
	fake_s3_end(g);
	assert_int_equal(leave().deleted, 0);
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 1);
	close_world();
}

static void
test_nothing_in_it(void **state)
{
	(void)state;
	open_world(1);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), "{\"Records\":[]}"));
	message("b");
	assert_true(fake_s3_send(fake_s3_of("b"), ""));
	assert_int_equal(leave().deleted, 2);
	assert_int_equal(stats().done, 2);
	assert_int_equal(stats().empty, 2);
	close_world();
}

/* All others are delivered, its message is kept, and when it comes again
 * nothing is sent twice. */
static void
test_a_record_left_out(void **state)
{
	(void)state;
	open_world(1);
	for (unsigned time = 1; time <= 2; time++) {
		message("a");
		assert_true(
		    fake_s3_send(fake_s3_of("a"), "[{\"a\":1},5,{\"b\":2}]"));
		assert_int_equal(
		    batcher_open_events(t.batcher), time == 1 ? 2 : 0);
		settle(DELIVERY_TAKEN);
		assert_int_equal(leave().released, time);
		assert_int_equal(stats().left_out[SLICER_NO_OBJECT], time);
		assert_int_equal(stats().failed_by[SHIPPER_F_IN_PART], time);
	}
	assert_int_equal(leave().deleted, 0);
	assert_int_equal(stats().delivered, 2);
	assert_int_equal(stats().skipped, 2);
	assert_int_equal(stats().known + stats().empty, 0);
	close_world();
}

/* Whatever goes wrong, its message is released and never deleted. */
static void
test_failures(void **state)
{
	static const char *const texts[] = {" ", "{", "{\"Records\":[{\"a\":1}",
	    "{\"Records\":[{\"a\":1},x", "{\"a\":1}", "[1]"};
	size_t n = sizeof texts / sizeof texts[0];

	(void)state;
	for (size_t i = 0; i < n + 4; i++) {
		struct s3_get *g;

		open_world(1);
		message("a");
		g = fake_s3_of("a");
		if (i < n) {
			fake_s3_head(g, "\"e\"");
			(void)fake_s3_feed(g, span_str(texts[i]));
			if (fake_s3_is_open("a"))
				fake_s3_end(g);
			settle(DELIVERY_TAKEN);
		} else if (i == n) {
			fake_s3_fail(g, AWS_NOT_FOUND, "NoSuchKey");
		} else if (i == n + 1) {
			fake_s3_head(g, "\"e\"");
			(void)fake_s3_feed(g, SPAN("{\"Records\":[{\"a\":1},"));
			fake_s3_fail(g, AWS_TRANSIENT, "");
			assert_int_equal(leave().failed, 0);
			settle(DELIVERY_TAKEN);
		} else {
			assert_true(fake_s3_send(g, TWO));
			settle(
			    i == n + 2 ? DELIVERY_REFUSED : DELIVERY_DROPPED);
		}
		if (leave().deleted != 0 || leave().released != 1 ||
		    stats().failed != 1 || stats().done != 0)
			fail_msg("row %zu", i);
		assert_true(objects_idle(t.os));
		close_world();
	}
}

/* Two messages that name one object: read once, good or bad for both. */
static void
test_joined(void **state)
{
	(void)state;
	for (int when = 0; when < 3; when++) {
		for (int good = 0; good < 2; good++) {
			open_world(1);
			if (when == 0) /* while it waits */
				message("busy");
			message("a");
			if (when == 0) {
				message("a");
				assert_true(fake_s3_send(
				    fake_s3_of("busy"), "{\"Records\":[]}"));
			}
			if (when == 1)
				message("a");
			assert_int_equal(fake_s3_open(), 1);
			assert_true(fake_s3_send(fake_s3_of("a"), TWO));
			if (when == 2) /* read, not settled */
				message("a");
			assert_int_equal(fake_s3_open(), 0);
			assert_int_equal(stats().joined, 1);
			settle(good ? DELIVERY_TAKEN : DELIVERY_REFUSED);
			assert_int_equal(
			    leave().deleted, (good ? 2 : 0) + (when == 0));
			assert_int_equal(leave().released, good ? 0 : 2);
			close_world();
		}
	}
}

static void
test_named_twice_by_one(void **state)
{
	(void)state;
	open_world(4);
	message("a a a");
	assert_int_equal(fake_s3_open(), 1);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 1);
	close_world();
}

/* Of the same name, but not the same contents. */
static void
test_not_the_same(void **state)
{
	struct message *m;

	(void)state;
	open_world(4);
	m = hold();
	want(m, "a", "e1");
	want(m, "a", "e2");
	want(m, "a", "");
	message_ended(t.ms, m, true);
	objects_start(t.os);
	assert_int_equal(fake_s3_open(), 3);
	assert_int_equal(stats().joined, 0);
	close_world();
}

static void
test_order_and_slots(void **state)
{
	(void)state;
	open_world(2);
	message("a b");
	message("c");
	assert_int_equal(fake_s3_open(), 2);
	assert_int_equal(stats().waiting, 1);
	assert_false(fake_s3_is_open("c"));
	fake_s3_fail(fake_s3_of("b"), AWS_NOT_FOUND, "NoSuchKey");
	assert_true(fake_s3_is_open("c"));
	assert_int_equal(stats().waiting, 0);
	assert_int_equal(stats().active, 2);
	close_world();
}

/* A second delivery sends only what was not acknowledged. */
static void
test_remembered(void **state)
{
	(void)state;
	open_world(1);
	message("a");
	fake_s3_head(fake_s3_of("a"), "\"e\"");
	(void)fake_s3_feed(fake_s3_of("a"), SPAN("{\"Records\":[{\"a\":1},"));
	fake_s3_fail(fake_s3_of("a"), AWS_TRANSIENT, "");
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().released, 1);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	assert_int_equal(batcher_open_events(t.batcher), 1);
	settle(DELIVERY_TAKEN);
	assert_int_equal(stats().skipped, 1);
	assert_int_equal(leave().deleted, 1);
	/* A third is not even read. */
	message("a");
	assert_int_equal(fake_s3_open(), 0);
	assert_int_equal(stats().known, 1);
	assert_int_equal(leave().deleted, 2);
	close_world();
}

/* S3 has answered, the stream breaks and is refused when it goes on: held, and
 * read again from the start. */
static void
test_held_after_its_head(void **state)
{
	struct s3_get *g;

	(void)state;
	open_world(1);
	message("a");
	g = fake_s3_of("a");
	fake_s3_head(g, "\"e\"");
	assert_int_equal(fake_s3_feed(g, SPAN("{")), 1);
	fake_s3_fail(g, AWS_BAD_CREDS, "ExpiredToken");
	assert_false(objects_readable(t.os));
	assert_int_equal(stats().waiting, 1);
	assert_int_equal(leave().released, 0);
	fake_advance(999);
	assert_int_equal(fake_s3_open(), 0);
	fake_advance(1);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	assert_true(objects_readable(t.os));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 1);
	close_world();
}

/* ---- what S3 refuses ---- */

static void
refuse(const char *key)
{
	fake_s3_fail(fake_s3_of(key), AWS_DENIED, "AccessDenied");
}

/* One that is refused waits, leased, while others go on; as soon as one that
 * was asked for later is read it is tried again, and then fails. */
static void
test_one_is_refused(void **state)
{
	(void)state;
	open_world(2);
	message("a");
	message("b");
	refuse("a");
	assert_int_equal(stats().waiting, 1);
	/* b was asked for before a was refused: no proof. */
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	assert_int_equal(fake_s3_open(), 0);
	message("c");
	assert_true(fake_s3_send(fake_s3_of("c"), TWO));
	assert_int_equal(leave().released, 0);
	refuse("a");
	assert_int_equal(leave().released, 1);
	assert_int_equal(leave().failed, 1);
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 2);
	assert_true(objects_idle(t.os));
	close_world();
}

/* A set-up that is mended before anyone asks for an eighth: no message was
 * given back. */
static void
test_seven_are_refused(void **state)
{
	char key[2] = "a";

	(void)state;
	open_world(4);
	for (; key[0] < 'h'; key[0]++) {
		message(key);
		refuse(key);
	}
	assert_true(objects_readable(t.os));
	assert_int_equal(stats().waiting, 7);
	fake_advance(999);
	assert_int_equal(fake_s3_open(), 0);
	fake_advance(1);
	assert_int_equal(fake_s3_open(), 1);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	for (key[0] = 'b'; key[0] < 'h'; key[0]++)
		assert_true(fake_s3_send(fake_s3_of(key), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 7);
	assert_int_equal(leave().failed, 0);
	close_world();
}

/* A lone one has turns, and every other time one more message may be had. */
static void
test_a_lone_one_is_refused(void **state)
{
	static const int64_t waits[] = {1000, 2000, 4000, 8000};

	(void)state;
	open_world(4);
	message("a");
	refuse("a");
	for (size_t i = 0; i < 4; i++) {
		fake_advance(waits[i]);
		assert_int_equal(objects_on_trial(t.os), i % 2);
		assert_int_equal(fake_s3_open(), 1 - i % 2);
		if (i % 2 == 0)
			refuse("a");
	}
	assert_true(objects_readable(t.os));
	fake_advance(16000);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 1);
	close_world();
}

/* Whatever becomes of a probe, others follow: the gate is closed, or one is
 * held, until there is proof. */
static void
test_probes_go_on(void **state)
{
	static const struct {
		enum aws_class class;
		const char *code;
	} rows[] = {{AWS_NOT_FOUND, "NoSuchKey"}, {AWS_OTHER, "ObjectChanged"},
	    {AWS_TRANSIENT, "InternalError"}};
	char key[2] = "a";

	(void)state;
	for (size_t row = 0; row < 2 * sizeof rows / sizeof *rows; row++) {
		bool open = row % 2;

		open_world(8);
		for (key[0] = 'a'; key[0] < (open ? 'd' : 'i'); key[0]++) {
			message(key);
			refuse(key);
		}
		assert_int_equal(objects_readable(t.os), open);
		fake_advance(1000);
		fake_s3_fail(
		    fake_s3_of("a"), rows[row / 2].class, rows[row / 2].code);
		for (int s = 0; s < 20 && !fake_s3_is_open("b"); s++)
			fake_advance(1000);
		assert_true(fake_s3_send(fake_s3_of("b"), TWO));
		assert_true(objects_readable(t.os));
		assert_true(fake_s3_is_open("c"));
		settle(DELIVERY_TAKEN);
		close_world();
	}
}

/* S3 does not answer: held like those that it refuses. Broken off later: the
 * object's own fault. */
static void
test_not_answered(void **state)
{
	(void)state;
	open_world(2);
	message("a");
	message("b");
	fake_s3_fail(fake_s3_of("a"), AWS_TRANSIENT, "");
	fake_s3_head(fake_s3_of("b"), "\"e\"");
	fake_s3_fail(fake_s3_of("b"), AWS_TRANSIENT, "");
	assert_int_equal(leave().failed, 1);
	assert_int_equal(stats().waiting, 1);
	fake_advance(1000);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 1);
	close_world();
}

/* Refused in the middle: what is under way is waited for, and what arrived is
 * not sent again. */
static void
test_refused_in_its_body(void **state)
{
	struct s3_get *g;

	(void)state;
	open_world(1);
	message("a");
	g = fake_s3_of("a");
	fake_s3_head(g, "\"e\"");
	(void)fake_s3_feed(g, SPAN("{\"Records\":[{\"a\":1},"));
	fake_s3_fail(g, AWS_BAD_CREDS, "ExpiredToken");
	assert_int_equal(stats().waiting, 0);
	fake_advance(1000);
	assert_int_equal(fake_s3_open(), 0);
	settle(DELIVERY_TAKEN);
	assert_int_equal(stats().waiting, 1);
	fake_advance(2000); /* the turn of a fresh one */
	fake_advance(4000);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(stats().skipped, 1);
	assert_int_equal(stats().sliced, 2);
	assert_int_equal(leave().deleted, 1);
	assert_int_equal(leave().failed, 0);
	close_world();
}

/* ---- shutdown ---- */

/* Nobody waits for what S3 refuses: it is given back at once. */
static void
test_drop_refused(void **state)
{
	(void)state;
	open_world(2);
	message("a");
	message("b");
	refuse("a");
	objects_drop_waiting(t.os);
	assert_int_equal(leave().released, 1);
	refuse("b");
	messages_flush(t.ms);
	assert_int_equal(fake_sqs_expect(FAKE_HIDE, 1)->seconds[0], 0);
	assert_int_equal(leave().released, 2);
	assert_int_equal(leave().failed, 0);
	assert_int_equal(stats().failed, 0);
	assert_true(objects_idle(t.os));
	close_world();
}

static void
test_drop_waiting(void **state)
{
	(void)state;
	open_world(1);
	message("a b"); /* begun */
	message("c");
	message("d c");
	message("a e"); /* joined to what has begun */
	objects_drop_waiting(t.os);
	messages_flush(t.ms);
	assert_int_equal(fake_sqs_expect(FAKE_HIDE, 2)->seconds[0], 0);
	assert_int_equal(fake_sqs_at(0)->seconds[1], 0);
	assert_int_equal(leave().released, 2);
	assert_int_equal(messages_held(t.ms), 2);
	/* The others are finished. */
	for (int i = 0; i < 3; i++) {
		assert_int_equal(fake_s3_open(), 1);
		assert_true(fake_s3_send(fake_s3_nth(0), TWO));
	}
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 2);
	assert_true(objects_idle(t.os));
	close_world();
}

static void
test_abandon(void **state)
{
	(void)state;
	open_world(2);
	message("a b c");
	message("d");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_DROPPED);
	objects_abandon(t.os);
	assert_int_equal(fake_s3_open(), 0);
	assert_true(objects_idle(t.os));
	/* Its messages have heard nothing. */
	assert_int_equal(messages_held(t.ms), 2);
	messages_release_all(t.ms);
	assert_int_equal(leave().deleted, 0);
	assert_int_equal(leave().released, 2);
	close_world();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_delivered),
	    cmocka_unit_test(test_settled_before_its_end),
	    cmocka_unit_test(test_nothing_in_it),
	    cmocka_unit_test(test_a_record_left_out),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_joined),
	    cmocka_unit_test(test_named_twice_by_one),
	    cmocka_unit_test(test_not_the_same),
	    cmocka_unit_test(test_order_and_slots),
	    cmocka_unit_test(test_remembered),
	    cmocka_unit_test(test_held_after_its_head),
	    cmocka_unit_test(test_one_is_refused),
	    cmocka_unit_test(test_seven_are_refused),
	    cmocka_unit_test(test_a_lone_one_is_refused),
	    cmocka_unit_test(test_refused_in_its_body),
	    cmocka_unit_test(test_probes_go_on),
	    cmocka_unit_test(test_not_answered),
	    cmocka_unit_test(test_drop_waiting),
	    cmocka_unit_test(test_drop_refused),
	    cmocka_unit_test(test_abandon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
