#include "sim_net.h"

#include "base/clock.h"
#include "base/mem.h"

enum { START_MS = 1000000, SAME_TIME_MAX = 3000000 };
static const int64_t start_wall_ms = 1795348800000; /* 2026-11-22T12:00:00Z */

static struct {
	struct sim_heap heap;
	int64_t now;
	unsigned same; /* events at this time: something spins */
} clock;

/* ---- the heap ---- */

static bool
before(const struct sim_ev *a, const struct sim_ev *b)
{
	return a->at < b->at || (a->at == b->at && a->seq < b->seq);
}

static void
place(struct sim_heap *h, size_t pos, struct sim_ev *e)
{
	h->ev[pos] = e;
	e->pos = pos;
}

static void
sift(struct sim_heap *h, size_t pos, struct sim_ev *e)
{
	size_t child;

	for (; pos > 1 && before(e, h->ev[pos / 2]); pos /= 2)
		place(h, pos, h->ev[pos / 2]);
	while ((child = 2 * pos) <= h->n) {
		if (child < h->n && before(h->ev[child + 1], h->ev[child]))
			child++;
		if (!before(h->ev[child], e))
			break;
		place(h, pos, h->ev[child]);
		pos = child;
	}
	place(h, pos, e);
}

void
sim_heap_put(struct sim_heap *h, struct sim_ev *e, int64_t at)
{
	sim_heap_drop(h, e);
	e->at = at;
	e->seq = ++h->seq;
	if (++h->n >= h->cap) {
		h->cap = h->cap > 0 ? 2 * h->cap : 1024;
		h->ev = mem_realloc(h->ev, h->cap * sizeof(void *));
	}
	sift(h, h->n, e);
}

void
sim_heap_drop(struct sim_heap *h, struct sim_ev *e)
{
	struct sim_ev *last;
	size_t pos = e->pos;

	if (pos == 0)
		return;
	e->pos = 0;
	last = h->ev[h->n--];
	if (last != e)
		sift(h, pos, last);
}

struct sim_ev *
sim_heap_first(const struct sim_heap *h)
{
	return h->n > 0 ? h->ev[1] : NULL;
}

/* ---- time ---- */

static void
set_clock(int64_t now)
{
	clock.same = 0;
	clock.now = now;
	clock_set_test(START_MS + now, start_wall_ms + now);
}

void
sim_clock_start(void)
{
	set_clock(0);
}

int64_t
sim_now(void)
{
	return clock.now;
}

void
sim_at(struct sim_ev *e, int64_t ms)
{
	CHECK(ms >= clock.now);
	sim_heap_put(&clock.heap, e, ms);
}

void
sim_after(struct sim_ev *e, int64_t ms)
{
	sim_at(e, clock.now + ms);
}

void
sim_off(struct sim_ev *e)
{
	sim_heap_drop(&clock.heap, e);
}

bool
sim_step(int64_t end_ms)
{
	struct sim_ev *e = sim_heap_first(&clock.heap);

	if (e == NULL || e->at >= end_ms)
		return false;
	sim_off(e);
	if (e->at > clock.now)
		set_clock(e->at);
	CHECK(++clock.same < SAME_TIME_MAX);
	e->fn(e->arg);
	return true;
}

/* ---- net/timer.h ---- */

struct timer {
	struct sim_ev ev;
};

struct timer *
timer_new(struct timers *ts, timer_fn *fn, void *arg)
{
	struct timer *t = mem_zalloc(sizeof *t);

	(void)ts;
	t->ev.fn = fn;
	t->ev.arg = arg;
	return t;
}

void
timer_free(struct timer **t)
{
	if (*t == NULL)
		return;
	sim_off(&(*t)->ev);
	mem_free(*t);
	*t = NULL;
}

void
timer_after(struct timer *t, int64_t ms)
{
	CHECK(ms >= 0);
	sim_after(&t->ev, ms);
}

void
timer_soon(struct timer *t)
{
	if (t->ev.pos == 0 || t->ev.at > clock.now)
		sim_after(&t->ev, 0);
}

void
timer_stop(struct timer *t)
{
	sim_off(&t->ev);
}

bool
timer_armed(const struct timer *t)
{
	return t->ev.pos > 0;
}
