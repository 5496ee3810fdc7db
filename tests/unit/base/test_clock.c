#include <fcntl.h>
#include <sched.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void
stands_still_for_tests(void **state)
{
	(void)state;
	clock_set_test(1234, 1700000000999);
	assert_int_equal(clock_mono_ms(), 1234);
	assert_int_equal(clock_mono_us(), 1234000);
	assert_int_equal(clock_wall_ms(), 1700000000999);
	assert_int_equal(clock_wall_s(), 1700000000);
	clock_use_real();
	assert_int_not_equal(clock_wall_ms(), 1700000000999);
}

/* The kernel's clocks as after a sleep of two hours: a namespace has them so
 * for the processes that begin in it. */
static bool
sleep_two_hours(void)
{
	static const char slept[] = "boottime 7200 0";
	int fd;
	bool ok;

	if (unshare(CLONE_NEWUSER | CLONE_NEWTIME) != 0)
		return false;
	fd = open("/proc/self/timens_offsets", O_WRONLY | O_CLOEXEC);
	ok = write(fd, slept, sizeof slept - 1) == sizeof slept - 1;
	(void)close(fd);
	return ok;
}

static void
sleep_in_namespace(int64_t before_ms)
{
	enum { NEARLY_S = 7199 }; /* there is time between two looks */
	int64_t apart_us;

	if (!sleep_two_hours())
		_exit(77);
	if (fork() != 0) {
		int status;

		(void)wait(&status);
		_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
	}
	apart_us = clock_mono_us() - clock_awake_us();
	_exit(clock_mono_ms() - before_ms < NEARLY_S * 1000 ||
	      apart_us < (int64_t)NEARLY_S * 1000 * 1000);
}

static void
goes_on_while_the_machine_sleeps(void **state)
{
	int64_t before_ms = clock_mono_ms();
	pid_t pid = fork();
	int status;

	(void)state;
	assert_true(pid >= 0);
	if (pid == 0)
		sleep_in_namespace(before_ms);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == 77)
		skip();
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void
a_sleep_for_tests(void **state)
{
	int64_t mono_ms, awake_us;

	(void)state;
	clock_set_test(1234, 1700000000999);
	clock_sleep_test(5000);
	assert_int_equal(clock_mono_ms(), 6234);
	assert_int_equal(clock_wall_ms(), 1700000005999);
	assert_int_equal(clock_awake_us(), 1234000);
	clock_use_real();
	mono_ms = clock_mono_ms();
	awake_us = clock_awake_us();
	clock_sleep_test(3600 * 1000);
	assert_true(clock_mono_ms() - mono_ms >= 3600 * 1000);
	assert_true(clock_awake_us() - awake_us < (int64_t)3600 * 1000 * 1000);
	clock_use_real();
}

/* The bounds to the millisecond; both ways. */
static void
offset_goes_when_the_clock_is_set(void **state)
{
	static const struct {
		int64_t mono_ms, wall_ms, offset_s;
	} cases[] = {
	    {1000, 5000, 7200},
	    {900001000, 900005000, 7200}, /* time goes by */
	    {1000, 5000 + 60000, 7200},
	    {1000, 5000 + 60001, 0},
	    {1000 + 60000, 5000, 7200},
	    {1000 + 60001, 5000, 0},
	};
	struct clock_offset o = {0};

	(void)state;
	clock_set_test(1000, 5000);
	assert_int_equal(clock_offset_s(&o), 0);
	clock_offset_learn(&o, 7200);
	for (size_t i = 0; i < COUNT(cases); i++) {
		clock_set_test(cases[i].mono_ms, cases[i].wall_ms);
		assert_int_equal(clock_offset_s(&o), cases[i].offset_s);
	}
	clock_use_real();
}

static void
formats(void **state)
{
	static const struct {
		int64_t ms;
		const char *amz, *log;
	} cases[] = {
	    {0, "19700101T000000Z", "1970-01-01T00:00:00.000Z"},
	    {951782399999, "20000228T235959Z", "2000-02-28T23:59:59.999Z"},
	    {951782400000, "20000229T000000Z", "2000-02-29T00:00:00.000Z"},
	    {1795348800123, "20261122T120000Z", "2026-11-22T12:00:00.123Z"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		char amz[17];
		struct buf b;

		clock_format_amz(amz, cases[i].ms / 1000);
		assert_string_equal(amz, cases[i].amz);
		buf_init(&b, 64);
		clock_format_log(&b, cases[i].ms);
		assert_string_equal(buf_cstr(&b), cases[i].log);
		buf_fini(&b);
	}
}

struct date_case {
	const char *text;
	int64_t s; /* -1: ERR_SYNTAX */
};

static void
check_dates(const struct date_case *c, size_t n,
    enum err (*parse)(struct span, int64_t *))
{
	for (size_t i = 0; i < n; i++) {
		int64_t s = -1;

		assert_int_equal(parse(span_str(c[i].text), &s),
		    c[i].s < 0 ? ERR_SYNTAX : ERR_OK);
		assert_int_equal(s, c[i].s);
	}
}

static void
http_dates(void **state)
{
	static const struct date_case cases[] = {
	    {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777},
	    {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
	    {"Sat, 31 Dec 2016 23:59:60 GMT", 1483228800}, /* leap second */
	    {"Wed, 31 Dec 1969 23:59:59 GMT", -1},
	    {"Sun, 06 Nov 1994 08:49:61 GMT", -1},
	    {"Sun, 06 Nov 1994 08:60:37 GMT", -1},
	    {"Sun, 06 Nov 1994 24:49:37 GMT", -1},
	    {"Sun, 00 Nov 1994 08:49:37 GMT", -1},
	    {"Sun, 32 Nov 1994 08:49:37 GMT", -1},
	    {"Sun, 06 Nox 1994 08:49:37 GMT", -1},
	    {"Sun, 06 anF 1994 08:49:37 GMT", -1}, /* across two months */
	    {"Sun, 06 Nov 1994 08:49:37 UTC", -1},
	    {"Sun, 06 Nov 1994 08:49:37 GMT ", -1},
	    {"Sun, 6 Nov 1994 08:49:37 GMT", -1},
	    {"Sunday, 06-Nov-94 08:49:37 GMT", -1},
	    {"", -1},
	};

	(void)state;
	check_dates(cases, COUNT(cases), clock_parse_http);
}

static void
iso_dates(void **state)
{
	static const struct date_case cases[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"2026-11-22T12:00:00Z", 1795348800},
	    {"2026-11-22T12:00:00.5Z", 1795348800},
	    {"2026-11-22T12:00:00.123456789+00:00", 1795348800},
	    {"2026-11-22 12:00:00Z", 1795348800},
	    {"2026-11-22 12:00:00 +00:00", 1795348800},
	    {"2026-11-22T12:00:00UTC", 1795348800},
	    {"2026-11-22T12:00:00.5 UTC", 1795348800},
	    {"20261122T120000Z", 1795348800},
	    {"20261122t120000.25z", 1795348800},
	    {"20261122 140000+0200", 1795348800},
	    {"20261122T1200Z", -1},
	    {"20261122120000Z", -1},
	    {"20261122_120000Z", -1},
	    {"2026-11-22  12:00:00Z", -1},
	    {"2026-11-22T12:00:00  Z", -1},
	    {"2026-11-22T12:00:00 ", -1},
	    {"2026-11-22T12:00:00", -1},
	    {"2026-11-22t12:00:00z", 1795348800},
	    {"2026-11-22T12:00:00+01:00", 1795348800 - 3600},
	    {"2026-11-22T12:00:00.7-0130", 1795348800 + 5400},
	    {"2026-11-22T12:00:00-23", 1795348800 + 23 * 3600},
	    {"2026-11-22T12:00:00+23:59", 1795348800 - 86340},
	    {"1970-01-01T01:00:00+01:00", 0},
	    {"1970-01-01T00:59:59+01:00", -1},
	    {"2026-11-22T12:00:00+24:00", -1},
	    {"2026-11-22T12:00:00+00:60", -1},
	    {"2026-11-22T12:00:00+0:00", -1},
	    {"2026-11-22T12:00:00+1", -1},
	    {"2026-11-22T12:00:00+010", -1},
	    {"2026-11-22T12:00:00+01:0", -1},
	    {"2026-11-22T12:00:00+01:000", -1},
	    {"2026-11-22T12:00:00+01x00", -1},
	    {"2026-11-22T12:00:00 01:00", -1},
	    {"2026-11-22T12:00:00+", -1},
	    {"2026-11-22x12:00:00Z", -1},
	    {"2026-11-22T12:00:00Zx", -1},
	    {"2026-13-22T12:00:00Z", -1},
	    {"2026-00-22T12:00:00Z", -1},
	    {"1969-12-31T23:59:59Z", -1},
	    {"2026-11-22T12:00:0", -1},
	    {"", -1},
	};

	(void)state;
	check_dates(cases, COUNT(cases), clock_parse_iso);
}

static void
random_is_in_range_and_repeats(void **state)
{
	uint64_t first[16];
	bool low = false, high = false;

	(void)state;
	clock_seed(7);
	for (size_t i = 0; i < 16; i++)
		first[i] = clock_random(UINT64_MAX);
	clock_seed(7);
	for (size_t i = 0; i < 16; i++)
		assert_true(clock_random(UINT64_MAX) == first[i]);
	for (int i = 0; i < 1000; i++) {
		uint64_t v = clock_random(3);

		assert_true(v < 3);
		low = low || v == 0;
		high = high || v == 2;
	}
	assert_true(low && high);
	assert_true(clock_random(0) == 0);
	assert_true(clock_random(1) == 0);
}

/* The highest of many draws comes close to the ceiling and never above it. */
static void
backoff_has_full_jitter(void **state)
{
	static const struct {
		int64_t base, cap;
		unsigned attempt;
		int64_t top;
	} cases[] = {
	    {100, 1000, 0, 100},
	    {100, 1000, 1, 200},
	    {100, 1000, 3, 800},
	    {100, 1000, 4, 1000},
	    {100, 1000, 4000000000u, 1000},
	    {5000, 1000, 0, 1000},
	    {0, 1000, 4000000000u, 0},
	    {1, INT64_C(1) << 50, 62, INT64_C(1) << 50},
	};

	(void)state;
	clock_seed(1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t max = 0, min = INT64_MAX;

		for (int k = 0; k < 1000; k++) {
			int64_t v = clock_backoff_ms(
			    cases[i].base, cases[i].cap, cases[i].attempt);

			assert_true(v >= 0 && v <= cases[i].top);
			max = v > max ? v : max;
			min = v < min ? v : min;
		}
		assert_true(max >= cases[i].top - cases[i].top / 20);
		assert_true(min <= cases[i].top / 20);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(stands_still_for_tests),
	    cmocka_unit_test(goes_on_while_the_machine_sleeps),
	    cmocka_unit_test(a_sleep_for_tests),
	    cmocka_unit_test(offset_goes_when_the_clock_is_set),
	    cmocka_unit_test(formats),
	    cmocka_unit_test(http_dates),
	    cmocka_unit_test(iso_dates),
	    cmocka_unit_test(random_is_in_range_and_repeats),
	    cmocka_unit_test(backoff_has_full_jitter),
	};

	return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
