/*
 * Deferred calls hang on one idle watcher of the highest priority. Of what
 * libev has, only this runs exactly once per turn and lets the loop poll in
 * between without waiting:
 *  - a fed event that is fed again from its own callback runs again before the
 *    loop polls, and so starves I/O and timers;
 *  - a timer of 0 s makes epoll wait for a whole millisecond;
 *  - an idle watcher of normal priority starves while there is I/O.
 *
 * libev's time stands still while the machine sleeps; what we measure does not:
 * leases run out, credentials expire, connections die. So whatever is armed
 * comes nearer by as long as the machine slept, once the loop turns again.
 */
#include "net/timer.h"

#include <ev.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/loop.h"

enum { SLEPT_MIN_MS = 100 }; /* less is between two looks at clocks */

LIST_HEAD(timer_list, timer);

struct timers {
	struct ev_loop *loop;
	ev_check awake;		 /* after each wait */
	int64_t slept_ms;	 /* of the machine, since it began */
	ev_idle idle;		 /* active while soon is not empty */
	TAILQ_HEAD(, timer) all; /* in the order in which they were made */
	struct timer_list soon;	 /* who came last is first */
};

struct timer {
	struct timers *timers;
	timer_fn *fn;
	void *arg;
	ev_timer ev;
	TAILQ_ENTRY(timer) all;
	LIST_ENTRY(timer) soon;
	bool is_soon;
};

/* In the order in which they came, those alone that were here as it began.
 * Touches nothing once the last fn has run: it may have freed everything. */
static void
on_idle(struct ev_loop *loop, ev_idle *w, int revents)
{
	struct timers *ts = w->data;
	struct timer_list turn = LIST_HEAD_INITIALIZER(turn);
	struct timer *t;

	(void)revents;
	ev_idle_stop(loop, w);
	while ((t = LIST_FIRST(&ts->soon)) != NULL) {
		LIST_REMOVE(t, soon);
		LIST_INSERT_HEAD(&turn, t, soon);
	}
	while ((t = LIST_FIRST(&turn)) != NULL) {
		LIST_REMOVE(t, soon);
		t->is_soon = false;
		t->fn(t->arg);
	}
}

static int64_t
slept_ms(void)
{
	return (clock_mono_us() - clock_awake_us()) / 1000;
}

static void
bring_nearer(struct timer *t, int64_t ms)
{
	struct ev_loop *loop = t->timers->loop;
	double left = ev_timer_remaining(loop, &t->ev) - (double)ms / 1000;

	ev_timer_stop(loop, &t->ev);
	ev_timer_set(&t->ev, left > 0 ? left : 0, 0.);
	ev_timer_start(loop, &t->ev);
}

static void
on_awake(struct ev_loop *loop, ev_check *w, int revents)
{
	struct timers *ts = w->data;
	int64_t now = slept_ms(), ms = now - ts->slept_ms;
	struct timer *t;

	(void)loop;
	(void)revents;
	if (ms < SLEPT_MIN_MS)
		return;
	ts->slept_ms = now;
	TAILQ_FOREACH(t, &ts->all, all)
	{
		if (ev_is_active(&t->ev))
			bring_nearer(t, ms);
	}
}

static void
on_timer(struct ev_loop *loop, ev_timer *w, int revents)
{
	struct timer *t = w->data;

	(void)loop;
	(void)revents;
	t->fn(t->arg);
}

struct timers *
timers_new(struct ev_loop *loop)
{
	struct timers *ts = mem_zalloc(sizeof *ts);

	ts->loop = loop;
	TAILQ_INIT(&ts->all);
	LIST_INIT(&ts->soon);
	ev_idle_init(&ts->idle, on_idle);
	ev_set_priority(&ts->idle, EV_MAXPRI);
	ts->idle.data = ts;
	ts->slept_ms = slept_ms();
	ev_check_init(&ts->awake, on_awake);
	ev_set_priority(&ts->awake, EV_MAXPRI); /* before anything is armed */
	ts->awake.data = ts;
	ev_check_start(loop, &ts->awake);
	ev_unref(loop); /* it keeps no loop running */
	return ts;
}

void
timers_free(struct timers **tsp)
{
	struct timers *ts = *tsp;
	struct timer *t;

	if (ts == NULL)
		return;
	while ((t = TAILQ_FIRST(&ts->all)) != NULL)
		timer_free(&t);
	ev_idle_stop(ts->loop, &ts->idle);
	ev_ref(ts->loop);
	ev_check_stop(ts->loop, &ts->awake);
	mem_free(ts);
	*tsp = NULL;
}

struct ev_loop *
timers_loop(const struct timers *ts)
{
	return ts->loop;
}

struct timer *
timer_new(struct timers *ts, timer_fn *fn, void *arg)
{
	struct timer *t = mem_zalloc(sizeof *t);

	t->timers = ts;
	t->fn = fn;
	t->arg = arg;
	ev_init(&t->ev, on_timer);
	t->ev.data = t;
	TAILQ_INSERT_TAIL(&ts->all, t, all);
	return t;
}

void
timer_free(struct timer **tp)
{
	struct timer *t = *tp;

	if (t == NULL)
		return;
	timer_stop(t);
	TAILQ_REMOVE(&t->timers->all, t, all);
	mem_free(t);
	*tp = NULL;
}

void
timer_after(struct timer *t, int64_t ms)
{
	struct ev_loop *loop = t->timers->loop;

	CHECK(ms >= 0);
	timer_stop(t);
	if (ms == 0) {
		timer_soon(t);
		return;
	}
	/* The loop's idea of now is as old as this turn; after long work a
	 * timer would fire early by as much. */
	ev_now_update(loop);
	ev_timer_set(&t->ev, (double)ms / 1000.0, 0.);
	ev_timer_start(loop, &t->ev);
}

void
timer_soon(struct timer *t)
{
	struct timers *ts = t->timers;

	ev_timer_stop(ts->loop, &t->ev);
	if (t->is_soon)
		return;
	LIST_INSERT_HEAD(&ts->soon, t, soon);
	t->is_soon = true;
	if (!ev_is_active(&ts->idle))
		ev_idle_start(ts->loop, &ts->idle);
}

/* An idle watcher without anything to do stops itself in its next turn. */
void
timer_stop(struct timer *t)
{
	if (t->is_soon)
		LIST_REMOVE(t, soon);
	t->is_soon = false;
	ev_timer_stop(t->timers->loop, &t->ev);
}

bool
timer_armed(const struct timer *t)
{
	/* ev_is_active would cast the const away. */
	return t->ev.active != 0 || t->is_soon;
}
