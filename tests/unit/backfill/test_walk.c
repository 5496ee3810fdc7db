#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backfill/walk.h"
#include "base/mem.h"

#define ONE   "111122223333"
#define TWO   "444455556666"
#define JAN_1 1767225600 /* 2026-01-01T00:00:00Z */

/* A bucket as a list of folders; walks it and writes down what is to be listed
 * of objects. */
static const char *const folders[] = {"AWSLogs/" ONE "/",
    "AWSLogs/" ONE "/CloudTrail-Digest/", "AWSLogs/" ONE "/CloudTrail-Insight/",
    "AWSLogs/" ONE "/CloudTrail-Insight/eu-west-1/",
    "AWSLogs/" ONE "/CloudTrail-Lake/", "AWSLogs/" ONE "/CloudTrail/",
    "AWSLogs/" ONE "/CloudTrail/eu-west-1/",
    "AWSLogs/" ONE "/CloudTrail/us-east-1/", "AWSLogs/" ONE "/Config/",
    "AWSLogs/o-abc/", "AWSLogs/o-abc/" TWO "/",
    "AWSLogs/o-abc/" TWO "/CloudTrail/",
    "AWSLogs/o-abc/" TWO "/CloudTrail/us-east-1/", "AWSLogs/o-abc/not/",
    "AWSLogs/o-def/", "AWSLogs/other/"};

static void
answer(struct walk *w, struct span prefix)
{
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		struct span f = span_str(folders[i]);

		if (f.n > prefix.n && memcmp(f.p, prefix.p, prefix.n) == 0 &&
		    memchr(f.p + prefix.n, '/', f.n - prefix.n - 1) == NULL)
			assert_int_equal(walk_add(w, f), ERR_OK);
	}
	walk_answered(w);
}

/* What is listed of objects, without "AWSLogs/" and months, one a line. */
static const char *
walk_all(const struct work *work, const char *after)
{
	static char text[8192];
	struct walk *w = walk_new(work, span_str(after));
	struct span prefix;
	enum walk_step step;
	size_t n = 0;

	text[0] = '\0';
	while ((step = walk_next(w, &prefix)) != WALK_END) {
		if (step == WALK_FOLDERS) {
			char *copy = mem_strndup(prefix.p, prefix.n);

			answer(w, (struct span){copy, prefix.n});
			mem_free(copy);
		} else {
			n += (size_t)snprintf(text + n, sizeof text - n,
			    "%.*s\n", (int)prefix.n, prefix.p);
		}
	}
	assert_int_equal(walk_next(w, &prefix), WALK_END);
	walk_free(&w);
	assert_null(w);
	return text;
}

#define DAYS(p) p "2025/12/31/\n" p "2026/01/01/\n" p "2026/01/02/\n"

static const struct work day = {.from_s = JAN_1 + 3600, .to_s = JAN_1 + 7200};

static void
test_the_whole_layout(void **state)
{
	(void)state;
	assert_string_equal(walk_all(&day, ""),
	    DAYS("AWSLogs/" ONE "/CloudTrail-Insight/eu-west-1/")
		DAYS("AWSLogs/" ONE "/CloudTrail/eu-west-1/")
		    DAYS("AWSLogs/" ONE "/CloudTrail/us-east-1/")
			DAYS("AWSLogs/o-abc/" TWO "/CloudTrail/us-east-1/"));
}

static void
test_choices(void **state)
{
	static const char *const two[] = {TWO};
	static const char *const west[] = {"eu-west-1"};
	struct work w = day;

	(void)state;
	w.accounts = two;
	w.naccounts = 1;
	assert_string_equal(walk_all(&w, ""),
	    DAYS("AWSLogs/o-abc/" TWO "/CloudTrail/us-east-1/"));
	w.regions = west;
	w.nregions = 1;
	assert_string_equal(walk_all(&w, ""), "");
	w.naccounts = 0;
	assert_string_equal(walk_all(&w, ""),
	    DAYS("AWSLogs/" ONE "/CloudTrail-Insight/eu-west-1/")
		DAYS("AWSLogs/" ONE "/CloudTrail/eu-west-1/"));
	w = day;
	w.organization = SPAN("o-abc");
	assert_string_equal(walk_all(&w, ""),
	    DAYS("AWSLogs/o-abc/" TWO "/CloudTrail/us-east-1/"));
}

/* The last moment of a day, and the first one of the next. */
static void
test_a_day_wider_on_each_side(void **state)
{
	struct work w = {.from_s = JAN_1, .to_s = JAN_1 + WHEN_DAY_S};

	(void)state;
	w.organization = SPAN("o-abc");
	assert_string_equal(walk_all(&w, ""),
	    DAYS("AWSLogs/o-abc/" TWO "/CloudTrail/us-east-1/"));
	w.to_s++;
	assert_string_equal(walk_all(&w, ""),
	    DAYS("AWSLogs/o-abc/" TWO
		 "/CloudTrail/us-east-1/") "AWSLogs/o-abc/" TWO
					   "/CloudTrail/us-east-1/2026/01/03/"
					   "\n");
}

static void
test_going_on(void **state)
{
	(void)state;
	/* In the midst of a day, at the end of a region, of all. */
	assert_string_equal(
	    walk_all(&day, "AWSLogs/" ONE "/CloudTrail/us-east-1/2026/01/01/x"),
	    "AWSLogs/" ONE "/CloudTrail/us-east-1/2026/01/01/\n"
	    "AWSLogs/" ONE "/CloudTrail/us-east-1/2026/01/02/\n" DAYS(
		"AWSLogs/o-abc/" TWO "/CloudTrail/us-east-1/"));
	assert_string_equal(
	    walk_all(&day, "AWSLogs/" ONE "/CloudTrail/us-east-1/2026/01/03/x"),
	    DAYS("AWSLogs/o-abc/" TWO "/CloudTrail/us-east-1/"));
	assert_string_equal(walk_all(&day, "B"), "");
}

static void
test_any_key(void **state)
{
	struct work w = day;

	(void)state;
	w.any_key = true;
	w.prefix = SPAN("some/pre");
	assert_string_equal(walk_all(&w, ""), "some/pre\n");
}

static void
test_a_prefix(void **state)
{
	struct work w = day;
	struct walk *walk;
	struct span prefix;

	(void)state;
	w.prefix = SPAN("my/trail");
	walk = walk_new(&w, SPAN(""));
	assert_int_equal(walk_next(walk, &prefix), WALK_FOLDERS);
	assert_true(span_is(prefix, "my/trail/AWSLogs/"));
	/* What was not asked for is refused. */
	assert_int_equal(walk_add(walk, SPAN("AWSLogs/" ONE "/")), ERR_SHAPE);
	assert_int_equal(
	    walk_add(walk, SPAN("my/trail/AWSLogs/" ONE)), ERR_SHAPE);
	assert_int_equal(walk_add(walk, SPAN("my/trail/AWSLogs/")), ERR_SHAPE);
	assert_int_equal(
	    walk_add(walk, SPAN("my/trail/AWSLogs/a/b/")), ERR_SHAPE);
	assert_int_equal(
	    walk_add(walk, SPAN("my/trail/AWSLogs/" ONE "/")), ERR_OK);
	walk_answered(walk);
	assert_int_equal(walk_next(walk, &prefix), WALK_FOLDERS);
	assert_true(span_is(prefix, "my/trail/AWSLogs/" ONE "/"));
	walk_free(&walk);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_the_whole_layout),
	    cmocka_unit_test(test_choices),
	    cmocka_unit_test(test_a_day_wider_on_each_side),
	    cmocka_unit_test(test_going_on),
	    cmocka_unit_test(test_any_key),
	    cmocka_unit_test(test_a_prefix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
