#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "flow/ledger.h"

#define B    SPAN("bucket")
#define E    SPAN("etag")
#define NONE SPAN("")

static struct ledger_page *
open_key(struct ledger *l, const char *key)
{
	return ledger_open(l, B, span_str(key), E, NONE, 0);
}

/* "0-3,7-9": what the page has of its first n events. */
static const char *
has(const struct ledger_page *p, uint64_t n)
{
	static char text[1024];
	size_t at = 0;

	text[0] = '\0';
	for (uint64_t i = 0; i < n; i++) {
		uint64_t from = i;

		if (!ledger_has(p, i))
			continue;
		while (i + 1 < n && ledger_has(p, i + 1))
			i++;
		at += (size_t)snprintf(text + at, sizeof text - at, "%s%u-%u",
		    at > 0 ? "," : "", (unsigned)from, (unsigned)i);
	}
	return text;
}

static void
test_ranges(void **state)
{
	static const struct {
		struct {
			uint64_t first, count;
		} note[6];
		const char *has;
	} rows[] = {
	    {{{0, 1}}, "0-0"},
	    {{{0, 5}, {5, 5}}, "0-9"},
	    {{{5, 5}, {0, 5}}, "0-9"},
	    {{{1, 1}}, "1-1"},
	    {{{1, 1}, {3, 1}}, "1-1,3-3"},
	    {{{3, 1}, {1, 1}}, "1-1,3-3"},
	    {{{1, 1}, {3, 1}, {2, 1}}, "1-3"},
	    {{{1, 1}, {3, 1}, {2, 1}, {0, 1}}, "0-3"},
	    {{{2, 2}, {4, 2}}, "2-5"},
	    {{{4, 2}, {2, 2}}, "2-5"},
	    {{{4, 2}, {2, 3}}, "2-5"},
	    {{{2, 10}, {4, 2}}, "2-11"},
	    {{{4, 2}, {8, 2}, {12, 2}, {3, 10}}, "3-13"},
	    {{{4, 2}, {8, 2}, {12, 2}, {6, 2}}, "4-9,12-13"},
	    {{{4, 2}, {8, 2}, {0, 4}}, "0-5,8-9"},
	    {{{4, 2}, {8, 2}, {0, 5}}, "0-5,8-9"},
	    {{{4, 2}, {8, 2}, {0, 9}}, "0-9"},
	    {{{0, 10}, {2, 3}}, "0-9"},
	    {{{0, 10}, {9, 2}}, "0-10"},
	    {{{0, 3}, {4, 1}, {4, 1}, {3, 1}}, "0-4"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ledger *l = ledger_new(1);
		struct ledger_page *p = open_key(l, "k");

		for (size_t k = 0; k < 6 && rows[i].note[k].count > 0; k++)
			ledger_note(
			    p, rows[i].note[k].first, rows[i].note[k].count);
		assert_string_equal(has(p, 30), rows[i].has);
		ledger_close(l, &p);
		assert_null(p);
		ledger_free(&l);
	}
}

/* Any order of runs: never an event that was not noted, and all of them as
 * long as there are no more ranges than fit. */
static void
test_random_order(void **state)
{
	enum { EVENTS = 120 };

	(void)state;
	clock_seed(1);
	for (int round = 0; round < 300; round++) {
		struct ledger *l = ledger_new(1);
		struct ledger_page *p = open_key(l, "k");
		bool noted[EVENTS] = {false};

		for (int k = 0; k < 40; k++) {
			uint64_t first = clock_random(EVENTS);
			uint64_t n = 1 + clock_random(6);

			if (first + n > EVENTS)
				n = EVENTS - first;
			ledger_note(p, first, n);
			for (uint64_t e = first; e < first + n; e++)
				noted[e] = true;
			for (uint64_t e = 0; e < EVENTS; e++)
				assert_int_equal(ledger_has(p, e), noted[e]);
		}
		ledger_close(l, &p);
		ledger_free(&l);
	}
}

static void
test_too_many_ranges(void **state)
{
	struct ledger *l = ledger_new(1);
	struct ledger_page *p = open_key(l, "k");

	(void)state;
	for (uint64_t i = 1; i <= LEDGER_RANGES; i++)
		ledger_note(p, 10 * i, 1);
	for (uint64_t i = 1; i <= LEDGER_RANGES; i++)
		assert_true(ledger_has(p, 10 * i));
	/* One more is forgotten, wherever it stands … */
	ledger_note(p, 5, 1);
	ledger_note(p, 10 * LEDGER_RANGES + 5, 1);
	assert_false(ledger_has(p, 5));
	assert_false(ledger_has(p, 10 * LEDGER_RANGES + 5));
	/* … but not what makes one of them longer, or joins two, */
	ledger_note(p, 11, 1);
	ledger_note(p, 12, 8);
	assert_true(ledger_has(p, 11));
	assert_true(ledger_has(p, 19));
	/* which makes room. */
	ledger_note(p, 10 * LEDGER_RANGES + 5, 1);
	assert_true(ledger_has(p, 10 * LEDGER_RANGES + 5));
	/* The first run is not one of them. */
	ledger_note(p, 0, 5);
	ledger_note(p, 5, 5);
	assert_true(ledger_has(p, 0));
	assert_true(ledger_has(p, 9));
	assert_false(ledger_has(p, 21));
	ledger_close(l, &p);
	ledger_free(&l);
}

static void
fill(struct ledger *l, const char *key)
{
	struct ledger_page *p = open_key(l, key);

	ledger_note(p, 0, 3);
	ledger_complete(p);
	ledger_close(l, &p);
}

static bool
knows(struct ledger *l, const char *key)
{
	return ledger_knows(l, B, span_str(key), E, NONE, 0);
}

/* The one longest untouched goes first. */
static void
test_eviction(void **state)
{
	struct ledger *l = ledger_new(3);
	struct ledger_page *p;

	(void)state;
	fill(l, "a");
	fill(l, "b");
	fill(l, "c");
	assert_int_equal(ledger_count(l), 3);
	p = open_key(l, "a"); /* touched */
	ledger_close(l, &p);
	fill(l, "d");
	assert_int_equal(ledger_count(l), 3);
	assert_false(knows(l, "b"));
	assert_true(knows(l, "a") && knows(l, "c") && knows(l, "d"));
	fill(l, "e");
	fill(l, "f");
	assert_false(knows(l, "a") || knows(l, "c"));
	assert_true(knows(l, "d") && knows(l, "e") && knows(l, "f"));
	ledger_free(&l);
	assert_null(l);
	ledger_free(&l);
}

/* What is open stays, and what is too much goes when it is closed. */
static void
test_open_pages_stay(void **state)
{
	struct ledger *l = ledger_new(2);
	struct ledger_page *p[4];
	static const char *const keys[] = {"a", "b", "c", "d"};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		p[i] = open_key(l, keys[i]);
		assert_non_null(p[i]);
		ledger_note(p[i], 0, i + 1);
	}
	assert_int_equal(ledger_count(l), 4);
	for (size_t i = 0; i < 4; i++) {
		assert_true(ledger_has(p[i], i));
		assert_false(ledger_has(p[i], i + 1));
		ledger_close(l, &p[i]);
	}
	assert_int_equal(ledger_count(l), 2);
	ledger_free(&l);
}

enum { MANY = 2000 };

/* All that there is room for, each with a name of 1,000 bytes. */
static size_t
open_all(struct ledger *l, struct ledger_page *p[MANY])
{
	static char key[1001];
	size_t n;

	for (n = 0; n < MANY; n++) {
		(void)snprintf(key, sizeof key, "%01000zu", n);
		p[n] = open_key(l, key);
		if (p[n] == NULL)
			return n;
	}
	fail_msg("there is room for ever more");
	return n;
}

/* What is open is not forgotten, and has a bound: others are not remembered
 * until one of them is closed. */
static void
test_open_pages_fill_it(void **state)
{
	struct ledger *l = ledger_new(1);
	struct ledger_page *p[MANY], *other;
	size_t n = open_all(l, p);

	(void)state;
	assert_true(n > 300);
	assert_true(n * 1000 <= ledger_bytes(1));
	assert_int_equal(ledger_count(l), n);
	/* The first events need no room, ranges do. */
	for (size_t i = 0; i < n; i++) {
		ledger_note(p[i], 0, 5);
		assert_true(ledger_has(p[i], 4));
	}
	ledger_close(l, &p[0]);
	other = open_key(l, "other");
	assert_non_null(other);
	ledger_close(l, &other);
	for (size_t i = 1; i < n; i++)
		ledger_close(l, &p[i]);
	assert_int_equal(ledger_count(l), 1);
	ledger_free(&l);
}

static size_t
add_ranges(struct ledger_page *p)
{
	size_t n = 0;

	for (uint64_t i = 1; i <= LEDGER_RANGES; i++) {
		ledger_note(p, 3 * i, 1);
		ledger_mark(p, 3 * i + 1);
		n += ledger_has(p, 3 * i) + ledger_marked(p, 3 * i + 1);
	}
	return n;
}

static void
test_ranges_of_open_pages_fill_it(void **state)
{
	struct ledger *l = ledger_new(1);
	struct ledger_page *p[MANY];
	size_t n = 0, ranges = 0;

	(void)state;
	for (char key[24]; n < 400; n++) {
		(void)snprintf(key, sizeof key, "%zu", n);
		p[n] = open_key(l, key);
		assert_non_null(p[n]);
	}
	for (size_t i = 0; i < n; i++)
		ranges += add_ranges(p[i]);
	assert_true(ranges * sizeof(struct range) <= ledger_bytes(1));
	assert_true(ranges * sizeof(struct range) > ledger_bytes(1) / 2);
	/* Who came too late has none, and nothing that was not noted. */
	assert_int_equal(add_ranges(p[n - 1]), 0);
	ledger_note(p[n - 1], 0, 9);
	assert_true(ledger_has(p[n - 1], 8));
	for (size_t i = 0; i < n; i++)
		ledger_close(l, &p[i]);
	p[0] = open_key(l, "other");
	assert_int_equal(add_ranges(p[0]), 2 * LEDGER_RANGES);
	ledger_close(l, &p[0]);
	ledger_free(&l);
}

static void
test_opened_twice(void **state)
{
	struct ledger *l = ledger_new(1);
	struct ledger_page *p = open_key(l, "k"), *q = open_key(l, "k");

	(void)state;
	assert_ptr_equal(p, q);
	ledger_note(p, 0, 2);
	ledger_close(l, &p);
	fill(l, "other"); /* must not push out what q holds */
	assert_true(ledger_has(q, 1));
	ledger_close(l, &q);
	ledger_free(&l);
}

static void
test_none(void **state)
{
	struct ledger *l = ledger_new(0);
	struct ledger_page *p = open_key(l, "k");

	(void)state;
	assert_null(p);
	/* All of them take NULL for a page. */
	ledger_note(p, 0, 1);
	ledger_complete(p);
	assert_false(ledger_has(p, 0));
	ledger_close(l, &p);
	assert_int_equal(ledger_count(l), 0);
	assert_false(knows(l, "k"));
	ledger_free(&l);
	l = ledger_new(1);
	assert_null(ledger_open(l, B, SPAN("k"), NONE, NONE, 0));
	assert_int_equal(ledger_count(l), 0);
	ledger_free(&l);
}

/* Complete alone is known, and only under the same contents. */
static void
test_knows(void **state)
{
	static const struct {
		const char *etag, *version, *ask_etag, *ask_version;
		bool known;
	} rows[] = {
	    {"e", "", "e", "", true},
	    {"e", "", "f", "", false},
	    {"e", "", "", "", false},
	    {"e", "", "e", "v", true},
	    {"e", "v", "e", "", true},
	    {"e", "v", "e", "v", true},
	    {"e", "v", "", "v", true},
	    {"e", "v", "e", "w", true}, /* the same contents */
	    {"e", "null", "f", "null", false},
	    {"e", "null", "", "null", false},
	    {"", "null", "", "null", false},
	    {"e", "v", "f", "", false},
	    {"", "v", "", "v", true},
	    {"", "v", "", "", false},
	    {"", "v", "e", "", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ledger *l = ledger_new(4);
		struct span etag = span_str(rows[i].ask_etag);
		struct span version = span_str(rows[i].ask_version);
		struct ledger_page *p = ledger_open(l, B, SPAN("k"),
		    span_str(rows[i].etag), span_str(rows[i].version), 0);

		ledger_note(p, 0, 9);
		assert_false(ledger_knows(l, B, SPAN("k"), etag, version, 0));
		ledger_complete(p);
		if (ledger_knows(l, B, SPAN("k"), etag, version, 0) !=
		    rows[i].known)
			fail_msg("row %zu", i);
		assert_false(ledger_knows(l, B, SPAN("l"), etag, version, 0));
		assert_false(
		    ledger_knows(l, SPAN("c"), SPAN("k"), etag, version, 0));
		ledger_close(l, &p);
		ledger_free(&l);
	}
}

/* Bucket and key are not told apart by where one ends. */
static void
test_names(void **state)
{
	struct ledger *l = ledger_new(4);
	struct ledger_page *p =
	    ledger_open(l, SPAN("ab"), SPAN("c"), E, NONE, 0);
	struct ledger_page *q =
	    ledger_open(l, SPAN("a"), SPAN("bc"), E, NONE, 0);

	(void)state;
	assert_ptr_not_equal(p, q);
	ledger_note(p, 0, 1);
	assert_false(ledger_has(q, 0));
	ledger_close(l, &p);
	ledger_close(l, &q);
	ledger_free(&l);
}

static void
test_replaced(void **state)
{
	struct ledger *l = ledger_new(4);
	struct ledger_page *p, *q;

	(void)state;
	fill(l, "k");
	p = ledger_open(l, B, SPAN("k"), SPAN("etag2"), NONE, 0);
	assert_non_null(p);
	assert_int_equal(ledger_count(l), 1);
	assert_false(ledger_has(p, 0));
	assert_false(knows(l, "k"));
	assert_false(ledger_knows(l, B, SPAN("k"), SPAN("etag2"), NONE, 0));
	/* Somebody counts on these contents: others are not remembered. */
	q = open_key(l, "k");
	assert_null(q);
	ledger_note(p, 4, 1);
	assert_true(ledger_has(p, 4));
	ledger_close(l, &p);
	p = open_key(l, "k");
	assert_false(ledger_has(p, 4));
	ledger_close(l, &p);
	ledger_free(&l);
}

static void
test_bytes(void **state)
{
	(void)state;
	assert_int_equal(ledger_bytes(0), 0);
	assert_true(ledger_bytes(2000) - ledger_bytes(1000) > 1000 * 300);
	assert_true(ledger_bytes(2000) - ledger_bytes(1000) < 1000 * 1000);
	/* A full lot, each with as many ranges as there may be. */
	assert_true(ledger_bytes(4096) >
		    1000 * (2 * LEDGER_RANGES * sizeof(struct range) + 480));
	assert_true(ledger_bytes(1) < 1024 * 1024);
}

static struct ledger_page *
open_by(struct ledger *l, uint64_t rules)
{
	return ledger_open(l, B, SPAN("k"), E, NONE, rules);
}

/* What rules have left out is noted with the rest, so it may not count for
 * others. */
static void
test_rules(void **state)
{
	struct ledger *l = ledger_new(10);
	struct ledger_page *p = open_by(l, 1), *q;

	(void)state;
	ledger_note(p, 0, 10);
	/* Nothing was left out so far: it holds for all. */
	assert_true(ledger_follows(p, 1));
	assert_false(ledger_follows(p, 2));
	assert_null(open_by(l, 2));
	ledger_close(l, &p);
	p = open_by(l, 2);
	assert_true(ledger_has(p, 9));
	ledger_bind(p);
	ledger_note(p, 10, 10);
	ledger_complete(p);
	q = open_by(l, 2);
	assert_ptr_equal(p, q);
	ledger_close(l, &q);
	ledger_close(l, &p);
	assert_true(ledger_knows(l, B, SPAN("k"), E, NONE, 2));
	assert_false(ledger_knows(l, B, SPAN("k"), E, NONE, 3));
	assert_false(ledger_knows(l, B, SPAN("k"), E, NONE, 0));
	p = open_by(l, 2);
	assert_true(ledger_has(p, 19));
	ledger_close(l, &p);
	p = open_by(l, 0);
	assert_false(ledger_has(p, 0));
	assert_false(ledger_has(p, 19));
	ledger_close(l, &p);
	assert_false(ledger_knows(l, B, SPAN("k"), E, NONE, 0));
	assert_false(ledger_follows(NULL, 0));
	ledger_free(&l);
}

/* Memory follows what there is: thousands of pages have one range each. */
static void
test_bytes_of_ranges(void **state)
{
	struct ranges s = {0};

	(void)state;
	assert_int_equal(ranges_bytes(&s), 0);
	for (uint64_t i = 0; i < 2 * RANGES_MAX; i++) {
		ranges_add(&s, (struct range){3 * i, 3 * i + 1});
		assert_true(ranges_bytes(&s) <= 2 * s.n * sizeof *s.at);
	}
	assert_int_equal(s.n, RANGES_MAX);
	assert_int_equal(ranges_count(&s), RANGES_MAX);
	assert_int_equal(ranges_cut(&s, 3 * RANGES_MAX), 3 * RANGES_MAX);
	assert_int_equal(ranges_bytes(&s), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_bytes_of_ranges),
	    cmocka_unit_test(test_ranges),
	    cmocka_unit_test(test_random_order),
	    cmocka_unit_test(test_too_many_ranges),
	    cmocka_unit_test(test_eviction),
	    cmocka_unit_test(test_open_pages_stay),
	    cmocka_unit_test(test_open_pages_fill_it),
	    cmocka_unit_test(test_ranges_of_open_pages_fill_it),
	    cmocka_unit_test(test_opened_twice),
	    cmocka_unit_test(test_none),
	    cmocka_unit_test(test_knows),
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_replaced),
	    cmocka_unit_test(test_bytes),
	    cmocka_unit_test(test_rules),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
