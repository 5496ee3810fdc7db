/* What is taken from the modules for /status and /metrics, where it is more
 * than a copy: credentials by AWS's clock, and the calls of their source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admin/metrics_internal.h"
#include "admin/status.h"
#include "base/mem.h"
#include "fake/model.c"

/* A source that is answered for. */
static struct {
	struct creds_source base;
	creds_fetched_fn *fn;
	void *arg;
} source;

static void
fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	assert_ptr_equal(s, &source.base);
	source.fn = fn;
	source.arg = arg;
}

/* life_s 0: they never expire. */
static void
answer(int64_t life_s)
{
	struct creds c = {.key_id = mem_strndup("K", 1),
	    .secret = mem_strndup("S", 1),
	    .expires_s = life_s > 0 ? clock_wall_s() + life_s : 0};

	source.fn(source.arg, &c, NULL);
}

static void
nothing(struct creds_source *s)
{
	(void)s;
}

static struct metrics_source src;
static struct histogram turns;
static struct creds_keeper *keeper;

static void
open_world(void)
{
	struct model_conf c = {.seed = 1, .one_shape = true};
	unsigned o;

	set_defaults(&c.shipper);
	model_begin(&c);
	o = model_object(MODEL_GOOD, 5, 50);
	(void)model_message(&o, 1);
	source.base = (struct creds_source){.name = "scripted",
	    .fetch = fetch,
	    .cancel = nothing,
	    .free = nothing};
	keeper = creds_keeper_new(fake_timers(), &source.base, NULL, NULL);
	src = (struct metrics_source){.shipper = model_shipper(),
	    .aws = M.aws,
	    .keeper = keeper,
	    .http = fake_http(),
	    .turns = &turns};
}

static void
close_world(void)
{
	creds_keeper_free(&keeper);
	model_end();
}

static void
check_credentials(bool valid, int64_t left_s)
{
	struct rates rates = {.n = 0};
	struct status *s = mem_zalloc(sizeof *s);

	status_take(&src, &rates, s);
	assert_int_equal(s->creds_valid, valid);
	assert_int_equal(s->creds_left_s, left_s);
	assert_string_equal(s->creds_source, "scripted");
	mem_free(s);
}

/* What is left of them is told by AWS's clock, which the host's may miss by
 * hours. */
static void
test_time_left(void **state)
{
	(void)state;
	open_world();
	check_credentials(false, 0);
	answer(7200);
	check_credentials(true, 7200);
	creds_set_offset(keeper, 3600);
	check_credentials(true, 3600);
	creds_set_offset(keeper, -3600);
	check_credentials(true, 3 * 3600);
	close_world();
	open_world();
	answer(0);
	check_credentials(true, -1);
	close_world();
}

/* The source of the credentials makes calls of its own. */
static void
test_calls_of_the_source(void **state)
{
	struct metrics_values *v = mem_zalloc(sizeof *v);
	const uint64_t *gets = &v->aws.operation[AWS_S3_GET].requests;

	(void)state;
	open_world();
	model_run(30 * 1000);
	metrics_read(v, &src);
	assert_int_equal(*gets, 1);
	source.base.sts = M.aws;
	metrics_read(v, &src);
	assert_int_equal(*gets, 2);
	close_world();
	mem_free(v);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_time_left),
	    cmocka_unit_test(test_calls_of_the_source),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
