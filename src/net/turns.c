#include "net/turns.h"

#include <ev.h>

#include "base/clock.h"
#include "base/mem.h"

struct turns {
	struct ev_loop *loop;
	ev_check awake;	 /* runs first after the wait */
	ev_prepare idle; /* runs last before it */
	int64_t woke_us; /* −1: not yet */
	struct histogram us;
};

static void
on_awake(struct ev_loop *loop, ev_check *w, int revents)
{
	struct turns *t = w->data;

	(void)loop;
	(void)revents;
	t->woke_us = clock_mono_us();
}

static void
on_idle(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct turns *t = w->data;

	(void)loop;
	(void)revents;
	if (t->woke_us >= 0)
		histogram_observe(&t->us, clock_mono_us() - t->woke_us);
	t->woke_us = -1;
}

/* Neither may keep a loop running that has nothing else to do. */
struct turns *
turns_new(struct ev_loop *loop)
{
	struct turns *t = mem_zalloc(sizeof *t);

	t->loop = loop;
	t->woke_us = -1;
	histogram_init(&t->us, &histogram_turn_us);
	ev_check_init(&t->awake, on_awake);
	ev_prepare_init(&t->idle, on_idle);
	ev_set_priority(&t->awake, EV_MAXPRI);
	ev_set_priority(&t->idle, EV_MINPRI);
	t->awake.data = t->idle.data = t;
	ev_check_start(loop, &t->awake);
	ev_unref(loop);
	ev_prepare_start(loop, &t->idle);
	ev_unref(loop);
	return t;
}

void
turns_free(struct turns **tp)
{
	struct turns *t = *tp;

	if (t == NULL)
		return;
	ev_ref(t->loop);
	ev_check_stop(t->loop, &t->awake);
	ev_ref(t->loop);
	ev_prepare_stop(t->loop, &t->idle);
	mem_free(t);
	*tp = NULL;
}

const struct histogram *
turns_us(const struct turns *t)
{
	return &t->us;
}
