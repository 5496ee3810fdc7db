#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "flow/suspects.h"

static struct span
name(unsigned i)
{
	static char text[24];

	return (struct span){
	    text, (size_t)snprintf(text, sizeof text, "AWSLogs/%u", i)};
}

static void
test_names(void **state)
{
	struct suspects *s = suspects_new();

	(void)state;
	assert_false(suspects_have(s, SPAN("b"), SPAN("k")));
	suspects_add(s, SPAN("b"), SPAN("k"));
	suspects_add(s, SPAN("b"), SPAN("k"));
	assert_true(suspects_have(s, SPAN("b"), SPAN("k")));
	assert_false(suspects_have(s, SPAN("c"), SPAN("k")));
	assert_false(suspects_have(s, SPAN("b"), SPAN("k2")));
	assert_false(suspects_have(s, SPAN(""), SPAN("b/k2")));
	suspects_clear(s);
	assert_false(suspects_have(s, SPAN("b"), SPAN("k")));
	suspects_free(&s);
	assert_null(s);
}

/* Of half as many as there are places nearly all are known; of more than that
 * the latest are, also those that were added long ago and again. */
static void
test_many(void **state)
{
	struct suspects *s = suspects_new();
	unsigned known = 0, others = 0;

	(void)state;
	for (unsigned i = 0; i < SUSPECTS_MAX / 2; i++)
		suspects_add(s, SPAN("b"), name(i));
	for (unsigned i = 0; i < SUSPECTS_MAX / 2; i++) {
		known += suspects_have(s, SPAN("b"), name(i));
		others += suspects_have(s, SPAN("c"), name(i));
	}
	assert_in_range(known, SUSPECTS_MAX / 2 * 95 / 100, SUSPECTS_MAX / 2);
	assert_int_equal(others, 0);
	for (unsigned i = 0; i < 10 * SUSPECTS_MAX; i++) {
		suspects_add(s, SPAN("b"), name(i));
		if (i % (SUSPECTS_MAX / 8) == 0)
			suspects_add(s, SPAN("b"), SPAN("again"));
		assert_true(suspects_have(s, SPAN("b"), name(i)));
	}
	assert_true(suspects_have(s, SPAN("b"), SPAN("again")));
	assert_false(suspects_have(s, SPAN("b"), name(0)));
	suspects_free(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
