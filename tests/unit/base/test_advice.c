#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/advice.h"

/* A page and a report end the sentence, or go on in it. */
static void
each_cause_has_words_of_its_own(void **state)
{
	(void)state;
	assert_string_equal(advice_of(CAUSE_NONE), "");
	for (int i = CAUSE_NONE + 1; i < CAUSES; i++) {
		const char *text = advice_of((enum cause)i);
		size_t n = strlen(text);

		assert_true(n > 0);
		assert_null(strchr(". ", text[n - 1]));
		for (int k = CAUSE_NONE; k < i; k++)
			assert_string_not_equal(text, advice_of((enum cause)k));
	}
}

static void
places_are_filled_in(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 512);
	advice_add(&b, CAUSE_CALL_DENIED, SPAN("s3:GetObject"), SPAN("arn:x"));
	assert_string_equal(buf_cstr(&b),
	    "grant s3:GetObject on arn:x; of another account's also in its "
	    "own policy, where no Deny may stand either");
	buf_reset(&b);
	advice_add(&b, CAUSE_HOST_UNKNOWN, SPAN("https://h"), SPAN(""));
	assert_string_equal(buf_cstr(&b),
	    "check the resolver and the region for the host https://h");
	buf_reset(&b);
	advice_add(&b, CAUSE_KEY_DISABLED, SPAN("a"), SPAN("b"));
	assert_string_equal(buf_cstr(&b), advice_of(CAUSE_KEY_DISABLED));
	buf_fini(&b);
}

static void
half_of_it_is_nothing(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 60);
	buf_str(&b, "so: ");
	advice_add(&b, CAUSE_HOST_UNKNOWN, SPAN("https://a.host"), SPAN(""));
	assert_string_equal(buf_cstr(&b), "so: ");
	advice_add(&b, CAUSE_HOST_UNKNOWN, SPAN("x"), SPAN(""));
	assert_string_equal(buf_cstr(&b),
	    "so: check the resolver and the region for the host x");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_cause_has_words_of_its_own),
	    cmocka_unit_test(places_are_filled_in),
	    cmocka_unit_test(half_of_it_is_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
