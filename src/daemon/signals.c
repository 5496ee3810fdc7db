#include "daemon/signals.h"

#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/child.h"

static const int nums[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};

enum { NSIGNALS = sizeof nums / sizeof nums[0] };

struct signals {
	struct ev_loop *loop;
	struct ev_signal watchers[NSIGNALS];
	struct signals_to to;
	bool on_terminal; /* whose end is to be ours */
};

static bool
has_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

static void
mask_hup(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGHUP);
	CHECK(sigprocmask(how, &set, NULL) == 0);
}

struct signals *
signals_new(void)
{
	struct signals *s = mem_zalloc(sizeof *s);
	struct sigaction was;

	mask_hup(SIG_BLOCK);
	CHECK(sigaction(SIGHUP, NULL, &was) == 0);
	s->on_terminal = was.sa_handler != SIG_IGN && has_terminal();
	return s;
}

static void
on_signal(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	struct signals *s = w->data;

	(void)loop;
	(void)revents;
	if (w->signum == SIGCHLD)
		child_reap_all();
	else if (w->signum == SIGHUP && !(s->on_terminal && !has_terminal()))
		s->to.reload(s->to.arg);
	else
		s->to.stop(s->to.arg, w->signum);
}

void
signals_watch(
    struct signals *s, struct ev_loop *loop, const struct signals_to *to)
{
	s->loop = loop;
	s->to = *to;
	for (int i = 0; i < NSIGNALS; i++) {
		ev_signal_init(&s->watchers[i], on_signal, nums[i]);
		s->watchers[i].data = s;
		ev_signal_start(loop, &s->watchers[i]);
	}
	mask_hup(SIG_UNBLOCK);
	child_reap_all(); /* some may have ended before */
}

void
signals_free(struct signals **sp)
{
	struct signals *s = *sp;

	if (s == NULL)
		return;
	for (int i = 0; s->loop != NULL && i < NSIGNALS; i++)
		ev_signal_stop(s->loop, &s->watchers[i]);
	mem_free(s);
	*sp = NULL;
}
