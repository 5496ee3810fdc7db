/* The table of totals, and what a row adds up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "admin/totals.h"

static const struct total *
row(const char *name)
{
	const struct total *t = totals_table;

	while (t->name != NULL && strcmp(t->name, name) != 0)
		t++;
	return t;
}

static void
test_rows(void **state)
{
	(void)state;
	for (const struct total *t = totals_table; t->name != NULL; t++) {
		assert_ptr_equal(row(t->name), t);
		assert_true(t->size > 0 && t->size % sizeof(uint64_t) == 0);
		assert_true(t->shows != 0);
		assert_int_equal(t->group != TOTAL_NOWHERE, t->words != NULL);
	}
}

static void
test_values(void **state)
{
	struct totals_values v = {.flow = {.events_delivered = 7}};

	(void)state;
	v.flow.nothing[0] = 1;
	v.flow.nothing[NOTIFY_R_COUNT - 1] = 2;
	v.sink.posts = 5;
	assert_int_equal(totals_value(&v, row("events_delivered")), 7);
	assert_int_equal(totals_value(&v, row("messages_nothing")), 3);
	assert_int_equal(totals_value(&v, row("posts")), 5);
	assert_int_equal(totals_value(&v, row("messages_deleted")), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_rows),
	    cmocka_unit_test(test_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
