#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <math.h>
#include <string.h>
#include <cmocka.h>

#include "fake/last_line.h"

#define PREFIX "2026-11-22T12:00:00.123Z level="

static int
setup(void **state)
{
	(void)state;
	keep_lines(LOG_LVL_INFO);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	keep_no_lines();
	return 0;
}

static void
writes_fields(void **state)
{
	(void)state;
	LOG_WARN("s3.get", F_STR("key", "AWSLogs/x"), F_INT("status", 503),
	    F_INT("min", INT64_MIN), F_REAL("s", 0.5), F_REAL("inf", INFINITY),
	    F_ERR(ERR_STALL));
	assert_string_equal(last,
	    PREFIX "warn event=s3.get key=AWSLogs/x status=503 "
		   "min=-9223372036854775808 s=0.500 inf=0.000 error=stall\n");
}

static void
leaves_out_empty_texts(void **state)
{
	(void)state;
	LOG_INFO("e", F_STR("a", ""), F_STR("b", NULL), F_INT("n", 0),
	    F_ERR(ERR_OK));
	assert_string_equal(last, PREFIX "info event=e n=0\n");
}

static void
escapes_what_comes_from_outside(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"plain/-._~", "plain/-._~"},
	    {"a b", "\"a b\""},
	    {"a=b", "\"a=b\""},
	    {"a\"b", "\"a\\\"b\""},
	    {"a\\b", "\"a\\\\b\""},
	    {"a\nlevel=error", "\"a\\nlevel=error\""},
	    {"\x1b[31m", "\"\\x1b[31m\""},
	    {"\x7f", "\"\\x7f\""},
	    {"\xc3\xa9", "\"\\xc3\\xa9\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char want[256];

		LOG_INFO("e", F_STR("x", cases[i].in));
		(void)snprintf(want, sizeof want, PREFIX "info event=e x=%s\n",
		    cases[i].out);
		assert_string_equal(last, want);
	}
}

static void
cuts_long_texts(void **state)
{
	char text[600];
	const char *x;

	(void)state;
	memset(text, 'x', sizeof text);
	LOG_INFO("e", F_SPAN("x", ((struct span){text, 512})));
	x = strstr(last, " x=") + 3;
	assert_int_equal(strspn(x, "x"), 512);
	assert_string_equal(x + 512, "\n");
	LOG_INFO("e", F_SPAN("x", ((struct span){text, 513})));
	x = strstr(last, " x=") + 3;
	assert_int_equal(strspn(x, "x"), 512);
	assert_string_equal(x + 512, "...\n");
}

/* However much there is, it is one line with its end. */
static void
bounds_the_line(void **state)
{
	char text[512];
	struct span s = {text, sizeof text};

	(void)state;
	for (unsigned ch = 'a'; ch <= 0x80; ch += 0x80 - 'a') {
		memset(text, (int)ch, sizeof text);
		LOG_INFO("e", F_SPAN("a", s), F_SPAN("b", s), F_SPAN("c", s),
		    F_SPAN("d", s), F_SPAN("e", s), F_SPAN("f", s),
		    F_SPAN("g", s), F_SPAN("h", s), F_SPAN("i", s),
		    F_SPAN("j", s), F_SPAN("k", s), F_SPAN("l", s),
		    F_SPAN("m", s), F_SPAN("n", s), F_SPAN("o", s),
		    F_SPAN("p", s), F_SPAN("q", s), F_SPAN("r", s));
		assert_true(strlen(last) <= 8192);
		assert_true(strlen(last) > 4000);
		assert_ptr_equal(strchr(last, '\n'), last + strlen(last) - 1);
	}
	assert_int_equal(lines, 2);
}

static void
drops_what_is_above_the_level(void **state)
{
	(void)state;
	LOG_DEBUG("e", F_INT("n", 1));
	assert_int_equal(lines, 0);
	log_set_level(LOG_LVL_TRACE);
	LOG_TRACE("e", F_INT("n", 1));
	assert_int_equal(lines, 1);
	log_set_level(LOG_LVL_ERROR);
	LOG_WARN("e", F_INT("n", 1));
	assert_int_equal(lines, 1);
	LOG_ERROR("e", F_INT("n", 1));
	assert_int_equal(lines, 2);
	assert_true(log_on(LOG_LVL_ERROR));
	assert_false(log_on(LOG_LVL_WARN));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(writes_fields, setup),
	    cmocka_unit_test_setup(leaves_out_empty_texts, setup),
	    cmocka_unit_test_setup(escapes_what_comes_from_outside, setup),
	    cmocka_unit_test_setup(cuts_long_texts, setup),
	    cmocka_unit_test_setup(bounds_the_line, setup),
	    cmocka_unit_test_setup(drops_what_is_above_the_level, setup),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, teardown);
}
