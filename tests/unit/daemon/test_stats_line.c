/* The log's own clock, beside a model of the world. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "daemon/stats_line.h"
#include "fake/model.c"

static struct stats *stats;
static unsigned lines, repeated, totals;

static bool
has(struct span line, const char *what)
{
	return memmem(line.p, line.n, what, strlen(what)) != NULL;
}

static void
on_line(void *arg, struct span line)
{
	(void)arg;
	lines++;
	repeated += has(line, " event=again repeated=1 ");
	totals += has(line, " event=stats ");
}

static void
open_world(void)
{
	struct model_conf c = {.seed = 1, .one_shape = true};

	set_defaults(&c.shipper);
	model_begin(&c);
	log_set_sink(on_line, NULL);
	log_set_level(LOG_LVL_INFO);
	lines = repeated = totals = 0;
	stats = stats_new(fake_timers(), model_shipper());
}

static void
close_world(void)
{
	stats_free(&stats);
	assert_null(stats);
	model_end();
}

/* Nothing else is logged that could tell of them. */
static void
test_repetitions_are_told_in_silence(void **state)
{
	(void)state;
	open_world();
	LOG_WARN("again", F_STR("why", ""));
	LOG_WARN("again", F_STR("why", ""));
	assert_int_equal(lines, 1);
	model_run(9 * 1000);
	assert_int_equal(lines, 1);
	model_run(7 * 1000);
	assert_int_equal(repeated, 1);
	assert_int_equal(lines, 2);
	close_world();
}

/* Once a minute, if anything happened. */
static void
test_totals_are_told_while_they_change(void **state)
{
	unsigned o;

	(void)state;
	open_world();
	model_run(200 * 1000);
	assert_int_equal(totals, 0);
	o = model_object(MODEL_GOOD, 3, 50);
	(void)model_message(&o, 1);
	assert_true(model_settle(100 * 1000) >= 0);
	model_run(60 * 1000);
	assert_in_range(totals, 1, 2);
	totals = 0;
	model_run(300 * 1000);
	assert_int_equal(totals, 0);
	close_world();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_repetitions_are_told_in_silence),
	    cmocka_unit_test(test_totals_are_told_while_they_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
