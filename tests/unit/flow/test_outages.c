/* What is told of S3: per bucket and code, after a minute, until it is over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "fake/fake_http.c"
#include "flow/outages.h"

enum { MINUTE = 60 * 1000, HOUR = 60 * MINUTE };

static struct {
	struct outages *o;
	unsigned told, over;
	char bucket; /* of the line told last */
} t;

static void
on_line(void *arg, struct span line)
{
	static const char name[] = " bucket=";
	const char *at = memmem(line.p, line.n, name, sizeof name - 1);

	(void)arg;
	if (memmem(line.p, line.n, "s3.outage.over", 14) != NULL)
		t.over++;
	else
		t.told++;
	assert_non_null(at);
	t.bucket = at[sizeof name - 1];
}

static void
open_world(void)
{
	memset(&t, 0, sizeof t);
	fake_begin();
	log_set_sink(on_line, NULL);
	log_set_level(LOG_LVL_INFO);
	t.o = outages_new(fake_timers());
}

static void
close_world(void)
{
	outages_free(&t.o);
	log_set_sink(NULL, NULL);
	fake_end();
}

static void
fails(const char *bucket, const char *code, bool at_once)
{
	struct aws_result r = {.class = AWS_DENIED};

	snprintf(r.code, sizeof r.code, "%s", code);
	outages_failed(t.o, span_str(bucket), SPAN("key"), &r, at_once);
}

static void
is_read(const char *bucket)
{
	outages_read(t.o, span_str(bucket));
}

/* A single failure, if nothing is read from there for a minute. */
static void
test_told_after_a_minute(void **state)
{
	(void)state;
	open_world();
	fails("a", "AccessDenied", false);
	fake_advance(MINUTE - 1);
	assert_int_equal(t.told, 0);
	assert_int_equal(outages_part(t.o).mood, PART_UNTRIED);
	fake_advance(1);
	assert_int_equal(t.told, 1);
	assert_int_equal(outages_part(t.o).mood, PART_ILL);
	for (int i = 0; i < 100; i++) {
		fails("a", "AccessDenied", false);
		fake_advance(MINUTE);
	}
	assert_int_equal(t.told, 1);
	close_world();
}

static void
test_told_at_once(void **state)
{
	(void)state;
	open_world();
	fails("a", "InvalidAccessKeyId", true);
	fails("a", "InvalidAccessKeyId", true);
	assert_int_equal(t.told, 1);
	assert_int_equal(outages_part(t.o).mood, PART_ILL);
	close_world();
}

/* One bucket says nothing of another, nor one code of another. */
static void
test_each_bucket_and_code(void **state)
{
	(void)state;
	open_world();
	fails("a", "AccessDenied", false);
	fake_advance(MINUTE / 2);
	fails("a", "KMS.DisabledException", false);
	fails("b", "AccessDenied", false);
	fake_advance(MINUTE / 2);
	assert_int_equal(t.told, 1);
	fake_advance(MINUTE / 2);
	assert_int_equal(t.told, 3);
	is_read("b");
	assert_int_equal(t.over, 1);
	assert_int_equal(t.bucket, 'b');
	assert_int_equal(outages_part(t.o).mood, PART_ILL);
	is_read("a");
	assert_int_equal(t.over, 3);
	assert_int_equal(outages_part(t.o).mood, PART_WELL);
	close_world();
}

/* Of several the one is shown that began first. */
static void
test_oldest_is_shown(void **state)
{
	(void)state;
	open_world();
	fails("a", "AccessDenied", true);
	fails("b", "KMS.DisabledException", true);
	is_read("a"); /* and leaves its place to a later one */
	fake_advance(1);
	fails("c", "AccessDenied", true);
	assert_string_equal(outages_part(t.o).code, "KMS.DisabledException");
	close_world();
}

/* Read meanwhile: it was not everybody's. */
static void
test_read_in_time(void **state)
{
	(void)state;
	open_world();
	fails("a", "AccessDenied", false);
	fake_advance(MINUTE - 1);
	is_read("a");
	fails("a", "AccessDenied", false);
	fake_advance(MINUTE - 1);
	assert_int_equal(t.told + t.over, 0);
	fake_advance(1);
	assert_int_equal(t.told, 1);
	close_world();
}

/* Nobody fails there any more, nor is anything read: it is no longer shown. */
static void
test_not_seen_any_more(void **state)
{
	(void)state;
	open_world();
	fails("a", "AccessDenied", false);
	fake_advance(HOUR);
	fails("a", "AccessDenied", false);
	fake_advance(2 * HOUR - 1);
	assert_int_equal(outages_part(t.o).mood, PART_ILL);
	fake_advance(1);
	assert_int_equal(outages_part(t.o).mood, PART_UNTRIED);
	assert_int_equal(t.over, 0);
	close_world();
}

/* Of more than it has room for, the one that was not seen for longest goes. */
static void
test_many_at_once(void **state)
{
	char bucket[] = "a";

	(void)state;
	open_world();
	for (; bucket[0] <= 'h'; bucket[0]++) {
		fails(bucket, "AccessDenied", true);
		fake_advance(1);
	}
	fails("a", "AccessDenied", true);
	fake_advance(1);
	assert_int_equal(t.told, 8);
	fails("z", "AccessDenied", true);
	assert_int_equal(t.told, 9);
	is_read("b"); /* which made place */
	assert_int_equal(t.over, 0);
	is_read("a");
	assert_int_equal(t.over, 1);
	close_world();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_told_after_a_minute),
	    cmocka_unit_test(test_told_at_once),
	    cmocka_unit_test(test_each_bucket_and_code),
	    cmocka_unit_test(test_oldest_is_shown),
	    cmocka_unit_test(test_read_in_time),
	    cmocka_unit_test(test_not_seen_any_more),
	    cmocka_unit_test(test_many_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
