#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fake/fake_http.c"
#include "fake/fake_sqs.c"
#include "fake/quiet.h"
#include "flow/messages.h"

#define ROWS(a) (sizeof(a) / sizeof(a)[0])

static struct {
	struct messages *ms;
	unsigned changed;
	bool inside;
} t;

static void
on_changed(void *arg)
{
	assert_ptr_equal(arg, &t);
	t.changed++;
}

static void
open_world(unsigned visibility_s, unsigned redeliver_after_s)
{
	memset(&t, 0, sizeof t);
	fake_begin();
	log_quiet();
	t.ms = messages_new(fake_timers(), NULL, visibility_s,
	    redeliver_after_s, on_changed, &t);
}

static void
close_world(void)
{
	messages_free(&t.ms);
	assert_null(t.ms);
	assert_null(fake_sqs_nth(0));
	log_set_sink(NULL, NULL);
	fake_end();
}

static struct message *
hold(const char *id, const char *handle, unsigned receive_count)
{
	struct sqs_message m = {.id = span_str(id),
	    .handle = span_str(handle),
	    .receive_count = receive_count};

	return messages_hold(t.ms, &m, 100);
}

static struct messages_stats
stats(void)
{
	return messages_stats(t.ms);
}

/* Answers all that is asked for so long. */
static void
answer_for(int64_t ms)
{
	struct sqs_op *op;

	for (; ms > 0; ms -= 50) {
		while ((op = fake_sqs_nth(0)) != NULL)
			fake_sqs_answer(op, 0, NULL);
		fake_advance(50);
	}
}

static void
flush_and_expect(enum fake_sqs_kind kind, const char *handle, unsigned seconds)
{
	messages_flush(t.ms);
	assert_int_equal(fake_sqs_expect(kind, 1)->kind, kind);
	assert_string_equal(fake_sqs_at(0)->handle[0], handle);
	if (kind == FAKE_HIDE)
		assert_int_equal(fake_sqs_at(0)->seconds[0], seconds);
	fake_sqs_answer(fake_sqs_at(0), 0, NULL);
}

static void
test_deleted_when_all_are_good(void **state)
{
	struct message *m;

	(void)state;
	open_world(60, 30);
	m = hold("a", "h", 1);
	assert_non_null(m);
	message_expect(m);
	message_expect(m);
	assert_int_equal(messages_held(t.ms), 1);
	assert_true(messages_bytes(t.ms) > 100);
	message_ended(t.ms, m, true);
	message_ended(t.ms, m, true);
	fake_advance(1000);
	assert_null(fake_sqs_nth(0));
	message_ended(t.ms, m, true);
	assert_int_equal(messages_held(t.ms), 0);
	assert_int_equal(messages_count(t.ms), 1);
	flush_and_expect(FAKE_DELETE, "h", 0);
	assert_int_equal(messages_count(t.ms), 0);
	assert_int_equal(messages_bytes(t.ms), 0);
	assert_int_equal(stats().deleted, 1);
	assert_int_equal(t.changed, 2);
	close_world();
}

/* What is parked when we end, by how often it was received. */
static void
test_hidden_when_we_end(void **state)
{
	static const unsigned hidden_s[] = {30, 240, 1920, 7200, 7200, 7200};

	(void)state;
	open_world(60, 30);
	for (unsigned i = 0; i < sizeof hidden_s / sizeof hidden_s[0]; i++) {
		message_release(t.ms, hold("a", "h", i + 1), BACK_OFF_STOP);
		flush_and_expect(FAKE_HIDE, "h", hidden_s[i]);
	}
	close_world();
}

/* One that is not good, wherever it stands, and it is not deleted. */
static void
test_one_bad_object(void **state)
{
	(void)state;
	for (int bad = 0; bad < 3; bad++) {
		struct message *m;

		open_world(60, 30);
		m = hold("a", "h", 1);
		message_expect(m);
		message_expect(m);
		for (int i = 0; i < 3; i++)
			message_ended(t.ms, m, i != bad);
		flush_and_expect(FAKE_HIDE, "h", 30);
		assert_int_equal(stats().deleted, 0);
		assert_int_equal(stats().failed, 1);
		assert_int_equal(stats().released, 1);
		assert_int_equal(messages_count(t.ms), 0);
		close_world();
	}
}

static void
test_redelivery_backs_off(void **state)
{
	static const struct {
		unsigned after_s, receives, is_s;
	} rows[] = {
	    {30, 0, 30},
	    {30, 1, 30},
	    {30, 2, 60},
	    {30, 3, 120},
	    {30, 5, 480},
	    {30, 6, 900},
	    {30, 7, 900},
	    {30, UINT32_MAX, 900},
	    {0, 1, 0},
	    {0, 4000, 0},
	    {900, 1, 900},
	    {900, 2, 900},
	    /* More than a quarter of an hour only if that was asked for. */
	    {3600, 1, 3600},
	    {3600, 2, 3600},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		open_world(3600, rows[i].after_s);
		message_ended(t.ms, hold("a", "h", rows[i].receives), false);
		flush_and_expect(FAKE_HIDE, "h", rows[i].is_s);
		close_world();
	}
}

static void
test_put_back(void **state)
{
	struct message *m;

	(void)state;
	open_world(60, 30);
	m = hold("a", "ha", 3);
	message_back_off(m, BACK_OFF_NONE);
	message_ended(t.ms, m, false);
	flush_and_expect(FAKE_HIDE, "ha", 0);
	m = hold("b", "hb", 3);
	messages_put_back(t.ms);
	message_ended(t.ms, m, false);
	flush_and_expect(FAKE_HIDE, "hb", 0);
	/* What was delivered is deleted all the same. */
	m = hold("c", "hc", 3);
	messages_put_back(t.ms);
	message_ended(t.ms, m, true);
	flush_and_expect(FAKE_DELETE, "hc", 0);
	close_world();
}

static void
test_release_all(void **state)
{
	struct message *leaving;

	(void)state;
	open_world(60, 30);
	leaving = hold("a", "ha", 1);
	message_ended(t.ms, leaving, true);
	(void)hold("b", "hb", 1);
	message_expect(hold("c", "hc", 1));
	messages_release_all(t.ms);
	assert_int_equal(messages_held(t.ms), 0);
	fake_sqs_answer(fake_sqs_expect(FAKE_DELETE, 1), 0, NULL);
	assert_int_equal(fake_sqs_expect(FAKE_HIDE, 2)->seconds[0], 0);
	assert_int_equal(fake_sqs_at(0)->seconds[1], 0);
	fake_sqs_answer(fake_sqs_at(0), 0, NULL);
	assert_int_equal(messages_count(t.ms), 0);
	assert_int_equal(stats().released, 2);
	close_world();
}

/* Extended at half time, before it ends, from the first moment on; whatever
 * the timeout. */
static void
test_extended_in_time(void **state)
{
	static const unsigned times_s[] = {2, 3, 5, 30, 300, 3600};

	(void)state;
	for (size_t k = 0; k < ROWS(times_s); k++) {
		int64_t vis = (int64_t)times_s[k] * 1000, end, now;
		unsigned n = 0, step_s = 0;
		struct sqs_op *op;

		open_world(times_s[k], 30);
		(void)hold("a", "h", 1);
		now = clock_mono_ms();
		end = now - 1000 + vis; /* as SQS sees it, at worst */
		while (n < 6) {
			fake_advance(50);
			now = clock_mono_ms();
			assert_true(now < end);
			if ((op = fake_sqs_nth(0)) == NULL)
				continue;
			/* In steps of a quarter of an hour at most. */
			step_s = times_s[k] < 900 ? times_s[k] : 900;
			assert_int_equal(op->seconds[0], step_s);
			end = now + (int64_t)step_s * 1000;
			/* Half an interval, a tick, and the flush. */
			n++;
			fake_advance(100);
			fake_sqs_answer(op, 0, NULL);
		}
		assert_true(clock_mono_ms() - 1000000 >=
			    5 * (int64_t)step_s * 1000 / 2 - 1000);
		assert_int_equal(stats().leases_extended, 6);
		assert_int_equal(stats().leases_lost, 0);
		close_world();
	}
}

static struct sqs_op *
next_call(void)
{
	struct sqs_op *op;

	while ((op = fake_sqs_nth(0)) == NULL)
		fake_advance(50);
	assert_int_equal(op->kind, FAKE_HIDE);
	return op;
}

/* Who is parked may be so for hours: fewer calls, but nothing is hidden for
 * longer than a quarter of an hour when we are killed. */
static void
test_parked_is_extended_by_a_quarter_of_an_hour(void **state)
{
	struct message *m;
	struct sqs_op *op;

	(void)state;
	open_world(120, 30);
	m = hold("a", "h", 1);
	m->stay.parked = true;
	op = next_call();
	assert_int_equal(op->seconds[0], 900);
	fake_sqs_answer(op, 0, NULL);
	m->stay.parked = false;
	op = next_call();
	assert_int_equal(op->seconds[0], 120);
	fake_sqs_answer(op, 0, NULL);
	close_world();
}

/* It is noticed, once, whether SQS says so or never answers; it may still be
 * delivered, but is not reported as deleted. */
static void
test_lost_lease(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		struct message *m;
		struct sqs_op *op;

		open_world(4, 30);
		m = hold("a", "h", 1);
		for (int i = 0; i < 200; i++) {
			fake_advance(50);
			if (way == 2 || (op = fake_sqs_nth(0)) == NULL)
				continue;
			if (way == 0)
				fake_sqs_answer(
				    op, 1, "ReceiptHandleIsInvalid");
			else
				fake_sqs_fail(op, AWS_BAD_CREDS, ERR_OK);
		}
		if (way == 2) /* a call that was never answered */
			fake_sqs_fail(fake_sqs_expect(FAKE_HIDE, 1),
			    AWS_TRANSIENT, ERR_TIMEOUT);
		assert_int_equal(stats().leases_lost, 1);
		assert_true(message_is_lost(m));
		message_ended(t.ms, m, true);
		flush_and_expect(FAKE_DELETE, "h", 0);
		assert_int_equal(stats().deleted, 0);
		assert_int_equal(stats().delete_failures, 1);
		assert_int_equal(messages_count(t.ms), 0);
		close_world();
	}
}

static void
test_delete_fails(void **state)
{
	(void)state;
	open_world(60, 30);
	message_ended(t.ms, hold("a", "h", 1), true);
	messages_flush(t.ms);
	fake_sqs_answer(
	    fake_sqs_expect(FAKE_DELETE, 1), 1, "ReceiptHandleIsInvalid");
	assert_int_equal(stats().deleted, 0);
	assert_int_equal(stats().delete_failures, 1);
	assert_int_equal(messages_count(t.ms), 0);
	close_world();
}

/* The same message again: one job, the newer handle. */
static void
test_again_while_held(void **state)
{
	struct message *m;

	(void)state;
	open_world(60, 30);
	m = hold("a", "old", 1);
	message_expect(m);
	message_ended(t.ms, m, true);
	fake_advance(10000);
	assert_null(hold("a", "new", 3));
	assert_int_equal(stats().duplicate, 1);
	assert_int_equal(messages_held(t.ms), 1);
	assert_int_equal(messages_count(t.ms), 1);
	fake_advance(
	    28000); /* half of the new lease is left, none of the old */
	assert_null(fake_sqs_nth(0));
	message_ended(t.ms, m, false);
	flush_and_expect(FAKE_HIDE, "new", 120); /* the third receive */
	close_world();
}

static void
test_again_after_its_lease(void **state)
{
	struct message *m;

	(void)state;
	open_world(4, 30);
	m = hold("a", "old", 1);
	for (int i = 0; i < 100; i++) {
		struct sqs_op *op = fake_sqs_nth(0);

		if (op != NULL)
			fake_sqs_answer(op, 1, "MessageNotInflight");
		fake_advance(50);
	}
	assert_true(message_is_lost(m));
	assert_null(hold("a", "new", 2));
	assert_false(message_is_lost(m));
	answer_for(10000); /* extended again */
	assert_true(stats().leases_extended >= 3);
	message_ended(t.ms, m, true);
	flush_and_expect(FAKE_DELETE, "new", 0);
	assert_int_equal(stats().deleted, 1);
	close_world();
}

/* While its delete is under way: it is deleted under the new handle too. */
static void
test_again_while_leaving(void **state)
{
	(void)state;
	open_world(60, 30);
	message_ended(t.ms, hold("a", "old", 1), true);
	messages_flush(t.ms);
	(void)fake_sqs_expect(FAKE_DELETE, 1);
	assert_null(hold("a", "new", 2));
	fake_sqs_answer(fake_sqs_at(0), 0, NULL);
	assert_int_equal(messages_count(t.ms), 1);
	flush_and_expect(FAKE_DELETE, "new", 0);
	assert_int_equal(messages_count(t.ms), 0);
	assert_int_equal(stats().deleted, 1);
	/* And a new life after that. */
	assert_non_null(hold("a", "newer", 3));
	close_world();
}

static void
test_many(void **state)
{
	char id[16], handle[16];
	struct message *m[200];

	(void)state;
	open_world(60, 30);
	for (size_t i = 0; i < ROWS(m); i++) {
		snprintf(id, sizeof id, "m%zu", i);
		snprintf(handle, sizeof handle, "h%zu", i);
		m[i] = hold(id, handle, 1);
	}
	answer_for(120000);
	assert_true(stats().leases_extended >= 3 * ROWS(m));
	for (size_t i = 0; i < ROWS(m); i++)
		message_ended(t.ms, m[i], i % 3 > 0);
	answer_for(5000);
	assert_int_equal(messages_count(t.ms), 0);
	assert_int_equal(stats().deleted, 133);
	assert_int_equal(stats().released, 67);
	assert_int_equal(stats().leases_lost, 0);
	close_world();
}

/* Each time that SQS gives it out, held already or not. */
static void
test_receive_counts(void **state)
{
	struct histogram h;

	(void)state;
	open_world(60, 30);
	message_ended(t.ms, hold("a", "h1", 1), true);
	message_ended(t.ms, hold("b", "h2", 7), true);
	assert_null(hold("b", "h3", 8));
	h = stats().receives;
	assert_int_equal(histogram_count(&h), 3);
	assert_int_equal(h.sum, 16);
	assert_int_equal(h.bucket[0], 1);
	assert_int_equal(h.bucket[5], 2);
	close_world();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_deleted_when_all_are_good),
	    cmocka_unit_test(test_hidden_when_we_end),
	    cmocka_unit_test(test_one_bad_object),
	    cmocka_unit_test(test_redelivery_backs_off),
	    cmocka_unit_test(test_put_back),
	    cmocka_unit_test(test_release_all),
	    cmocka_unit_test(test_extended_in_time),
	    cmocka_unit_test(test_parked_is_extended_by_a_quarter_of_an_hour),
	    cmocka_unit_test(test_lost_lease),
	    cmocka_unit_test(test_delete_fails),
	    cmocka_unit_test(test_again_while_held),
	    cmocka_unit_test(test_again_after_its_lease),
	    cmocka_unit_test(test_again_while_leaving),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_receive_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
