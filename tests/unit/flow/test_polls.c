#include <limits.h>
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
#include "flow/polls.h"

static struct {
	struct http_budget replies;
	struct polls *polls;
	unsigned ended, tickets, hasty, vain;
	unsigned cut, recovered; /* lines */
} t;

static bool
has(struct span line, const char *what)
{
	return memmem(line.p, line.n, what, strlen(what)) != NULL;
}

static void
on_log(void *arg, struct span line)
{
	assert_ptr_equal(arg, &t);
	t.cut += has(line, "level=warn event=sqs.wait wait_s=7 ");
	t.recovered += has(line, "level=info event=sqs.wait.recovered ");
}

static void
on_ended(void *arg, const struct poll_end *e)
{
	assert_ptr_equal(arg, &t);
	t.ended++;
	t.tickets += e->ticket;
	t.hasty += e->hasty;
}

static void
on_vain(void *arg)
{
	assert_ptr_equal(arg, &t);
	t.vain++;
}

static void
open_world(unsigned wait_max_s)
{
	struct polls_conf conf = {.timers = fake_timers(),
	    .replies = &t.replies,
	    .visibility_s = 120,
	    .wait_max_s = wait_max_s,
	    .ended = on_ended,
	    .vain = on_vain,
	    .vain_arg = &t,
	    .arg = &t};

	memset(&t, 0, sizeof t);
	fake_begin();
	log_set_sink(on_log, &t);
	t.replies.max = SQS_REPLY_MAX;
	t.polls = polls_new(&conf);
}

static void
close_world(void)
{
	polls_free(&t.polls);
	assert_null(t.polls);
	assert_null(fake_sqs_nth(0));
	log_set_sink(NULL, NULL);
	fake_end();
}

/* Begins as many as may be; the number that are open then. */
static unsigned
fill(void)
{
	unsigned n;

	while ((n = polls_next(t.polls, false)) > 0)
		polls_begin(t.polls, n, 1, false);
	return polls_open(t.polls);
}

/* Answers the oldest with n messages. */
static void
bring(size_t n, size_t bytes)
{
	static char body[SQS_MESSAGE_MAX];
	struct sqs_message m[SQS_BATCH_MAX];

	CHECK(bytes <= sizeof body && n <= fake_sqs_at(0)->n);
	for (size_t i = 0; i < n; i++)
		m[i] = (struct sqs_message){.id = SPAN("m"),
		    .handle = SPAN("h"),
		    .body = {body, bytes}};
	fake_sqs_messages(fake_sqs_at(0), m, n);
}

/* It is known that messages are small. */
static void
learn(void)
{
	fill();
	bring(1, 500);
}

static void
test_how_many(void **state)
{
	/* What the oldest brings each time, and how many are open then. */
	static const struct {
		size_t n;
		unsigned open;
		bool drained;
	} rows[] = {{10, 2, false}, {10, 3, false}, {5, 3, true}, {4, 2, true},
	    {10, 3, false}, {10, 4, false}, {10, 5, false}, {10, 6, false},
	    {10, 7, false}, {10, 8, false}, {10, 8, false}, {9, 8, true},
	    {0, 7, true}, {10, 6, false}, {0, 5, true}, {0, 4, true},
	    {0, 3, true}, {0, 2, true}, {0, 1, true}, {0, 1, true}};

	(void)state;
	open_world(0);
	learn();
	assert_int_equal(fill(), 1);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bring(rows[i].n, 500);
		if (fill() != rows[i].open ||
		    polls_drained(t.polls) != rows[i].drained)
			fail_msg("row %zu: %u", i, polls_open(t.polls));
		assert_int_equal(
		    polls_asked(t.polls), 10 * polls_open(t.polls));
	}
	close_world();
}

/* What a poll brings that was open before another found no more says nothing
 * of what there is now. */
static void
test_what_is_news(void **state)
{
	(void)state;
	open_world(0);
	learn();
	assert_int_equal(fill(), 1);
	bring(10, 500);
	assert_int_equal(fill(), 2);
	fake_advance(10);
	bring(3, 500);
	assert_true(polls_drained(t.polls));
	bring(10, 500);
	assert_true(polls_drained(t.polls));
	(void)fill();
	bring(10, 500);
	assert_false(polls_drained(t.polls));
	close_world();
}

/* Where a poll that finds ten takes 300 ms, the queue has no more when the open
 * ones have waited for 700. */
static void
test_waits_in_vain(void **state)
{
	(void)state;
	open_world(0);
	learn();
	assert_int_equal(fill(), 1);
	fake_advance(300);
	t.vain = 0;
	bring(10, 500);
	assert_int_equal(fill(), 2);
	fake_advance(699);
	assert_false(polls_drained(t.polls));
	assert_int_equal(t.vain, 0);
	fake_advance(1);
	assert_true(polls_drained(t.polls));
	assert_int_equal(t.vain, 1);
	/* That one finds as many as may be is news. */
	bring(10, 500);
	assert_false(polls_drained(t.polls));
	/* While none is open nobody waits. */
	bring(10, 500);
	assert_int_equal(fill(), 4);
	while (polls_open(t.polls) > 0)
		bring(10, 500);
	fake_advance(60 * 1000);
	assert_false(polls_drained(t.polls));
	assert_int_equal(t.vain, 1);
	close_world();
}

/* Together they ask for what fits. */
static void
test_what_fits(void **state)
{
	static const struct {
		size_t bytes;
		unsigned asked;
	} rows[] = {{100, 80}, {10000, 80}, {24000, 80}, {50000, 40},
	    {200000, 10}, {500000, 4}, {SQS_MESSAGE_MAX, 2}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		unsigned max = 0;

		open_world(0);
		fill();
		assert_int_equal(polls_asked(t.polls), 2);
		for (int n = 0; n < 40; n++) {
			bring(fake_sqs_at(0)->n, rows[i].bytes);
			fill();
			if (polls_asked(t.polls) > max)
				max = polls_asked(t.polls);
		}
		assert_int_equal(max, rows[i].asked);
		close_world();
	}
}

static void
test_probe(void **state)
{
	(void)state;
	open_world(0);
	learn();
	fill();
	assert_int_equal(polls_next(t.polls, false), 0);
	assert_int_equal(polls_next(t.polls, true), 10);
	/* As long as there is one left. */
	while (polls_open(t.polls) < POLLS_MAX)
		polls_begin(t.polls, 1, 7, true);
	assert_int_equal(polls_next(t.polls, true), 0);
	assert_int_equal(fake_sqs_at(1)->wait_s, 1);
	while (polls_open(t.polls) > 0)
		bring(0, 0);
	assert_int_equal(t.ended, 1 + POLLS_MAX);
	assert_int_equal(t.tickets, 2 + 7 * (POLLS_MAX - 1));
	close_world();
}

/* A failure leaves one poll, and of what the queue has nothing is known. */
static void
test_failed(void **state)
{
	(void)state;
	open_world(0);
	learn();
	for (unsigned n = 2; n <= 4; n++) {
		fill();
		bring(10, 500);
		assert_int_equal(fill(), n);
	}
	bring(9, 500);
	assert_true(polls_drained(t.polls));
	while (polls_open(t.polls) > 0)
		fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_CONNECT);
	assert_false(polls_drained(t.polls));
	assert_int_equal(fill(), 1);
	close_world();
}

/* Beside one that still waits a probe may ask for one, though it may not fit,
 * or though nothing else is asked for while messages come one by one. */
static void
test_probe_asks_for_one(void **state)
{
	(void)state;
	for (int one_by_one = 0; one_by_one < 2; one_by_one++) {
		open_world(0);
		if (one_by_one) {
			learn();
			fill();
			bring(10, 500);
			assert_int_equal(fill(), 2);
			fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_LIMIT);
		} else {
			fill();
		}
		assert_int_equal(polls_open(t.polls), 1);
		assert_int_equal(polls_next(t.polls, false), 0);
		assert_int_equal(polls_next(t.polls, true), 1);
		close_world();
	}
}

static void
test_hasty(void **state)
{
	(void)state;
	open_world(5);
	fill();
	assert_int_equal(fake_sqs_at(0)->wait_s, 5);
	assert_int_equal(fake_sqs_at(0)->visibility_s, 120);
	fake_advance(2499);
	bring(0, 0);
	assert_int_equal(t.hasty, 1);
	fill();
	fake_advance(2500);
	bring(0, 0);
	assert_int_equal(t.hasty, 1);
	close_world();
}

/* A proxy lets no poll live for more than 10 s. */
static void
test_cut(void **state)
{
	static const struct {
		enum err err;
		int status;
		bool cut;
	} rows[] = {{ERR_RESET, 0, true}, {ERR_TIMEOUT, 0, true},
	    {ERR_PROTOCOL, 0, true}, {ERR_OK, 504, true}, {ERR_OK, 502, true},
	    {ERR_OK, 503, true}, {ERR_OK, 408, true}, {ERR_OK, 403, false},
	    {ERR_CONNECT, 0, false}, {ERR_LIMIT, 0, false}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct aws_result r = {.class = AWS_TRANSIENT,
		    .err = rows[i].err,
		    .status = rows[i].status};

		open_world(0);
		for (int n = 0; n < 3; n++) {
			fill();
			fake_advance(n == 2 && rows[i].cut ? 7000 : 10000);
			if (n == 2 && rows[i].cut)
				bring(0, 0);
			else
				fake_sqs_result(fake_sqs_at(0), &r);
		}
		if (t.cut != rows[i].cut)
			fail_msg("row %zu", i);
		/* It grows back, and that is told once. */
		for (int n = 0; n < 400 && rows[i].cut; n++) {
			fill();
			fake_advance((int64_t)fake_sqs_at(0)->wait_s * 1000);
			bring(0, 0);
		}
		assert_int_equal(t.recovered, rows[i].cut);
		fill();
		assert_int_equal(fake_sqs_at(0)->wait_s, 20);
		close_world();
	}
}

/* … nor is it longer if curl asked a second time: it tells when it began. */
static void
test_cut_on_a_kept_connection(void **state)
{
	struct reply reply = {.waited_us = 10 * 1000 * 1000};
	struct aws_result r = {
	    .class = AWS_TRANSIENT, .err = ERR_RESET, .reply = &reply};

	(void)state;
	open_world(0);
	for (int n = 0; n < 2; n++) {
		fill();
		fake_advance(18000);
		fake_sqs_result(fake_sqs_at(0), &r);
	}
	assert_int_equal(t.cut, 1);
	close_world();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_how_many),
	    cmocka_unit_test(test_what_is_news),
	    cmocka_unit_test(test_waits_in_vain),
	    cmocka_unit_test(test_what_fits),
	    cmocka_unit_test(test_probe),
	    cmocka_unit_test(test_failed),
	    cmocka_unit_test(test_probe_asks_for_one),
	    cmocka_unit_test(test_hasty),
	    cmocka_unit_test(test_cut),
	    cmocka_unit_test(test_cut_on_a_kept_connection),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
