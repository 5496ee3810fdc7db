/* Lines as JSON, and what the journal sees of a line. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/json.h"
#include "fake/last_line.h"

#define HEAD                                                                   \
	"{\"time\":\"2026-11-22T12:00:00.123Z\",\"level\":\"info\","           \
	"\"event\":\"e\""

static int
setup(void **state)
{
	(void)state;
	keep_lines(LOG_LVL_DEBUG); /* nothing is folded */
	log_set_format(LOG_JSON);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	keep_no_lines();
	log_set_format(LOG_LOGFMT);
	(void)log_set_journal(NULL);
	return 0;
}

static void
numbers_are_numbers(void **state)
{
	(void)state;
	LOG_INFO("e", F_STR("key", "AWSLogs/x"), F_INT("n", -5),
	    F_REAL("s", 0.5), F_STR("none", ""), F_SOME("zero", 0),
	    F_SOME("one", 1), F_STR("digits", "12"));
	assert_string_equal(last,
	    HEAD ",\"key\":\"AWSLogs/x\",\"n\":-5,\"s\":0.500,\"one\":1,"
		 "\"digits\":\"12\"}\n");
}

static void
no_fields_are_an_object_too(void **state)
{
	(void)state;
	LOG_INFO("e", F_STR("none", ""));
	assert_string_equal(last, HEAD "}\n");
}

/* What comes from outside is text, whatever is in it. */
static void
escapes(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
	    {"a b=c/d", "a b=c/d"},
	    {"a\"b\\c", "a\\\"b\\\\c"},
	    {"\",\"level\":\"error", "\\\",\\\"level\\\":\\\"error"},
	    {"a\n{}\r\t", "a\\u000a{}\\u000d\\u0009"},
	    {"\x1b[31m\x07\x7f", "\\u001b[31m\\u0007\\u007f"},
	    /* 2, 3 and 4 bytes; the first and last of each length */
	    {"\xc2\x80\xdf\xbf", "\\u0080\\u07ff"},
	    {"\xe0\xa0\x80\xef\xbf\xbf", "\\u0800\\uffff"},
	    {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
		"\\ud800\\udc00\\udbff\\udfff"},
	    {"\xe2\x80\xae", "\\u202e"}, /* right to left */
	    /* stray, overlong, surrogate, beyond the last, cut off */
	    {"a\x80z", "a\\ufffdz"},
	    {"\xff\xfe", "\\ufffd\\ufffd"},
	    {"\xc0\xaf", "\\ufffd\\ufffd"},
	    {"\xe0\x9f\xbf", "\\ufffd\\ufffd\\ufffd"},
	    {"\xf0\x8f\xbf\xbf", "\\ufffd\\ufffd\\ufffd\\ufffd"},
	    {"\xed\xa0\x80", "\\ufffd\\ufffd\\ufffd"},
	    {"\xf4\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
	    {"\xf8\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
	    {"\xff\x90\x80\x80", "\\ufffd\\ufffd\\ufffd\\ufffd"},
	    {"\xc3", "\\ufffd"},
	    {"\xe2\x82", "\\ufffd\\ufffd"},
	    {"\xc3\xc3\xa9", "\\ufffd\\u00e9"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char want[512];

		LOG_INFO("e", F_STR("x", cases[i].in));
		(void)snprintf(
		    want, sizeof want, HEAD ",\"x\":\"%s\"}\n", cases[i].out);
		assert_string_equal(last, want);
	}
}

/* One object, one line, printable ASCII and nothing else. */
static void
assert_sound(void)
{
	const struct json_node *root;
	struct json *json = NULL;

	assert_true(last_n <= 8192);
	assert_true(strncmp(last, HEAD, sizeof HEAD - 1) == 0);
	assert_string_equal(last + last_n - 2, "}\n");
	for (size_t i = 0; i < last_n - 1; i++)
		assert_in_range((unsigned char)last[i], ' ', '~');
	assert_int_equal(
	    json_parse((struct span){last, last_n}, 64 * 1024, &json, &root),
	    ERR_OK);
	assert_true(json_is(root, JSON_OBJECT));
	json_free(&json);
}

static void
any_bytes_make_a_sound_line(void **state)
{
	char text[700];

	(void)state;
	clock_seed(7);
	for (unsigned round = 0; round < 2000; round++) {
		size_t n = (size_t)clock_random(sizeof text + 1);
		/* Mostly what UTF-8 is made of. */
		unsigned low = round % 2 == 0 ? 0 : 0x80;

		for (size_t i = 0; i < n; i++)
			text[i] = (char)(low + clock_random(256 - low));
		LOG_INFO("e", F_SPAN("x", ((struct span){text, n})));
		assert_sound();
	}
}

static void
cuts_between_characters(void **state)
{
	char text[600];

	(void)state;
	for (size_t at = 508; at <= 512; at++) {
		const char *x;

		memset(text, 'x', sizeof text);
		memcpy(text + at, "\xf0\x9f\x98\x80", 4);
		LOG_INFO("e", F_SPAN("x", ((struct span){text, 599})));
		x = strstr(last, "\"x\":\"") + 5;
		assert_int_equal(strspn(x, "x"), at);
		assert_string_equal(
		    x + at, at == 508 ? "\\ud83d\\ude00...\"}\n" : "...\"}\n");
	}
}

/* Fields that do not fit are left out whole. */
static void
bounds_the_line(void **state)
{
	char text[512];
	struct span s = {text, sizeof text};

	(void)state;
	memset(text, 0x01, sizeof text); /* six times as long */
	LOG_INFO("e", F_SPAN("a", s), F_SPAN("b", s), F_SPAN("c", s),
	    F_SPAN("d", s), F_INT("n", 7));
	assert_sound();
	assert_non_null(strstr(last, "\"b\":"));
	assert_null(strstr(last, "\"c\":"));
	assert_null(strstr(last, "\"d\":"));
	assert_non_null(strstr(last, "\"n\":7}"));
}

/* A line that is just full has its end too. */
static void
full_lines_have_an_end(void **state)
{
	char text[512];
	struct span s = {text, sizeof text}, some = {text, 0};

	(void)state;
	memset(text, 'x', sizeof text);
	for (some.n = 1; some.n <= sizeof text; some.n++) {
		LOG_INFO("e", F_SPAN("a", s), F_SPAN("b", s), F_SPAN("c", s),
		    F_SPAN("d", s), F_SPAN("e", s), F_SPAN("f", s),
		    F_SPAN("g", s), F_SPAN("h", s), F_SPAN("i", s),
		    F_SPAN("j", s), F_SPAN("k", s), F_SPAN("l", s),
		    F_SPAN("m", s), F_SPAN("n", s), F_SPAN("z", s),
		    F_SPAN("o", some));
		assert_sound();
	}
	assert_null(strstr(last, "\"o\":"));
	assert_non_null(strstr(last, "\"n\":"));
}

/* ---- the journal ---- */

static void
stream_of(int fd, int plus, char out[64])
{
	struct stat st;

	assert_int_equal(fstat(fd, &st), 0);
	(void)snprintf(out, 64, "%llu:%llu", (unsigned long long)st.st_dev,
	    (unsigned long long)st.st_ino + (unsigned long long)plus);
}

static void
knows_the_journal(void **state)
{
	static const char *const not_it[] = {
	    NULL, "", ":", "1", "1:", ":1", "1:2:3", "x:y", "-1:-1"};
	char stream[64];

	(void)state;
	for (size_t i = 0; i < sizeof not_it / sizeof *not_it; i++)
		assert_false(log_set_journal(not_it[i]));
	stream_of(STDERR_FILENO, 1, stream);
	assert_false(log_set_journal(stream));
	stream_of(STDERR_FILENO, 0, stream);
	assert_true(log_set_journal(stream));
}

static void
journal_lines_have_priorities(void **state)
{
	static const char *const want[] = {"<3>level=error event=e n=1\n",
	    "<4>level=warn event=e n=1\n", "<6>level=info event=e n=1\n",
	    "<7>level=debug event=e n=1\n", "<7>level=trace event=e n=1\n"};
	char stream[64];

	(void)state;
	stream_of(STDERR_FILENO, 0, stream);
	assert_true(log_set_journal(stream));
	log_set_format(LOG_LOGFMT);
	log_set_level(LOG_LVL_TRACE);
	for (int i = LOG_LVL_ERROR; i <= (int)LOG_LVL_TRACE; i++) {
		LOG_AT((enum log_level)i, "e", F_INT("n", 1));
		assert_string_equal(last, want[i]);
	}
	log_set_format(LOG_JSON);
	LOG_INFO("e", F_INT("n", 1));
	assert_string_equal(last, "<6>" HEAD ",\"n\":1}\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(numbers_are_numbers, setup),
	    cmocka_unit_test_setup(no_fields_are_an_object_too, setup),
	    cmocka_unit_test_setup(escapes, setup),
	    cmocka_unit_test_setup(any_bytes_make_a_sound_line, setup),
	    cmocka_unit_test_setup(cuts_between_characters, setup),
	    cmocka_unit_test_setup(bounds_the_line, setup),
	    cmocka_unit_test_setup(full_lines_have_an_end, setup),
	    cmocka_unit_test_setup(knows_the_journal, setup),
	    cmocka_unit_test_setup(journal_lines_have_priorities, setup),
	};

	return cmocka_run_group_tests_name("log_json", tests, NULL, teardown);
}
