#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backfill/tally.h"

#define NAME  "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/31/x"
#define NOON  1769860800 /* 2026-01-31T12:00:00Z */
#define AT(t) NAME "_" t "_y.json.gz"

static const struct work noon = {.from_s = NOON, .to_s = NOON + 3600};

static void
test_choices(void **state)
{
	static const struct {
		const char *key, *storage_class;
		int64_t modified_s;
		enum choice named, any; /* by the name, or --any-key */
	} rows[] = {
	    {AT("20260131T1200Z"), "STANDARD", NOON, CHOICE_SEND, CHOICE_SEND},
	    {AT("20260131T1159Z"), "STANDARD", NOON, CHOICE_TIME, CHOICE_SEND},
	    {AT("20260131T1259Z"), "", NOON + 3600, CHOICE_SEND, CHOICE_TIME},
	    {AT("20260131T1300Z"), "", NOON - 1, CHOICE_TIME, CHOICE_TIME},
	    /* No time is told: a duplicate is cheap, a gap is a loss. */
	    {NAME, "", -1, CHOICE_SEND, CHOICE_SEND},
	    {NAME, "", NOON + 3599, CHOICE_SEND, CHOICE_SEND},
	    {NAME, "", NOON + 3600, CHOICE_TIME, CHOICE_TIME},
	    {AT("20260131T1200Z"), "GLACIER", NOON, CHOICE_ARCHIVED,
		CHOICE_ARCHIVED},
	    {AT("20260131T1200Z"), "DEEP_ARCHIVE", NOON, CHOICE_ARCHIVED,
		CHOICE_ARCHIVED},
	    {AT("20260131T1200Z"), "GLACIER_IR", NOON, CHOICE_SEND,
		CHOICE_SEND},
	    {AT("20260131T1200Z") ".skip", "", NOON, CHOICE_FILTER,
		CHOICE_FILTER},
	    {"AWSLogs/111122223333/CloudTrail-Digest/x_20260131T1200Z_y", "",
		NOON, CHOICE_FILTER, CHOICE_FILTER},
	    {"x_20260131T1200Z_y/", "", NOON, CHOICE_FILTER, CHOICE_FILTER},
	};
	struct filter *f = filter_new("", "*.skip", true);
	struct work any = noon;

	(void)state;
	any.any_key = true;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct list_object o = {.key = span_str(rows[i].key),
		    .storage_class = span_str(rows[i].storage_class),
		    .size = span_ends(span_str(rows[i].key), "/") ? 0 : 9,
		    .modified_s = rows[i].modified_s};

		assert_int_equal(choose(&noon, f, &o), rows[i].named);
		assert_int_equal(choose(&any, f, &o), rows[i].any);
	}
	filter_free(&f);
}

static void
test_figures(void **state)
{
	struct list_object o = {.size = 1000, .modified_s = NOON};
	struct tally t = {.recent = 0};
	struct estimate e;

	(void)state;
	e = tally_estimate(&t, 3);
	assert_int_equal(e.messages, 0);
	assert_int_equal(e.sqs, 0);
	assert_int_equal(e.lists, 3);
	for (int i = 0; i < 251; i++)
		tally_add(&t, CHOICE_SEND, &o, i < 250 ? NOON + 1 : NOON);
	o.size = -1;
	tally_add(&t, CHOICE_ARCHIVED, &o, -1);
	assert_int_equal(t.objects[CHOICE_SEND], 251);
	assert_int_equal(t.bytes[CHOICE_SEND], 251000);
	assert_int_equal(t.recent, 1);
	assert_int_equal(t.objects[CHOICE_ARCHIVED], 1);
	assert_int_equal(t.bytes[CHOICE_ARCHIVED], 0);
	e = tally_estimate(&t, 3);
	assert_int_equal(e.messages, 11);
	assert_int_equal(e.gets, 251);
	assert_int_equal(e.sqs, 10); /* two batches */
	assert_true(e.dollars > 0.00011 && e.dollars < 0.00013);
	t.bytes[CHOICE_SEND] = 5000000000;
	assert_true(tally_estimate(&t, 0).hours == 1.0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_choices),
	    cmocka_unit_test(test_figures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
