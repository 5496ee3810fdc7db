#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/span.h"

#define NONE	 ((struct span){NULL, 0})
#define COUNT(a) (sizeof(a) / sizeof *(a))

static void
compares(void **state)
{
	static const struct {
		const char *a, *b;
		int sign;
	} cases[] = {
	    {"", "", 0}, {"", "a", -1}, {"a", "", 1}, {"a", "a", 0},
	    {"a", "b", -1}, {"a", "ab", -1}, {"b", "ab", 1},
	    {"\xff", "a", 1}, /* as unsigned bytes */
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct span a = span_str(cases[i].a), b = span_str(cases[i].b);
		int c = span_cmp(a, b);

		assert_int_equal((c > 0) - (c < 0), cases[i].sign);
		assert_int_equal(span_eq(a, b), cases[i].sign == 0);
		assert_int_equal(span_is(a, cases[i].b), cases[i].sign == 0);
	}
	assert_true(span_eq(NONE, SPAN("")));
	assert_int_equal(span_cmp(NONE, NONE), 0);
	assert_int_equal(span_str(NULL).n, 0);
}

static void
starts_and_ends(void **state)
{
	(void)state;
	assert_true(span_starts(SPAN("abc"), "ab"));
	assert_true(span_starts(SPAN("abc"), "abc"));
	assert_false(span_starts(SPAN("abc"), "abcd"));
	assert_false(span_starts(SPAN("abc"), "b"));
	assert_true(span_starts(NONE, ""));
	assert_false(span_starts(NONE, "a"));
	assert_true(span_ends(SPAN("abc"), "bc"));
	assert_true(span_ends(SPAN("abc"), "abc"));
	assert_false(span_ends(SPAN("abc"), "xabc"));
	assert_false(span_ends(SPAN("abc"), "ab"));
	assert_true(span_ends(NONE, ""));
}

static void
trims(void **state)
{
	(void)state;
	assert_true(span_is(span_trim(SPAN(" \t\r\na b\r\n")), "a b"));
	assert_true(span_is(span_trim(SPAN("a")), "a"));
	assert_int_equal(span_trim(SPAN("  \n")).n, 0);
	assert_int_equal(span_trim(NONE).n, 0);
	assert_true(span_is(span_trim(SPAN("\va")), "\va"));
}

static void
cuts(void **state)
{
	struct span rest = SPAN("a,,b,");

	(void)state;
	assert_true(span_is(span_cut(&rest, ','), "a"));
	assert_true(span_is(span_cut(&rest, ','), ""));
	assert_true(span_is(span_cut(&rest, ','), "b"));
	assert_non_null(rest.p); /* a separator came: one more part */
	assert_true(span_is(span_cut(&rest, ','), ""));
	assert_null(rest.p);
	rest = SPAN("whole");
	assert_true(span_is(span_cut(&rest, ','), "whole"));
	assert_null(rest.p);
	assert_int_equal(span_cut(&rest, ',').n, 0);
}

static void
reads_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t min, max;
		enum err err;
		uint64_t value;
	} cases[] = {
	    {"0", 0, 9, ERR_OK, 0},
	    {"9", 0, 9, ERR_OK, 9},
	    {"10", 0, 9, ERR_RANGE, 0},
	    {"4", 5, 9, ERR_RANGE, 0},
	    {"5", 5, 9, ERR_OK, 5},
	    {"007", 0, 9, ERR_OK, 7},
	    {"18446744073709551615", 0, UINT64_MAX, ERR_OK, UINT64_MAX},
	    {"18446744073709551616", 0, UINT64_MAX, ERR_RANGE, 0},
	    {"99999999999999999999999", 0, UINT64_MAX, ERR_RANGE, 0},
	    {"99999999999999999999999x", 0, UINT64_MAX, ERR_SYNTAX, 0},
	    {"", 0, 9, ERR_SYNTAX, 0},
	    {"-1", 0, 9, ERR_SYNTAX, 0},
	    {"+1", 0, 9, ERR_SYNTAX, 0},
	    {" 1", 0, 9, ERR_SYNTAX, 0},
	    {"1 ", 0, 9, ERR_SYNTAX, 0},
	    {"0x1", 0, 9, ERR_SYNTAX, 0},
	    {"1.0", 0, 9, ERR_SYNTAX, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		uint64_t v = 77;

		assert_int_equal(span_u64(span_str(cases[i].text), cases[i].min,
				     cases[i].max, &v),
		    cases[i].err);
		assert_true(
		    v == (cases[i].err == ERR_OK ? cases[i].value : 77));
	}
	assert_int_equal(span_u64(NONE, 0, 1, &(uint64_t){0}), ERR_SYNTAX);
}

static void
every_error_has_a_name(void **state)
{
	(void)state;
	for (int a = 0; a < ERR_COUNT; a++) {
		assert_non_null(err_name((enum err)a));
		for (int b = 0; b < a; b++)
			assert_string_not_equal(
			    err_name((enum err)a), err_name((enum err)b));
	}
	assert_string_equal(err_name(ERR_COUNT), "unknown");
	assert_string_equal(err_name((enum err) - 1), "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(compares),
	    cmocka_unit_test(starts_and_ends),
	    cmocka_unit_test(trims),
	    cmocka_unit_test(cuts),
	    cmocka_unit_test(reads_numbers),
	    cmocka_unit_test(every_error_has_a_name),
	};

	return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
