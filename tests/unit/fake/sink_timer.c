/*
 * A stand-in for net/timer with a virtual clock, included by the tests of the
 * sink: nothing fires but inside timers_run, in the order of the times.
 */
#include "base/clock.h"
#include "base/mem.h"
#include "net/timer.h"

enum { FAKE_TIMERS_MAX = 16 };

struct timer {
	timer_fn *fn;
	void *arg;
	int64_t at; /* −1: not armed */
};

static struct {
	struct timer *timer[FAKE_TIMERS_MAX];
	int64_t now;
} fake_loop;

static void
fake_clock(int64_t now)
{
	fake_loop.now = now;
	clock_set_test(now, 1763800000000 + now);
}

struct timer *
timer_new(struct timers *t, timer_fn *fn, void *arg)
{
	struct timer *new = mem_zalloc(sizeof *new);
	size_t i = 0;

	(void)t;
	*new = (struct timer){.fn = fn, .arg = arg, .at = -1};
	while (fake_loop.timer[i] != NULL)
		CHECK(++i < FAKE_TIMERS_MAX);
	fake_loop.timer[i] = new;
	return new;
}

void
timer_free(struct timer **t)
{
	if (*t == NULL)
		return;
	for (size_t i = 0; i < FAKE_TIMERS_MAX; i++) {
		if (fake_loop.timer[i] == *t)
			fake_loop.timer[i] = NULL;
	}
	mem_free(*t);
	*t = NULL;
}

void
timer_after(struct timer *t, int64_t ms)
{
	CHECK(ms >= 0);
	t->at = fake_loop.now + ms;
}

void
timer_soon(struct timer *t)
{
	timer_after(t, 0);
}

void
timer_stop(struct timer *t)
{
	t->at = -1;
}

bool
timer_armed(const struct timer *t)
{
	return t->at >= 0;
}

/* The next timer that is due until then; NULL if there is none. */
static struct timer *
fake_next(int64_t until)
{
	struct timer *next = NULL;

	for (size_t i = 0; i < FAKE_TIMERS_MAX; i++) {
		struct timer *t = fake_loop.timer[i];

		if (t != NULL && t->at >= 0 && t->at <= until &&
		    (next == NULL || t->at < next->at))
			next = t;
	}
	return next;
}

/* Lets ms pass and fires what becomes due, also what is armed meanwhile. */
static void
timers_run(int64_t ms)
{
	int64_t until = fake_loop.now + ms;
	struct timer *t;
	unsigned fired = 0;

	while ((t = fake_next(until)) != NULL) {
		CHECK(++fired < 100000); /* it spins */
		if (t->at > fake_loop.now)
			fake_clock(t->at);
		t->at = -1;
		t->fn(t->arg);
	}
	fake_clock(until);
}
