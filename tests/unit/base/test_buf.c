#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"

static void
starts_empty_and_never_null(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 10);
	assert_int_equal(buf_view(&b).n, 0);
	assert_string_equal(buf_cstr(&b), "");
	buf_add(&b, NULL, 0);
	assert_int_equal(b.err, ERR_OK);
	assert_string_equal(buf_cstr(&b), "");
	buf_fini(&b);
	assert_int_equal(b.max, 10);
	buf_str(&b, "again");
	assert_string_equal(buf_cstr(&b), "again");
	buf_fini(&b);
}

/* Last byte that fits, and one past it, around each growth step. */
static void
limit_is_exact(void **state)
{
	static const size_t limits[] = {
	    0, 1, 2, 126, 127, 128, 129, 255, 256, 257, 1000};

	(void)state;
	for (size_t i = 0; i < sizeof limits / sizeof *limits; i++) {
		struct buf b;

		buf_init(&b, limits[i]);
		for (size_t n = 0; n < limits[i]; n++)
			buf_char(&b, 'x');
		assert_int_equal(b.err, ERR_OK);
		assert_int_equal(b.n, limits[i]);
		assert_int_equal(strlen(buf_cstr(&b)), limits[i]);
		buf_char(&b, 'y');
		assert_int_equal(b.err, ERR_LIMIT);
		assert_int_equal(b.n, limits[i]);
		assert_null(strchr(buf_cstr(&b), 'y'));
		buf_fini(&b);
	}
}

static void
error_sticks_until_reset(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 4);
	buf_str(&b, "abc");
	buf_str(&b, "de");
	assert_int_equal(b.err, ERR_LIMIT);
	buf_char(&b, 'd'); /* would fit, but the gap must not go unseen */
	assert_string_equal(buf_cstr(&b), "abc");
	buf_reset(&b);
	assert_int_equal(b.err, ERR_OK);
	assert_string_equal(buf_cstr(&b), "");
	buf_str(&b, "wxyz");
	assert_string_equal(buf_cstr(&b), "wxyz");
	assert_int_equal(b.err, ERR_OK);
	buf_fini_wipe(&b);
}

static void
huge_length_does_not_wrap(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 100);
	buf_char(&b, 'a');
	buf_add(&b, "b", SIZE_MAX);
	assert_int_equal(b.err, ERR_LIMIT);
	assert_int_equal(b.n, 1);
	buf_fini(&b);
}

static void
printf_fits_exactly_or_not_at_all(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_printf(&b, "%d-%s", 12, "abcde");
	assert_int_equal(b.err, ERR_OK);
	assert_string_equal(buf_cstr(&b), "12-abcde");
	buf_printf(&b, "%s", "");
	assert_int_equal(b.err, ERR_OK);
	buf_printf(&b, "%d", 1);
	assert_int_equal(b.err, ERR_LIMIT);
	assert_string_equal(buf_cstr(&b), "12-abcde");
	buf_fini(&b);
}

static void
drop_keeps_the_rest(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_drop(&b, 0);
	buf_str(&b, "abcdef");
	buf_drop(&b, 0);
	buf_drop(&b, 2);
	assert_string_equal(buf_cstr(&b), "cdef");
	buf_drop(&b, 4);
	assert_string_equal(buf_cstr(&b), "");
	assert_int_equal(b.n, 0);
	buf_fini(&b);
}

static void
cut_takes_back_what_did_not_fit(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_cut(&b, 0);
	buf_str(&b, "abc");
	buf_str(&b, "def");
	buf_str(&b, "ghi");
	assert_int_equal(b.err, ERR_LIMIT);
	buf_cut(&b, 3);
	assert_string_equal(buf_cstr(&b), "abc");
	buf_str(&b, "12345");
	assert_string_equal(buf_cstr(&b), "abc12345");
	assert_int_equal(b.err, ERR_OK);
	buf_fini(&b);
}

static void
zero_bytes_are_bytes(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	buf_span(&b, SPAN("a\0b"));
	assert_int_equal(b.n, 3);
	assert_true(span_eq(buf_view(&b), SPAN("a\0b")));
	buf_fini(&b);
}

static void
reserved_it_grows_in_place(void **state)
{
	const char *at;
	struct buf b;

	(void)state;
	buf_init(&b, 1000);
	buf_str(&b, "a");
	buf_reserve(&b, 999);
	at = b.p;
	for (int i = 0; i < 999; i++)
		buf_char(&b, 'x');
	assert_ptr_equal(b.p, at);
	assert_int_equal(b.n, 1000);
	assert_int_equal(b.err, ERR_OK);
	buf_reserve(&b, 1);
	assert_int_equal(b.err, ERR_LIMIT);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(starts_empty_and_never_null),
	    cmocka_unit_test(limit_is_exact),
	    cmocka_unit_test(error_sticks_until_reset),
	    cmocka_unit_test(huge_length_does_not_wrap),
	    cmocka_unit_test(printf_fits_exactly_or_not_at_all),
	    cmocka_unit_test(drop_keeps_the_rest),
	    cmocka_unit_test(cut_takes_back_what_did_not_fit),
	    cmocka_unit_test(reserved_it_grows_in_place),
	    cmocka_unit_test(zero_bytes_are_bytes),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
