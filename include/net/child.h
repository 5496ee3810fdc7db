/*
 * A program that is run for what it prints, without blocking the loop and
 * without a shell. It gets our environment but for our own secrets and what the
 * service manager says to us, no input, and a process group of its own, which
 * is killed when the time is up, when it prints too much, and on cancel: what
 * it has started goes with it.
 */
#ifndef NET_CHILD_H
#define NET_CHILD_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"
#include "net/timer.h"

struct child;

/* How it ended. Borrowed for the callback. */
struct child_end {
	enum err err; /* ERR_SYSTEM: not started, errno tells; ERR_TIMEOUT;
		       * ERR_LIMIT: printed too much; ERR_OK: it ended */
	int sys;      /* errno of ERR_SYSTEM */
	int status;   /* exit status; −1 if a signal ended it */
	int signal;
	struct span out;   /* what it printed */
	struct span error; /* the beginning of its standard error */
};

typedef void child_fn(void *arg, const struct child_end *end);

struct child_spec {
	const char *const *argv; /* argv[0] is looked for in PATH; all copied */
	int64_t timeout_ms;
	size_t output_max;
	child_fn *fn;
	void *arg;
};

/* Never NULL; what fails at once also ends in fn. When fn is called the child
 * is gone already. What it printed is wiped from memory then. */
struct child *child_start(struct timers *t, const struct child_spec *spec);
/* Silence; kills it. NULL is fine. */
void child_cancel(struct child **c);
/* On SIGCHLD: of all processes that have ended and are children of ours nothing
 * is left behind, whoever started them. As PID 1 of a container we inherit
 * orphans, and whoever ran us by exec may have left us some. */
void child_reap_all(void);

#endif
