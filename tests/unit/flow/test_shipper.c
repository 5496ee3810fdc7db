/* The shipper between a model of the world (fake/model.h) without chance:
 * when the open batch is sealed, and how it stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fake/shipper_world.c"
#include "sink/delivery.h"
#include "sink/gzip.h"

enum { HOUR_MS = 3600 * 1000 };

static void
open_world(unsigned max_messages, unsigned messages)
{
	shipper_world(max_messages, messages, 60000);
}

/* Nothing happens from inside shipper_start. */
static void
test_start(void **state)
{
	(void)state;
	open_world(10, 1);
	assert_int_equal(fake_http_open(), 0);
	fake_run();
	assert_int_equal(fake_http_open(), 1);
	model_end();
}

/* A message's worth of events is not sent while more may come at once: the
 * first poll brought as much as it asked for, and the next one has only begun.
 * When that has waited in vain for a moment, the queue has no more. */
static void
test_seal_when_a_poll_waits(void **state)
{
	(void)state;
	open_world(100, 30);
	while (stats().messages_held < 1)
		model_step();
	hold_polls = true;
	while (stats().buffer_used == 0)
		model_step();
	model_run(40);
	assert_int_equal(model_stats().posts, 0);
	model_run(5000);
	/* The very first has one event. */
	assert_int_equal(model_stats().posts, 2);
	assert_int_equal(stats().objects_done, 1);
	model_end();
}

/* … but at once when the queue has no more … */
static void
test_seal_when_drained(void **state)
{
	(void)state;
	open_world(10, 3);
	while (stats().messages_held < 3)
		model_step();
	model_run(5000);
	assert_int_equal(model_stats().posts, 2);
	assert_int_equal(model_stats().good_left, 0);
	model_end();
}

/* … unless an object is still read: it adds to the batch. */
static void
test_no_seal_beside_a_get(void **state)
{
	(void)state;
	open_world(10, 3);
	while (stats().messages_held < 3)
		model_step();
	hold_gets = true;
	model_run(50000);
	assert_true(stats().objects_active > 0);
	assert_int_equal(model_stats().posts, 0);
	model_end();
}

/* … but at once when nothing can come, since it is this very batch that keeps
 * the messages. */
static void
test_seal_when_starved(void **state)
{
	(void)state;
	open_world(3, 30);
	model_run(30000);
	/* The last ones leave room for others. */
	assert_true(model_stats().good_left < 3);
	assert_true(model_stats().posts >= 9);
	model_end();
}

/* … or when there are no places for what one poll more may bring. */
static void
test_seal_when_places_run_out(void **state)
{
	(void)state;
	open_world(20, 60);
	while (stats().messages_held < 11)
		model_step();
	hold_polls = true;
	model_run(5000);
	assert_true(model_stats().posts > 0);
	assert_int_equal(stats().objects_done, 11);
	model_end();
}

/* Not while a POST is under way: its answer brings more. */
static void
test_no_seal_behind_a_post(void **state)
{
	(void)state;
	open_world(3, 30);
	hold_posts = true;
	model_run(50000);
	/* The rest of what the poll brought waits to be taken in. */
	assert_int_equal(shipper_stats(model_shipper()).messages_held, 11);
	assert_true(fake_http_open() >= 1);
	assert_int_equal(
	    delivery_stats(shipper_delivery(model_shipper())).in_flight, 1);
	model_end();
}

static void
test_drain_idle(void **state)
{
	(void)state;
	open_world(10, 0);
	model_run(1000);
	/* The open poll is waited for, since it may bring messages. */
	assert_true(model_drain(60000) <= 21000);
	assert_int_equal(model_stats().hidden_by_us, 0);
	model_end();
	/* At once, before anything was asked. */
	open_world(10, 5);
	(void)model_drain(0);
	model_end();
}

/* A poll that does not end is cut off 5 s before the end. */
static void
test_drain_cuts_the_poll(void **state)
{
	static const int64_t timeouts[] = {0, 1, 4999, 5000, 5001, 12000};

	(void)state;
	for (size_t i = 0; i < 6; i++) {
		int64_t ms;

		open_world(10, 0);
		hold_polls = true;
		model_run(100);
		ms = model_drain(timeouts[i]);
		if (ms > (timeouts[i] > 5000 ? timeouts[i] - 5000 : 0))
			fail_msg("%d of %d ms", (int)ms, (int)timeouts[i]);
		model_end();
	}
}

/* What the last poll brings is released, unread. */
static void
test_drain_releases_what_comes(void **state)
{
	unsigned o;

	(void)state;
	open_world(10, 0);
	model_run(1000);
	o = model_object(MODEL_GOOD, 3, 50);
	(void)model_message(&o, 1);
	(void)model_drain(60000);
	assert_int_equal(model_stats().gets, 0);
	assert_int_equal(model_hidden_ms(0), 0);
	assert_int_equal(model_receive_count(0), 1);
	assert_int_equal(stats().messages_released, 1);
	model_end();
}

/* In flight: finished. Not begun: put back at once. */
static void
test_drain_finishes(void **state)
{
	unsigned deleted = 0;

	(void)state;
	open_world(20, 20);
	while (stats().objects_active < 4)
		model_step();
	assert_true(model_drain(60000) < 30000);
	for (unsigned i = 0; i < 20; i++) {
		deleted += model_deleted(i);
		assert_true(model_deleted(i) || model_hidden_ms(i) == 0);
	}
	assert_in_range(deleted, 4, 19);
	model_end();
}

/* Whatever does not answer: over in time, and all is visible again. */
static void
test_drain_deadline(void **state)
{
	/* A quarter of each is longer than any reply takes. */
	static const int64_t timeouts[] = {3300, 4000, 12000, 60000};

	(void)state;
	for (int what = 0; what < 3; what++) {
		for (size_t i = 0; i < 4; i++) {
			int64_t keep = timeouts[i] / 4, ms;

			if (keep > 3000)
				keep = 3000;
			open_world(10, 10);
			hold_posts = what == 0;
			hold_gets = what == 1;
			hold_sqs = what == 2;
			while (stats().messages_held < 10)
				model_step();
			model_run(1000);
			ms = model_drain(timeouts[i]);
			assert_true(ms >= timeouts[i] - keep);
			assert_true(ms <= timeouts[i]);
			if (what < 2) {
				assert_int_equal(model_stats().hidden_by_us, 0);
				assert_int_equal(stats().messages_held, 0);
			}
			for (unsigned m = 0; what < 2 && m < 10; m++) {
				assert_false(model_deleted(m));
				assert_int_equal(model_hidden_ms(m), 0);
			}
			model_end();
		}
	}
}

/* The gate is closed: nothing can be delivered, but it ends. */
static void
test_drain_while_refused(void **state)
{
	(void)state;
	for (unsigned what = 0; what < 3; what++) {
		open_world(10, 10);
		while (stats().messages_held < 10)
			model_step();
		model_refuse(what, 0, HOUR_MS);
		model_run(20000);
		assert_true(model_drain(12000) <= 12000);
		/* Without credentials nobody can be told. */
		if (what > 0)
			assert_int_equal(model_stats().hidden_by_us, 0);
		model_end();
	}
}

/* What only a suspect waits for is not waited for. */
static void
test_drain_amid_a_suspect(void **state)
{
	const struct delivery *d;
	unsigned o;

	(void)state;
	shipper_world(10, 3, 1000);
	o = model_object(MODEL_POISON, 3, 50);
	(void)model_message(&o, 1);
	while (stats().messages_parked == 0 || model_stats().good_left > 0)
		model_step();
	hold_posts = true;
	d = shipper_delivery(model_shipper());
	while (delivery_stats(d).in_flight == 0)
		model_step();
	/* But for the open poll it would be over at once. */
	assert_true(model_drain(60000) <= 21000);
	model_end();
}

/* As many forbidden keys as messages may be held do not stop the others. */
static void
test_full_of_forbidden_keys(void **state)
{
	unsigned good;

	(void)state;
	for (unsigned most = 1; most < 10; most += 4) {
		open_world(most, 0);
		for (unsigned i = 0; i < most; i++) {
			unsigned o = model_object(MODEL_FORBIDDEN, 3, 50);

			(void)model_message(&o, 1);
		}
		while (stats().messages_held < most)
			model_step();
		model_run(5000);
		good = model_object(MODEL_GOOD, 3, 50);
		good = model_message(&good, 1);
		model_run(5 * 60 * 1000);
		assert_true(model_deleted(good));
		assert_true(model_drain(60000) <= 60000);
		assert_int_equal(model_stats().hidden_by_us, 0);
		model_end();
	}
}

/* Nobody is called after the end, and it may be freed in any state. */
static void
test_free_at_any_time(void **state)
{
	(void)state;
	for (unsigned n = 0; n < 120; n++) {
		open_world(10, 30);
		for (unsigned i = 0; i < n; i++)
			model_step();
		model_end();
	}
}

/* Dassana refuses all: nothing is polled while something is here that it was
 * not asked with, and else once a minute. */
static void
test_refused_with_much_and_little(void **state)
{
	(void)state;
	for (int much = 0; much < 2; much++) {
		uint64_t receives;

		shipper_world(1000, much ? 600 : 5, much ? 1 : 1000);
		model_refuse(2, 0, 2 * HOUR_MS);
		while (delivery_open(shipper_delivery(model_shipper())))
			model_step();
		model_run(20 * 1000); /* the polls that were open */
		receives = model_stats().receives;
		model_run(5 * 60 * 1000);
		receives = model_stats().receives - receives;
		assert_in_range(receives, much ? 0 : 4, much ? 0 : 6);
		model_end();
	}
}

static uint64_t
receives_in(int64_t ms)
{
	uint64_t before = model_stats().receives;

	model_run(ms);
	return model_stats().receives - before;
}

/* Once it was asked with all that is here, and not before, others are received:
 * they may show that it is well. */
static void
test_refused_with_all_that_is_here(void **state)
{
	uint64_t receives;
	const struct delivery *d;

	(void)state;
	shipper_world(1000, 12, 1);
	model_refuse(2, 0, 6 * HOUR_MS);
	d = shipper_delivery(model_shipper());
	while (delivery_open(d))
		model_step();
	model_run(25 * 1000); /* the polls that were open */
	assert_false(delivery_wants_fresh(d));
	receives = model_stats().receives;
	while (!delivery_wants_fresh(d)) {
		assert_int_equal(model_stats().receives, receives);
		model_step();
	}
	model_run(4 * HOUR_MS);
	assert_in_range(receives_in(HOUR_MS), 50, 70);
	model_end();
}

/* Nor while something here waits to be read: it could be asked with that. */
static void
test_refused_while_objects_wait(void **state)
{
	const struct delivery *d;

	(void)state;
	shipper_world(1000, 100, 1000);
	model_refuse(2, 0, 2 * HOUR_MS);
	d = shipper_delivery(model_shipper());
	while (stats().buffer_used == 0)
		model_step();
	hold_gets = true; /* each ends by itself after half a minute */
	while (delivery_open(d))
		model_step();
	model_run(25 * 1000); /* the polls that were open */
	assert_true(delivery_wants_fresh(d));
	assert_int_equal(receives_in(5 * 60 * 1000), 0);
	assert_true(stats().objects_waiting > 0);
	model_end();
}

/* While Dassana takes nothing a suspect waits until it was asked with all else
 * that is here; then it is asked with that, though nothing more comes. */
static void
test_refused_beside_a_suspect(void **state)
{
	const struct delivery *d;
	unsigned o;

	(void)state;
	shipper_world(1000, 3, 1);
	o = model_object(MODEL_POISON, 3, 50);
	(void)model_message(&o, 1);
	while (stats().messages_parked == 0 || model_stats().good_left > 0)
		model_step();
	for (int i = 0; i < 12; i++) {
		o = model_object(MODEL_GOOD, 3, 50);
		(void)model_message(&o, 1);
	}
	model_refuse(2, 0, 2 * HOUR_MS);
	d = shipper_delivery(model_shipper());
	while (delivery_open(d))
		model_step();
	while (!delivery_wants_fresh(d))
		model_step();
	assert_int_equal(model_stats().gets, 4 + 12); /* each once */
	model_run(5 * 60 * 1000);
	assert_true(model_stats().gets > 4 + 12);
	model_end();
}

/* While S3 lets nothing be read for long there is a poll a minute. */
static void
test_forbidden_for_long(void **state)
{
	(void)state;
	shipper_world(1000, 5, 1);
	model_refuse(1, 0, 6 * HOUR_MS);
	model_run(HOUR_MS / 2);
	assert_in_range(receives_in(HOUR_MS), 50, 61);
	model_end();
}

/* Dassana is away for hours: no more is polled than fits, little is asked, and
 * afterwards all goes on by itself. */
static void
test_down_for_hours(void **state)
{
	uint64_t posts, receives;

	(void)state;
	open_world(20, 300);
	hold_posts = false;
	M.conf.faults.dassana = 1000;
	model_run(HOUR_MS / 6);
	posts = model_stats().posts;
	receives = model_stats().receives;
	model_run(3 * HOUR_MS);
	posts = model_stats().posts - posts;
	assert_true(posts < 3 * 3600 / 5);
	assert_int_equal(model_stats().receives, receives);
	/* The last poll was begun with one place left. */
	assert_true(stats().messages_held < 20 + SQS_BATCH_MAX);
	model_heal();
	assert_true(model_settle(HOUR_MS) >= 0);
	assert_int_equal(model_stats().receives_max, 1);
	model_end();
}

static void
test_memory_bound(void **state)
{
	struct shipper_conf c = {0}, d;
	size_t bound;

	(void)state;
	set_defaults(&c);
	bound = shipper_memory_bound(&c);
	assert_true(bound > c.buffer_max_bytes);
	d = c;
	d.buffer_max_bytes += 1 << 20;
	assert_int_equal(shipper_memory_bound(&d), bound + (1 << 20));
	d = c;
	d.s3_concurrency++;
	assert_true(shipper_memory_bound(&d) > bound);
	d = c;
	d.max_messages++;
	assert_true(shipper_memory_bound(&d) > bound);
	d = c;
	d.max_record_bytes++;
	assert_true(shipper_memory_bound(&d) > bound);
	d = c;
	/* Of which parts may be made, as large as the longest event. */
	d.batch_max_bytes = 4 * d.max_record_bytes;
	assert_true(shipper_memory_bound(&d) >= bound + d.max_record_bytes - 1);
	d = c;
	d.gzip_level = 0; /* no codec, in the batcher and for parts */
	assert_true(shipper_memory_bound(&d) + 2 * gzip_memory(c.gzip_level) +
			d.max_record_bytes <=
		    bound);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_start),
	    cmocka_unit_test(test_seal_when_a_poll_waits),
	    cmocka_unit_test(test_seal_when_drained),
	    cmocka_unit_test(test_no_seal_beside_a_get),
	    cmocka_unit_test(test_seal_when_starved),
	    cmocka_unit_test(test_seal_when_places_run_out),
	    cmocka_unit_test(test_no_seal_behind_a_post),
	    cmocka_unit_test(test_drain_idle),
	    cmocka_unit_test(test_drain_cuts_the_poll),
	    cmocka_unit_test(test_drain_releases_what_comes),
	    cmocka_unit_test(test_drain_finishes),
	    cmocka_unit_test(test_drain_deadline),
	    cmocka_unit_test(test_drain_while_refused),
	    cmocka_unit_test(test_drain_amid_a_suspect),
	    cmocka_unit_test(test_full_of_forbidden_keys),
	    cmocka_unit_test(test_free_at_any_time),
	    cmocka_unit_test(test_refused_with_much_and_little),
	    cmocka_unit_test(test_refused_with_all_that_is_here),
	    cmocka_unit_test(test_refused_while_objects_wait),
	    cmocka_unit_test(test_refused_beside_a_suspect),
	    cmocka_unit_test(test_forbidden_for_long),
	    cmocka_unit_test(test_down_for_hours),
	    cmocka_unit_test(test_memory_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
