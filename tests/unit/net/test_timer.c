#include "net/timer.h"

#include <ev.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/clock.h"

struct fixture {
	struct ev_loop *loop;
	struct timers *timers;
	struct timer *a, *b, *c;
	char order[32]; /* who fired, in order */
	size_t n;
	bool b_fired;
};

static int
setup(void **state)
{
	static struct fixture f;

	f = (struct fixture){.loop = ev_loop_new(EVFLAG_AUTO)};
	f.timers = timers_new(f.loop);
	*state = &f;
	return 0;
}

static int
teardown(void **state)
{
	struct fixture *f = *state;

	timers_free(&f->timers);
	assert_null(f->timers);
	ev_loop_destroy(f->loop);
	return 0;
}

static void
note(struct fixture *f, char who)
{
	assert_true(f->n + 1 < sizeof f->order);
	f->order[f->n++] = who;
}

static void
fire_a(void *arg)
{
	note(arg, 'a');
}

static void
fire_b(void *arg)
{
	struct fixture *f = arg;

	f->b_fired = true;
	note(f, 'b');
}

static void
fire_c(void *arg)
{
	note(arg, 'c');
}

static void
make_three(struct fixture *f)
{
	f->a = timer_new(f->timers, fire_a, f);
	f->b = timer_new(f->timers, fire_b, f);
	f->c = timer_new(f->timers, fire_c, f);
}

static void
timers_fire_in_order_of_time_and_once(void **state)
{
	struct fixture *f = *state;

	make_three(f);
	/* Apart by more than what may lie between these lines. */
	timer_after(f->c, 400);
	timer_after(f->a, 200);
	timer_after(f->b, 1);
	assert_true(timer_armed(f->a));
	assert_int_equal(f->n, 0);
	ev_run(f->loop, 0);
	assert_string_equal(f->order, "bac");
	assert_false(timer_armed(f->a));
}

static void
sub_second_is_neither_at_once_nor_a_busy_loop(void **state)
{
	struct fixture *f = *state;
	ev_tstamp began = ev_time();
	unsigned turns;

	make_three(f);
	timer_after(f->a, 20);
	ev_run(f->loop, 0);
	turns = ev_iteration(f->loop);
	assert_string_equal(f->order, "a");
	assert_true(ev_time() - began >= 0.019);
	assert_true(turns <= 4);
}

/* The loop's clock stands still during a long callback; timer_after counts
 * from now all the same. */
static void
counts_from_now_after_long_work(void **state)
{
	struct fixture *f = *state;
	ev_tstamp end = ev_time() + 0.03, armed;

	make_three(f);
	ev_now_update(f->loop);
	while (ev_time() < end)
		;
	armed = ev_time();
	timer_after(f->a, 15);
	ev_run(f->loop, 0);
	assert_true(ev_time() - armed >= 0.014);
}

static void
later_arming_replaces_the_earlier(void **state)
{
	struct fixture *f = *state;

	make_three(f);
	timer_after(f->a, 1);
	timer_after(f->a, 400);
	timer_after(f->b, 200);
	timer_after(f->c, 1000 * 1000);
	timer_soon(f->c);
	ev_run(f->loop, 0);
	assert_string_equal(f->order, "cba");
}

static void
soon_is_coalesced_and_never_inline(void **state)
{
	struct fixture *f = *state;

	make_three(f);
	timer_soon(f->a);
	timer_soon(f->b);
	timer_soon(f->a);
	assert_int_equal(f->n, 0);
	assert_true(timer_armed(f->a));
	ev_run(f->loop, 0);
	assert_string_equal(f->order, "ab");
	assert_false(timer_armed(f->a));
}

static void
after_zero_is_soon(void **state)
{
	struct fixture *f = *state;

	make_three(f);
	timer_after(f->a, 0);
	assert_int_equal(f->n, 0);
	ev_run(f->loop, EVRUN_NOWAIT);
	assert_string_equal(f->order, "a");
}

static void
stopped_timers_are_silent(void **state)
{
	struct fixture *f = *state;

	make_three(f);
	timer_after(f->a, 1);
	timer_soon(f->b);
	timer_stop(f->a);
	timer_stop(f->b);
	timer_stop(f->c);
	assert_false(timer_armed(f->a));
	assert_false(timer_armed(f->b));
	ev_run(f->loop, 0);
	assert_int_equal(f->n, 0);
}

static void
free_self_and_next(void *arg)
{
	struct fixture *f = arg;

	note(f, 'x');
	timer_free(&f->a);
	timer_free(&f->b);
	assert_null(f->a);
	timer_free(&f->a);
}

static void
may_be_freed_from_its_own_fn(void **state)
{
	struct fixture *f = *state;

	f->a = timer_new(f->timers, free_self_and_next, f);
	f->b = timer_new(f->timers, fire_b, f);
	timer_soon(f->a);
	timer_soon(f->b);
	ev_run(f->loop, 0);
	assert_string_equal(f->order, "x");

	f->a = timer_new(f->timers, free_self_and_next, f);
	f->b = timer_new(f->timers, fire_b, f);
	timer_after(f->a, 1);
	timer_after(f->b, 200);
	ev_run(f->loop, 0);
	assert_string_equal(f->order, "xx");
}

static void
free_all(void *arg)
{
	struct fixture *f = arg;

	note(f, 'x');
	timers_free(&f->timers);
}

static void
all_may_be_freed_from_a_fn(void **state)
{
	struct fixture *f = *state;

	f->a = timer_new(f->timers, free_all, f);
	f->b = timer_new(f->timers, fire_b, f);
	timer_soon(f->a);
	timer_soon(f->b);
	ev_run(f->loop, 0);
	assert_string_equal(f->order, "x");
}

struct spinner {
	struct fixture *f;
	struct timer *self;
	unsigned runs, last_turn;
	bool readable;
};

static void
spin(void *arg)
{
	struct spinner *s = arg;
	unsigned turn = ev_iteration(s->f->loop);

	assert_true(s->runs == 0 || turn > s->last_turn);
	s->last_turn = turn;
	s->runs++;
	if ((!s->f->b_fired || !s->readable) && s->runs < 10 * 1000 * 1000)
		timer_soon(s->self);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct spinner *s = w->data;

	(void)revents;
	s->readable = true;
	ev_io_stop(loop, w);
}

static void
soon_armed_again_lets_timers_and_io_through(void **state)
{
	struct fixture *f = *state;
	struct spinner s = {.f = f};
	int ends[2];
	ev_io io;

	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	ev_io_init(&io, on_readable, ends[0], EV_READ);
	io.data = &s;
	ev_io_start(f->loop, &io);
	f->b = timer_new(f->timers, fire_b, f);
	timer_after(f->b, 1);
	s.self = timer_new(f->timers, spin, &s);
	timer_soon(s.self);
	ev_run(f->loop, 0);
	assert_true(f->b_fired);
	assert_true(s.readable);
	assert_true(s.runs < 10 * 1000 * 1000);
	close(ends[0]);
	close(ends[1]);
}

/* Ready I/O in every turn must not keep a deferred call from running, nor may
 * a deferred call wait for a tick of the clock. */
static void
on_always(struct ev_loop *loop, ev_io *w, int revents)
{
	struct fixture *f = w->data;

	(void)revents;
	if (f->n > 0 || ev_iteration(loop) > 1000)
		ev_io_stop(loop, w);
}

static void
busy_io_does_not_starve_soon(void **state)
{
	struct fixture *f = *state;
	int ends[2];
	ev_io io;

	assert_int_equal(pipe(ends), 0);
	make_three(f);
	ev_io_init(&io, on_always, ends[1], EV_WRITE);
	io.data = f;
	ev_io_start(f->loop, &io);
	timer_soon(f->a);
	ev_run(f->loop, 0);
	assert_string_equal(f->order, "a");
	assert_true(ev_iteration(f->loop) < 10);
	close(ends[0]);
	close(ends[1]);
}

static void
fall_asleep(void *arg)
{
	(void)arg;
	clock_sleep_test(3600 * 1000);
}

/* What is due is due, however long the machine slept, and nothing before. */
static void
a_sleep_brings_timers_nearer(void **state)
{
	struct fixture *f = *state;
	struct timer *bed = timer_new(f->timers, fall_asleep, f);
	ev_tstamp began = ev_time();

	make_three(f);
	timer_after(f->c, 3600 * 1000 + 60);
	timer_after(f->a, 3600 * 1000 - 20);
	timer_after(bed, 10);
	timer_after(f->b, 20); /* the next thing that wakes the loop */
	ev_run(f->loop, 0);
	assert_string_equal(f->order, "bac");
	assert_true(ev_time() - began >= 0.059);
	assert_true(ev_time() - began < 60);
	clock_use_real();
}

/* Of those that a sleep has made due who was due first is first. */
static void
a_sleep_turns_nobody_round(void **state)
{
	struct fixture *f = *state;
	struct timer *bed = timer_new(f->timers, fall_asleep, f);

	make_three(f);
	timer_after(f->a, 3600 * 1000 - 20);
	timer_after(f->c, 3600 * 1000 - 10);
	timer_after(bed, 10);
	timer_after(f->b, 20);
	ev_run(f->loop, 0);
	assert_string_equal(f->order, "bac");
	clock_use_real();
}

#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    T(timers_fire_in_order_of_time_and_once),
	    T(sub_second_is_neither_at_once_nor_a_busy_loop),
	    T(counts_from_now_after_long_work),
	    T(later_arming_replaces_the_earlier),
	    T(soon_is_coalesced_and_never_inline),
	    T(after_zero_is_soon),
	    T(stopped_timers_are_silent),
	    T(may_be_freed_from_its_own_fn),
	    T(all_may_be_freed_from_a_fn),
	    T(soon_armed_again_lets_timers_and_io_through),
	    T(busy_io_does_not_starve_soon),
	    T(a_sleep_brings_timers_nearer),
	    T(a_sleep_turns_nobody_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
