#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"
#include "fake/fake_http.c"
#include "flow/grant.h"

static struct {
	struct grant *grant;
	unsigned retries;
	bool held;		     /* whether any object is */
	bool answered;		     /* whether a GET fails after its head */
	unsigned closings, openings; /* that were told */
} w;

static bool
on_retry(void *arg)
{
	assert_ptr_equal(arg, &w);
	w.retries++;
	return w.held;
}

static bool
names(struct span line, const char *event)
{
	return memmem(line.p, line.n, event, strlen(event)) != NULL;
}

static void
on_log(void *arg, struct span line)
{
	assert_ptr_equal(arg, &w);
	w.closings += names(line, "level=error event=s3.gate.closed ");
	w.openings += names(line, "level=info event=s3.gate.opened ");
}

static int
set_up(void **state)
{
	(void)state;
	fake_begin();
	log_set_sink(on_log, &w);
	w.closings = w.openings = 0;
	w.retries = 0;
	w.held = true;
	w.answered = false;
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
	log_set_sink(NULL, NULL);
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
	return grant_refused(w.grant, SPAN("bucket"),
	    (struct span){name, (size_t)n}, &r, w.answered);
}

static uint64_t
start_fresh(void)
{
	return grant_start(w.grant, false);
}

static uint64_t
start_held(void)
{
	return grant_start(w.grant, true);
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
		assert_true(refuse(i, AWS_DENIED, "AccessDenied"));
		assert_true(grant_open(w.grant));
		assert_int_equal(start_fresh(), i + 1);
		assert_int_equal(start_held(), 0);
	}
	assert_true(refuse(99, AWS_NOT_FOUND, "NoSuchBucket"));
	assert_false(grant_open(w.grant));
	assert_int_equal(start_fresh(), 0);
	assert_int_equal(start_held(), 0);
	assert_int_equal(grant_started(w.grant), GRANT_REFUSALS - 1);
}

/* One forbidden key that comes again and again says nothing of the others. */
static void
test_same_key_counts_once(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 10 * GRANT_REFUSALS; i++)
		assert_true(refuse(i % 7, AWS_DENIED, "AccessDenied"));
	assert_true(grant_open(w.grant));
}

static void
test_a_read_begins_the_count_again(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 3; round++) {
		for (unsigned i = 0; i < GRANT_REFUSALS - 1; i++)
			assert_true(refuse(i, AWS_DENIED, "AccessDenied"));
		assert_true(grant_read(w.grant, start_fresh()));
	}
	assert_true(grant_open(w.grant));
}

static void
test_what_does_not_count(void **state)
{
	static const struct {
		enum aws_class class;
		const char *code;
		bool answered;
	} rows[] = {
	    {AWS_NOT_FOUND, "NoSuchKey", false},
	    {AWS_NOT_FOUND, "NoSuchVersion", false},
	    {AWS_OTHER, "InvalidObjectState", false},
	    {AWS_OTHER, "PreconditionFailed", false},
	    {AWS_OTHER, "", true},
	    {AWS_TRANSIENT, "", true},
	    {AWS_THROTTLED, "SlowDown", true},
	};

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		size_t row = i % (sizeof rows / sizeof *rows);

		w.answered = rows[row].answered;
		assert_false(refuse(i, rows[row].class, rows[row].code));
	}
	assert_true(grant_open(w.grant));
}

/* S3 cannot be reached, is elsewhere, or in trouble: it may be so for all. */
static void
test_what_counts(void **state)
{
	static const struct {
		enum aws_class class;
		const char *code;
	} rows[] = {
	    {AWS_TRANSIENT, ""},
	    {AWS_TRANSIENT, "InternalError"},
	    {AWS_THROTTLED, "SlowDown"},
	    {AWS_WRONG_REGION, "PermanentRedirect"},
	    {AWS_NOT_FOUND, ""},
	    {AWS_OTHER, "MethodNotAllowed"},
	    {AWS_BAD_CREDS, "AuthorizationHeaderMalformed"},
	    {AWS_DENIED, "KMS.DisabledException"},
	};

	(void)state;
	for (unsigned i = 0; i < GRANT_REFUSALS; i++) {
		assert_true(grant_open(w.grant));
		assert_true(refuse(i, rows[i].class, rows[i].code));
	}
	assert_false(grant_open(w.grant));
}

static void
test_credentials_close_at_once(void **state)
{
	static const enum aws_class rows[] = {AWS_NO_CREDS, AWS_BAD_CREDS};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_true(refuse(1, rows[i], ""));
		assert_false(grant_open(w.grant));
		fake_advance(1000);
		assert_true(grant_read(w.grant, start_held()));
		assert_true(grant_open(w.grant));
	}
}

/* 1 s, doubling to 60 s, one object each. */
static void
check_probes(void)
{
	static const int64_t waits[] = {1, 2, 4, 8, 16, 32, 60, 60};

	for (size_t i = 0; i < sizeof waits / sizeof *waits; i++) {
		fake_advance(waits[i] * 1000 - 1);
		assert_int_equal(w.retries, i);
		assert_int_equal(start_held(), 0);
		fake_advance(1);
		assert_int_equal(w.retries, i + 1);
		assert_int_not_equal(start_held(), 0);
		assert_int_equal(start_held(), 0);
		assert_true(refuse(5, AWS_DENIED, "AccessDenied"));
	}
}

static void
test_probes(void **state)
{
	(void)state;
	close_gate();
	check_probes();
}

/* Fewer than eight: who was refused has turns all the same, beside all others.
 */
static void
test_probes_while_open(void **state)
{
	(void)state;
	(void)refuse(5, AWS_DENIED, "AccessDenied");
	assert_int_not_equal(start_fresh(), 0);
	check_probes();
	assert_true(grant_open(w.grant));
	assert_int_not_equal(start_fresh(), 0);
}

/* A fresh one takes no turn from a held one, unless the turn is its own. */
static void
test_whose_turn(void **state)
{
	(void)state;
	(void)refuse(5, AWS_DENIED, "AccessDenied");
	fake_advance(1000);
	assert_int_not_equal(start_fresh(), 0);
	assert_int_not_equal(start_held(), 0);
	(void)refuse(5, AWS_DENIED, "AccessDenied");
	fake_advance(2000);
	assert_true(grant_on_trial(w.grant));
	assert_int_not_equal(start_fresh(), 0);
	assert_false(grant_on_trial(w.grant));
	assert_int_equal(start_held(), 0);
}

/* Nothing is held any more: no more turns, and the next time it is as fast as
 * the first. */
static void
test_turns_end(void **state)
{
	(void)state;
	(void)refuse(5, AWS_DENIED, "AccessDenied");
	fake_advance(1000);
	assert_true(grant_read(w.grant, start_held()));
	w.held = false;
	fake_advance(3600 * 1000);
	assert_int_equal(w.retries, 2); /* the one that was set already */
	(void)refuse(6, AWS_DENIED, "AccessDenied");
	fake_advance(1000);
	assert_int_equal(w.retries, 3);
	assert_int_equal(start_held(), 0); /* it had no use for the turn */
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
	assert_int_not_equal(start_held(), 0);
	(void)refuse(50, AWS_DENIED, "AccessDenied");
	fake_advance(2000);
	assert_true(grant_on_trial(w.grant));
	fake_advance(4000); /* nobody came */
	assert_false(grant_on_trial(w.grant));
	assert_int_not_equal(start_held(), 0);
	(void)refuse(51, AWS_DENIED, "AccessDenied");
	fake_advance(8000);
	assert_true(grant_on_trial(w.grant));
	assert_int_not_equal(start_fresh(), 0);
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
		assert_int_not_equal(start_held(), 0);
		(void)refuse(1, AWS_NO_CREDS, "");
	}
}

/* The credentials are good again, and one key is forbidden all the same: others
 * must have their turn. */
static void
test_trials_after_credentials(void **state)
{
	(void)state;
	(void)refuse(1, AWS_NO_CREDS, "");
	fake_advance(1000);
	assert_int_not_equal(start_held(), 0);
	(void)refuse(1, AWS_DENIED, "AccessDenied");
	fake_advance(2000);
	assert_true(grant_on_trial(w.grant));
}

/* That there were none once says nothing of a refusal later on. */
static void
test_trials_long_after_credentials(void **state)
{
	unsigned trials = 0;

	(void)state;
	(void)refuse(1, AWS_NO_CREDS, "");
	fake_advance(1000);
	assert_true(grant_read(w.grant, start_held()));
	w.held = false;
	fake_advance(2000); /* the turn that was set already: the last one */
	w.held = true;
	(void)refuse(2, AWS_DENIED, "AccessDenied");
	for (int64_t ms = 1000; ms <= 8000; ms *= 2) {
		fake_advance(ms);
		trials += grant_on_trial(w.grant);
	}
	assert_int_equal(trials, 2);
}

/* One after the other, as long as there are any. */
static void
test_trials_go_on(void **state)
{
	(void)state;
	close_gate();
	for (unsigned i = 0; i < 20; i++) {
		fake_advance(1000);
		assert_false(grant_on_trial(w.grant));
		assert_int_not_equal(start_held(), 0);
		(void)refuse(0, AWS_DENIED, "AccessDenied");
		fake_advance(2000);
		assert_true(grant_on_trial(w.grant));
		assert_int_not_equal(start_fresh(), 0);
		(void)refuse(100 + i, AWS_DENIED, "AccessDenied");
	}
}

/* A probe that fails for a reason of its own is not the last one. */
static void
test_probing_goes_on(void **state)
{
	(void)state;
	close_gate();
	fake_advance(1000);
	assert_int_not_equal(start_held(), 0);
	assert_false(refuse(50, AWS_NOT_FOUND, "NoSuchKey"));
	assert_false(grant_open(w.grant));
	grant_later(w.grant);
	fake_advance(2000);
	assert_int_equal(w.retries, 2);
	/* Nobody takes the turn: it comes again. */
	fake_advance(4000);
	assert_int_equal(w.retries, 3);
	fake_advance(8000);
	assert_int_equal(w.retries, 4);
	assert_int_not_equal(start_held(), 0);
}

static void
test_nothing_held(void **state)
{
	(void)state;
	close_gate();
	grant_nothing_held(w.grant);
	assert_true(grant_open(w.grant));
	assert_int_equal(w.retries, 0); /* never from inside */
	fake_run();
	assert_int_equal(w.retries, 1);
}

/* A GET that started before it closed says nothing of what is now. */
static void
test_old_news(void **state)
{
	uint64_t before = start_fresh(), later;

	(void)state;
	close_gate();
	assert_false(grant_read(w.grant, before));
	assert_false(grant_open(w.grant));
	fake_advance(1000);
	later = start_held();
	assert_int_equal(later, before + 1);
	assert_true(grant_read(w.grant, later));
	assert_true(grant_open(w.grant));
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
	assert_int_not_equal(start_held(), 0);
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, set_up, tear_down)

/* However often it turns: the log ends with what is true. */
static void
test_each_turn_is_told(void **state)
{
	(void)state;
	for (unsigned i = 1; i <= 4; i++) {
		close_gate();
		assert_int_equal(w.closings, i);
		fake_advance(1000);
		assert_true(grant_read(w.grant, start_held()));
		assert_int_equal(w.openings, i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(test_eighth_key_closes),
	    T(test_same_key_counts_once),
	    T(test_a_read_begins_the_count_again),
	    T(test_what_does_not_count),
	    T(test_what_counts),
	    T(test_credentials_close_at_once),
	    T(test_probes),
	    T(test_probes_while_open),
	    T(test_whose_turn),
	    T(test_turns_end),
	    T(test_trials),
	    T(test_trials_go_on),
	    T(test_trials_after_credentials),
	    T(test_trials_long_after_credentials),
	    T(test_no_trial_without_credentials),
	    T(test_probing_goes_on),
	    T(test_nothing_held),
	    T(test_old_news),
	    T(test_probe_now),
	    T(test_each_turn_is_told),
	};

	return cmocka_run_group_tests_name("grant", tests, NULL, NULL);
}
