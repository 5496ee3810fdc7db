/* For how long nothing is received and why, in a model of the world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fake/shipper_world.c"
#include "sink/delivery.h"

enum { MINUTE_MS = 60 * 1000 };

static void
open_world(unsigned max_messages, unsigned messages)
{
	shipper_world(max_messages, messages, 1000);
}

/* Nothing but this holds. */
static void
assert_only(enum shipper_pause cause)
{
	struct shipper_stats s = stats();

	for (int i = 0; i < SHIPPER_PAUSES; i++) {
		if (s.paused[i] != (i == (int)cause))
			fail_msg(
			    "%s", shipper_pause_name((enum shipper_pause)i));
	}
}

static int64_t
paused_ms(enum shipper_pause cause)
{
	return stats().paused_ms[cause];
}

static void
test_none(void **state)
{
	(void)state;
	open_world(10, 3);
	model_run(MINUTE_MS);
	assert_only(SHIPPER_PAUSES);
	for (int i = 0; i < SHIPPER_PAUSES; i++)
		assert_int_equal(paused_ms((enum shipper_pause)i), 0);
	model_end();
}

/* What is paused goes on being counted while nothing at all happens, and ends
 * with its cause. */
static void
test_full(void **state)
{
	int64_t ms;

	(void)state;
	open_world(3, 30);
	hold_posts = true;
	model_run(MINUTE_MS);
	assert_only(SHIPPER_P_FULL);
	ms = paused_ms(SHIPPER_P_FULL);
	assert_in_range(ms, MINUTE_MS / 2, MINUTE_MS);
	model_run(MINUTE_MS);
	assert_in_range(paused_ms(SHIPPER_P_FULL), ms + MINUTE_MS - 1,
	    ms + MINUTE_MS + MINUTE_MS / 4);
	model_end();
}

/* Nothing is received before there are credentials. */
static void
test_no_credentials(void **state)
{
	(void)state;
	open_world(10, 3);
	M.no_creds = true;
	model_run(5 * MINUTE_MS);
	assert_int_equal(model_stats().receives, 0);
	assert_only(SHIPPER_P_CREDS);
	assert_in_range(
	    paused_ms(SHIPPER_P_CREDS), 5 * MINUTE_MS - 1, 6 * MINUTE_MS);
	M.no_creds = false;
	shipper_wake(model_shipper());
	assert_true(model_settle(MINUTE_MS) >= 0);
	assert_only(SHIPPER_PAUSES);
	model_end();
}

/* Each refusal has its cause; when it is over, so is the pause. */
static void
test_refused(void **state)
{
	static const struct {
		unsigned what, way;
		enum shipper_pause cause;
	} rows[] = {
	    {2, 0, SHIPPER_P_TOKEN},
	    {2, 3, SHIPPER_P_DASSANA},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		int64_t ms;

		open_world(40, 40);
		model_refuse(rows[i].what, rows[i].way, 10 * MINUTE_MS);
		model_run(9 * MINUTE_MS);
		assert_true(stats().paused[rows[i].cause]);
		assert_true(paused_ms(rows[i].cause) > 7 * MINUTE_MS);
		assert_true(model_settle(30 * MINUTE_MS) >= 0);
		assert_only(SHIPPER_PAUSES);
		ms = paused_ms(rows[i].cause);
		assert_in_range(ms, 8 * MINUTE_MS, 14 * MINUTE_MS);
		model_run(MINUTE_MS);
		assert_int_equal(paused_ms(rows[i].cause), ms);
		model_end();
	}
}

/* The gate is closed for one cause, and then for the other: each counts its
 * own. */
static void
test_another_cause(void **state)
{
	int64_t token_ms, dassana_ms;

	(void)state;
	open_world(40, 40);
	model_refuse(2, 1, 20 * MINUTE_MS);
	model_run(5 * MINUTE_MS);
	assert_true(stats().paused[SHIPPER_P_DASSANA]);
	model_refuse(2, 0, 20 * MINUTE_MS);
	model_run(2 * MINUTE_MS);
	assert_true(stats().paused[SHIPPER_P_TOKEN]);
	assert_false(stats().paused[SHIPPER_P_DASSANA]);
	token_ms = paused_ms(SHIPPER_P_TOKEN);
	dassana_ms = paused_ms(SHIPPER_P_DASSANA);
	model_run(5 * MINUTE_MS);
	assert_int_equal(paused_ms(SHIPPER_P_DASSANA), dassana_ms);
	assert_int_equal(paused_ms(SHIPPER_P_TOKEN), token_ms + 5 * MINUTE_MS);
	assert_true(model_settle(30 * MINUTE_MS) >= 0);
	model_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_none),
	    cmocka_unit_test(test_full),
	    cmocka_unit_test(test_no_credentials),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_another_cause),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
