#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"

static uint64_t
of(const char *text)
{
	return hash_add(HASH_START, text, strlen(text));
}

/* From the authors' list of test vectors. */
static void
is_fnv_1a(void **state)
{
	(void)state;
	assert_true(of("") == 0xcbf29ce484222325);
	assert_true(of("a") == 0xaf63dc4c8601ec8c);
	assert_true(of("b") == 0xaf63df4c8601f1a5);
	assert_true(of("foobar") == 0x85944171f73967e8);
}

static void
goes_on_where_it_ended(void **state)
{
	(void)state;
	assert_true(hash_add(of("foo"), "bar", 3) == of("foobar"));
	assert_true(of("\xff") != of("\x7f"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(is_fnv_1a),
	    cmocka_unit_test(goes_on_where_it_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
