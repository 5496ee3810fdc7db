#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fake/fake_http.c"
#include "flow/grant.h"

static struct {
	struct grant *grant;
	unsigned retries;
} w;

static void
on_retry(void *arg)
{
	assert_ptr_equal(arg, &w);
	w.retries++;
}

static int
set_up(void **state)
{
	(void)state;
	fake_begin();
	w.retries = 0;
	w.grant = grant_new(fake_timers(), on_retry, &w);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	grant_free(&w.grant);
	assert_null(w.grant);
	grant_free(&w.grant);
	fake_end();
	return 0;
}

static bool
refuse(unsigned key, enum aws_class class, const char *code)
{
	struct aws_result r = {.class = class};
	char name[16];
	int n = snprintf(name, sizeof name, "key%u", key);

	memcpy(r.code, code, strlen(code) + 1);
	return grant_refused(
	    w.grant, SPAN("bucket"), (struct span){name, (size_t)n}, &r);
}

static void
close_gate(void)
{
	for (unsigned i = 0; i < GRANT_REFUSALS; i++)
		(void)refuse(i, AWS_DENIED, "AccessDenied");
	assert_false(grant_open(w.grant));
}

static void
test_eighth_key_closes(void **state)
{
	(void)state;
	for (unsigned i = 0; i < GRANT_REFUSALS - 1; i++) {
		assert_false(refuse(i, AWS_DENIED, "AccessDenied"));
		assert_true(grant_open(w.grant));
		assert_true(grant_start(w.grant));
	}
	assert_true(refuse(99, AWS_NOT_FOUND, "NoSuchBucket"));
	assert_false(grant_open(w.grant));
	assert_false(grant_start(w.grant));
}

/* One forbidden key that comes again and again says nothing of the others. */
static void
test_same_key_counts_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10 * GRANT_REFUSALS; i++)
		assert_false(refuse(i % 7, AWS_DENIED, "AccessDenied"));
	assert_true(grant_open(w.grant));
}

static void
test_a_read_begins_the_count_again(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < GRANT_REFUSALS - 1; i++)
			assert_false(refuse(i, AWS_DENIED, "AccessDenied"));
		(void)grant_read(w.grant, grant_era(w.grant));
	}
	assert_true(grant_open(w.grant));
}

static void
test_what_does_not_count(void **state)
{
	static const struct {
		enum aws_class class;
		const char *code;
	} rows[] = {
	    {AWS_NOT_FOUND, "NoSuchKey"},
	    {AWS_TRANSIENT, "InternalError"},
	    {AWS_THROTTLED, "SlowDown"},
	    {AWS_OTHER, "InvalidObjectState"},
	    {AWS_WRONG_REGION, "PermanentRedirect"},
	};

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		size_t row = i % (sizeof rows / sizeof *rows);

		assert_false(refuse(i, rows[row].class, rows[row].code));
	}
	assert_true(grant_open(w.grant));
}

static void
test_credentials_close_at_once(void **state)
{
	static const enum aws_class rows[] = {AWS_NO_CREDS, AWS_BAD_CREDS};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_true(refuse(1, rows[i], ""));
		assert_false(grant_open(w.grant));
		(void)grant_read(w.grant, grant_era(w.grant));
		assert_true(grant_open(w.grant));
	}
}

/* 1 s, doubling to 60 s, one object each. */
static void
test_probes(void **state)
{
	static const int64_t waits[] = {1, 2, 4, 8, 16, 32, 60, 60};

	(void)state;
	close_gate();
	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		fake_advance(waits[i] * 1000 - 1);
		assert_int_equal(w.retries, i);
		assert_false(grant_start(w.grant));
		fake_advance(1);
		assert_int_equal(w.retries, i + 1);
		assert_true(grant_start(w.grant));
		assert_false(grant_start(w.grant));
		assert_true(refuse(50, AWS_DENIED, "AccessDenied"));
	}
}

/* Every other turn is that of an object that was not refused yet; when there is
 * none, the next one comes all the same. */
static void
test_trials(void **state)
{
	(void)state;
	close_gate();
	assert_false(grant_on_trial(w.grant));
	fake_advance(1000);
	assert_false(grant_on_trial(w.grant));
	assert_true(grant_start(w.grant));
	(void)refuse(50, AWS_DENIED, "AccessDenied");
	fake_advance(2000);
	assert_true(grant_on_trial(w.grant));
	fake_advance(4000); /* nobody came */
	assert_false(grant_on_trial(w.grant));
	assert_true(grant_start(w.grant));
	(void)refuse(51, AWS_DENIED, "AccessDenied");
	fake_advance(8000);
	assert_true(grant_on_trial(w.grant));
	assert_true(grant_start(w.grant));
	assert_false(grant_on_trial(w.grant));
}

/* Without credentials a fresh object can be read no more than a held one. */
static void
test_no_trial_without_credentials(void **state)
{
	(void)state;
	(void)refuse(1, AWS_NO_CREDS, "");
	for (int64_t s = 1; s <= 32; s *= 2) {
		fake_advance(s * 1000);
		assert_false(grant_on_trial(w.grant));
		assert_true(grant_start(w.grant));
		(void)refuse(1, AWS_BAD_CREDS, "ExpiredToken");
	}
}

/* A probe that fails for a reason of its own is not the last one. */
static void
test_probing_goes_on(void **state)
{
	(void)state;
	close_gate();
	fake_advance(1000);
	assert_true(grant_start(w.grant));
	assert_false(refuse(50, AWS_NOT_FOUND, "NoSuchKey"));
	assert_false(grant_open(w.grant));
	fake_advance(2000);
	assert_int_equal(w.retries, 2);
	assert_true(grant_start(w.grant));
}

static void
test_opens(void **state)
{
	(void)state;
	close_gate();
	(void)grant_read(w.grant, grant_era(w.grant));
	assert_true(grant_open(w.grant));
	assert_int_equal(w.retries, 0); /* never from inside */
	fake_run();
	assert_int_equal(w.retries, 1);

	close_gate();
	grant_nothing_held(w.grant);
	assert_true(grant_open(w.grant));
}

/* A GET that began before it closed says nothing of what is now. */
static void
test_old_news(void **state)
{
	unsigned before = grant_era(w.grant);

	(void)state;
	close_gate();
	assert_false(grant_read(w.grant, before));
	assert_false(grant_open(w.grant));
	assert_true(grant_read(w.grant, grant_era(w.grant)));
	assert_true(grant_open(w.grant));
	assert_false(grant_read(w.grant, before)); /* open already */
}

/* Whatever becomes of a probe, another one follows. */
static void
test_a_probe_of_its_own_reason(void **state)
{
	(void)state;
	close_gate();
	fake_advance(1000);
	assert_true(grant_start(w.grant));
	grant_failed(w.grant);
	fake_advance(2000);
	assert_int_equal(w.retries, 2);
	/* Nobody takes the turn: it comes again. */
	fake_advance(4000);
	assert_int_equal(w.retries, 3);
	fake_advance(8000);
	assert_int_equal(w.retries, 4);
}

static void
test_probe_now(void **state)
{
	(void)state;
	grant_probe_now(w.grant);
	fake_run();
	assert_int_equal(w.retries, 0);
	close_gate();
	grant_probe_now(w.grant);
	fake_run();
	assert_int_equal(w.retries, 1);
	assert_true(grant_start(w.grant));
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_eighth_key_closes),
	    T(test_same_key_counts_once),
	    T(test_a_read_begins_the_count_again),
	    T(test_what_does_not_count),
	    T(test_credentials_close_at_once),
	    T(test_probes),
	    T(test_trials),
	    T(test_no_trial_without_credentials),
	    T(test_probing_goes_on),
	    T(test_opens),
	    T(test_old_news),
	    T(test_a_probe_of_its_own_reason),
	    T(test_probe_now),
	};

	return cmocka_run_group_tests_name("grant", tests, NULL, NULL);
}
