/* Runs with gaps, against a list of the numbers that are in them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "sink/batch.h"

enum { EVENTS = 200, ROUNDS = 2000 };

static int owner, other;

static struct batch_run
begin(uint64_t first, uint32_t lead)
{
	return (struct batch_run){
	    .owner = &owner, .first = first, .count = 1, .lead = lead};
}

static void
test_without_gaps(void **state)
{
	struct batch_run r = begin(7, 3), part;

	(void)state;
	for (uint64_t i = 8; i < 7 + 1000; i++)
		assert_true(batch_run_extend(&r, &owner, i, 0));
	assert_int_equal(r.taken, 0);
	assert_int_equal(r.count, 1000);
	assert_int_equal(batch_run_end(&r), 1007);
	assert_false(batch_run_extend(&r, &owner, 1008, 0));
	assert_false(batch_run_extend(&r, &other, 1007, 0));
	/* It covers too much to have a gap. */
	assert_false(batch_run_extend(&r, &owner, 1008, 1));
	part = batch_run_part(&r, 10, 5);
	assert_int_equal(part.first, 17);
	assert_int_equal(part.count, 5);
	assert_int_equal(part.lead, 0);
	part = batch_run_part(&r, 0, 5);
	assert_int_equal(part.lead, 3);
}

static void
test_places(void **state)
{
	struct batch_run r = begin(100, 0);

	(void)state;
	/* A gap that is not left out, or not all of it. */
	assert_false(batch_run_extend(&r, &owner, 102, 0));
	assert_false(batch_run_extend(&r, &owner, 103, 1));
	assert_true(batch_run_extend(
	    &r, &owner, 100 + BATCH_RUN_PLACES - 1, BATCH_RUN_PLACES - 2));
	assert_int_equal(batch_run_end(&r), 100 + BATCH_RUN_PLACES);
	assert_false(batch_run_extend(&r, &owner, 100 + BATCH_RUN_PLACES, 0));
	assert_true(batch_run_has(&r, 100));
	assert_false(batch_run_has(&r, 99));
	assert_false(batch_run_has(&r, 101));
	assert_true(batch_run_has(&r, 100 + BATCH_RUN_PLACES - 1));
	assert_false(batch_run_has(&r, 100 + BATCH_RUN_PLACES));
	/* Without gaps so far, and as long as one with gaps may be. */
	r = begin(0, 0);
	for (uint64_t i = 1; i < BATCH_RUN_PLACES - 2; i++)
		assert_true(batch_run_extend(&r, &owner, i, 0));
	assert_true(batch_run_extend(&r, &owner, BATCH_RUN_PLACES - 1, 1));
	assert_int_equal(r.count, BATCH_RUN_PLACES - 1);
	assert_false(batch_run_has(&r, BATCH_RUN_PLACES - 2));
}

/* The parts of runs, cut anywhere, have the same numbers, and with what is left
 * out before each they cover all. */
static void
check_parts(const struct batch_run *run, const uint64_t *number, uint64_t from)
{
	size_t at = 0;

	while (at < run->count) {
		size_t n = 1 + clock_random(run->count - at);
		struct batch_run p = batch_run_part(run, at, n);
		size_t k = 0;

		assert_int_equal(p.count, n);
		assert_int_equal(p.first, number[at]);
		assert_int_equal(p.first - p.lead, from);
		for (uint64_t i = p.first; i < batch_run_end(&p); i++) {
			if (batch_run_has(&p, i))
				assert_int_equal(i, number[at + k++]);
		}
		assert_int_equal(k, n);
		from = batch_run_end(&p);
		at += n;
	}
	assert_int_equal(from, batch_run_end(run));
}

static void
test_random(void **state)
{
	uint64_t number[EVENTS];

	(void)state;
	for (int round = 0; round < ROUNDS; round++) {
		size_t gaps = 1 + clock_random(6);
		uint64_t at = clock_random(5);
		struct batch_run run = begin(at, (uint32_t)at);
		size_t n = 0, begun = 0, runs = 1;

		number[n++] = at++;
		while (n < EVENTS) {
			size_t lead = clock_random(gaps) == 0
					  ? clock_random(1 + 20 * gaps)
					  : 0;

			at += lead;
			if (!batch_run_extend(&run, &owner, at, lead)) {
				assert_int_equal(run.count, n - begun);
				check_parts(
				    &run, number + begun, run.first - run.lead);
				/* Not for one gap each. */
				assert_true(lead > 0 || run.taken != 0);
				assert_true(at - run.first >= BATCH_RUN_PLACES);
				run = begin(at, (uint32_t)lead);
				begun = n;
				runs++;
			}
			number[n++] = at++;
		}
		assert_true(runs <= 1 + at / BATCH_RUN_PLACES);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_without_gaps),
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_random),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
