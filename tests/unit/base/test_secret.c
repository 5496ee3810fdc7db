#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/enc.h"
#include "base/json_out.h"
#include "base/log.h"
#include "base/secret.h"

#define LONG  "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
#define SHORT "pa/s+w"

static void
check(const char *text, const char *want)
{
	struct buf b;

	buf_init(&b, 4096);
	secret_mask(&b, span_str(text));
	assert_string_equal(buf_cstr(&b), want);
	assert_int_equal(secret_is_in(span_str(text)), strcmp(text, want) != 0);
	buf_fini(&b);
}

static void
test_forms(void **state)
{
	static const char *const rows[][2] = {
	    {"", ""},
	    {"nothing here", "nothing here"},
	    {LONG, "[hidden]"},
	    {"a " LONG " b " LONG, "a [hidden] b [hidden]"},
	    {LONG LONG, "[hidden][hidden]"},
	    /* Cut off: sixteen bytes are enough, and fifteen are not. */
	    {"x=wJalrXUtnFEMI/K7...", "x=[hidden]..."},
	    {"x=wJalrXUtnFEMI/K", "x=wJalrXUtnFEMI/K"},
	    {"wJalrXUtnFEMI/K7MDENG!", "[hidden]!"},
	    /* Encoded, in whole or in part. */
	    {"wJalrXUtnFEMI%2FK7MDENG%2BbPxRfiCYEXAMPLEKEY", "[hidden]"},
	    {"wJalrXUtnFEMI%2fK7MDENG+bPxRfiCYEXAMPLEKEY", "[hidden]"},
	    {"%77JalrXUtnFEMI%2FK7MDENG", "[hidden]"},
	    {"{\"k\":\"wJalrXUtnFEMI\\/K7MDENG+bPxRfiCYEXAMPLEKEY\"}",
		"{\"k\":\"[hidden]\"}"},
	    {"{\"e\":\"{\\\"k\\\":\\\"wJalrXUtnFEMI\\\\/K7MDENG\\\"}\"}",
		"{\"e\":\"{\\\"k\\\":\\\"[hidden]\\\"}\"}"},
	    {"\\u0077JalrXUtnFEMI\\u002fK7MDENG\\u002BbPxR", "[hidden]"},
	    /* A short one whole, and no part of it. */
	    {"(" SHORT ")", "([hidden])"},
	    {"(pa%2Fs%2bw)", "([hidden])"},
	    {"pa/s+", "pa/s+"},
	    /* As a user's password: base64 of "u:" and "us:" and "usr:". */
	    {"Basic dTp3SmFsclhVdG5GRU1JL0s3TURFTkcrYlB4UmZpQ1lFWEFNUExFS0VZ",
		"Basic dTp[hidden]"},
	    {"Basic dXM6d0phbHJYVXRuRkVNSS9LN01ERU5HK2JQeFJmaUNZRVhBTVBMRUtFWQ"
	     "==",
		"Basic dXM6[hidden]Q=="},
	    {"Basic dXNyOndKYWxyWFV0bkZFTUkvSzdNREVORytiUHhSZmlDWUVYQU1QTEVLRV"
	     "k=",
		"Basic dXNyOn[hidden]k="},
	    /* The other alphabet, and percent-encoded on top. */
	    {"d0phbHJYVXRuRkVNSS9LN01ERU5HK2JQeFJmaUNZRVhBTVBMRUtFWQ",
		"[hidden]Q"},
	};
	(void)state;
	secret_forget();
	for (size_t i = 0; i < 4; i++) /* none is known */
		assert_false(secret_is_in(span_str(rows[i][0])));
	secret_know_str(LONG);
	secret_know_str(SHORT);
	secret_know_str(NULL);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		check(rows[i][0], rows[i][1]);
	secret_forget();
	check(LONG, LONG);
}

/* Every text that begins like one ends as one that is cut off there. */
static void
test_each_cut(void **state)
{
	char text[64];
	(void)state;
	secret_know_str(LONG);
	for (size_t n = 0; n <= strlen(LONG); n++) {
		(void)snprintf(text, sizeof text, "%.*s", (int)n, LONG);
		assert_int_equal(secret_is_in(span_str(text)), n >= 16);
	}
	secret_forget();
}

static void
test_odd_ones(void **state)
{
	char big[5000], text[6000];
	(void)state;
	/* Fewer than four bytes hide nothing. */
	secret_know_str("abc");
	check("abc", "abc");
	secret_know_str("abcd");
	check("abcdabc", "[hidden]abc");
	/* With a '%' and a '\' of its own. */
	secret_know_str("a%41\\n\"\\\\b%%zzzzzz");
	check("a%41\\n\"\\\\b%%zzzzzz", "[hidden]");
	check("a%2541%5Cn%22%5c%5cb%25%25zzzzzz", "[hidden]");
	check("a%41\\\\n\\\"\\\\\\\\b%%zzzzzz", "[hidden]");
	/* Of a very long one what follows is hidden too. */
	memset(big, 'k', sizeof big - 1);
	big[0] = 'K';
	big[sizeof big - 1] = '\0';
	secret_know_str(big);
	(void)snprintf(text, sizeof text, "x %s y", big);
	check(text, "x [hidden]");
	secret_forget();
}

/* The latest are kept; one that is known already takes no other's place. */
static void
test_many(void **state)
{
	char name[64];
	(void)state;
	secret_know_str("the very first of them");
	for (int i = 0; i < 1000; i++)
		secret_know_str("again and again the same");
	check("the very first of them", "[hidden]");
	for (int i = 0; i < SECRETS_MAX; i++) {
		(void)snprintf(
		    name, sizeof name, "secret number %d of many", i);
		secret_know_str(name);
	}
	check("the very first of them", "the very first of them");
	check("secret number 0 of many", "[hidden]");
	check("secret number 31 of many", "[hidden]");
	secret_forget();
}

static char line[4096];

static void
keep_line(void *arg, struct span s)
{
	(void)arg;
	(void)snprintf(line, sizeof line, "%.*s", (int)s.n, s.p);
}

/* In a line of either format, in what is remembered of it, before it is cut,
 * and in what else is made for people. */
static void
test_outlets(void **state)
{
	struct log_problem problem[LOG_RECENT_MAX];
	char text[700];
	struct buf b;
	(void)state;
	secret_know_str(LONG);
	log_set_sink(keep_line, NULL);
	log_recent_forget();
	LOG_WARN("x", F_INT("n", 1), F_STR("reply", "you sent " LONG),
	    F_STR("plain", "p"), F_STR("advice", LONG "!"));
	assert_non_null(
	    strstr(line, "n=1 reply=\"you sent [hidden]\" plain=p"));
	assert_null(strstr(line, "FEMI"));
	assert_true(log_recent(problem, LOG_RECENT_MAX) > 0);
	assert_null(strstr(problem[0].text, "FEMI"));
	assert_string_equal(problem[0].advice, "[hidden]!");
	log_set_format(LOG_JSON);
	LOG_ERROR("x", F_STR("reply", LONG));
	assert_non_null(strstr(line, "\"reply\":\"[hidden]\""));
	log_set_format(LOG_LOGFMT);
	memset(text, 'x', sizeof text);
	memcpy(text + 505, LONG, sizeof LONG);
	LOG_WARN("y", F_STR("reply", text));
	assert_null(strstr(line, "wJalr"));
	log_set_sink(NULL, NULL);
	buf_init(&b, 256);
	json_text(&(struct json_out){&b, false}, NULL, SPAN("\n" LONG));
	assert_string_equal(buf_cstr(&b), "\"\\u000a[hidden]\"");
	buf_reset(&b);
	enc_visible(&b, SPAN("\n" LONG));
	assert_string_equal(buf_cstr(&b), "?[hidden]");
	buf_fini(&b);
	secret_forget();
}

static void
test_bare_urls(void **state)
{
	static const char *const rows[][2] = {
	    {"https://host/path", "https://host/path"},
	    {"https://user:pass@host/path?q=1", "https://host/path"},
	    {"https://u:p/w@host/", "https://host/"},
	    {"https://u:p?w@host/", "https://host/"},
	    {"https://u:p@w@host", "https://host"},
	    {"u:p@host", "host"},
	    {"u@://host", "://host"},
	    {"https://host?q=u@x", "https://x"},
	    {"", ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct buf b;

		buf_init(&b, 256);
		enc_bare_url(&b, span_str(rows[i][0]));
		assert_string_equal(buf_cstr(&b), rows[i][1]);
		buf_fini(&b);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forms),
	    cmocka_unit_test(test_each_cut),
	    cmocka_unit_test(test_odd_ones),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_outlets),
	    cmocka_unit_test(test_bare_urls),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
