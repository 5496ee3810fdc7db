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
#include "flow/polls.h"
#include "flow/receipts.h"

#define ROWS(a) (sizeof(a) / sizeof(a)[0])

enum { N = 25, FLUSH_MS = 200 };

static struct {
	unsigned step_s; /* of an extension */
	struct receipts *rs;
	struct receipt r[N];
	unsigned done[N], lost[N];
	enum receipt_op op[N];
	bool inside; /* a call that must not come back */
} t;

static void
on_done(void *arg, struct receipt *r, enum receipt_op op,
    enum receipt_outcome outcome)
{
	size_t i = (size_t)(r - t.r);

	assert_ptr_equal(arg, &t);
	assert_ptr_equal(r->owner, &t.done[i]);
	assert_false(t.inside);
	assert_false(receipt_busy(r));
	t.done[i] += outcome == RECEIPT_DONE;
	t.lost[i] += outcome == RECEIPT_LOST;
	t.op[i] = op;
}

static void
open_world(unsigned visibility_s)
{
	char handle[16];

	fake_begin();
	log_quiet();
	memset(&t, 0, sizeof t);
	t.step_s = visibility_s;
	t.rs = receipts_new(fake_timers(), NULL, on_done, &t);
	for (size_t i = 0; i < N; i++) {
		snprintf(handle, sizeof handle, "h%zu", i);
		receipt_init(
		    &t.r[i], &t.done[i], span_str(handle), visibility_s);
	}
}

static void
close_world(void)
{
	receipts_free(&t.rs);
	assert_null(t.rs);
	for (size_t i = 0; i < N; i++)
		receipt_fini(&t.r[i]);
	assert_null(fake_sqs_nth(0));
	log_set_sink(NULL, NULL);
	fake_end();
}

static void
want(size_t i, enum receipt_op op, unsigned after_s)
{
	t.inside = true;
	if (op == RECEIPT_EXTEND)
		receipts_extend(t.rs, &t.r[i], t.step_s);
	else if (op == RECEIPT_DELETE)
		receipts_delete(t.rs, &t.r[i]);
	else
		receipts_release(t.rs, &t.r[i], after_s);
	t.inside = false;
}

static void
assert_sent(size_t nth, enum fake_sqs_kind kind, size_t n, const char *handle)
{
	struct sqs_op *op = fake_sqs_nth(nth);

	assert_non_null(op);
	assert_int_equal(op->kind, kind);
	assert_int_equal(op->n, n);
	assert_string_equal(op->handle[0], handle);
}

/* ---- leases ---- */

static void
test_lease(void **state)
{
	static const unsigned times_s[] = {2, 3, 30, 300, 43199, 43200};

	(void)state;
	for (size_t k = 0; k < ROWS(times_s); k++) {
		int64_t ms = (int64_t)times_s[k] * 1000, now = clock_mono_ms();
		struct receipt *r = &t.r[0];

		open_world(times_s[k]);
		now = clock_mono_ms();
		/* It began before the reply was here: 1 s. */
		assert_int_equal(r->lease_until_ms, now - 1000 + ms);
		assert_int_equal(
		    receipt_due(r, t.step_s, now - 1000 + ms / 2 - 1), false);
		/* Unless an extension would gain nothing: SQS hides a message
		 * for 12 hours in all. */
		assert_int_equal(receipt_due(r, t.step_s, now - 1000 + ms / 2),
		    times_s[k] > 2 && times_s[k] < SQS_VISIBILITY_MAX_S - 1);
		assert_int_equal(receipt_due(r, t.step_s, now - 1000 + ms - 1),
		    times_s[k] < SQS_VISIBILITY_MAX_S - 1);
		/* It is over: nothing to extend. */
		assert_false(receipt_due(r, t.step_s, now - 1000 + ms));
		close_world();
	}
}

static void
test_longest(void **state)
{
	static const struct {
		int64_t after_s; /* of the reply */
		unsigned wanted_s, is_s;
	} rows[] = {
	    {0, 1, 1},
	    {0, 43198, 43198},
	    {0, 43199, 43198},
	    {0, 43200, 43198},
	    {43196, 60, 2},
	    {43197, 60, 1},
	    {43197, 0, 0},
	    {43198, 60, 0},
	    {43200, 60, 0},
	    {99999, 60, 0},
	};

	(void)state;
	open_world(60);
	for (size_t i = 0; i < ROWS(rows); i++) {
		int64_t now = clock_mono_ms() + rows[i].after_s * 1000;

		assert_int_equal(
		    receipt_longest_s(&t.r[0], rows[i].wanted_s, now),
		    rows[i].is_s);
		assert_int_equal(rows[i].is_s == 0 && rows[i].wanted_s > 0 &&
				     receipt_due(&t.r[0], 60, now),
		    false);
	}
	close_world();
}

/* An extension's lease counts from when it was sent, not answered. */
static void
test_extension(void **state)
{
	int64_t sent;

	(void)state;
	open_world(10);
	fake_advance(4000);
	want(0, RECEIPT_EXTEND, 0);
	fake_advance(FLUSH_MS - 1);
	assert_null(fake_sqs_nth(0));
	fake_advance(1);
	sent = clock_mono_ms();
	assert_sent(0, FAKE_HIDE, 1, "h0");
	assert_int_equal(fake_sqs_at(0)->seconds[0], 10);
	/* Busy: no second one. */
	want(0, RECEIPT_EXTEND, 0);
	fake_advance(3000);
	assert_null(fake_sqs_nth(1));
	fake_sqs_answer(fake_sqs_at(0), 0, NULL);
	assert_int_equal(t.r[0].lease_until_ms, sent + 10000);
	assert_int_equal(t.done[0], 1);
	assert_int_equal(t.op[0], RECEIPT_EXTEND);
	close_world();
}

/* Extended for ever, whatever the timeout, it lives up to SQS's 12 hours. */
static void
test_twelve_hours(void **state)
{
	static const unsigned times_s[] = {30, 300, 3600, 43200};

	(void)state;
	for (size_t k = 0; k < ROWS(times_s); k++) {
		struct receipt *r = &t.r[0];
		int64_t begin, gone;
		struct sqs_op *op;

		open_world(times_s[k]);
		begin = clock_mono_ms();
		while (clock_mono_ms() < r->lease_until_ms) {
			if (receipt_due(r, t.step_s, clock_mono_ms()))
				want(0, RECEIPT_EXTEND, 0);
			if ((op = fake_sqs_nth(0)) != NULL)
				fake_sqs_answer(op, 0, NULL);
			fake_advance(200);
			gone = clock_mono_ms() - begin;
			assert_true(r->lease_until_ms - begin <=
				    (int64_t)SQS_VISIBILITY_MAX_S * 1000);
			assert_true(
			    gone <= (int64_t)SQS_VISIBILITY_MAX_S * 1000);
		}
		gone = clock_mono_ms() - begin;
		assert_true(
		    gone >= (int64_t)(SQS_VISIBILITY_MAX_S - 10) * 1000);
		close_world();
	}
}

/* ---- batches ---- */

static void
test_batches(void **state)
{
	static const struct {
		size_t wanted, at_once, first;
	} rows[] = {{1, 0, 1}, {9, 0, 9}, {10, 1, 10}, {11, 2, 10}, {20, 2, 10},
	    {25, 3, 10}};

	(void)state;
	for (size_t k = 0; k < ROWS(rows); k++) {
		size_t n = 0, sent = 0;
		struct sqs_op *op;

		open_world(60);
		for (size_t i = 0; i < rows[k].wanted; i++)
			want(i, RECEIPT_DELETE, 0);
		while (fake_sqs_nth(n) != NULL)
			n++;
		assert_int_equal(n, rows[k].at_once);
		fake_advance(FLUSH_MS);
		assert_int_equal(fake_sqs_at(0)->n, rows[k].first);
		while ((op = fake_sqs_nth(0)) != NULL) {
			sent += op->n;
			fake_sqs_answer(op, 0, NULL);
			fake_advance(FLUSH_MS);
		}
		assert_int_equal(sent, rows[k].wanted);
		for (size_t i = 0; i < N; i++)
			assert_int_equal(t.done[i], i < rows[k].wanted);
		close_world();
	}
}

/* Deletes and changes go apart; a release says its time. */
static void
test_kinds(void **state)
{
	(void)state;
	open_world(60);
	want(0, RECEIPT_DELETE, 0);
	want(1, RECEIPT_RELEASE, 30);
	want(2, RECEIPT_EXTEND, 0);
	want(3, RECEIPT_RELEASE, 0);
	assert_null(fake_sqs_nth(0));
	receipts_flush(t.rs);
	assert_sent(0, FAKE_DELETE, 1, "h0");
	assert_sent(1, FAKE_HIDE, 3, "h1");
	assert_int_equal(fake_sqs_at(1)->seconds[0], 30);
	assert_int_equal(fake_sqs_at(1)->seconds[1], 60);
	assert_int_equal(fake_sqs_at(1)->seconds[2], 0);
	close_world();
	assert_int_equal(t.done[0] + t.lost[0], 0); /* silence */
}

static void
test_stronger_wish(void **state)
{
	(void)state;
	open_world(60);
	want(0, RECEIPT_EXTEND, 0); /* queued, replaced */
	want(0, RECEIPT_DELETE, 0);
	want(1, RECEIPT_EXTEND, 0);
	receipts_flush(t.rs);
	want(1, RECEIPT_DELETE, 0); /* flying, followed */
	assert_sent(0, FAKE_DELETE, 1, "h0");
	assert_sent(1, FAKE_HIDE, 1, "h1");
	fake_sqs_answer(fake_sqs_at(1), 0, NULL);
	assert_int_equal(t.done[1], 0);
	fake_advance(FLUSH_MS);
	assert_sent(1, FAKE_DELETE, 1, "h1");
	fake_sqs_answer(fake_sqs_at(1), 0, NULL);
	assert_int_equal(t.done[1], 1);
	assert_int_equal(t.op[1], RECEIPT_DELETE);
	/* A weaker one changes nothing. */
	want(0, RECEIPT_EXTEND, 0);
	fake_advance(FLUSH_MS);
	assert_null(fake_sqs_nth(1));
	close_world();
}

/* ---- failures ---- */

static void
test_failed_entry_goes_alone(void **state)
{
	unsigned alone = 0;
	struct sqs_op *op;

	(void)state;
	open_world(60);
	for (size_t i = 0; i < 10; i++)
		want(i, RECEIPT_DELETE, 0);
	fake_sqs_answer(fake_sqs_expect(FAKE_DELETE, 10), 1u << 3 | 1u << 7,
	    "InternalError");
	for (size_t i = 0; i < 10; i++)
		assert_int_equal(t.done[i], i != 3 && i != 7);
	want(10, RECEIPT_DELETE, 0);
	for (int64_t ms = 0; ms < 3000; ms += 10) {
		while ((op = fake_sqs_nth(0)) != NULL) {
			assert_int_equal(op->n, 1);
			alone++;
			fake_sqs_answer(op, 0, NULL);
		}
		fake_advance(10);
	}
	assert_int_equal(alone, 3);
	assert_int_equal(t.done[3] + t.done[7] + t.done[10], 3);
	close_world();
}

static void
test_codes(void **state)
{
	static const struct {
		const char *code;
		bool lost;
	} rows[] = {
	    {"ReceiptHandleIsInvalid", true},
	    {"MessageNotInflight", true},
	    {"AWS.SimpleQueueService.MessageNotInflight", true},
	    {"InvalidParameterValue", true},
	    {"InternalError", false},
	    {"Missing", false},
	    {"RequestThrottled", false},
	    {"", false},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		for (int op = RECEIPT_EXTEND; op <= RECEIPT_RELEASE; op++) {
			open_world(60);
			want(0, (enum receipt_op)op, 5);
			receipts_flush(t.rs);
			fake_sqs_answer(fake_sqs_at(0), 1, rows[i].code);
			assert_int_equal(t.lost[0], rows[i].lost);
			assert_int_equal(t.done[0], 0);
			assert_int_equal(receipt_busy(&t.r[0]), !rows[i].lost);
			close_world();
		}
	}
}

/* SQS is out of reach: tried again as long as the lease lasts, with back-off,
 * and not once more. */
static void
test_until_the_lease_ends(void **state)
{
	static const struct {
		enum receipt_op op;
		unsigned visibility_s;
		bool whole_call;
		unsigned tries_min, tries_max;
	} rows[] = {
	    {RECEIPT_DELETE, 2, true, 1, 10},
	    {RECEIPT_DELETE, 60, true, 5, 60},
	    {RECEIPT_DELETE, 60, false, 5, 60},
	    {RECEIPT_EXTEND, 60, true, 5, 60},
	    {RECEIPT_EXTEND, 43200, true, 2000, 20000},
	    {RECEIPT_RELEASE, 43200, true, 2000, 20000},
	    {RECEIPT_RELEASE, 60, false, 5, 60},
	};

	(void)state;
	for (size_t k = 0; k < ROWS(rows); k++) {
		int64_t end;
		unsigned tries = 0;
		struct sqs_op *op;

		open_world(rows[k].visibility_s);
		end = t.r[0].lease_until_ms;
		want(0, rows[k].op, 1);
		while (t.lost[0] == 0) {
			assert_true(clock_mono_ms() <= end + 1000);
			if ((op = fake_sqs_nth(0)) == NULL) {
				fake_advance(50);
				continue;
			}
			tries++;
			if (rows[k].whole_call)
				fake_sqs_fail(op, AWS_TRANSIENT, ERR_TIMEOUT);
			else
				fake_sqs_answer(op, 1, "InternalError");
		}
		if (tries < rows[k].tries_min || tries > rows[k].tries_max)
			fail_msg("row %zu: %u tries", k, tries);
		assert_int_equal(t.done[0], 0);
		assert_int_equal(t.lost[0], 1);
		close_world();
	}
}

/* At most eight calls of each kind at once; the rest follows, at once. */
static void
test_many(void **state)
{
	size_t n = 0;
	struct sqs_op *op;

	(void)state;
	open_world(60);
	for (size_t i = 0; i < N; i++) {
		want(i, i % 2 ? RECEIPT_DELETE : RECEIPT_RELEASE, 0);
		receipts_flush(t.rs);
	}
	while (fake_sqs_nth(n) != NULL)
		n++;
	assert_int_equal(n, 2 * POLLS_MAX);
	while ((op = fake_sqs_nth(0)) != NULL) {
		fake_sqs_answer(op, 0, NULL);
		fake_run();
	}
	for (size_t i = 0; i < N; i++)
		assert_int_equal(t.done[i], 1);
	close_world();
}

/* SQS hangs on deletes: leases are extended all the same. */
static void
test_deletes_do_not_starve_extensions(void **state)
{
	size_t extensions = 0;

	(void)state;
	open_world(60);
	for (size_t i = 0; i < N - 1; i++) {
		want(i, RECEIPT_DELETE, 0);
		receipts_flush(t.rs);
	}
	want(N - 1, RECEIPT_EXTEND, 0);
	receipts_flush(t.rs);
	for (size_t i = 0; fake_sqs_nth(i) != NULL; i++)
		extensions += fake_sqs_nth(i)->kind == FAKE_HIDE;
	assert_int_equal(extensions, 1);
	close_world();
}

/* A batch that SQS cannot read as a whole: one entry may be to blame, so they
 * go one by one. */
static void
test_a_refused_batch_goes_apart(void **state)
{
	struct sqs_op *op;
	unsigned calls = 0;

	(void)state;
	open_world(60);
	for (size_t i = 0; i < 10; i++)
		want(i, RECEIPT_DELETE, 0);
	fake_sqs_fail(fake_sqs_expect(FAKE_DELETE, 10), AWS_OTHER, ERR_OK);
	for (int64_t ms = 0; ms < 3000; ms += 10) {
		while ((op = fake_sqs_nth(0)) != NULL) {
			assert_int_equal(op->n, 1);
			calls++;
			fake_sqs_answer(op, 0, NULL);
		}
		fake_advance(10);
	}
	assert_int_equal(calls, 10);
	close_world();
}

/* ---- the message came again ---- */

static void
test_renew_idle_and_queued(void **state)
{
	(void)state;
	open_world(60);
	want(1, RECEIPT_DELETE, 0);
	fake_advance(100);
	receipt_renew(&t.r[0], SPAN("new0"), 60);
	receipt_renew(&t.r[1], SPAN("new1"), 60);
	assert_int_equal(t.r[0].lease_until_ms, clock_mono_ms() + 59000);
	want(0, RECEIPT_DELETE, 0);
	receipts_flush(t.rs);
	assert_sent(0, FAKE_DELETE, 2, "new1");
	assert_string_equal(fake_sqs_at(0)->handle[1], "new0");
	fake_sqs_answer(fake_sqs_at(0), 0, NULL);
	assert_int_equal(t.done[0] + t.done[1], 2);
	close_world();
}

/* What was said of the old handle is said of the new one, however the old one
 * came out. */
static void
test_renew_flying(void **state)
{
	static const struct {
		enum receipt_op op;
		bool ok;
		const char *code;
	} rows[] = {
	    {RECEIPT_DELETE, true, NULL},
	    {RECEIPT_DELETE, false, "ReceiptHandleIsInvalid"},
	    {RECEIPT_RELEASE, true, NULL},
	    {RECEIPT_RELEASE, false, "InternalError"},
	    {RECEIPT_EXTEND, true, NULL},
	    {RECEIPT_EXTEND, false, "ReceiptHandleIsInvalid"},
	};

	(void)state;
	for (size_t k = 0; k < ROWS(rows); k++) {
		bool leaves = rows[k].op != RECEIPT_EXTEND;
		int64_t until;

		open_world(60);
		want(0, rows[k].op, 7);
		receipts_flush(t.rs);
		fake_advance(1000);
		receipt_renew(&t.r[0], SPAN("new"), 60);
		until = t.r[0].lease_until_ms;
		fake_sqs_answer(fake_sqs_at(0), !rows[k].ok, rows[k].code);
		assert_int_equal(t.r[0].lease_until_ms, until);
		assert_int_equal(t.lost[0], 0);
		assert_int_equal(t.done[0], !leaves);
		fake_advance(FLUSH_MS);
		if (leaves) {
			assert_sent(0,
			    rows[k].op == RECEIPT_DELETE ? FAKE_DELETE
							 : FAKE_HIDE,
			    1, "new");
			fake_sqs_answer(fake_sqs_at(0), 0, NULL);
			assert_int_equal(t.done[0], 1);
		}
		close_world();
	}
}

static void
test_renew_resting(void **state)
{
	struct sqs_op *op = NULL;

	(void)state;
	open_world(4);
	want(0, RECEIPT_DELETE, 0);
	receipts_flush(t.rs);
	fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_RESET);
	receipt_renew(&t.r[0], SPAN("new"), 60);
	for (int i = 0; op == NULL && i < 1000; i++) {
		fake_advance(10);
		op = fake_sqs_nth(0);
	}
	assert_sent(0, FAKE_DELETE, 1, "new");
	close_world();
}

/* Freed with receipts in every state, and with a wish behind a flight. */
static void
test_free_in_any_state(void **state)
{
	(void)state;
	open_world(60);
	want(0, RECEIPT_DELETE, 0);
	receipts_flush(t.rs);
	fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_RESET); /* resting */
	want(1, RECEIPT_EXTEND, 0);
	receipts_flush(t.rs);
	want(1, RECEIPT_DELETE, 0);
	want(2, RECEIPT_DELETE, 0);
	want(3, RECEIPT_RELEASE, 0);
	close_world();
	for (size_t i = 0; i < N; i++)
		assert_int_equal(t.done[i] + t.lost[i], 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lease),
	    cmocka_unit_test(test_longest),
	    cmocka_unit_test(test_extension),
	    cmocka_unit_test(test_twelve_hours),
	    cmocka_unit_test(test_batches),
	    cmocka_unit_test(test_kinds),
	    cmocka_unit_test(test_stronger_wish),
	    cmocka_unit_test(test_failed_entry_goes_alone),
	    cmocka_unit_test(test_codes),
	    cmocka_unit_test(test_until_the_lease_ends),
	    cmocka_unit_test(test_many),
	    cmocka_unit_test(test_deletes_do_not_starve_extensions),
	    cmocka_unit_test(test_a_refused_batch_goes_apart),
	    cmocka_unit_test(test_renew_idle_and_queued),
	    cmocka_unit_test(test_renew_flying),
	    cmocka_unit_test(test_renew_resting),
	    cmocka_unit_test(test_free_in_any_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
