#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "flow/poll_wait.h"

enum { MINUTE_MS = 60 * 1000 };

static void
test_nothing_is_cut(void **state)
{
	struct poll_wait w;

	(void)state;
	poll_wait_init(&w, 20);
	for (int64_t now = 0; now < 100 * MINUTE_MS; now += 20000) {
		assert_int_equal(poll_wait_s(&w, now), 20);
		assert_false(poll_wait_lived(&w, 20, 20000, now));
	}
}

/* What counts as cut, and how long polls wait after two of them. */
static void
test_cuts(void **state)
{
	static const struct {
		unsigned wait_s;
		int64_t lasted_ms, then_ms;
		unsigned s;
	} rows[] = {
	    {20, 10000, 10000, 7}, {20, 15000, 10000, 7},
	    {20, 19999, 19999, 14}, {20, 2000, 1500, 1}, {20, 1000, 1000, 1},
	    {20, 999, 10000, 20},  /* it broke for another reason */
	    {20, 35000, 35000, 7}, /* nobody said when it was cut */
	    {1, 1500, 10000, 20},  /* it was to be brief */
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct poll_wait w;
		bool cut;

		poll_wait_init(&w, 20);
		assert_false(poll_wait_cut(
		    &w, rows[i].wait_s, rows[i].lasted_ms, 100000));
		cut = poll_wait_cut(&w, 20, rows[i].then_ms, 200000);
		assert_int_equal(cut, rows[i].s < 20);
		assert_int_equal(poll_wait_s(&w, 200000), rows[i].s);
	}
}

/* One that broke now and then was not cut for its age. */
static void
test_not_in_a_row(void **state)
{
	struct poll_wait w;

	(void)state;
	poll_wait_init(&w, 20);
	for (int64_t i = 1; i < 10; i++) {
		assert_false(poll_wait_cut(&w, 20, 5000, i * MINUTE_MS));
		(void)poll_wait_lived(&w, 20, 20000, i * MINUTE_MS);
	}
	/* Long ago, though none lived to its end since. */
	assert_false(poll_wait_cut(&w, 20, 5000, 20 * MINUTE_MS));
	assert_false(poll_wait_cut(&w, 20, 5000, 31 * MINUTE_MS));
	(void)poll_wait_lived(&w, 20, 4000, 32 * MINUTE_MS);
	(void)poll_wait_lived(&w, 1, 1000, 32 * MINUTE_MS);
	assert_true(poll_wait_cut(&w, 20, 5000, 32 * MINUTE_MS));
	assert_int_equal(poll_wait_s(&w, 32 * MINUTE_MS), 3);
}

/* Until the next poll that tries more. */
static int64_t
next_try(struct poll_wait *w, int64_t now)
{
	int64_t begin = now;

	while (poll_wait_s(w, now) == w->lives_s) {
		now += 1000;
		assert_true(now < begin + 1000 * MINUTE_MS);
	}
	return now - begin;
}

static void
test_grows_back(void **state)
{
	static const unsigned tries[] = {6, 12};
	struct poll_wait w;
	int64_t now = 100000;

	(void)state;
	poll_wait_init(&w, 20);
	(void)poll_wait_cut(&w, 20, 5000, now);
	(void)poll_wait_cut(&w, 20, 5000, now);
	for (int i = 0; i < 2; i++) {
		assert_int_equal(next_try(&w, now), 10 * MINUTE_MS);
		now += 10 * MINUTE_MS;
		/* A single one tries. */
		assert_int_equal(poll_wait_s(&w, now), w.lives_s);
		assert_false(poll_wait_lived(
		    &w, tries[i], (int64_t)tries[i] * 1000 - 10, now));
		assert_int_equal(poll_wait_s(&w, now), tries[i]);
	}
	/* Once one has failed the next would be later, were it not for one that
	 * lived since. */
	now += next_try(&w, now);
	assert_false(poll_wait_cut(&w, 20, 5000, now));
	assert_int_equal(next_try(&w, now), 20 * MINUTE_MS);
	now += 20 * MINUTE_MS;
	assert_false(poll_wait_lived(&w, 15, 15000, now));
	assert_int_equal(w.lives_s, 15);
	assert_int_equal(next_try(&w, now), 10 * MINUTE_MS);
	now += 10 * MINUTE_MS;
	assert_true(poll_wait_lived(&w, 20, 20010, now));
	assert_int_equal(poll_wait_s(&w, now + 1000 * MINUTE_MS), 20);
}

/* For each one that tries in vain the next comes later. */
static void
test_tries_in_vain(void **state)
{
	static const int64_t minutes[] = {10, 20, 40, 80, 120, 120};
	struct poll_wait w;
	int64_t now = 100000;

	(void)state;
	poll_wait_init(&w, 20);
	(void)poll_wait_cut(&w, 20, 5000, now);
	(void)poll_wait_cut(&w, 20, 5000, now);
	for (int i = 0; i < 6; i++) {
		assert_int_equal(next_try(&w, now), minutes[i] * MINUTE_MS);
		now += minutes[i] * MINUTE_MS;
		/* Answered early: it has proven nothing. */
		if (i == 2) {
			assert_false(poll_wait_lived(&w, 6, 2000, now));
			assert_int_equal(w.lives_s, 3);
		}
		assert_false(poll_wait_cut(&w, 6, 5000, now));
		assert_int_equal(w.lives_s, 3);
	}
	/* And what lived is cut as well: two in a row again, each time. */
	for (unsigned s = 3; s > 1; s--) {
		assert_false(poll_wait_cut(&w, s, 1000 * s - 200, now));
		assert_int_equal(w.lives_s, s);
		assert_true(poll_wait_cut(&w, s, 1000 * s - 200, now));
		assert_int_equal(w.lives_s, s - 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_nothing_is_cut),
	    cmocka_unit_test(test_cuts),
	    cmocka_unit_test(test_not_in_a_row),
	    cmocka_unit_test(test_grows_back),
	    cmocka_unit_test(test_tries_in_vain),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
