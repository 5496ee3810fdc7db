#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#include "base/enc.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void
hex(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 8);
	enc_hex(&b, "\x00\x0f\xf0\xff", 4);
	assert_string_equal(buf_cstr(&b), "000ff0ff");
	enc_hex(&b, "", 0);
	assert_int_equal(b.err, ERR_OK);
	enc_hex(&b, "a", 1);
	assert_int_equal(b.err, ERR_LIMIT);
	buf_fini(&b);
}

static void
uri_keeps_only_the_unreserved(void **state)
{
	static const char plain[] = "ABCXYZabcxyz0189-._~";
	struct buf b;

	(void)state;
	buf_init(&b, 1024);
	for (unsigned c = 0; c < 256; c++) {
		char byte = (char)c, want[4];
		bool keep = false;

		/* All letters and digits, by the ranges of the rule. */
		keep = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
		       (c >= '0' && c <= '9') || c == '-' || c == '.' ||
		       c == '_' || c == '~';
		(void)snprintf(want, sizeof want, keep ? "%c" : "%%%02X", c);
		buf_reset(&b);
		enc_uri(&b, (struct span){&byte, 1}, false);
		assert_string_equal(buf_cstr(&b), want);
	}
	buf_reset(&b);
	enc_uri(&b, SPAN(plain), false);
	assert_string_equal(buf_cstr(&b), plain);
	buf_reset(&b);
	enc_uri(&b, SPAN("a/b c+d"), true);
	assert_string_equal(buf_cstr(&b), "a/b%20c%2Bd");
	buf_reset(&b);
	enc_uri(&b, SPAN("a/b"), false);
	assert_string_equal(buf_cstr(&b), "a%2Fb");
	buf_fini(&b);
}

static void
form_decodes(void **state)
{
	static const struct {
		const char *in, *out; /* out NULL: ERR_SYNTAX */
	} cases[] = {
	    {"", ""},
	    {"plain/key.gz", "plain/key.gz"},
	    {"a+b", "a b"},
	    {"a%2Bb", "a+b"},
	    {"%2f%2F", "//"},
	    {"%25"
	     "41",
		"%41"}, /* once, not twice */
	    {"%c3%A9", "\xc3\xa9"},
	    {"%", NULL},
	    {"%4", NULL},
	    {"a%", NULL},
	    {"%4x", NULL},
	    {"%x4", NULL},
	    {"%%41", NULL},
	    {"%+1", NULL},
	    {"%41", "A"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct buf b;
		enum err err;

		buf_init(&b, 64);
		err = enc_form_decode(&b, span_str(cases[i].in));
		if (cases[i].out == NULL) {
			assert_int_equal(err, ERR_SYNTAX);
		} else {
			assert_int_equal(err, ERR_OK);
			assert_string_equal(buf_cstr(&b), cases[i].out);
		}
		buf_fini(&b);
	}
}

/* An escape is not completed by what follows the span. */
static void
form_stays_in_its_span(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	assert_int_equal(
	    enc_form_decode(&b, (struct span){"%41", 2}), ERR_SYNTAX);
	assert_int_equal(
	    enc_form_decode(&b, (struct span){"%41", 1}), ERR_SYNTAX);
	buf_fini(&b);
}

static void
form_reports_overflow(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 2);
	assert_int_equal(enc_form_decode(&b, SPAN("%41+")), ERR_OK);
	assert_int_equal(enc_form_decode(&b, SPAN("c")), ERR_LIMIT);
	buf_fini(&b);
}

static void
json_string(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	enc_json_string(&b, SPAN(""));
	assert_string_equal(buf_cstr(&b), "\"\"");
	buf_reset(&b);
	enc_json_string(&b, SPAN("a\"b\\c/\n\x1f\x00 \x7f\xc3\xa9"));
	assert_string_equal(buf_cstr(&b),
	    "\"a\\\"b\\\\c/\\u000a\\u001f\\u0000 \\u007f\\u00e9\"");
	buf_fini(&b);
}

static void
texts_from_outside(void **state)
{
	struct span s = SPAN("\x1b[2J \n\x00~\x7f\xc3\xa9");
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	enc_visible(&b, s);
	assert_string_equal(buf_cstr(&b), "?[2J ??~?\xc3\xa9");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hex),
	    cmocka_unit_test(uri_keeps_only_the_unreserved),
	    cmocka_unit_test(form_decodes),
	    cmocka_unit_test(form_stays_in_its_span),
	    cmocka_unit_test(form_reports_overflow),
	    cmocka_unit_test(texts_from_outside),
	    cmocka_unit_test(json_string),
	};

	return cmocka_run_group_tests_name("enc", tests, NULL, NULL);
}
