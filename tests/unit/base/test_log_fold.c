/* Repetitions are told once in a while, and problems are remembered. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#define WALL 1795348800000

static char line[256][6000];
static unsigned lines;

static void
keep(void *arg, struct span text)
{
	struct span s = text;

	(void)arg;
	assert_true(lines < 256 && s.n < sizeof line[0]);
	if (s.p[0] != '{')
		(void)span_cut(&s, ' '); /* the time */
	memcpy(line[lines], s.p, s.n - 1);
	line[lines++][s.n - 1] = '\0';
}

static void
at(int64_t s)
{
	clock_set_test(s * 1000, WALL + s * 1000);
}

static int
setup(void **state)
{
	(void)state;
	log_set_sink(keep, NULL);
	log_set_level(LOG_LVL_INFO);
	log_set_format(LOG_LOGFMT);
	log_recent_forget();
	at(0);
	lines = 0;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	lines = 0;
	log_set_sink(NULL, NULL);
	clock_use_real();
	return 0;
}

static void
warn(int n)
{
	LOG_WARN("e", F_STR("error", "stall"), F_INT("failures", n));
}

/* 10 s, 1 min, 10 min, 10 min, and the first again when it was quiet. */
static void
is_told_less_and_less_often(void **state)
{
	static const char *const want[] = {
	    "level=warn event=e error=stall failures=0",
	    "level=warn event=e error=stall failures=9 repeated=9 within_s=10",
	    "level=warn event=e error=stall failures=69 repeated=60 "
	    "within_s=60",
	    "level=warn event=e error=stall failures=669 repeated=600 "
	    "within_s=600",
	    "level=warn event=e error=stall failures=1269 repeated=600 "
	    "within_s=600",
	    "level=warn event=e error=stall failures=1299 repeated=30 "
	    "within_s=600",
	    "level=warn event=e error=stall failures=9999"};

	(void)state;
	for (int s = 0; s < 1300; s++) {
		at(s);
		warn(s);
	}
	assert_int_equal(lines, 5);
	at(1869);
	log_tick();
	assert_int_equal(lines, 5);
	at(1870);
	log_tick();
	assert_int_equal(lines, 6);
	at(2469);
	log_tick();
	at(2470);
	log_tick();
	assert_int_equal(lines, 6);
	warn(9999);
	assert_int_equal(lines, sizeof want / sizeof *want);
	for (unsigned i = 0; i < lines; i++)
		assert_string_equal(line[i], want[i]);
}

/* Any other line tells what is due; it comes itself at once. */
static void
another_line_is_never_held_back(void **state)
{
	(void)state;
	warn(1);
	warn(2);
	LOG_WARN("other", F_STR("error", "stall"));
	LOG_ERROR("e", F_STR("error", "stall"));
	LOG_WARN("e", F_STR("error", "reset"));
	LOG_WARN("e", F_STR("why", "stall"));
	LOG_WARN("e", F_STR("error", "stall"), F_INT("status", 500));
	LOG_WARN("e", F_STR("error", "stall"), F_INT("status", 503));
	assert_int_equal(lines, 7);
	at(10);
	LOG_INFO("quiet", F_INT("n", 1));
	assert_int_equal(lines, 9);
	assert_string_equal(line[7],
	    "level=warn event=e error=stall failures=2 repeated=1 "
	    "within_s=10");
	assert_string_equal(line[8], "level=info event=quiet n=1");
}

/* A service fails, is well again, and fails anew: that is news though its kind
 * is being counted. What was counted is told before it, what follows after. */
static void
a_turn_is_told_at_once(void **state)
{
	static const char *const want[] = {
	    "level=warn event=e error=stall failures=1",
	    "level=warn event=e error=stall failures=2 repeated=1 within_s=3",
	    "level=warn event=e error=stall failures=1",
	    "level=warn event=e error=stall failures=1",
	    ("level=warn event=e error=stall failures=3 repeated=2 "
	     "within_s=10")};

	(void)state;
	for (int s = 0; s <= 5; s++) {
		at(s);
		if (s % 3 == 0 || s == 4)
			LOG_TURN(LOG_LVL_WARN, "e", F_STR("error", "stall"),
			    F_INT("failures", 1));
		else if (s != 2)
			warn(s == 5 ? 3 : 2);
	}
	warn(3);
	assert_int_equal(lines, 4);
	at(13);
	log_tick();
	assert_int_equal(lines, 4);
	at(14);
	log_tick();
	assert_int_equal(lines, sizeof want / sizeof *want);
	for (unsigned i = 0; i < lines; i++)
		assert_string_equal(line[i], want[i]);
}

/* A recovery, the counts of a minute, a setting that was read again. */
static void
information_is_not_folded(void **state)
{
	(void)state;
	LOG_INFO("recovered", F_INT("n", 1));
	LOG_INFO("recovered", F_INT("n", 1));
	assert_int_equal(lines, 2);
}

/* Names of things and words of peers make no kind. */
static void
ids_make_no_kind(void **state)
{
	static const char *const names[] = {"key", "version", "message_id",
	    "message", "request_id", "reply", "body", "detail"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		LOG_WARN("e", F_STR(names[i], "a"), F_STR("why", "b"));
		LOG_WARN("e", F_STR(names[i], "b"), F_STR("why", "b"));
	}
	assert_int_equal(lines, 1);
}

static void
each_is_each(void **state)
{
	(void)state;
	for (int i = 0; i < 5; i++)
		LOG_EACH(LOG_LVL_WARN, "object.failed", F_STR("key", "k"));
	assert_int_equal(lines, 5);
	log_flush();
	assert_int_equal(lines, 5);
}

static void
fail_in_one_of(unsigned kinds, unsigned n)
{
	char text[16];

	(void)snprintf(text, sizeof text, "c%u", n % kinds);
	LOG_EACH(
	    LOG_LVL_WARN, "object.failed", F_STR("cause", text), F_INT("n", n));
}

/* Whoever can write to the bucket decides how many fail, and how. */
static void
an_event_has_so_many_lines_a_minute(void **state)
{
	static const unsigned kinds[] = {1, 7, 1000};

	(void)state;
	for (unsigned k = 0; k < 3; k++) {
		setup(NULL);
		for (unsigned i = 0; i < 1000; i++)
			fail_in_one_of(kinds[k], i);
		assert_int_equal(lines, 20);
		at(10);
		log_tick();
		assert_int_equal(lines, 21);
		assert_non_null(
		    strstr(line[20], " n=999 repeated=980 within_s=10"));
		at(59);
		fail_in_one_of(kinds[k], 1000);
		assert_int_equal(lines, 21);
		at(60);
		fail_in_one_of(kinds[k], 1001);
		assert_int_equal(lines, 22);
		assert_non_null(strstr(line[21], " n=1001"));
		assert_null(strstr(line[21], "repeated"));
		log_flush();
		assert_int_equal(lines, 23);
		assert_non_null(
		    strstr(line[22], " n=1000 repeated=1 within_s=50"));
	}
}

/* Neither the one error among warnings, nor another event, nor a recovery. */
static void
its_lines_take_none_from_others(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 30; i++)
		fail_in_one_of(1, i);
	assert_int_equal(lines, 20);
	LOG_EACH(LOG_LVL_ERROR, "object.failed", F_INT("n", 1));
	LOG_EACH(LOG_LVL_WARN, "object.parked", F_INT("n", 1));
	LOG_INFO("object.failed", F_INT("n", 1));
	assert_int_equal(lines, 23);
}

/* A kind that is known is counted, and takes no line. */
static void
new_kinds_are_lines_too(void **state)
{
	char text[16];

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		(void)snprintf(text, sizeof text, "c%u", i);
		LOG_WARN("e", F_STR("code", "known"));
		LOG_WARN("e", F_STR("code", text));
		LOG_TURN(LOG_LVL_WARN, "turn", F_STR("code", "known"));
		LOG_INFO("back", F_INT("n", i));
	}
	assert_int_equal(lines, 60);
	log_flush();
	assert_int_equal(lines, 64);
	assert_string_equal(
	    line[60], "level=warn event=e code=known repeated=499 within_s=0");
	assert_string_equal(
	    line[61], "level=warn event=e code=c499 repeated=481 within_s=0");
	assert_string_equal(line[62],
	    "level=warn event=turn code=known repeated=480 within_s=0");
	assert_string_equal(
	    line[63], "level=info event=back n=499 repeated=480 within_s=0");
}

/* What an operator does himself. */
static void
all_is_all(void **state)
{
	(void)state;
	for (int i = 0; i < 50; i++)
		LOG_ALL(LOG_LVL_ERROR, "config.mistake", F_INT("n", i));
	assert_int_equal(lines, 50);
}

static void
debug_folds_nothing(void **state)
{
	(void)state;
	log_set_level(LOG_LVL_DEBUG);
	for (int i = 0; i < 5; i++)
		warn(i);
	assert_int_equal(lines, 5);
}

static void
the_end_tells_the_rest(void **state)
{
	(void)state;
	warn(1);
	warn(2);
	warn(3);
	at(4);
	log_flush();
	log_flush();
	assert_int_equal(lines, 2);
	assert_string_equal(line[1],
	    "level=warn event=e error=stall failures=3 repeated=2 within_s=4");
}

/* Of eight events, so that none has more lines than it may. */
static void
warn_of(unsigned cause)
{
	static const char *const events[] = {
	    "e0", "e1", "e2", "e3", "e4", "e5", "e6", "e7"};
	char text[16];

	(void)snprintf(text, sizeof text, "c%u", cause);
	LOG_WARN(events[cause % 8], F_STR("cause", text));
}

/* 64 kinds; the one that was quiet for longest goes, and is told. */
static void
the_table_is_bounded(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 64; i++)
		warn_of(i);
	at(1);
	for (unsigned i = 0; i < 64; i++) {
		if (i != 7)
			warn_of(i);
	}
	assert_int_equal(lines, 64);
	at(2);
	warn_of(100); /* in place of number 7, which has nothing to tell */
	assert_int_equal(lines, 65);
	at(3);
	for (unsigned i = 1; i < 64; i++) {
		if (i != 7)
			warn_of(i);
	}
	assert_int_equal(lines, 65);
	warn_of(101); /* in place of number 0 */
	assert_int_equal(lines, 67);
	assert_string_equal(
	    line[65], "level=warn event=e0 cause=c0 repeated=1 within_s=3");
	assert_string_equal(line[66], "level=warn event=e5 cause=c101");
}

static void
fields_that_are_too_many_are_left_out_whole(void **state)
{
	char text[400];
	struct span s = {text, sizeof text};

	(void)state;
	memset(text, 'x', sizeof text);
	for (int i = 0; i < 2; i++)
		LOG_WARN("e", F_SPAN("a", s), F_SPAN("b", s), F_SPAN("c", s),
		    F_INT("n", i));
	log_flush();
	assert_int_equal(lines, 2);
	assert_non_null(strstr(line[1], " b=x"));
	assert_null(strstr(line[1], " c=x"));
	assert_non_null(strstr(line[1], " n=1 repeated=1 within_s=0"));
}

static void
folded_json(void **state)
{
	(void)state;
	log_set_format(LOG_JSON);
	warn(1);
	warn(2);
	log_flush();
	assert_int_equal(lines, 2);
	assert_non_null(strstr(line[1],
	    ",\"event\":\"e\",\"error\":\"stall\",\"failures\":2,"
	    "\"repeated\":1,\"within_s\":0}"));
}

/* ---- the last problems ---- */

static void
remembers_problems(void **state)
{
	struct log_problem p[LOG_RECENT_MAX];

	(void)state;
	assert_int_equal(log_recent(p, LOG_RECENT_MAX), 0);
	warn(1);
	at(5);
	LOG_ERROR("gate", F_STR("advice", "grant it"), F_INT("n", 1));
	LOG_INFO("fine", F_INT("n", 1));
	at(9);
	warn(2);
	assert_int_equal(log_recent(p, LOG_RECENT_MAX), 2);
	assert_string_equal(p[0].event, "e");
	assert_int_equal(p[0].level, LOG_LVL_WARN);
	assert_int_equal(p[0].count, 2);
	assert_int_equal(p[0].first_ms, WALL);
	assert_int_equal(p[0].last_ms, WALL + 9000);
	assert_string_equal(p[0].text, "error=stall failures=2");
	assert_string_equal(p[1].event, "gate");
	assert_int_equal(p[1].level, LOG_LVL_ERROR);
	assert_int_equal(p[1].count, 1);
	assert_int_equal(p[1].first_ms, WALL + 5000);
	assert_string_equal(p[1].text, "n=1");
	assert_string_equal(p[1].advice, "grant it");
	assert_string_equal(p[0].advice, "");
	assert_int_equal(log_recent(p, 1), 1);
	assert_string_equal(p[0].event, "e");
}

/* The 17th takes the place of the least recent; whatever the level is. */
static void
remembers_sixteen(void **state)
{
	struct log_problem p[LOG_RECENT_MAX + 1];

	(void)state;
	log_set_level(LOG_LVL_ERROR);
	for (unsigned i = 0; i < 16; i++)
		warn_of(i);
	warn_of(0);
	warn_of(16);
	assert_int_equal(lines, 0);
	assert_int_equal(log_recent(p, LOG_RECENT_MAX + 1), LOG_RECENT_MAX);
	assert_string_equal(p[0].text, "cause=c16");
	assert_int_equal(p[0].count, 1);
	assert_string_equal(p[1].text, "cause=c0");
	assert_int_equal(p[1].count, 2);
	assert_string_equal(p[15].text, "cause=c2");
}

/* A fifth of its event takes the place of that one's first. */
static void
one_event_hides_no_other(void **state)
{
	struct log_problem p[LOG_RECENT_MAX];
	char text[16];

	(void)state;
	LOG_ERROR("gate", F_INT("n", 1));
	for (unsigned i = 0; i < 100; i++) {
		(void)snprintf(text, sizeof text, "c%u", i);
		LOG_EACH(LOG_LVL_WARN, "e", F_STR("code", text));
		assert_true(lines <= 21);
	}
	assert_int_equal(log_recent(p, LOG_RECENT_MAX), 5);
	assert_string_equal(p[0].text, "code=c99");
	assert_string_equal(p[3].text, "code=c96");
	assert_string_equal(p[4].event, "gate");
}

static void
what_is_remembered_is_bounded_and_printable(void **state)
{
	struct log_problem p;
	char text[600];
	struct span s = {text, sizeof text};

	(void)state;
	memset(text, 0x1b, sizeof text);
	LOG_EACH(LOG_LVL_WARN, "e", F_STR("why", "a\n<b>"), F_SPAN("a", s),
	    F_SPAN("b", s), F_INT("n", 1));
	lines = 0;
	assert_int_equal(log_recent(&p, 1), 1);
	assert_string_equal(p.text, "why=\"a\\n<b>\" n=1");
	LOG_EACH(LOG_LVL_WARN, "e", F_SPAN("advice", s), F_INT("n", 2));
	lines = 0;
	assert_int_equal(log_recent(&p, 1), 1);
	assert_int_equal(strlen(p.advice), LOG_RECENT_ADVICE_MAX - 1);
	assert_string_equal(p.text, "n=2");
}

int
main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(is_told_less_and_less_often),
	    TEST(another_line_is_never_held_back),
	    TEST(a_turn_is_told_at_once),
	    TEST(information_is_not_folded),
	    TEST(ids_make_no_kind),
	    TEST(each_is_each),
	    TEST(an_event_has_so_many_lines_a_minute),
	    TEST(its_lines_take_none_from_others),
	    TEST(new_kinds_are_lines_too),
	    TEST(all_is_all),
	    TEST(debug_folds_nothing),
	    TEST(the_end_tells_the_rest),
	    TEST(the_table_is_bounded),
	    TEST(fields_that_are_too_many_are_left_out_whole),
	    TEST(folded_json),
	    TEST(remembers_problems),
	    TEST(remembers_sixteen),
	    TEST(one_event_hides_no_other),
	    TEST(what_is_remembered_is_bounded_and_printable),
	};

	return cmocka_run_group_tests_name("log_fold", tests, NULL, NULL);
}
