#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <malloc.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fake/objects_by_key.c"

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
		assert_int_equal(stats().failed_by[FAILURE_IN_PART], time);
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
	for (size_t i = 0; i < n + 2; i++) {
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
		} else {
			assert_true(fake_s3_send(g, TWO));
			settle(DELIVERY_DROPPED);
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
			settle(good ? DELIVERY_TAKEN : DELIVERY_DROPPED);
			assert_int_equal(
			    leave().deleted, (good ? 2 : 0) + (when == 0));
			assert_int_equal(leave().released, good ? 0 : 2);
			close_world();
		}
	}
}

/* What is being read leaves out what is wanted since the rules have changed. */
static void
test_not_joined_by_other_rules(void **state)
{
	(void)state;
	open_world(2);
	assert_true(events_change(t.rules, "", "a=1"));
	message("a");
	assert_true(events_change(t.rules, "", ""));
	message("a");
	assert_int_equal(stats().joined, 0);
	while (fake_s3_nth(0) != NULL)
		assert_true(fake_s3_send(fake_s3_nth(0), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(stats().ruled_out, 1);
	assert_int_equal(stats().delivered, 3);
	assert_int_equal(leave().deleted, 2);
	close_world();
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

#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
static size_t
allocated(void)
{
	struct mallinfo2 m = mallinfo2();

	return m.uordblks + m.hblkhd;
}
#else
static size_t
allocated(void)
{
	return 0;
}
#endif

/* The widest that there may be: what it is charged with holds, and so does what
 * counts for it in the bound of memory. */
static void
test_the_widest_message(void **state)
{
	static char bucket[NOTIFY_BUCKET_MAX];
	struct notify_object o = {
	    .bucket = {bucket, sizeof bucket}, .size = -1, .event_time = -1};
	struct message *m;
	size_t before, charged = 0;
	char key[16];

	(void)state;
	open_world(1);
	memset(bucket, 'b', sizeof bucket);
	m = hold();
	before = allocated();
	for (unsigned i = 0; i < NOTIFY_OBJECTS_MAX; i++) {
		o.key = (struct span){
		    key, (size_t)snprintf(key, sizeof key, "%u", i)};
		objects_want(t.os, m, &o);
		charged += object_bytes(&o);
	}
	assert_true(allocated() - before <= charged);
	assert_true(charged <= objects_widest());
	objects_abandon(t.os);
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
want_in(struct message *m, const char *key, const char *region)
{
	struct notify_object o = {.bucket = SPAN("b"),
	    .key = span_str(key),
	    .etag = SPAN("e"),
	    .region = span_str(region),
	    .size = -1,
	    .event_time = -1};

	objects_want(t.os, m, &o);
	message_ended(t.ms, m, true);
	objects_start(t.os);
}

/* Two notifications of one object, of which one is wrong about its region: it
 * is read once, wherever it was found first. */
static void
test_one_to_s3(void **state)
{
	(void)state;
	for (int good = 0; good < 2; good++) {
		struct s3_get *first, *g;

		open_world(4);
		want_in(hold(), "a", "here");
		first = fake_s3_of("a");
		want_in(hold(), "a", "there");
		assert_int_equal(fake_s3_open(), 2);
		g = first->next;
		fake_s3_head(g, "\"e\"");
		fake_s3_head(first, "\"e\"");
		assert_int_equal(fake_s3_open(), 1);
		assert_ptr_equal(fake_s3_of("a"), g);
		assert_int_equal(stats().active, 1);
		assert_int_equal(stats().joined, 1);
		(void)fake_s3_feed(g, SPAN(TWO));
		fake_s3_end(g);
		settle(good ? DELIVERY_TAKEN : DELIVERY_DROPPED);
		assert_int_equal(leave().deleted, good ? 2 : 0);
		assert_int_equal(leave().released, good ? 0 : 2);
		close_world();
	}
}

/* Or it is not found where one of them says, and that one is tried again when
 * all of it has been delivered. */
static void
test_found_elsewhere(void **state)
{
	(void)state;
	open_world(4);
	want_in(hold(), "a", "nowhere");
	fake_s3_fail(fake_s3_of("a"), AWS_TRANSIENT, "");
	want_in(hold(), "a", "here");
	assert_int_equal(fake_s3_open(), 1);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	for (int i = 0; i < 100; i++)
		fake_advance(100);
	assert_int_equal(fake_s3_open(), 0);
	assert_int_equal(stats().known, 1);
	assert_int_equal(objects_parked(t.os), 0);
	assert_int_equal(leave().deleted, 2);
	close_world();
}

/* A turn is one object, whoever names how many. */
static void
test_turns_go_round(void **state)
{
	static const char order[] = "abkcde";

	(void)state;
	open_world(1);
	message("a b c d e");
	message("k");
	for (size_t i = 0; order[i] != '\0'; i++) {
		char key[2] = {order[i], '\0'};

		fake_s3_fail(fake_s3_of(key), AWS_NOT_FOUND, "NoSuchKey");
	}
	close_world();
}

/* Where three quarters of the slots are taken by what takes long, more of that
 * waits, and others do not. */
static void
test_large_ones_leave_slots(void **state)
{
	(void)state;
	open_world(4);
	for (char key[] = "a"; key[0] <= 'd'; key[0]++)
		message(key);
	fake_advance(4000); /* without a byte */
	objects_start(t.os);
	assert_int_equal(fake_s3_open(), 3);
	message("e");
	assert_true(fake_s3_is_open("e"));
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
	fake_s3_fail(fake_s3_of("a"), AWS_OTHER, "ObjectChanged");
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

/* However many others are delivered meanwhile. */
static void
test_remembered_while_held(void **state)
{
	char other[8];

	(void)state;
	for (int way = 0; way < 2; way++) {
		open_world(2);
		message("a b");
		assert_true(fake_s3_send(fake_s3_of("a"), TWO));
		settle(DELIVERY_TAKEN);
		for (unsigned i = 0; i < 150; i++) {
			snprintf(other, sizeof other, "o%u", i);
			message(other);
			assert_true(fake_s3_send(fake_s3_of(other), TWO));
			settle(DELIVERY_TAKEN);
			(void)leave();
		}
		if (way == 0) {
			fake_s3_fail(
			    fake_s3_of("b"), AWS_NOT_FOUND, "NoSuchKey");
			assert_int_equal(leave().released, 1);
			message("a b");
			assert_false(fake_s3_is_open("a"));
			assert_int_equal(stats().known, 1);
		}
		close_world();
	}
}

/* ---- doubt ---- */

/* What nobody can read is parked, and tried more and more seldom. */
static void
test_parked(void **state)
{
	static const int64_t most_s[] = {1, 2, 4, 8, 16, 30, 30, 30};

	(void)state;
	open_world(4);
	message("a");
	refuse("a");
	assert_int_equal(objects_parked(t.os), 1);
	assert_true(objects_idle(t.os));
	for (size_t i = 0; i < sizeof most_s / sizeof *most_s; i++) {
		int64_t ms = wait_for_get("a");

		assert_in_range(
		    ms, most_s[i] * 1000 - 100, most_s[i] * 1000 + 100);
		refuse("a");
		assert_int_equal(objects_parked(t.os), 1);
	}
	assert_int_equal(leave().released + leave().deleted, 0);
	wait_for_get("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(objects_parked(t.os), 0);
	assert_int_equal(leave().deleted, 1);
	close_world();
}

/* First tries that fail while nothing succeeds do not make the probe wait. */
static void
test_first_tries_are_no_probes(void **state)
{
	(void)state;
	open_world(8);
	for (char key[] = "a"; key[0] <= 'h'; key[0]++)
		message(key);
	for (char key[] = "a"; key[0] <= 'h'; key[0]++)
		refuse(key);
	for (char key[] = "i"; key[0] <= 'n'; key[0]++)
		message(key);
	for (char key[] = "i"; key[0] <= 'n'; key[0]++)
		refuse(key);
	assert_in_range(wait_for_get("a"), 900, 1100);
	refuse("a");
	assert_in_range(wait_for_get("b"), 1900, 2100);
	refuse("b");
	close_world();
}

/* One that has to give up its slot before S3 has answered is no probe any more:
 * another takes its turn. */
static void
test_a_probe_is_evicted(void **state)
{
	(void)state;
	open_world(4);
	message("a");
	refuse("a");
	message("x y z");
	message("v");
	message("w");
	fake_advance(8000);
	for (const char *k = "axyzvw"; *k != '\0'; k++) {
		char key[2] = {*k, '\0'};

		wait_for_get(key);
		refuse(key);
	}
	for (int i = 0; i < 20; i++) {
		for (int ms = 0; fake_s3_nth(0) == NULL; ms += 100) {
			assert_true(ms <= 31 * 1000);
			fake_advance(100);
		}
		fake_s3_fail(fake_s3_nth(0), AWS_DENIED, "AccessDenied");
	}
	close_world();
}

/* Nor is its message forgotten, which has no turns of its own. */
static void
test_one_held_back_is_evicted(void **state)
{
	(void)state;
	open_world(4);
	message("a b c");
	refuse("a");
	refuse("b");
	refuse("c");
	message("x");
	message("y");
	message("z");
	fake_advance(8000);
	objects_start(t.os);
	for (int s = 0; s < 600; s++) {
		while (fake_s3_nth(0) != NULL)
			assert_true(fake_s3_send(fake_s3_nth(0), TWO));
		settle(DELIVERY_TAKEN);
		fake_advance(1000);
	}
	assert_int_equal(leave().deleted, 4);
	close_world();
}

/* Nor is one tried in its turn that another message tries already; that is not
 * looked at again and again. */
static void
test_others_are_at_it(void **state)
{
	struct message *m;

	(void)state;
	open_world(4);
	m = message("a");
	refuse("a");
	message("a");
	for (int i = 0; i < 10; i++) {
		fake_advance(1000);
		assert_true(fake_s3_is_open("a"));
	}
	assert_true(m->stay.tries <= 1);
	refuse("a");
	assert_int_equal(objects_parked(t.os), 2);
	assert_in_range(wait_for_get("a"), 0, 1100);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 2);
	close_world();
}

/* The first success sets all free that nobody could have read. */
static void
test_a_success_wakes_all(void **state)
{
	(void)state;
	open_world(8);
	for (char key[] = "a"; key[0] <= 'g'; key[0]++) {
		message(key);
		refuse(key);
	}
	assert_int_equal(objects_parked(t.os), 7);
	wait_for_get("a"); /* in turn */
	refuse("a");
	deliver("z");
	assert_int_equal(objects_parked(t.os), 0);
	assert_int_equal(fake_s3_open(), 7);
	close_world();
}

/* One that has 90 keys is not tried 90 times, and others come in between. */
static void
test_a_message_is_one_piece_of_evidence(void **state)
{
	static char keys[90 * 4 + 1];
	char key[8];

	(void)state;
	open_world(8);
	for (int i = 0; i < 90; i++)
		snprintf(keys + strlen(keys), 5, "%s%02d", i ? " " : "", i);
	message(keys);
	message("z");
	assert_int_equal(fake_s3_open(), 8);
	for (unsigned i = 0; i < 8; i++) {
		snprintf(key, sizeof key, "%02u", i);
		refuse(key);
		assert_true(fake_s3_is_open("z"));
	}
	refuse("08"); /* begun before the third had failed */
	assert_int_equal(fake_s3_open(), 1);
	assert_int_equal(objects_parked(t.os), 1);
	/* One at a time, those that were not tried yet first. */
	wait_for_get("09");
	refuse("09");
	wait_for_get("10");
	assert_int_equal(fake_s3_open(), 2);
	assert_true(fake_s3_send(fake_s3_of("10"), TWO));
	assert_int_equal(objects_parked(t.os), 0);
	assert_int_equal(fake_s3_open(), 8);
	close_world();
}

/* What was tried of it turns out to be gone: the rest has its turns. */
static void
test_one_of_two_is_gone(void **state)
{
	(void)state;
	open_world(4);
	message("a b");
	refuse("a");
	refuse("b");
	assert_int_equal(objects_parked(t.os), 1);
	wait_for_get("a");
	fake_s3_fail(fake_s3_of("a"), AWS_NOT_FOUND, "NoSuchKey");
	wait_for_get("b");
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().released, 1);
	close_world();
}

/* Where the lot is full and nothing succeeds, who came last goes for hours. */
static void
test_the_lot_is_full(void **state)
{
	char key[8];

	(void)state;
	open_world(8);
	t.receives = 1;
	for (unsigned i = 0; i < 25; i++) {
		snprintf(key, sizeof key, "k%u", i);
		message(key);
		refuse(key);
		fake_advance(1);
	}
	assert_int_equal(objects_parked(t.os), 20);
	assert_true(objects_stand_still(t.os));
	messages_flush(t.ms);
	assert_int_equal(fake_sqs_at(0)->kind, FAKE_HIDE);
	assert_int_equal(fake_sqs_at(0)->seconds[0], 2 * 2 * 3600);
	assert_string_equal(fake_sqs_at(0)->handle[0], "m21");
	assert_int_equal(leave().released, 5);
	close_world();
}

/* After ten minutes without a success no more is polled, also where the lot is
 * not full; with the first success it is. */
static void
test_nothing_succeeds_for_long(void **state)
{
	int64_t begin;

	(void)state;
	open_world(4);
	message("a");
	begin = clock_mono_ms();
	refuse("a");
	while (clock_mono_ms() - begin < 10 * 60 * 1000) {
		assert_false(objects_stand_still(t.os));
		wait_for_get("a");
		refuse("a");
	}
	assert_true(objects_stand_still(t.os));
	/* The end of its 12 hours: that the lot is empty is no success. */
	while (fake_sqs_nth(0) == NULL)
		fake_advance(60 * 1000);
	fake_sqs_answer(
	    fake_sqs_expect(FAKE_HIDE, 1), 1, "ReceiptHandleIsInvalid");
	wait_for_get("a");
	refuse("a");
	objects_start(t.os);
	fake_run();
	assert_int_equal(objects_parked(t.os), 0);
	assert_true(objects_stand_still(t.os));
	deliver("b");
	assert_false(objects_stand_still(t.os));
	close_world();
}

/* What Dassana refuses is read again by itself; what was refused alone is asked
 * for once more, and what was taken is not sent again. */
static void
test_refused_by_dassana(void **state)
{
	(void)state;
	open_world(4);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), "[{\"a\":1}]"));
	settle(DELIVERY_REFUSED);
	assert_int_equal(objects_parked(t.os), 1);
	for (unsigned i = 0; i < 3; i++) {
		wait_for_get("a");
		assert_true(fake_s3_send(fake_s3_of("a"), "[{\"a\":1}]"));
		assert_int_equal(batcher_open_events(t.batcher), 0);
		assert_int_equal(t.nsealed, 1);
		assert_int_equal(objects_parked(t.os), 1);
		settle(DELIVERY_REFUSED);
	}
	wait_for_get("a");
	assert_true(fake_s3_send(fake_s3_of("a"), "[{\"a\":1}]"));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 1);
	close_world();
}

/* It goes among the others again if everything was refused for a while, and
 * stays apart if others were only slow to be taken. */
static void
test_refused_like_all(void **state)
{
	(void)state;
	for (int minutes = 0; minutes < 2; minutes++) {
		int64_t begin;

		open_world(4);
		message("a");
		begin = clock_mono_ms();
		do {
			wait_for_get("a");
			assert_true(
			    fake_s3_send(fake_s3_of("a"), "[{\"a\":1}]"));
			settle(DELIVERY_REFUSED);
		} while (clock_mono_ms() - begin <= minutes * 65 * 1000);
		deliver("b");
		message("c");
		assert_int_equal(fake_s3_is_open("a"), minutes > 0);
		if (minutes > 0) { /* in a batch with others */
			assert_true(
			    fake_s3_send(fake_s3_of("a"), "[{\"a\":1}]"));
			assert_int_equal(batcher_open_events(t.batcher), 1);
		}
		close_world();
	}
}

/* What it could not do before says nothing of what it cannot do now. */
static void
test_judged_by_what_it_failed_in(void **state)
{
	char other[8];

	(void)state;
	open_world(4);
	message("a");
	refuse("a");
	for (unsigned i = 0; i < 3; i++) {
		snprintf(other, sizeof other, "o%u", i);
		deliver(other);
		wait_for_get("a");
		refuse("a");
	}
	for (unsigned i = 0; i < 4; i++) {
		wait_for_get("a");
		assert_true(fake_s3_send(fake_s3_of("a"), "[{\"a\":1}]"));
		settle(DELIVERY_REFUSED);
		assert_int_equal(leave().released, 0);
	}
	assert_int_equal(stats().refused, 0);
	close_world();
}

/* What S3 refuses: as many as the lot holds. */
static void
fill_lot(void)
{
	char key[8];

	for (unsigned i = 0; i < 20; i++) {
		snprintf(key, sizeof key, "k%u", i);
		message(key);
		refuse(key);
		fake_advance(1);
	}
}

static void
empty_lot(void)
{
	while (objects_parked(t.os) > 0) {
		fake_advance(1000);
		while (fake_s3_nth(0) != NULL)
			assert_true(fake_s3_send(fake_s3_nth(0), TWO));
		settle(DELIVERY_TAKEN);
	}
}

/* Who had to go from the lot is a suspect when it comes again, however many
 * came between: what others send is not held up by it another time. */
static void
test_a_suspect_comes_again(void **state)
{
	char key[8];

	(void)state;
	open_world(8);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_REFUSED);
	for (unsigned i = 0; i < 200; i++) {
		snprintf(key, sizeof key, "g%u", i);
		deliver(key);
	}
	(void)leave();
	fill_lot();
	assert_int_equal(leave().released, 1);
	empty_lot();
	objects_wanted(t.os, message("a"));
	assert_false(fake_s3_is_open("a"));
	assert_int_equal(objects_parked(t.os), 1);
	wait_for_get("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	assert_int_equal(batcher_open_events(t.batcher), 0);
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 221);
	close_world();
}

/* It has no place that another needs, and is no less a suspect for that; once
 * one of them is taken none is. */
static void
test_suspects_come_again_and_again(void **state)
{
	(void)state;
	open_world(8);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	message("b");
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	settle(DELIVERY_REFUSED);
	deliver("good");
	fill_lot();
	assert_int_equal(leave().released, 2);
	for (unsigned i = 1; i <= 3; i++) {
		objects_wanted(t.os, message("a"));
		fake_advance(1);
		assert_false(fake_s3_is_open("a"));
		assert_int_equal(leave().released, 2 + i);
	}
	empty_lot();
	objects_wanted(t.os, message("a"));
	wait_for_get("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	message("b");
	assert_true(fake_s3_is_open("b"));
	close_world();
}

/* Another message that names a suspect waits in the lot as well. */
static void
test_a_suspect_is_joined(void **state)
{
	(void)state;
	open_world(4);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_REFUSED);
	objects_wanted(t.os, message("a"));
	assert_int_equal(objects_parked(t.os), 2);
	wait_for_get("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 2);
	close_world();
}

/* A suspect that turns out to be gone was no probe: the next has its turn. */
static void
test_a_suspect_is_gone(void **state)
{
	(void)state;
	open_world(4);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	message("b");
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	settle(DELIVERY_REFUSED);
	assert_int_equal(objects_parked(t.os), 2);
	wait_for_get("a");
	fake_s3_fail(fake_s3_of("a"), AWS_NOT_FOUND, "NoSuchKey");
	wait_for_get("b");
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 1);
	close_world();
}

/* ---- shutdown ---- */

/* What is parked is hidden for a while, what was not tried is not. */
static void
test_drain(void **state)
{
	struct sqs_op *op;

	(void)state;
	open_world(1);
	message("bad");
	refuse("bad");
	message("a");
	message("b");
	objects_drain(t.os);
	assert_int_equal(objects_parked(t.os), 0);
	messages_flush(t.ms);
	op = fake_sqs_expect(FAKE_HIDE, 2);
	assert_int_equal(op->seconds[0] + op->seconds[1], 30);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	assert_true(objects_idle(t.os));
	assert_int_equal(leave().deleted, 1);
	close_world();
}

/* A message that has begun is worked on to its end; what of it is parked, or
 * would wait for that to be tried, is not waited for. */
static void
test_drain_with_some_parked(void **state)
{
	(void)state;
	open_world(4);
	message("a b");
	refuse("a");
	objects_drain(t.os);
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	settle(DELIVERY_TAKEN);
	assert_true(objects_idle(t.os));
	assert_int_equal(messages_held(t.ms), 0);
	assert_int_equal(leave().released, 1);
	close_world();
}

/* What has begun and waits for a slot gets one that a suspect leaves. */
static void
test_drain_goes_on_in_the_place_of_a_suspect(void **state)
{
	(void)state;
	open_world(1);
	message("a");
	refuse("a");
	message("b c");
	fake_advance(1000);
	assert_true(fake_s3_send(fake_s3_of("b"), TWO));
	assert_true(fake_s3_is_open("a"));
	assert_false(fake_s3_is_open("c"));
	settle(DELIVERY_TAKEN);
	objects_drain(t.os);
	assert_false(fake_s3_is_open("a"));
	assert_true(fake_s3_send(fake_s3_of("c"), TWO));
	settle(DELIVERY_TAKEN);
	assert_true(objects_idle(t.os));
	assert_int_equal(leave().deleted, 1);
	close_world();
}

/* What another message has begun anew is finished for both. */
static void
test_drain_with_one_under_way_again(void **state)
{
	(void)state;
	open_world(4);
	message("a");
	refuse("a");
	message("a");
	assert_true(fake_s3_is_open("a"));
	objects_drain(t.os);
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_TAKEN);
	assert_int_equal(leave().deleted, 2);
	close_world();
}

/* Who fails now is hidden like who was parked. */
static void
test_fails_while_draining(void **state)
{
	(void)state;
	open_world(4);
	t.receives = 1;
	message("a");
	objects_drain(t.os);
	refuse("a");
	messages_flush(t.ms);
	assert_int_equal(fake_sqs_expect(FAKE_HIDE, 1)->seconds[0], 8 * 30);
	close_world();
}

/* What of a suspect was not sealed yet is dropped with the rest. */
static void
test_drain_amid_a_suspect(void **state)
{
	struct s3_get *g;

	(void)state;
	open_world(4);
	message("a");
	assert_true(fake_s3_send(fake_s3_of("a"), TWO));
	settle(DELIVERY_REFUSED);
	wait_for_get("a");
	g = fake_s3_of("a");
	fake_s3_head(g, "\"e\"");
	(void)fake_s3_feed(g, SPAN("{\"Records\":[{\"a\":1},"));
	assert_int_equal(batcher_open_events(t.lane), 1);
	objects_drain(t.os);
	assert_int_equal(batcher_open_events(t.lane), 0);
	settle(DELIVERY_DROPPED);
	assert_true(objects_idle(t.os));
	assert_int_equal(leave().released, 1);
	close_world();
}

static void
test_drain_while_held_back(void **state)
{
	(void)state;
	open_world(4);
	t.receives = 1;
	message("a b c d e f g h");
	refuse("a");
	refuse("b");
	refuse("c");
	objects_drain(t.os);
	while (fake_s3_nth(0) != NULL)
		fake_s3_fail(fake_s3_nth(0), AWS_DENIED, "AccessDenied");
	assert_true(objects_idle(t.os));
	assert_int_equal(messages_held(t.ms), 0);
	messages_flush(t.ms);
	assert_int_equal(fake_sqs_expect(FAKE_HIDE, 1)->seconds[0], 8 * 30);
	assert_int_equal(leave().released, 1);
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
	    cmocka_unit_test(test_not_joined_by_other_rules),
	    cmocka_unit_test(test_named_twice_by_one),
	    cmocka_unit_test(test_not_the_same),
	    cmocka_unit_test(test_the_widest_message),
	    cmocka_unit_test(test_one_to_s3),
	    cmocka_unit_test(test_found_elsewhere),
	    cmocka_unit_test(test_order_and_slots),
	    cmocka_unit_test(test_turns_go_round),
	    cmocka_unit_test(test_large_ones_leave_slots),
	    cmocka_unit_test(test_remembered),
	    cmocka_unit_test(test_remembered_while_held),
	    cmocka_unit_test(test_parked),
	    cmocka_unit_test(test_first_tries_are_no_probes),
	    cmocka_unit_test(test_a_probe_is_evicted),
	    cmocka_unit_test(test_one_held_back_is_evicted),
	    cmocka_unit_test(test_others_are_at_it),
	    cmocka_unit_test(test_a_success_wakes_all),
	    cmocka_unit_test(test_a_message_is_one_piece_of_evidence),
	    cmocka_unit_test(test_one_of_two_is_gone),
	    cmocka_unit_test(test_the_lot_is_full),
	    cmocka_unit_test(test_nothing_succeeds_for_long),
	    cmocka_unit_test(test_refused_by_dassana),
	    cmocka_unit_test(test_refused_like_all),
	    cmocka_unit_test(test_judged_by_what_it_failed_in),
	    cmocka_unit_test(test_a_suspect_comes_again),
	    cmocka_unit_test(test_suspects_come_again_and_again),
	    cmocka_unit_test(test_a_suspect_is_joined),
	    cmocka_unit_test(test_a_suspect_is_gone),
	    cmocka_unit_test(test_drain),
	    cmocka_unit_test(test_drain_with_some_parked),
	    cmocka_unit_test(test_drain_goes_on_in_the_place_of_a_suspect),
	    cmocka_unit_test(test_drain_with_one_under_way_again),
	    cmocka_unit_test(test_fails_while_draining),
	    cmocka_unit_test(test_drain_amid_a_suspect),
	    cmocka_unit_test(test_drain_while_held_back),
	    cmocka_unit_test(test_abandon),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
