/*
 * Random schedules of verdicts against the rules that hold always, which
 * fake/sink_world.c asserts; at the end all is healthy and nothing is missing.
 * A seed can be given as the argument.
 */
#include "fake/sink_world.c"

enum { SEEDS = 100, STEPS = 400, MINUTE = 60 * 1000 };

static uint64_t only_seed;

static void
end_badly(struct request *r)
{
	r->reply.sent = clock_random(2) > 0;
	fake_fail(r, clock_random(2) ? ERR_TIMEOUT : ERR_RESET);
	fake_run();
}

/* A single event that times out has failed alone. */
static void
fail_nth(size_t i)
{
	struct request *r = fake_http_nth(i);
	struct body b;

	assert_non_null(r);
	read_body(r, &b);
	if (b.n == 1 && w.event[b.id[0]].alone++ == 0)
		w.event[b.id[0]].takes = w.takes;
	free_body(&b);
	end_badly(r);
}

static void
act(void)
{
	static const int any[] = {404, 401, 429, 503, 500};
	size_t open = fake_http_open();
	size_t i = open > 0 ? clock_random(open) : 0;

	switch (clock_random(12)) {
	case 0:
	case 1:
		if (w.nevents < 3000)
			submit(1 + (unsigned)clock_random(
				       clock_random(3) ? 20 : 200));
		break;
	case 2:
		fake_advance((int64_t)clock_random(5 * MINUTE));
		break;
	case 3:
		fake_advance((int64_t)clock_random(2000));
		break;
	case 4:
		if (open > 0)
			answer(i, any[clock_random(5)],
			    clock_random(2) ? "Retry-After: 20\r\n" : NULL);
		break;
	case 5:
		if (open > 0)
			fail_nth(i);
		break;
	case 6: /* a rule comes or goes */
		w.limit_bytes =
		    clock_random(2) ? SIZE_MAX : 60 + clock_random(200 * KIB);
		w.all = clock_random(6) ? 0 : any[clock_random(5)];
		if (clock_random(20) == 0)
			w.all = 400;
		break;
	default:
		if (open > 0)
			(void)serve(i);
	}
	fake_run();
}

static void
make_events(uint64_t seed)
{
	uint64_t bad = clock_random(4), poison = clock_random(2);

	open_world(
	    (int)(seed % 2), 1 + (unsigned)clock_random(4), MIB, 32 * MIB);
	for (uint64_t i = 0; i < EVENTS_MAX; i++) {
		w.event[i].bad = clock_random(100) < bad;
		w.event[i].poison = clock_random(400) < poison;
	}
}

/* Healthy but for the events themselves, and more of them comes. */
static void
come_to_an_end(uint64_t seed)
{
	w.all = 0;
	w.limit_bytes = SIZE_MAX;
	for (int i = 0; !delivery_idle(w.delivery); i++) {
		if (i == 4000)
			fail_msg("no end with seed %u", (unsigned)seed);
		if (i % 4 == 0 && delivery_open(w.delivery)) {
			w.event[w.nevents].bad = false;
			w.event[w.nevents].poison = false;
			submit(1);
		}
		serve_for(MINUTE / 4);
	}
}

static void
run_seed(uint64_t seed)
{
	clock_seed(seed);
	make_events(seed);
	clock_seed(seed);
	for (int i = 0; i < STEPS; i++)
		act();
	come_to_an_end(seed);
	assert_int_equal(w.settled, w.nevents);
	assert_int_equal(count(DELIVERY_DROPPED), 0);
	assert_int_equal(
	    delivery_stats(w.delivery).taken_events, count(DELIVERY_TAKEN));
	assert_true(delivery_open(w.delivery));
	for (uint64_t i = 0; i < w.nevents; i++) {
		const struct event *e = &w.event[i];

		if (e->bad || e->poison)
			assert_int_equal(e->outcome, DELIVERY_REFUSED);
	}
	close_world();
}

static void
random_schedules(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		if (only_seed == 0 || seed == only_seed)
			run_seed(seed);
	}
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(random_schedules),
	};

	only_seed = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
