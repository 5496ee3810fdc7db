#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sink/rate.h"

enum { RATE = 13 * 1000 * 1000, MINUTE_MS = 60 * 1000, SENDS = 100000 };

static void
test_no_limit(void **state)
{
	struct rate r = {0};

	(void)state;
	rate_set(&r, 0, 5);
	for (int i = 0; i < 10; i++) {
		assert_int_equal(rate_due(&r, 5), 0);
		rate_take(&r, UINT32_MAX, 5);
	}
}

static void
test_debt(void **state)
{
	struct rate r = {0};

	(void)state;
	rate_set(&r, 1000, 100);
	assert_int_equal(rate_due(&r, 100), 0);
	/* Five seconds' worth goes at once, and what follows waits for it. */
	rate_take(&r, 5000, 100);
	assert_int_equal(rate_due(&r, 100), 5100);
	assert_int_equal(rate_due(&r, 5099), 5100);
	assert_int_equal(rate_due(&r, 5100), 0);
	/* Long idle: a fifth of a second's worth, no more. */
	assert_int_equal(rate_due(&r, INT64_MAX / 4000), 0);
	rate_take(&r, 200, INT64_MAX / 4000);
	assert_int_equal(rate_due(&r, INT64_MAX / 4000), 0);
	rate_take(&r, 1, INT64_MAX / 4000);
	assert_int_equal(rate_due(&r, INT64_MAX / 4000), INT64_MAX / 4000 + 1);
	/* Another limit begins anew. */
	rate_take(&r, 100000, INT64_MAX / 4000);
	rate_set(&r, 2000, INT64_MAX / 4000);
	assert_int_equal(rate_due(&r, INT64_MAX / 4000), 0);
}

/* Whatever is sent whenever, by whoever is as fast as may be. */
static void
test_any_minute(void **state)
{
	struct {
		int64_t at;
		uint64_t bytes;
	} *sent = mem_alloc(SENDS * sizeof *sent);

	(void)state;
	for (int round = 0; round < 8; round++) {
		uint64_t largest = (uint64_t)RATE >> round, in_minute = 0;
		struct rate r = {0};
		int64_t now = 1000;
		size_t first = 0, n = 0;
		double all = 0;

		rate_set(&r, RATE, now);
		while (n < SENDS && now < 20 * MINUTE_MS) {
			int64_t due = rate_due(&r, now);

			if (due > now)
				now = due;
			/* Now and then nobody has anything to send. */
			if (clock_random(2000) == 0)
				now += (int64_t)clock_random(20000);
			sent[n].at = now;
			sent[n].bytes = 1 + clock_random(largest);
			rate_take(&r, sent[n].bytes, now);
			in_minute += sent[n].bytes;
			all += (double)sent[n].bytes;
			while (sent[first].at <= now - MINUTE_MS)
				in_minute -= sent[first++].bytes;
			assert_true(
			    (double)in_minute <= 1.02 * 60 * (double)RATE);
			n++;
		}
		/* And little is lost. */
		assert_true(
		    n == SENDS || all > 0.9 * (double)RATE * 20 * 60 / 2);
	}
	mem_free(sent);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_no_limit),
	    cmocka_unit_test(test_debt),
	    cmocka_unit_test(test_any_minute),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
