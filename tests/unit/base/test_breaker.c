/* The breaker, by a table of what happens and what may begin after it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/breaker.h"
#include "base/mem.h"

static const struct breaker_pace quick = {1, 1000, 4000};
static const struct breaker_pace patient = {3, 500, 30000};
static const struct breaker_pace rare = {1, 60000, 60000};

enum act { BEGIN, OK, FAIL, FAIL_PATIENT, FAIL_RARE, CANCEL, HURRY };

struct row {
	enum act act;
	int64_t now;
	bool open; /* and then */
	int64_t due;
};

static void
run(const struct row *row, size_t n)
{
	struct breaker b = {0};
	unsigned ticket = 0;

	for (size_t i = 0; i < n; i++) {
		const struct row *r = &row[i];

		switch (r->act) {
		case BEGIN:
			assert_true(breaker_due(&b) <= r->now);
			ticket = breaker_begin(&b);
			break;
		case OK:
			(void)breaker_succeeded(&b, ticket);
			break;
		case FAIL:
			(void)breaker_failed(&b, ticket, &quick, r->now);
			break;
		case FAIL_PATIENT:
			(void)breaker_failed(&b, ticket, &patient, r->now);
			break;
		case FAIL_RARE:
			(void)breaker_failed(&b, ticket, &rare, r->now);
			break;
		case CANCEL:
			breaker_cancelled(&b, ticket);
			break;
		case HURRY:
			breaker_hurry(&b, r->now);
			break;
		}
		if (b.open != r->open || breaker_due(&b) != r->due)
			fail_msg("row %zu: open %d, due %lld", i, b.open,
			    (long long)breaker_due(&b));
	}
}
#define RUN(rows) run(rows, sizeof(rows) / sizeof *(rows))

static void
test_probes_wait_longer_and_longer(void **state)
{
	static const struct row rows[] = {
	    {BEGIN, 0, false, 0}, {FAIL, 10, true, 1010},
	    {BEGIN, 1010, true, BREAKER_NEVER}, {FAIL, 1020, true, 3020},
	    {BEGIN, 3020, true, BREAKER_NEVER}, {FAIL, 3030, true, 7030},
	    {BEGIN, 7030, true, BREAKER_NEVER},
	    {FAIL, 7040, true, 11040}, /* not longer than the most */
	    {BEGIN, 11040, true, BREAKER_NEVER}, {OK, 11050, false, 0},
	    {BEGIN, 11060, false, 0},
	    {FAIL, 11070, true, 12070}, /* from the start */
	};

	(void)state;
	RUN(rows);
}

static void
test_a_success_begins_the_row_anew(void **state)
{
	static const struct row rows[] = {
	    {BEGIN, 0, false, 0},
	    {FAIL_PATIENT, 1, false, 0},
	    {FAIL_PATIENT, 2, false, 0},
	    {OK, 3, false, 0},
	    {FAIL_PATIENT, 4, false, 0},
	    {FAIL_PATIENT, 5, false, 0},
	    {FAIL_PATIENT, 6, true, 506},
	};

	(void)state;
	RUN(rows);
}

static void
test_a_slower_pace_takes_over(void **state)
{
	static const struct row rows[] = {
	    {FAIL, 0, true, 1000},
	    {BEGIN, 1000, true, BREAKER_NEVER},
	    {FAIL_RARE, 1001, true, 61001},
	    {BEGIN, 61001, true, BREAKER_NEVER},
	    {FAIL, 61002, true, 65002},
	};

	(void)state;
	RUN(rows);
}

static void
test_cancel_and_hurry(void **state)
{
	static const struct row rows[] = {
	    {FAIL, 0, true, 1000},
	    {BEGIN, 1000, true, BREAKER_NEVER},
	    {CANCEL, 1001, true, 1000},
	    {HURRY, 500, true, 500},
	    {BEGIN, 500, true, BREAKER_NEVER},
	    {FAIL, 501, true, 1501},
	};

	(void)state;
	RUN(rows);
}

/* What began before it opened is no news, good or bad. */
static void
test_old_tickets_move_nothing(void **state)
{
	struct breaker b = {0};
	unsigned old = breaker_begin(&b), probe;

	(void)state;
	assert_true(breaker_failed(&b, breaker_begin(&b), &quick, 0));
	assert_false(breaker_succeeded(&b, old));
	assert_true(b.open);
	assert_false(breaker_failed(&b, old, &quick, 500));
	assert_int_equal(breaker_due(&b), 1000);
	probe = breaker_begin(&b);
	breaker_cancelled(&b, old);
	assert_true(breaker_due(&b) == BREAKER_NEVER);
	assert_true(breaker_succeeded(&b, probe));
	assert_false(breaker_failed(&b, probe, &quick, 2000));
	assert_false(b.open);
}

static void
test_another_side(void **state)
{
	struct breaker b = {0};
	unsigned old;

	(void)state;
	(void)breaker_failed(&b, breaker_begin(&b), &rare, 0);
	old = breaker_begin(&b);
	breaker_turn_away(&b, 1000);
	assert_true(b.open);
	assert_int_equal(breaker_due(&b), 1000);
	assert_false(breaker_failed(&b, old, &rare, 2000));
	assert_false(breaker_succeeded(&b, old));
	assert_true(b.open);
	assert_int_equal(breaker_due(&b), 1000);
	assert_true(breaker_succeeded(&b, breaker_begin(&b)));
	assert_false(b.open);
}

/* What others read of it: since when it is open, and how many probes failed. */
static void
test_each_opening_is_counted_by_itself(void **state)
{
	struct breaker b = {0};

	(void)state;
	for (int64_t now = 100; now < 300; now += 100) {
		assert_true(breaker_failed(&b, breaker_begin(&b), &quick, now));
		assert_int_equal(b.since_ms, now);
		assert_int_equal(b.probes, 0);
		(void)breaker_failed(&b, breaker_begin(&b), &quick, now + 1);
		assert_int_equal(b.since_ms, now);
		assert_int_equal(b.probes, 1);
		assert_true(breaker_succeeded(&b, breaker_begin(&b)));
	}
}

/* What the side before has failed in is not held against the next. */
static void
test_another_side_while_closed(void **state)
{
	struct breaker b = {0};

	(void)state;
	for (int i = 0; i < 2; i++)
		(void)breaker_failed(&b, breaker_begin(&b), &patient, 0);
	breaker_turn_away(&b, 0);
	assert_false(breaker_failed(&b, breaker_begin(&b), &patient, 0));
	assert_false(b.open);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_probes_wait_longer_and_longer),
	    cmocka_unit_test(test_a_success_begins_the_row_anew),
	    cmocka_unit_test(test_a_slower_pace_takes_over),
	    cmocka_unit_test(test_cancel_and_hurry),
	    cmocka_unit_test(test_old_tickets_move_nothing),
	    cmocka_unit_test(test_another_side),
	    cmocka_unit_test(test_another_side_while_closed),
	    cmocka_unit_test(test_each_opening_is_counted_by_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
