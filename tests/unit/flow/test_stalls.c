/*
 * What fills all places with messages that cannot be delivered, one by one:
 * those behind them must arrive all the same, in bounded (virtual) time.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "fake/model.c"

enum { HOUR_MS = 3600 * 1000 };

static void
put(enum model_kind kind, unsigned n)
{
	while (n-- > 0) {
		unsigned o = model_object(kind, 1, 50);

		(void)model_message(&o, 1);
	}
}

static void
open_world(unsigned max_messages)
{
	struct model_conf c = {.seed = 5, .one_shape = true};

	set_defaults(&c.shipper);
	c.shipper.max_messages = max_messages;
	model_begin(&c);
	put(MODEL_GOOD, 1);
	assert_true(model_settle(HOUR_MS) >= 0);
}

static void
close_world(int64_t within_ms)
{
	put(MODEL_GOOD, 5);
	int64_t took = model_settle(within_ms);

	if (took < 0)
		fail_msg("%u messages held, %u good left",
		    shipper_stats(model_shipper()).messages_held,
		    model_stats().good_left);
	assert_true(model_drain(60000) <= 60000);
	assert_int_equal(model_stats().hidden_by_us, 0);
	model_end();
}

/* More forbidden objects than there are places, trials included. */
static void
test_forbidden(void **state)
{
	static const struct {
		unsigned max, bad;
	} rows[] = {{1, 5}, {1, 40}, {5, 60}, {50, 200}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		open_world(rows[i].max);
		put(MODEL_FORBIDDEN, rows[i].bad);
		model_run(HOUR_MS);
		close_world(24 * HOUR_MS);
	}
}

/* As many refused events as there are places. */
static void
test_refused(void **state)
{
	static const struct {
		unsigned max, bad;
	} rows[] = {{1, 1}, {5, 5}, {20, 5}, {20, 19}, {20, 20}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		open_world(rows[i].max);
		put(MODEL_POISON, rows[i].bad);
		model_run(60 * 1000);
		close_world(HOUR_MS);
	}
}

static const char *said;

static bool
say_it(struct request *r, const char *what)
{
	char body[100];

	if (what[1] != '3' || strstr(fake_url(r), "log-1.json") == NULL)
		return false;
	snprintf(body, sizeof body, "<Error><Code>%s</Code></Error>", said);
	fake_reply(r, 400, NULL, span_str(body));
	return true;
}

/* Of one key S3 says what it otherwise says of credentials. */
static void
test_one_key_and_credentials(void **state)
{
	static const char *const codes[] = {"SignatureDoesNotMatch",
	    "RequestTimeTooSkewed", "MissingAuthenticationToken",
	    "InvalidToken", "InvalidAccessKeyId", "ExpiredToken"};

	(void)state;
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		open_world(20);
		said = codes[i];
		model_set_hook(say_it);
		put(MODEL_CORRUPT, 1);
		model_run(10 * 1000);
		put(MODEL_GOOD, 50);
		close_world(HOUR_MS);
	}
}

/* What nobody waits for any more takes no place. */
static void
test_twelve_hours(void **state)
{
	(void)state;
	open_world(5);
	put(MODEL_FORBIDDEN, 3);
	model_run(HOUR_MS);
	assert_int_equal(shipper_stats(model_shipper()).messages_held, 3);
	for (size_t i = 0; i < M.nmessages; i++)
		M.message[i].dead = !M.message[i].good;
	model_run(13 * HOUR_MS);
	assert_int_equal(shipper_stats(model_shipper()).messages_held, 0);
	close_world(HOUR_MS);
}

/* After an outage in which all that waited has run out there are only objects
 * that are gone: S3 says so of each, so there is no poll a minute. */
static void
test_gone_after_an_outage(void **state)
{
	uint64_t gets;

	(void)state;
	open_world(20);
	model_refuse(1, 0, 13 * (int64_t)HOUR_MS);
	put(MODEL_GOOD, 3);
	model_run(HOUR_MS);
	for (size_t i = 0; i < M.nmessages; i++)
		M.message[i].dead = true;
	model_run(13 * (int64_t)HOUR_MS);
	assert_int_equal(shipper_stats(model_shipper()).messages_held, 0);
	gets = model_stats().gets;
	put(MODEL_MISSING, 300);
	model_run(5 * 60 * 1000);
	assert_true(model_stats().gets >= gets + 300);
	model_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_forbidden),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_one_key_and_credentials),
	    cmocka_unit_test(test_twelve_hours),
	    cmocka_unit_test(test_gone_after_an_outage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
