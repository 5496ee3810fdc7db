/* What tests/oracle/events_oracle.py, which has a model of rules and records,
 * does not look at: the words for mistakes, the bounds, how long it takes, and
 * which set of rules is in force. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "trail/events.h"
#include "trail/pattern.h"
#include "trail/slicer.h"

enum { RECORD_MAX = 1 << 20 };

static void
test_mistakes_have_words_and_a_column(void **state)
{
	static const struct {
		const char *rule;
		size_t column;
		const char *why;
	} cases[] = {
	    {"", 1, "the name of a field is missing"},
	    {"   ", 4, "the name of a field is missing"},
	    {"eventName", 10, "'=' is missing"},
	    {"eventName:Decrypt", 18, "'=' is missing"},
	    {"eventName =Decrypt", 10, "'=' is missing"},
	    {"eventName= Decrypt", 11, "a value is missing"},
	    {"eventName=a,", 13, "a value is missing"},
	    {"eventName=\"Decrypt", 11, "this quote is not closed"},
	    {"\"eventName=Decrypt", 1, "this quote is not closed"},
	    {"a=1 # why", 5, "a comment needs a line of its own"},
	    {"event*=Decrypt", 6, "'*' cannot stand in a field's name"},
	    {"a=[a-z", 3, "this '[' is not closed"},
	    {"a=[\xc3\xa9]", 4, "only characters of ASCII"},
	    {"\xc3\xa9=a !b=c", 7, "behind !FIELD"},
	    {"a=\\n", 3, "a backslash stands before"},
	    {"a=b\\", 4, "a backslash stands before"},
	    {"a.b.c.d.e=f", 1, "a path of more than 4 names"},
	    {"a..b=c", 3, "the name of a field is missing"},
	    {".a=b", 1, "the name of a field is missing"},
	    {"!", 2, "the name of a field is missing"},
	    {"a!b", 3, "'=' is missing"},
	};
	struct buf why;
	size_t column;

	(void)state;
	buf_init(&why, 1024);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		buf_reset(&why);
		column = 0;
		assert_false(
		    events_check(span_str(cases[i].rule), &column, &why));
		assert_int_equal(column, cases[i].column);
		assert_non_null(strstr(buf_cstr(&why), cases[i].why));
	}
	buf_fini(&why);
}

static bool
is_rule(const char *text)
{
	struct buf why;
	size_t column;
	bool yes;

	buf_init(&why, 1024);
	yes = events_check(span_str(text), &column, &why);
	buf_fini(&why);
	return yes;
}

static void
test_bounds(void **state)
{
	struct buf b;

	(void)state;
	assert_true(is_rule("a.b.c.d=e"));
	buf_init(&b, EVENTS_TEXT_MAX);
	for (int i = 0; i < EVENTS_CONDITIONS_MAX; i++)
		buf_str(&b, "a=b ");
	assert_true(is_rule(buf_cstr(&b)));
	buf_str(&b, "!c");
	assert_false(is_rule(buf_cstr(&b)));
	buf_reset(&b);
	buf_str(&b, "a=*");
	for (int i = 0; i < PATTERN_MAX; i++)
		buf_char(&b, 'x');
	assert_true(is_rule(buf_cstr(&b)));
	buf_char(&b, 'x');
	assert_false(is_rule(buf_cstr(&b)));
	buf_fini(&b);
}

/* Whatever rules are written: as they are checked, and as they are kept. */
static void
test_memory(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, EVENTS_TEXT_MAX);
	buf_str(&b, "a=GetObject");
	while (b.n + 16 < EVENTS_TEXT_MAX)
		buf_printf(&b, ",GetObject%zu", b.n);
	assert_true(is_rule(buf_cstr(&b)));
	assert_true(events_fit(buf_cstr(&b)));
	buf_reset(&b);
	buf_str(&b, "a=?");
	for (int i = 0; i < 200; i++)
		buf_str(&b, ",?");
	assert_true(is_rule(buf_cstr(&b)));
	assert_true(events_fit(buf_cstr(&b)));
	for (int i = 0; i < 100; i++)
		buf_str(&b, ",?");
	assert_false(is_rule(buf_cstr(&b)));
	buf_reset(&b);
	for (int i = 0; i < 3; i++) {
		buf_str(&b, "a=?");
		for (int k = 0; k < 100; k++)
			buf_str(&b, ",?");
		buf_str(&b, i < 2 ? "\n" : "");
		if (i == 1)
			assert_true(events_fit(buf_cstr(&b)));
	}
	assert_false(events_fit(buf_cstr(&b)));
	buf_fini(&b);
}

/* ---- how long a pattern takes ---- */

static int64_t
cpu_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* The shortest of some tries: how long it takes if nobody disturbs. */
static int64_t
match_us(const struct pattern *p, struct span s, bool expected)
{
	int64_t best = INT64_MAX;

	for (int i = 0; i < 20; i++) {
		int64_t began = cpu_us();
		bool got = pattern_matches(p, s);
		int64_t us = cpu_us() - began;

		assert_int_equal(got, expected);
		best = us < best ? us : best;
	}
	return best;
}

/* *aaa…ab on aaa…a, and a*a*a*…b: what makes others go back again and again. */
static void
test_no_pattern_takes_long(void **state)
{
	char text[EVENTS_VALUE_MAX];

	(void)state;
	memset(text, 'a', sizeof text);
	for (int stars = 1; stars <= 2; stars++) {
		struct pattern *p = pattern_new();
		int64_t us;

		pattern_add_star(p);
		for (int i = 0; i < PATTERN_MAX / 2; i++) {
			pattern_add_byte(p, 'a');
			if (stars == 2)
				pattern_add_star(p);
		}
		pattern_add_byte(p, 'b');
		pattern_seal(p);
		us = match_us(p, (struct span){text, sizeof text}, false);
#ifdef __SANITIZE_ADDRESS__
		(void)us; /* slow for reasons of its own */
#else
		assert_true(us <= 1000);
#endif
		text[sizeof text - 1] = 'b';
		assert_true(
		    pattern_matches(p, (struct span){text, sizeof text}));
		text[sizeof text - 1] = 'a';
		pattern_free(&p);
		assert_null(p);
	}
}

/* ---- which set is in force ---- */

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct buf *out = arg;

	buf_span(out, head);
	buf_span(out, tail);
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	buf_printf(arg, "!%u%s", (unsigned)index, slicer_cause_name(cause));
}

static void
on_ruled_out(void *arg, uint64_t index)
{
	buf_printf(arg, "-%u", (unsigned)index);
}

/* What comes out of the records in text, under these rules. */
static void
assert_passes(struct events_rules *r, const char *text, const char *expected)
{
	struct buf out;
	struct slicer *s;

	buf_init(&out, 4096);
	s = slicer_new(RECORD_MAX, on_record, on_left_out, &out);
	slicer_rules(s, r, on_ruled_out);
	assert_int_equal(slicer_feed(s, span_str(text)), ERR_OK);
	assert_int_equal(slicer_finish(s), ERR_OK);
	assert_string_equal(buf_cstr(&out), expected);
	slicer_free(&s);
	buf_fini(&out);
}

static const char three[] = "[{\"a\":1},{\"a\":2},7,{\"a\":3}]";

static void
test_no_rules_leave_nothing_out(void **state)
{
	struct events *e = events_new("", " \n\n");

	(void)state;
	assert_null(events_hold(e));
	assert_int_equal(events_now(e), 0);
	assert_int_equal(events_number(NULL), 0);
	assert_int_equal(events_count(e), 0);
	assert_passes(NULL, three, "{\"a\":1}{\"a\":2}!2no_object{\"a\":3}");
	events_free(&e);
	assert_null(e);
	events_free(&e);
}

static void
test_held_rules_stay(void **state)
{
	struct events *e = events_new("", "a=1");
	struct events_rules *old = events_hold(e), *now;

	(void)state;
	assert_int_equal(events_number(old), events_now(e));
	assert_true(events_change(e, "", "a=2"));
	now = events_hold(e);
	assert_int_not_equal(events_number(old), events_number(now));
	assert_int_equal(events_number(now), events_now(e));
	assert_passes(old, three, "-0{\"a\":2}!2no_object{\"a\":3}");
	assert_passes(now, three, "{\"a\":1}-1!2no_object{\"a\":3}");
	events_free(&e);
	assert_passes(old, three, "-0{\"a\":2}!2no_object{\"a\":3}");
	events_release(&old);
	assert_null(old);
	events_release(&old);
	assert_passes(now, three, "{\"a\":1}-1!2no_object{\"a\":3}");
	events_release(&now);
}

/* However often they change, and however long somebody reads by some. */
static void
test_no_more_than_two_sets(void **state)
{
	struct events *e = events_new("", "a=1");
	struct events_rules *first = events_hold(e), *now;

	(void)state;
	assert_true(events_change(e, "", "a=2"));
	for (int i = 0; i < 3; i++) {
		assert_false(events_change(e, "", "a=3"));
		assert_true(events_same(e, "", "a=2"));
	}
	now = events_hold(e);
	assert_passes(first, three, "-0{\"a\":2}!2no_object{\"a\":3}");
	assert_passes(now, three, "{\"a\":1}-1!2no_object{\"a\":3}");
	events_release(&first);
	assert_true(events_change(e, "", "a=3"));
	assert_false(events_change(e, "", ""));
	events_release(&now);
	/* None at all takes no place. */
	assert_true(events_change(e, "", ""));
	assert_int_equal(events_now(e), 0);
	assert_true(events_change(e, "", "a=4"));
	events_free(&e);
}

static void
assert_tally(const struct events *e, size_t i, const char *setting,
    const char *rule, uint64_t n)
{
	struct events_tally t = events_at(e, i);

	assert_string_equal(t.setting, setting);
	assert_string_equal(t.rule, rule);
	assert_int_equal(t.n, n);
}

static void
test_counted_by_rule(void **state)
{
	struct events *e = events_new("a=1,2\na=9", " a=1\na=1 \nb=1");
	struct events_rules *old = events_hold(e), *now;

	(void)state;
	/* What stands there twice is one rule. */
	assert_int_equal(events_count(e), 3);
	assert_passes(old, three, "-0{\"a\":2}!2no_object-3");
	assert_tally(e, 0, "event_exclude", "a=1", 1);
	assert_tally(e, 1, "event_exclude", "b=1", 0);
	assert_tally(e, 2, "event_include", "", 1);
	/* A rule that stays counts on, by the old set too. */
	assert_true(events_change(e, "", "b=2\na=1"));
	now = events_hold(e);
	assert_passes(old, three, "-0{\"a\":2}!2no_object-3");
	assert_passes(now, three, "-0{\"a\":2}!2no_object{\"a\":3}");
	events_release(&old);
	assert_int_equal(events_count(e), 2);
	assert_tally(e, 0, "event_exclude", "b=2", 0);
	assert_tally(e, 1, "event_exclude", "a=1", 3);
	events_release(&now);
	events_free(&e);
}

/* What comes before and behind a record is not its affair, nor is a record that
 * was given up in the middle of a field that a rule names. */
static void
test_each_record_alone(void **state)
{
	struct events *e = events_new("", "a=1 b.c=2\n!b");
	struct events_rules *r = events_hold(e);

	(void)state;
	assert_passes(r,
	    "{\"a\":1,\"Records\":[{\"a\":1,\"b\":{}},{\"b\":{\"c\":2}},"
	    "{\"a\":1,\"b\":{\"c\":2}}],\"b\":{\"c\":2}}[{}]",
	    "{\"a\":1,\"b\":{}}{\"b\":{\"c\":2}}-2-3");
	events_release(&r);
	events_free(&e);
}

static void
test_escapes(void **state)
{
	struct events *e =
	    events_new("", "eventName=Decrypt\n\"a.b\"=\"x \\\"y\\\"\"\n"
			   "lone=\xed\xb0\x80,\\?");
	struct events_rules *r = events_hold(e);

	(void)state;
	assert_passes(r,
	    "[{\"event\\u004eame\":\"\\u0044ecrypt\"},"
	    "{\"a.b\":\"x \\\"y\\\"\"},{\"a\":{\"b\":\"x \\\"y\\\"\"}},"
	    /* Half of a pair, as the parser has it. */
	    "{\"lone\":\"\\udc00\"},{\"lone\":\"\\ud800\"}]",
	    "-0-1{\"a\":{\"b\":\"x \\\"y\\\"\"}}-3-4");
	events_release(&r);
	events_free(&e);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_mistakes_have_words_and_a_column),
	    cmocka_unit_test(test_bounds),
	    cmocka_unit_test(test_memory),
	    cmocka_unit_test(test_no_pattern_takes_long),
	    cmocka_unit_test(test_no_rules_leave_nothing_out),
	    cmocka_unit_test(test_held_rules_stay),
	    cmocka_unit_test(test_no_more_than_two_sets),
	    cmocka_unit_test(test_counted_by_rule),
	    cmocka_unit_test(test_each_record_alone),
	    cmocka_unit_test(test_escapes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
