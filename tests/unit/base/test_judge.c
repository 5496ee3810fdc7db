/* The rule of who is to blame, request by request. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/judge.h"

#define SIDE JUDGE_BODY
enum { MINUTE = 60 * 1000 };

static void
others_succeed(struct judge *j)
{
	struct trial t = judge_begin(j);

	judge_succeeded(j, SIDE, &t);
}

static bool
fails(struct judge *j, struct blame *b, int64_t now)
{
	struct trial t = judge_begin(j);

	return judge_failed(j, SIDE, &t, b, now);
}

static void
test_an_outage_blames_nobody(void **state)
{
	struct judge j = {0};
	struct blame b = {0};

	(void)state;
	others_succeed(&j);
	for (int64_t h = 0; h < 60; h++)
		assert_false(fails(&j, &b, h * 60 * MINUTE));
	assert_false(blame_is_proven(&b, 60 * 60 * MINUTE));
}

static void
test_three_comparisons_over_ten_minutes(void **state)
{
	struct judge j = {0};
	struct blame b = {0};

	(void)state;
	assert_false(fails(&j, &b, 0));
	for (int i = 1; i <= 3; i++) {
		assert_false(blame_is_proven(&b, 20 * MINUTE));
		others_succeed(&j);
		assert_true(fails(&j, &b, i * MINUTE));
		/* One success is one comparison. */
		assert_false(fails(&j, &b, i * MINUTE + 1));
	}
	assert_false(blame_is_proven(&b, BLAME_MS - 1));
	assert_true(blame_is_proven(&b, BLAME_MS));
}

/* The success began before the suspect had failed: it may be older news. */
static void
test_a_success_under_way_proves_nothing(void **state)
{
	struct judge j = {0};
	struct blame b = {0};
	struct trial other = judge_begin(&j);

	(void)state;
	assert_false(fails(&j, &b, 0));
	(void)judge_begin(&j);
	judge_succeeded(&j, SIDE, &other);
	assert_false(fails(&j, &b, 1));
}

/* They end in any order; the one that began last says most. */
static void
test_an_older_success_takes_nothing_back(void **state)
{
	struct judge j = {0};
	struct blame b = {0};
	struct trial older = judge_begin(&j);

	(void)state;
	assert_false(fails(&j, &b, 0));
	others_succeed(&j);
	judge_succeeded(&j, SIDE, &older);
	assert_true(fails(&j, &b, 1));
}

/* The suspect's own request was under way when the other succeeded. */
static void
test_a_retry_under_way_is_not_judged(void **state)
{
	struct judge j = {0};
	struct blame b = {0};
	struct trial retry;

	(void)state;
	assert_false(fails(&j, &b, 0));
	retry = judge_begin(&j);
	others_succeed(&j);
	assert_false(judge_failed(&j, SIDE, &retry, &b, 1));
	assert_true(fails(&j, &b, 2));
}

static void
test_sides_are_apart(void **state)
{
	struct judge j = {0};
	struct blame b = {0};
	struct trial t;

	(void)state;
	assert_false(fails(&j, &b, 0));
	t = judge_begin(&j);
	judge_succeeded(&j, JUDGE_DASSANA, &t);
	assert_false(fails(&j, &b, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_an_outage_blames_nobody),
	    cmocka_unit_test(test_three_comparisons_over_ten_minutes),
	    cmocka_unit_test(test_a_success_under_way_proves_nothing),
	    cmocka_unit_test(test_an_older_success_takes_nothing_back),
	    cmocka_unit_test(test_a_retry_under_way_is_not_judged),
	    cmocka_unit_test(test_sides_are_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
