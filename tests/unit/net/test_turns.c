#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ev.h>

#include "base/clock.h"
#include "net/timer.h"
#include "net/turns.h"

/* Works for 40 ms, on a clock that only the test moves, and then ends it. */
static void
work(void *arg)
{
	unsigned *left = arg;

	clock_set_test(clock_mono_ms() + 40, clock_wall_ms());
	--*left;
}

static void
test_turns(void **state)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct timers *timers = timers_new(loop);
	struct turns *t = turns_new(loop);
	unsigned left = 3;
	struct timer *timer = timer_new(timers, work, &left);

	(void)state;
	clock_set_test(1000, 1000);
	while (left > 0) {
		timer_soon(timer);
		ev_run(loop, EVRUN_ONCE);
	}
	/* The last one has not come to its end. */
	assert_in_range(histogram_count(turns_us(t)), 2, 3);
	assert_int_equal(
	    turns_us(t)->sum, 40000 * histogram_count(turns_us(t)));
	/* Does not keep a loop alive. */
	ev_run(loop, 0);
	timer_free(&timer);
	turns_free(&t);
	assert_null(t);
	turns_free(&t);
	timers_free(&timers);
	ev_loop_destroy(loop);
	clock_use_real();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_turns),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
