/* For how long more may be hidden, the more there are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow/hidden.h"

enum { LEAST_S = 30, MOST_S = 7200, MINUTE_MS = 60 * 1000 };

static struct hidden h;

static void
add(unsigned n, unsigned s, int64_t now_ms)
{
	while (n-- > 0)
		hidden_add(&h, s, now_ms);
}

static unsigned
for_s(int64_t now_ms)
{
	return hidden_for_s(&h, LEAST_S, MOST_S, now_ms);
}

static void
test_the_more_the_shorter(void **state)
{
	static const struct {
		int64_t ours, in_flight;
		unsigned s;
	} rows[] = {
	    {0, 0, MOST_S},
	    {1, 0, MOST_S - 1},
	    {HIDDEN_MAX / 2, 0, MOST_S / 2},
	    {HIDDEN_MAX - 1, 0, LEAST_S},
	    {HIDDEN_MAX, 0, LEAST_S},
	    {HIDDEN_MAX + 1, 0, LEAST_S},
	    /* What the queue tells counts instead. */
	    {HIDDEN_MAX, 1, MOST_S},
	    {HIDDEN_MAX, HIDDEN_QUEUE_MAX / 2, MOST_S / 2},
	    {0, HIDDEN_QUEUE_MAX, LEAST_S},
	    {0, 2 * HIDDEN_QUEUE_MAX, LEAST_S},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		h = (struct hidden){
		    .n = rows[i].ours, .in_flight = rows[i].in_flight};
		assert_int_equal(for_s(0), rows[i].s);
	}
}

/* Each is forgotten in the minute after it has come back. */
static void
test_they_come_back(void **state)
{
	static const struct {
		unsigned s, minutes;
	} rows[] = {
	    {0, 1}, {59, 1}, {60, 2}, {7200, 121}, {10739, 179}, {43200, 179}};
	static const int64_t begins[] = {0, MINUTE_MS - 1, 1234567890};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t k = 0; k < sizeof begins / sizeof *begins; k++) {
			int64_t minute = begins[k] / MINUTE_MS;
			int64_t end = (minute + rows[i].minutes) * MINUTE_MS;

			memset(&h, 0, sizeof h);
			add(3, rows[i].s, begins[k]);
			(void)for_s(end - 1);
			assert_int_equal(h.n, 3);
			(void)for_s(end);
			assert_int_equal(h.n, 0);
		}
	}
}

/* Also where nobody has asked for longer than is counted. */
static void
test_a_long_time_passes(void **state)
{
	(void)state;
	memset(&h, 0, sizeof h);
	add(5, 7200, 0);
	add(2, 60, MINUTE_MS);
	assert_int_equal(h.n, 7);
	assert_int_equal(for_s((int64_t)1000 * 24 * 3600 * 1000), MOST_S);
	assert_int_equal(h.n, 0);
}

/* What the queue told goes on by what we add, until it tells again. */
static void
test_in_flight_counts_on(void **state)
{
	(void)state;
	memset(&h, 0, sizeof h);
	add(4, 60, 0);
	assert_int_equal(h.in_flight, 0);
	h.in_flight = 10;
	add(5, 60, 0);
	assert_int_equal(h.in_flight, 15);
	assert_int_equal(h.n, 9);
}

/* By how often it was received. */
static void
test_each_back_off(void **state)
{
	enum { TIMES = 5 };
	static const unsigned receives[TIMES] = {0, 1, 2, 5, 100};
	static const struct {
		enum back_off how;
		unsigned s[TIMES];
	} rows[] = {
	    {BACK_OFF_NONE, {0, 0, 0, 0, 0}},
	    {BACK_OFF_USUAL, {30, 30, 60, 480, 900}},
	    {BACK_OFF_LONG, {7200, 7200, 7200, 7200, 7200}},
	    {BACK_OFF_STOP, {30, 30, 240, 7200, 7200}},
	    {BACK_OFF_HOURS, {7200, 7200, 14400, 36000, 43200}},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		for (size_t k = 0; k < TIMES; k++) {
			memset(&h, 0, sizeof h);
			assert_int_equal(hidden_after_s(&h, rows[i].how,
					     LEAST_S, receives[k], 0),
			    rows[i].s[k]);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_more_the_shorter),
	    cmocka_unit_test(test_they_come_back),
	    cmocka_unit_test(test_a_long_time_passes),
	    cmocka_unit_test(test_in_flight_counts_on),
	    cmocka_unit_test(test_each_back_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
