#include "net/log_drain.h"

#include <ev.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"

struct log_drain {
	struct ev_loop *loop;
	ev_prepare idle; /* before each wait */
	ev_io io;	 /* while something is left */
};

static void
watch(struct log_drain *d, bool left)
{
	if (left == (ev_is_active(&d->io) != 0))
		return;
	if (left) {
		ev_io_start(d->loop, &d->io);
		ev_unref(d->loop);
	} else {
		ev_ref(d->loop);
		ev_io_stop(d->loop, &d->io);
	}
}

static void
on_idle(struct ev_loop *loop, ev_prepare *w, int revents)
{
	(void)loop;
	(void)revents;
	watch(w->data, log_drain());
}

/* The prepare watcher does it: it runs before the next wait. */
static void
on_room(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)loop;
	(void)w;
	(void)revents;
}

struct log_drain *
log_drain_new(struct ev_loop *loop)
{
	struct log_drain *d = mem_zalloc(sizeof *d);

	d->loop = loop;
	ev_io_init(&d->io, on_room, STDERR_FILENO, EV_WRITE);
	ev_prepare_init(&d->idle, on_idle);
	ev_set_priority(&d->idle, EV_MINPRI);
	d->idle.data = d;
	ev_prepare_start(loop, &d->idle);
	ev_unref(loop);
	return d;
}

void
log_drain_free(struct log_drain **dp)
{
	struct log_drain *d = *dp;

	if (d == NULL)
		return;
	watch(d, false);
	ev_ref(d->loop);
	ev_prepare_stop(d->loop, &d->idle);
	mem_free(d);
	*dp = NULL;
}
