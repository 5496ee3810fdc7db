#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/env.h"

static void
test_trim(void **state)
{
	static const struct {
		const char *was, *is;
	} rows[] = {
	    {"DASSANA_TOKEN=t0ken\n", "DASSANA_TOKEN=t0ken"},
	    {"AWS_REGION=\r\n eu-west-1\t ", "AWS_REGION=eu-west-1"},
	    {"AWS_REGION=eu-west-1", "AWS_REGION=eu-west-1"},
	    {"TRAILPOST_KEY_INCLUDE= a b ", "TRAILPOST_KEY_INCLUDE=a b"},
	    {"AWS_PROFILE= \n", "AWS_PROFILE="},
	    {"AWS_PROFILE=", "AWS_PROFILE="},
	    {"https_proxy=http://p\n", "https_proxy=http://p"},
	    {"NO_PROXY= a\n", "NO_PROXY=a"},
	    {"_proxy= a", "_proxy= a"},
	    {"HOME= /a\n", "HOME= /a\n"},
	    {"aws_region= a", "aws_region= a"},
	    {"AWS_REGION", "AWS_REGION"},
	    {"", ""},
	};
	char text[sizeof rows / sizeof rows[0]][64];
	char *env[sizeof rows / sizeof rows[0] + 1];
	size_t n = sizeof rows / sizeof rows[0];
	(void)state;
	for (size_t i = 0; i < n; i++) {
		(void)snprintf(text[i], sizeof text[i], "%s", rows[i].was);
		env[i] = text[i];
	}
	env[n] = NULL;
	env_trim(env);
	for (size_t i = 0; i < n; i++)
		assert_string_equal(env[i], rows[i].is);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_trim),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
