/* When SQS is asked how many are in flight, and what is told of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fake/fake_http.c"
#include "flow/depth.h"

/* Of aws/sqs.h and flow/messages.h, what it uses. */
struct sqs_op {
	int unused;
};

static struct {
	struct sqs_op op;
	bool asked;
	sqs_attributes_fn *fn;
	void *arg;
	int64_t hidden, told;
	struct depth *depth;
} t;

struct sqs_op *
sqs_get_attributes(struct sqs *s, sqs_attributes_fn *fn, void *arg)
{
	(void)s;
	CHECK(!t.asked);
	t.asked = true;
	t.fn = fn;
	t.arg = arg;
	return &t.op;
}

void
sqs_cancel(struct sqs_op **op)
{
	t.asked &= *op == NULL;
	*op = NULL;
}

int64_t
messages_hidden(const struct messages *ms)
{
	(void)ms;
	return t.hidden;
}

void
messages_in_flight(struct messages *ms, int64_t n)
{
	(void)ms;
	t.told = n;
}

static void
open_world(int64_t hidden)
{
	memset(&t, 0, sizeof t);
	fake_begin();
	t.hidden = hidden;
	t.told = -1;
	t.depth = depth_new(fake_timers(), NULL, NULL);
	depth_look(t.depth);
}

static void
close_world(void)
{
	depth_free(&t.depth);
	assert_null(t.depth);
	fake_end();
}

static void
answer(enum aws_class class, int64_t in_flight)
{
	const struct aws_result r = {.class = class};
	const struct sqs_attributes a = {.in_flight = in_flight};

	assert_true(t.asked);
	t.asked = false;
	t.fn(t.arg, &r, &a);
}

static void
test_asks_where_many_are_hidden(void **state)
{
	(void)state;
	open_world(999);
	assert_false(t.asked);
	t.hidden = 1000;
	depth_look(t.depth);
	assert_true(t.asked);
	depth_look(t.depth); /* it is being asked */
	close_world();
	assert_false(t.asked);
}

static void
test_tells_what_is_known(void **state)
{
	static const struct {
		enum aws_class class;
		int64_t in_flight, told;
	} rows[] = {
	    {AWS_OK, 5000, 5000},
	    {AWS_OK, 0, 0},
	    {AWS_OK, -1, 0},
	    {AWS_DENIED, 5000, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		open_world(1000);
		answer(rows[i].class, rows[i].in_flight);
		assert_int_equal(t.told, rows[i].told);
		close_world();
	}
}

/* Once a minute, and by itself. */
static void
test_asks_again(void **state)
{
	(void)state;
	open_world(1000);
	answer(AWS_OK, 7);
	depth_look(t.depth);
	fake_advance(60 * 1000 - 1);
	assert_false(t.asked);
	fake_advance(1);
	answer(AWS_DENIED, 0);
	assert_int_equal(t.told, 0);
	t.hidden = 999;
	fake_advance(60 * 1000);
	assert_false(t.asked);
	close_world();
}

static void
test_stops(void **state)
{
	(void)state;
	open_world(1000);
	depth_stop(t.depth);
	assert_false(t.asked);
	depth_look(t.depth);
	assert_false(t.asked);
	close_world();
	open_world(1000);
	answer(AWS_OK, 7);
	depth_stop(t.depth);
	fake_advance(3600 * 1000);
	assert_false(t.asked);
	close_world();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_asks_where_many_are_hidden),
	    cmocka_unit_test(test_tells_what_is_known),
	    cmocka_unit_test(test_asks_again),
	    cmocka_unit_test(test_stops),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
