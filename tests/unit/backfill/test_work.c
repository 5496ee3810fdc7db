#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backfill/work.h"

#define NOON 1769860800 /* 2026-01-31T12:00:00Z */

static void
test_places(void **state)
{
	static const struct {
		const char *text, *bucket, *prefix;
	} rows[] = {
	    {"s3://b", "b", ""},
	    {"s3://b/", "b", ""},
	    {"s3://b/p/q/", "b", "p/q/"},
	    {"s3://arn:aws:s3:us-east-1:111122223333:accesspoint/name/p",
		"arn:aws:s3:us-east-1:111122223333:accesspoint/name", "p"},
	    {"s3://arn:aws:s3:us-east-1:111122223333:accesspoint/name",
		"arn:aws:s3:us-east-1:111122223333:accesspoint/name", ""},
	    {"s3://", NULL, NULL},
	    {"b/p", NULL, NULL},
	    {"s3:/b", NULL, NULL},
	};
	char text[2048];
	struct work w;

	(void)state;
	for (int n = 255; n <= 256; n++) {
		(void)snprintf(text, sizeof text, "s3://%0*d", n, 0);
		assert_int_equal(work_take_place(&w, text), n == 255);
	}
	for (int n = 1024; n <= 1025; n++) {
		(void)snprintf(text, sizeof text, "s3://b/%0*d", n, 0);
		assert_int_equal(work_take_place(&w, text), n == 1024);
	}
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(
		    work_take_place(&w, rows[i].text), rows[i].bucket != NULL);
		if (rows[i].bucket == NULL)
			continue;
		assert_true(span_is(w.bucket, rows[i].bucket));
		assert_true(span_is(w.prefix, rows[i].prefix));
	}
}

static void
test_times(void **state)
{
	static const struct {
		const char *text;
		int64_t at; /* −1: none */
	} rows[] = {
	    {"2026-01-31T12:00:00Z", NOON},
	    {"2026-01-31T12:00Z", NOON},
	    {"2026-01-31T13:00:00+01:00", NOON},
	    {"2026-01-31", NOON - 12 * 3600},
	    {"2024-02-29", 1709164800},
	    {"2026-02-29", -1},
	    {"2026-02-31T12:00Z", -1},
	    {"2026-02-31T12:00:00+01:00", -1},
	    {"2026-02-28T23:30:00-01:00", 1772325000},
	    {"2026-13-01", -1},
	    {"2026-01-31T12:00", -1},
	    {"2026-01-3", -1},
	    {"yesterday", -1},
	    {"", -1},
	};
	int64_t t;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (when_parse(span_str(rows[i].text), &t) != ERR_OK)
			t = -1;
		assert_int_equal(t, rows[i].at);
	}
}

static void
test_times_in_names(void **state)
{
	static const struct {
		const char *key;
		int64_t at;
	} rows[] = {
	    {"AWSLogs/1/CloudTrail/r/2026/01/31/"
	     "111122223333_CloudTrail_us-east-1_20260131T1200Z_abc.json.gz",
		NOON},
	    {"111122223333_CloudTrail-Insight_us-east-1_20260131T1200Z_"
	     "abc.json.gz",
		NOON},
	    {"a_20260131T1200Z", NOON},
	    /* A folder's name is not the file's. */
	    {"x_20260131T1200Z_y/name.json.gz", -1},
	    {"a_20260131T120Z_b", -1},
	    {"a_20261331T1200Z_b", -1},
	    {"a_20260131T1200_b", -1},
	    {"", -1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(
		    when_of_key(span_str(rows[i].key)), rows[i].at);
}

static void
test_folders_of_days(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 64);
	when_day_folder(&b, 0);
	when_day_folder(&b, NOON / WHEN_DAY_S);
	assert_string_equal(buf_cstr(&b), "1970/01/01/2026/01/31/");
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places),
	    cmocka_unit_test(test_times),
	    cmocka_unit_test(test_times_in_names),
	    cmocka_unit_test(test_folders_of_days),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
