#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admin/rates.h"

static struct rates_sample
at(int64_t s, uint64_t events)
{
	return (struct rates_sample){
	    .at_ms = s * 1000, .count = {[RATE_EVENTS] = events}};
}

static void
add(struct rates *r, int64_t s, uint64_t events)
{
	struct rates_sample sample = at(s, events);

	rates_add(r, &sample);
}

static double
rate(const struct rates *r, int64_t s, uint64_t events)
{
	struct rates_sample now = at(s, events);

	return rates_of(r, &now, RATE_EVENTS);
}

static void
test_rate(void **state)
{
	struct rates r = {.n = 0};

	(void)state;
	assert_float_equal(rate(&r, 0, 7), 0, 0);
	add(&r, 100, 50);
	/* Less than a second is too short to tell. */
	assert_float_equal(rate(&r, 100, 5000), 0, 0);
	assert_float_equal(rate(&r, 110, 150), 10, 0.001);
	for (int64_t s = 105; s <= 160; s += 5)
		add(&r, s, 50);
	/* A minute ago, and not what was before. */
	add(&r, 165, 650);
	assert_float_equal(rate(&r, 165, 650), 10, 0.001);
	assert_float_equal(rate(&r, 230, 650), 0, 0.001);
	/* Of another counter nothing was said. */
	struct rates_sample now = at(165, 650);

	assert_float_equal(rates_of(&r, &now, RATE_POSTS), 0, 0);
}

static void
test_history(void **state)
{
	struct rates r = {.n = 0};
	double out[RATES_STEPS];

	(void)state;
	assert_int_equal(rates_history(&r, RATE_EVENTS, out), 0);
	add(&r, 0, 0);
	assert_int_equal(rates_history(&r, RATE_EVENTS, out), 0);
	add(&r, 5, 10);
	add(&r, 10, 10);
	assert_int_equal(rates_history(&r, RATE_EVENTS, out), 2);
	assert_float_equal(out[0], 2, 0.001);
	assert_float_equal(out[1], 0, 0.001);
	/* Far more than it keeps: the oldest are gone. */
	for (uint64_t i = 1; i <= 200; i++)
		add(&r, 10 + (int64_t)i * 5, 10 + i * (i + 1) / 2 * 5);
	assert_int_equal(rates_history(&r, RATE_EVENTS, out), RATES_STEPS);
	assert_float_equal(out[0], 141, 0.001);
	assert_float_equal(out[RATES_STEPS - 1], 200, 0.001);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rate),
	    cmocka_unit_test(test_history),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
