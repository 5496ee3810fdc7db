/*
 * The signals that the daemon answers, told from the loop: SIGTERM and SIGINT
 * as stop, SIGHUP as reload. But where a terminal controlled the process at
 * start and is gone now, SIGHUP was its farewell, and means stop, unless it was
 * ignored then (nohup).
 */
#ifndef DAEMON_SIGNALS_H
#define DAEMON_SIGNALS_H

struct ev_loop;
struct signals;

struct signals_to {
	void (*stop)(void *arg, int signum);
	void (*reload)(void *arg);
	void *arg;
};

/* Before there is a loop: from here on SIGHUP waits for signals_watch. Never
 * NULL. */
struct signals *signals_new(void);
/* loop is borrowed until signals_free. */
void signals_watch(
    struct signals *s, struct ev_loop *loop, const struct signals_to *to);
void signals_free(struct signals **s);

#endif
