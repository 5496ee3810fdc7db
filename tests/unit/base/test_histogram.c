#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/histogram.h"
#include "base/stopwatch.h"

static const struct histogram_bounds three = {3, {10, 20, 50}};

static void
test_bounds(void **state)
{
	static const struct {
		int64_t value;
		unsigned bucket;
	} cases[] = {
	    {INT64_MIN, 0},
	    {-1, 0},
	    {0, 0},
	    {10, 0},
	    {11, 1},
	    {20, 1},
	    {21, 2},
	    {50, 2},
	    {51, 3},
	    {INT64_MAX, 3},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct histogram h;

		histogram_init(&h, &three);
		histogram_observe(&h, cases[i].value);
		for (unsigned b = 0; b <= three.n; b++)
			assert_int_equal(
			    h.bucket[b], b == cases[i].bucket ? 1 : 0);
		assert_int_equal(histogram_count(&h), 1);
	}
}

static void
test_sum(void **state)
{
	struct histogram h;

	(void)state;
	histogram_init(&h, &three);
	assert_int_equal(histogram_count(&h), 0);
	histogram_observe(&h, 7);
	histogram_observe(&h, -1000);
	histogram_observe(&h, 100);
	assert_int_equal(h.sum, 107);
	assert_int_equal(histogram_count(&h), 3);
	for (int i = 0; i < 4; i++)
		histogram_observe(&h, INT64_MAX);
	assert_true(h.sum == UINT64_MAX);
	assert_int_equal(histogram_count(&h), 7);
}

static void
test_add(void **state)
{
	struct histogram a, b;

	(void)state;
	histogram_init(&a, &three);
	histogram_init(&b, &three);
	histogram_observe(&a, 5);
	histogram_observe(&b, 15);
	histogram_observe(&b, 60);
	histogram_add(&a, &b);
	assert_int_equal(a.sum, 80);
	assert_int_equal(a.bucket[0], 1);
	assert_int_equal(a.bucket[1], 1);
	assert_int_equal(a.bucket[2], 0);
	assert_int_equal(a.bucket[3], 1);
}

/* Each must rise, or a value would fall into the wrong bucket. */
static void
test_tables(void **state)
{
	static const struct histogram_bounds *const all[] = {&histogram_call_us,
	    &histogram_turn_us, &histogram_lag_s, &histogram_receives};

	(void)state;
	for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
		assert_in_range(all[i]->n, 1, HISTOGRAM_BOUNDS_MAX);
		for (unsigned b = 0; b < all[i]->n; b++)
			assert_true(
			    all[i]->le[b] > (b > 0 ? all[i]->le[b - 1] : 0));
	}
}

static void
test_stopwatch(void **state)
{
	struct stopwatch w = {0};

	(void)state;
	assert_int_equal(stopwatch_ms(&w, 1000), 0);
	stopwatch_set(&w, true, 1000);
	stopwatch_set(&w, true, 1200);
	assert_int_equal(stopwatch_ms(&w, 1500), 500);
	stopwatch_set(&w, false, 2000);
	stopwatch_set(&w, false, 2500);
	assert_int_equal(stopwatch_ms(&w, 9000), 1000);
	stopwatch_set(&w, true, 10000);
	assert_int_equal(stopwatch_ms(&w, 10001), 1001);
	stopwatch_set(&w, false, 10500);
	assert_int_equal(stopwatch_ms(&w, 20000), 1500);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_sum),
	    cmocka_unit_test(test_add),
	    cmocka_unit_test(test_tables),
	    cmocka_unit_test(test_stopwatch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
