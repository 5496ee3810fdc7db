#include "http_fixture.h"

static const struct peer_step small_script[] = {
    READ, SEND(HEAD_OF(100)), PATTERN(100), AGAIN};
static const struct peer_step half_script[] = {
    READ, SEND(HEAD_OF(200000)), PATTERN(100000), END};

static size_t
take_none(struct ask *a, struct span bytes)
{
	(void)a;
	(void)bytes;
	return 0;
}

static void
cancel_self(struct ask *a)
{
	ask_cancel(a);
}

static void
cancel_other(struct ask *a)
{
	ask_cancel(a->other);
}

static size_t
cancel_self_in_data(struct ask *a, struct span bytes)
{
	ask_cancel(a);
	return bytes.n;
}

static size_t
cancel_other_in_data(struct ask *a, struct span bytes)
{
	ask_cancel(a->other);
	return bytes.n;
}

struct cancel_row {
	void (*in_head)(struct ask *a);
	ask_take_fn *take;
	void (*in_done)(struct ask *a);
	bool self;
};

/* Two at once; whoever is called first cancels itself or the other one. */
static void
cancel_in_every_callback(void **state)
{
	static const struct cancel_row cases[] = {
	    {.in_head = cancel_self, .self = true},
	    {.take = cancel_self_in_data, .self = true},
	    {.in_head = cancel_other},
	    {.take = cancel_other_in_data},
	    {.in_done = cancel_other},
	};
	struct fixture *f = *state;

	use_script(f, small_script);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct ask a[2];

		start_stream(&a[0], f, 1000);
		start_stream(&a[1], f, 1000);
		for (size_t k = 0; k < 2; k++) {
			a[k].in_head = cases[i].in_head;
			a[k].take = cases[i].take;
			a[k].in_done = cases[i].in_done;
			a[k].other = &a[1 - k];
		}
		fixture_run(f);
		fixture_idle(f, 10);
		if (cases[i].self)
			assert_int_equal(a[0].dones + a[1].dones, 0);
		else if (cases[i].in_done == NULL)
			assert_int_equal(a[0].dones + a[1].dones, 1);
		else
			assert_true(a[0].dones + a[1].dones >= 1);
		ask_fini(&a[0]);
		ask_fini(&a[1]);
	}
}

static void
cancel_between_and_at_once(void **state)
{
	struct fixture *f = *state;
	struct request *none = NULL;
	struct ask a;

	use_script(f, half_script);
	request_cancel(&none);
	start_stream(&a, f, 1000);
	ask_cancel(&a);
	fixture_idle(f, 10);
	assert_int_equal(a.heads + a.dones, 0);
	ask_fini(&a);

	start_stream(&a, f, 1000);
	a.take = take_none;
	fixture_await(f, &a.datas);
	assert_int_equal(a.datas, 1);
	ask_cancel(&a);
	fixture_idle(f, 20);
	assert_int_equal(a.datas, 1);
	assert_int_equal(a.dones, 0);
	ask_fini(&a);
}

static struct request *own;

static void
cancel_own_in_done(struct ask *a)
{
	(void)a;
	request_cancel(&own);
	assert_null(own);
}

static void
cancel_of_itself_in_on_done_does_nothing(void **state)
{
	struct fixture *f = *state;
	struct ask a;

	use_script(f, small_script);
	start_stream(&a, f, 0);
	own = a.r;
	a.in_done = cancel_own_in_done;
	fixture_run(f);
	assert_int_equal(a.dones, 1);
	ask_fini(&a);
}

static void
start_other(struct ask *a)
{
	struct request_spec spec = ask_spec(a->other);

	ask_start(a->other, &spec);
}

static void
start_from_a_callback(void **state)
{
	struct fixture *f = *state;
	struct ask a, b;

	use_script(f, small_script);
	ask_init(&b, f);
	start_stream(&a, f, 0);
	a.other = &b;
	a.in_done = start_other;
	while (b.dones == 0)
		fixture_run(f);
	assert_int_equal(b.reply.err, ERR_OK);
	assert_int_equal(b.body.n, 100);
	assert_int_equal(http_stats(f->http).connections, 1);
	ask_fini(&a);
	ask_fini(&b);
}

static void
free_with_requests_under_way(void **state)
{
	struct fixture *f = *state;
	struct ask a[3];

	use_script(f, half_script);
	start_stream(&a[0], f, 1000);
	start_stream(&a[1], f, 0);
	a[1].take = take_none;
	fixture_idle(f, 20);
	start_stream(&a[2], f, 1000);
	http_free(&f->http);
	assert_null(f->http);
	fixture_idle(f, 20);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(a[i].dones, 0);
		ask_fini(&a[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HTTP_TEST(cancel_in_every_callback),
	    HTTP_TEST(cancel_between_and_at_once),
	    HTTP_TEST(cancel_of_itself_in_on_done_does_nothing),
	    HTTP_TEST(start_from_a_callback),
	    HTTP_TEST(free_with_requests_under_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
