#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backfill/pressure.h"
#include "base/clock.h"

static void
test_what_was_sent_in_the_last_minute_counts(void **state)
{
	struct pressure p;

	(void)state;
	pressure_init(&p, 200);
	assert_int_equal(pressure_room(&p, 0), 0); /* never asked */
	pressure_seen(&p, 100000, 50);
	assert_int_equal(pressure_room(&p, 100000), 150);
	pressure_sent(&p, 100500, 10);
	pressure_sent(&p, 100900, 10);
	assert_int_equal(pressure_room(&p, 101000), 130);
	/* The queue may not know of them for a minute. */
	pressure_seen(&p, 160999, 0);
	assert_int_equal(pressure_room(&p, 160999), 180);
	pressure_seen(&p, 161000, 0);
	assert_int_equal(pressure_room(&p, 161000), 200);
	pressure_seen(&p, 162000, 201);
	assert_int_equal(pressure_room(&p, 162000), 0);
}

static void
test_an_old_figure_is_none(void **state)
{
	struct pressure p;

	(void)state;
	pressure_init(&p, 200);
	pressure_seen(&p, 1000, 0);
	assert_int_equal(pressure_room(&p, 61000), 200);
	assert_int_equal(pressure_room(&p, 61001), 0);
}

/* A model: the queue tells what it held at any moment of the last minute, and
 * daemons take whatever they like. Never do more wait than may. */
static void
test_never_more_than_allowed(void **state)
{
	enum { MAX = 37, SECONDS = 4000 };
	static uint64_t held[SECONDS];
	struct pressure p;
	uint64_t now_held = 0, sent = 0;

	(void)state;
	pressure_init(&p, MAX);
	for (int64_t s = 0; s < SECONDS; s++) {
		uint64_t room, age = clock_random(60);

		now_held -= clock_random(now_held + 1) / 8;
		held[s] = now_held;
		if (s % 5 == 0)
			pressure_seen(&p, s * 1000,
			    held[(uint64_t)s > age ? (uint64_t)s - age : 0]);
		room = pressure_room(&p, s * 1000);
		if (room > 10)
			room = clock_random(11);
		pressure_sent(&p, s * 1000, room);
		now_held += room;
		sent += room;
		assert_true(now_held <= MAX);
	}
	assert_true(sent > MAX * 10);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_what_was_sent_in_the_last_minute_counts),
	    cmocka_unit_test(test_an_old_figure_is_none),
	    cmocka_unit_test(test_never_more_than_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
