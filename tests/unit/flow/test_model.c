/*
 * The whole flow on random schedules of replies, faults and time. What must
 * always hold is checked by the model (fake/model.h); here: that it all comes
 * to an end. Each run has seeds of its own and prints them: SEED=n runs one
 * again, MODEL_SECONDS=n sets for how long new ones are tried, STEPS=n how far
 * each goes.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include <cmocka.h>

#include "fake/model.c"

enum { HOUR_MS = 3600 * 1000, STEPS = 50000, SECONDS = 15 };

static uint64_t
from_env(const char *name, uint64_t otherwise)
{
	const char *s = getenv(name);
	uint64_t n;

	if (s == NULL)
		return otherwise;
	assert_int_equal(span_u64(span_str(s), 0, UINT64_MAX, &n), ERR_OK);
	return n;
}

static uint64_t
fresh_seed(void)
{
	uint64_t n;

	CHECK(getrandom(&n, sizeof n, 0) == (ssize_t)sizeof n);
	return from_env("SEED", n % 1000000000);
}

/* The share of a test in the time there is; with a SEED it runs once. */
static double
until(unsigned percent)
{
	uint64_t seconds =
	    getenv("SEED") != NULL ? 0 : from_env("MODEL_SECONDS", SECONDS);

	return (double)clock() / CLOCKS_PER_SEC +
	       (double)seconds * percent / 100;
}

static bool
is_before(double end)
{
	return (double)clock() / CLOCKS_PER_SEC < end;
}

static void
check_memory(void)
{
	struct shipper_stats s = shipper_stats(model_shipper());

	/* What a poll has brought may wait to be taken in. */
	assert_true(s.messages_held <= 2 * M.conf.shipper.max_messages +
					   SQS_BATCH_MAX +
					   M.conf.shipper.max_parked);
	assert_true(s.objects_active <= M.conf.shipper.s3_concurrency);
}

static void
steps(uint64_t n)
{
	while (n-- > 0) {
		model_step();
		check_memory();
	}
}

static void
show(const char *what, const struct model_conf *c, int64_t settled_ms)
{
	struct model_stats s = model_stats();

	print_message("%s: seed %llu: %llu steps, %llu restarts, %u messages, "
		      "%llu gets, %llu posts, %llu events, %llu again, %llu "
		      "unheard, %zu pieces, settled in %lld s\n",
	    what, (unsigned long long)c->seed, (unsigned long long)s.steps,
	    (unsigned long long)s.restarts, s.messages,
	    (unsigned long long)s.gets, (unsigned long long)s.posts,
	    (unsigned long long)s.events_taken,
	    (unsigned long long)s.events_again,
	    (unsigned long long)s.taken_unheard, s.pool_max,
	    (long long)settled_ms / 1000);
}

/* Says its seed first, in case that it dies. */
static void
begin(const char *what, struct model_conf *c)
{
	c->seed = fresh_seed();
	print_message("%s: seed %llu\n", what, (unsigned long long)c->seed);
	model_begin(c);
}

/* Trouble, then none: all that is good arrives, and the rest is put back. */
static void
live_once(const char *what, struct model_conf c, uint64_t n)
{
	int64_t ms;

	begin(what, &c);
	steps(n);
	model_heal();
	/* While nothing succeeds some are hidden for up to 12 hours. */
	ms = model_settle(13 * HOUR_MS);
	show(what, &c, ms);
	assert_true(ms >= 0);
	/* Other contents under the same key are other events to the program. */
	if (c.one_shape && c.faults.rules == 0 && c.faults.replace == 0 &&
	    c.faults.restart == 0)
		assert_int_equal(model_stats().events_again, 0);
	(void)model_drain(60000);
	assert_int_equal(model_stats().hidden_by_us, 0);
	assert_int_equal(shipper_stats(model_shipper()).messages_held, 0);
	model_end();
}

static uint64_t
share(unsigned percent)
{
	return from_env("STEPS", STEPS) * percent / 100;
}

static void
live(const char *what, struct model_conf c, unsigned percent)
{
	double end = until(percent);

	do
		live_once(what, c, share(percent));
	while (is_before(end));
}

static void
test_calm(void **state)
{
	struct model_conf c = {.backlog = 60, .one_shape = true};
	struct model_stats s;

	(void)state;
	begin("calm", &c);
	steps(share(5));
	model_heal();
	assert_true(model_settle(HOUR_MS) >= 0);
	s = model_stats();
	show("calm", &c, 0);
	assert_int_equal(s.events_again, 0);
	assert_int_equal(s.receives_max, 1);
	(void)model_drain(60000);
	assert_int_equal(model_stats().hidden_by_us, 0);
	model_end();
}

/* The set-up's faults cost no receive counts and no duplicates, however long
 * they last: leases are kept. */
static void
test_patience(void **state)
{
	struct model_conf c = {.backlog = 60, .one_shape = true};
	struct model_stats s;
	uint64_t failed;

	(void)state;
	for (unsigned way = 0; way < 15; way++) {
		begin("patience", &c);
		steps(300);
		model_refuse(way < 5 ? 2 : 1, way, HOUR_MS);
		model_run(HOUR_MS);
		steps(300);
		model_heal();
		assert_true(model_settle(13 * HOUR_MS) >= 0);
		show("patience", &c, 0);
		s = model_stats();
		failed = shipper_stats(model_shipper()).objects_failed;
		if (failed > 0 || s.events_again != 0 || s.receives_max > 1)
			fail_msg("way %u: %llu objects failed, received up to "
				 "%u times, %llu events again",
			    way, (unsigned long long)failed, s.receives_max,
			    (unsigned long long)s.events_again);
		(void)model_drain(60000);
		model_end();
	}
}

static void
test_queue(void **state)
{
	(void)state;
	live("queue",
	    (struct model_conf){.one_shape = true,
		.backlog = 40,
		.faults = {.sqs = 150, .entry = 150, .twice = 30}},
	    10);
}

static void
test_bucket(void **state)
{
	(void)state;
	live("bucket",
	    (struct model_conf){.one_shape = true,
		.backlog = 40,
		.bad = 20,
		.faults = {.s3 = 200, .cut = 500, .replace = 50}},
	    10);
}

static void
test_dassana(void **state)
{
	(void)state;
	live("dassana",
	    (struct model_conf){.one_shape = true,
		.backlog = 40,
		.bad = 10,
		.poison = 5,
		.faults = {.dassana = 400}},
	    10);
}

/* Dassana takes no more than so much at a time, and never some events: all
 * the others arrive all the same, while the poisonous ones come again and
 * again. */
static void
test_refusals(void **state)
{
	struct model_conf c = {
	    .backlog = 40, .bad = 100, .poison = 100, .one_shape = true};

	double end = until(5);

	(void)state;
	for (unsigned i = 0; i < 4 || is_before(end); i++) {
		/* A single long event has some 90,000 bytes. */
		c.post_max_bytes = i % 2 ? 100 * 1000 : 0;
		c.faults.dassana = i / 2 % 2 ? 100 : 0;
		begin("refusals", &c);
		steps(share(5));
		model_heal();
		assert_true(model_settle(13 * HOUR_MS) >= 0);
		show("refusals", &c, 0);
		model_run(HOUR_MS);
		assert_int_equal(model_stats().good_receives_max, 1);
		assert_int_equal(model_stats().events_again, 0);
		assert_int_equal(model_poison_left(), 0);
		(void)model_drain(60000);
		assert_int_equal(model_stats().hidden_by_us, 0);
		model_end();
	}
}

static void
test_windows(void **state)
{
	(void)state;
	live("windows",
	    (struct model_conf){.one_shape = true,
		.backlog = 40,
		.faults = {.window = 40, .wall = 5}},
	    10);
}

/* Gaps cost nothing: however many there are, nothing comes twice. */
static void
test_rules(void **state)
{
	(void)state;
	for (unsigned rules = 1; rules < M_RULES; rules++)
		live("rules",
		    (struct model_conf){.one_shape = true,
			.backlog = 40,
			.rules = rules,
			.bad = 20,
			.poison = 20,
			.post_max_bytes = rules % 2 ? 0 : 100 * 1000,
			.faults = {.sqs = 100,
			    .entry = 100,
			    .twice = 20,
			    .s3 = 100,
			    .cut = 400,
			    .dassana = 200}},
		    2);
}

static struct model_conf
everything(void)
{
	return (struct model_conf){
	    .backlog = 40,
	    .bad = 30,
	    .poison = 10,
	    .faults = {.sqs = 60,
		.entry = 50,
		.twice = 10,
		.s3 = 60,
		.cut = 200,
		.replace = 20,
		.dassana = 150,
		.window = 5,
		.restart = 5,
		.wall = 2,
		.rules = 20},
	};
}

static void
test_everything(void **state)
{
	(void)state;
	live("everything", everything(), 40);
}

/* Nothing but time helps: no new process that begins anew. */
static void
test_without_restarts(void **state)
{
	struct model_conf c = everything();

	(void)state;
	c.faults.restart = 0;
	live("without restarts", c, 25);
}

/* Stopped in the midst of it, with little time or much. */
static void
test_stops(void **state)
{
	static const int64_t timeouts[] = {
	    0, 1, 500, 3000, 12000, 25000, 60000};
	double end = until(15);

	(void)state;
	do {
		struct model_conf c = everything();
		int64_t timeout;
		uint64_t i;

		c.faults.restart = 0;
		begin("stops", &c);
		i = c.seed;
		timeout = timeouts[i / 3 % 7];
		steps(m_random(400));
		if (i % 3 > 0) {
			/* SQS at least answers. */
			model_heal();
			M.conf.faults.dassana = i % 3 == 1 ? 1000 : 0;
			M.conf.faults.s3 = i % 3 == 1 ? 500 : 0;
		}
		(void)model_drain(timeout);
		if (i % 3 > 0 && timeout >= 12000 &&
		    model_stats().hidden_by_us > 0)
			fail_msg("seed %llu: %u messages stay hidden",
			    (unsigned long long)c.seed,
			    model_stats().hidden_by_us);
		model_end();
	} while (is_before(end));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_calm),
	    cmocka_unit_test(test_patience),
	    cmocka_unit_test(test_queue),
	    cmocka_unit_test(test_bucket),
	    cmocka_unit_test(test_dassana),
	    cmocka_unit_test(test_refusals),
	    cmocka_unit_test(test_windows),
	    cmocka_unit_test(test_rules),
	    cmocka_unit_test(test_everything),
	    cmocka_unit_test(test_without_restarts),
	    cmocka_unit_test(test_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
