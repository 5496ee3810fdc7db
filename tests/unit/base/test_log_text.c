/* Lines for eyes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/log_text.h"

/* 2026-11-22T12:00:00.123Z, a Sunday; Berlin is an hour ahead. */
#define WALL 1795348800123

static char all[32 * 1024];

static void
keep(void *arg, struct span line)
{
	size_t n = strlen(all);

	(void)arg;
	assert_true(n + line.n < sizeof all);
	memcpy(all + n, line.p, line.n);
	all[n + line.n] = '\0';
}

static int
setup(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	clock_set_test(0, WALL);
	log_set_sink(keep, NULL);
	log_set_level(LOG_LVL_INFO);
	log_set_terminal(true, false);
	LOG_INFO("day", F_INT("n", 1));
	all[0] = '\0';
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	clock_use_real();
	log_set_terminal(false, false);
	log_set_sink(NULL, NULL);
	return 0;
}

static void
a_line(void **state)
{
	(void)state;
	LOG_WARN("object.failed", F_STR("bucket", "trail"),
	    F_STR("key", "AWSLogs/111122223333/CloudTrail/x.json.gz"),
	    F_STR("message_id", "3fa2b1c0-1"), F_STR("cause", "not gzip"),
	    F_INT("status", 200), F_STR("reply", "a b"), F_STR("none", ""),
	    F_STR("advice", "look at it"));
	assert_string_equal(all,
	    "13:00:00.123 warn  object.failed          [3fa2] not delivered: "
	    "not gzip s3://trail/…/x.json.gz status=200 reply=\"a b\"\n"
	    "             → look at it\n");
}

/* The same events and fields are there as in logfmt. */
static void
an_event_without_words(void **state)
{
	(void)state;
	LOG_INFO("never.heard", F_STR("key", "k"), F_REAL("real", 1.25),
	    F_INT("n", 0));
	assert_string_equal(
	    all, "13:00:00.123 info  never.heard            k real=1.2 n=0\n");
}

static void
day_and_zone_are_told_when_they_change(void **state)
{
	(void)state;
	clock_set_test(0, WALL + 11 * 3600 * 1000);
	LOG_INFO("e", F_STR("none", ""));
	LOG_INFO("e", F_STR("none", ""));
	clock_set_test(0, WALL + 160LL * 24 * 3600 * 1000);
	LOG_INFO("e", F_STR("none", ""));
	assert_string_equal(all,
	    "Monday, 2026-11-23; times are CET, UTC+0100\n"
	    "00:00:00.123 info  e                     \n"
	    "00:00:00.123 info  e                     \n"
	    "Saturday, 2027-05-01; times are CEST, UTC+0200\n"
	    "14:00:00.123 info  e                     \n");
}

static void
nothing_invisible_gets_through(void **state)
{
	(void)state;
	LOG_INFO("e",
	    F_STR("a",
		"\x1b[2J\x07\x7f \xc2\x9b"
		"31m \xe2\x80\xae"
		"cba "
		"\xe2\x81\xa6 \xd8\x9c \xef\xbb\xbf \xe2\x80\xa8 \x9b \xff"),
	    F_STR("key", "\xc2\x85/\xe2\x80\x8f"
			 "Gr\xc3\xbc\xc3\x9f"
			 "e\n"));
	for (const char *p = all; *p != '\0'; p++)
		assert_true((unsigned char)*p >= ' ' || *p == '\n');
	assert_non_null(strstr(all, "a=\"?[2J?? ?31m ?cba ? ? ? ? ? ?\""));
	assert_non_null(strstr(all, " …/?Gr\xc3\xbc\xc3\x9f"
				    "e?"));
	assert_int_equal(strcspn(all, "\n"), strlen(all) - 1);
}

/* What is too long is cut between characters. */
static void
no_character_is_cut(void **state)
{
	char text[1024];

	(void)state;
	for (size_t shift = 0; shift < 4; shift++) {
		size_t n = shift;

		memset(text, 'x', sizeof text);
		for (; n + 4 < sizeof text; n += 3)
			memcpy(text + n, "\xe2\x82\xac", 3);
		text[n] = '\0';
		all[0] = '\0';
		LOG_INFO("e", F_STR("a", text), F_STR("key", text));
		assert_non_null(strstr(all, "…"));
		assert_null(strchr(all, '?'));
	}
}

static void
colours_are_balanced(void **state)
{
	unsigned on = 0, off = 0;

	(void)state;
	log_set_terminal(true, true);
	LOG_ERROR("dassana.gate_closed", F_STR("message_id", "abcd-1,efgh-2"),
	    F_INT("n", 1), F_STR("advice", "x"));
	for (const char *p = all; (p = strstr(p, "\033[")) != NULL; p += 2) {
		if (p[2] == '0' && p[3] == 'm')
			off++;
		else
			on++;
	}
	assert_true(on > 3);
	assert_int_equal(on, off);
	assert_non_null(strstr(all, "\033[1;31merror\033[0m"));
}

static void
many_messages(void **state)
{
	(void)state;
	LOG_INFO("e", F_STR("message_id", "aaaaa,bbbbb,ccccc,ddddd,ee"));
	assert_non_null(strstr(all, " [aaaa bbbb cccc +2]\n"));
}

/* What repeats is told behind the first line, before the advice. */
static void
repetitions(void **state)
{
	(void)state;
	for (int i = 0; i < 3; i++)
		LOG_WARN("sqs.receive", F_INT("failures", i),
		    F_STR("advice", "wait"));
	log_flush();
	assert_non_null(strstr(all,
	    "nothing can be received failures=2 repeated=2 within_s=0\n"
	    "             → wait\n"));
}

static void
long_names_lose_their_middle(void **state)
{
	char key[300] = "a/";

	(void)state;
	memset(key + 2, 'x', 200);
	memcpy(key + 196, "END.gz", 7);
	LOG_INFO("e", F_STR("key", key));
	assert_non_null(strstr(all, "xxEND.gz\n"));
	assert_non_null(strstr(all, " …/xxx"));
	assert_true(strlen(all) < 160);
	log_set_level(LOG_LVL_DEBUG);
	all[0] = '\0';
	LOG_DEBUG("object.read", F_STR("key", key));
	assert_true(strlen(all) < 120);
}

static void
a_line_stays_within_its_limit(void **state)
{
	static char text[4000];
	struct log_field fields[40] = {0};

	(void)state;
	memset(text, 'x', sizeof text - 1);
	for (size_t i = 0; i < 39; i++)
		fields[i] = F_STR("f", text);
	/* Of one name only the first is shown. */
	log_write(LOG_LVL_INFO, "e", fields);
	assert_true(strlen(all) < 8192);
	assert_int_equal(all[strlen(all) - 1], '\n');
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	    TEST(a_line),
	    TEST(an_event_without_words),
	    TEST(day_and_zone_are_told_when_they_change),
	    TEST(nothing_invisible_gets_through),
	    TEST(no_character_is_cut),
	    TEST(colours_are_balanced),
	    TEST(many_messages),
	    TEST(repetitions),
	    TEST(long_names_lose_their_middle),
	    TEST(a_line_stays_within_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
