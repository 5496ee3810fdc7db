#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "trail/record.h"

enum { NOON = 1795348800 }; /* 2026-11-22T12:00:00Z */

/* Cut in two at random, as chunks cut it. What follows its end would be found
 * if it were looked at. */
static bool
time_of(const char *text, size_t n, int64_t *at)
{
	static const char after[] = "\"eventTime\":\"2001-01-01T00:00:00Z\"}";
	size_t cut = (size_t)clock_random(n + 1);
	struct record_head r;

	memcpy(r.bytes + n, after, sizeof after);
	record_keep(
	    &r, (struct span){text, cut}, (struct span){text + cut, n - cut});
	assert_int_equal(r.n, n);
	return record_time(&r, at);
}

/* What is longer is cut off, not refused. */
static void
test_long(void **state)
{
	static const char time[] = "\"eventTime\":\"2026-11-22T12:00:00Z\"";
	static char text[2 * RECORD_HEAD_BYTES];
	size_t last = RECORD_HEAD_BYTES - (sizeof time - 1);

	(void)state;
	for (size_t at = last - 1; at <= last + 1; at++) {
		struct record_head r = {.n = 1};
		int64_t found_s;

		memset(text, ' ', sizeof text);
		text[0] = '{';
		memcpy(text + at, time, sizeof time - 1);
		record_keep(&r, (struct span){text, 100},
		    (struct span){text + 100, sizeof text - 100});
		assert_int_equal(r.n, RECORD_HEAD_BYTES);
		assert_int_equal(record_time(&r, &found_s), at <= last);
		record_keep(&r, (struct span){text, sizeof text}, SPAN("more"));
		assert_int_equal(record_time(&r, &found_s), at <= last);
	}
}

static void
test_found(void **state)
{
	static const char *const cases[] = {
	    "{\"eventTime\":\"2026-11-22T12:00:00Z\"}",
	    "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"a\":[{}],"
	    "\"eventTime\":\"2001-01-01T00:00:00Z\"},"
	    "\"eventTime\":\"2026-11-22T12:00:00Z\",\"x\":1}",
	    "{ \"eventTime\" : \"2026-11-22T12:00:00Z\" , ",
	    "{\"n\":-1.5e3,\"t\":true,\"z\":null,"
	    "\"eventTime\":\"2026-11-22T12:00:00Z",
	    "{\"a\":\"\\\"eventTime\\\":\\\\\",\"b\":\"}]\","
	    "\"eventTime\":\"2026-11-22T12:00:00Z\"",
	    "{\"a\":\"eventTime\",\"eventTime\":\"2026-11-22T12:00:00Z\"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		size_t n = strlen(cases[i]);
		bool closed = strstr(cases[i], "00Z\"") != NULL;
		int64_t at = 0;

		assert_int_equal(time_of(cases[i], n, &at), closed);
		if (closed)
			assert_int_equal(at, NOON);
	}
}

static void
test_not_found(void **state)
{
	static const char *const cases[] = {
	    "",
	    "{}",
	    "{\"eventTime\":1795348800}",
	    "{\"eventTime\":\"yesterday\"}",
	    "{\"eventTime\":{\"eventTime\":\"2026-11-22T12:00:00Z\"}}",
	    "{\"a\":{\"eventTime\":\"2026-11-22T12:00:00Z\"}}",
	    "{\"a\":[\"eventTime\",\"2026-11-22T12:00:00Z\"]}",
	    "{\"a\":\"\\\"eventTime\\\":\\\"2026-11-22T12:00:00Z\\\"\"}",
	    "{\"eventtime\":\"2026-11-22T12:00:00Z\"}",
	    "{\"eventTimes\":\"2026-11-22T12:00:00Z\"}",
	    "{\"eventTime\\",
	    "}}}\"eventTime\":\"2026-11-22T12:00:00Z\"",
	};
	int64_t at;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_false(time_of(cases[i], strlen(cases[i]), &at));
}

/* Wherever the text is cut off: the right time, or none. */
static void
test_cuts(void **state)
{
	static const char text[] =
	    "{\"eventVersion\":\"1.08\",\"userIdentity\":{\"type\":\"IAM\\\"\","
	    "\"list\":[1,{\"b\":[]}]},\"eventTime\" :\"2026-11-22T12:00:00Z\","
	    "\"requestParameters\":{\"eventTime\":\"2001-01-01T00:00:00Z\"}}";
	size_t end = (size_t)(strstr(text, "00Z\"") - text) + 4;

	(void)state;
	for (size_t n = 0; n < sizeof text; n++) {
		int64_t at = 0;

		assert_int_equal(time_of(text, n, &at), n >= end);
		assert_int_equal(at, n >= end ? NOON : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_found),
	    cmocka_unit_test(test_not_found),
	    cmocka_unit_test(test_cuts),
	    cmocka_unit_test(test_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
