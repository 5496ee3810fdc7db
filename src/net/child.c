/*
 * Three things are awaited: the end of both pipes, and the process itself, by a
 * pidfd. A grandchild that keeps a pipe open past the process's end is not
 * waited for: what was printed until then counts.
 *
 *	start -> running -> exited -> fn
 *	            \-> killed (limit, time) -> exited -> fn
 */
#include "net/child.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/mem.h"
#include "net/loop.h"

/* A glibc of 2.34 or later. Elsewhere a child inherits what of our own
 * descriptors a library left without FD_CLOEXEC. */
#ifdef __GLIBC_PREREQ
#if __GLIBC_PREREQ(2, 34)
#define HAS_CLOSEFROM
#endif
#endif

enum { ERROR_MAX = 512, CHUNK = 4096, TURN_CHUNKS = 16 };

struct child_pipe {
	struct child *child;
	struct ev_io io;
	int fd; /* −1: not open any more */
	struct buf text;
};

struct child {
	LIST_ENTRY(child) all;
	struct ev_loop *loop;
	struct timer *timer; /* the time limit; or fn, after a failed start */
	struct child_pipe out, error;
	struct ev_io exit;
	pid_t pid; /* 0: none, or reaped */
	int pidfd;
	struct child_end end;
	child_fn *fn;
	void *arg;
};

/* Of the process, as its children are: from the start to the end of each. */
static LIST_HEAD(, child) running;

static void
pipe_close(struct child_pipe *p)
{
	if (p->fd < 0)
		return;
	ev_io_stop(p->child->loop, &p->io);
	close(p->fd);
	p->fd = -1;
}

/* Before it is reaped its number cannot be that of another process. */
static void
kill_group(struct child *c)
{
	if (c->pid > 0)
		(void)kill(-c->pid, SIGKILL);
}

/* If somebody else has it already nobody knows how it ended. */
static void
reap(struct child *c, int flags)
{
	int status = -1;
	pid_t pid;

	do
		pid = waitpid(c->pid, &status, flags);
	while (pid < 0 && errno == EINTR);
	if (pid == 0)
		return;
	c->pid = 0;
	c->end.status = -1;
	if (pid < 0)
		return;
	if (WIFEXITED(status))
		c->end.status = WEXITSTATUS(status);
	c->end.signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void
child_free(struct child *c)
{
	LIST_REMOVE(c, all);
	kill_group(c);
	if (c->pid > 0)
		reap(c, 0); /* it was killed: this does not take long */
	pipe_close(&c->out);
	pipe_close(&c->error);
	if (c->pidfd >= 0) {
		ev_io_stop(c->loop, &c->exit);
		close(c->pidfd);
	}
	timer_free(&c->timer);
	buf_fini_wipe(&c->out.text);
	buf_fini_wipe(&c->error.text);
	mem_free(c);
}

static void
finish(struct child *c)
{
	struct buf out = c->out.text, error = c->error.text;
	struct child_end end = c->end;
	child_fn *fn = c->fn;
	void *arg = c->arg;

	buf_init(&c->out.text, 0);
	buf_init(&c->error.text, 0);
	child_free(c);
	end.out = buf_view(&out);
	end.error = buf_view(&error);
	fn(arg, &end);
	buf_fini_wipe(&out);
	buf_fini_wipe(&error);
}

/* Of standard error what does not fit is thrown away. */
static void
pipe_take(struct child_pipe *p, struct span s)
{
	struct child *c = p->child;
	size_t room = p->text.max - p->text.n;

	if (p == &c->error && s.n > room)
		s.n = room;
	buf_span(&p->text, s);
	if (p->text.err != ERR_OK) {
		c->end.err = ERR_LIMIT;
		pipe_close(p);
		kill_group(c);
	}
}

/* Reads what is there. Standard output has its limit; of standard error, which
 * has none, a part: somebody may write it faster than we read. */
static void
pipe_read(struct child_pipe *p)
{
	bool bounded = p == &p->child->out;
	char chunk[CHUNK];
	ssize_t n = 1;

	for (int i = 0; (bounded || i < TURN_CHUNKS) && p->fd >= 0 && n > 0;
	     i++) {
		n = read(p->fd, chunk, sizeof chunk);
		if (n > 0)
			pipe_take(p, (struct span){chunk, (size_t)n});
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			pipe_close(p);
	}
	mem_wipe(chunk, sizeof chunk);
}

static void
on_pipe(struct ev_loop *loop, struct ev_io *w, int revents)
{
	(void)loop;
	(void)revents;
	pipe_read(w->data);
}

static void
on_exit_fd(struct ev_loop *loop, struct ev_io *w, int revents)
{
	struct child *c = w->data;

	(void)loop;
	(void)revents;
	if (c->pid > 0)
		reap(c, WNOHANG);
	if (c->pid > 0)
		return;
	pipe_read(&c->out);
	pipe_read(&c->error);
	finish(c);
}

static void
on_timer(void *arg)
{
	struct child *c = arg;

	if (c->end.err == ERR_SYSTEM) {
		finish(c);
		return;
	}
	if (c->pid > 0 && c->end.err == ERR_OK)
		c->end.err = ERR_TIMEOUT;
	kill_group(c);
}

static int
pipe_open(struct child_pipe *p, int *writer)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) != 0)
		return errno;
	p->fd = fds[0];
	*writer = fds[1];
	(void)fcntl(p->fd, F_SETFL, O_NONBLOCK);
	ev_io_init(&p->io, on_pipe, p->fd, EV_READ);
	p->io.data = p;
	ev_io_start(p->child->loop, &p->io);
	return 0;
}

/* Our own secrets, and what the service manager says to us alone. A name that
 * ends in '_' stands for all that begin with it. */
static bool
is_ours(const char *var)
{
	static const char *const names[] = {"DASSANA_", "TRAILPOST_",
	    "CREDENTIALS_DIRECTORY", "NOTIFY_SOCKET", "WATCHDOG_", "LISTEN_",
	    "AWS_CONTAINER_AUTHORIZATION_TOKEN"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		size_t n = strlen(names[i]);

		if (strncmp(var, names[i], n) == 0 &&
		    (names[i][n - 1] == '_' || var[n] == '='))
			return true;
	}
	return false;
}

/* What of the environment a child gets; free the array. */
static char **
child_environ(void)
{
	size_t n = 0, kept = 0;
	char **env;

	while (environ[n] != NULL)
		n++;
	env = mem_zalloc((n + 1) * sizeof *env);
	for (size_t i = 0; i < n; i++) {
		if (!is_ours(environ[i]))
			env[kept++] = environ[i];
	}
	return env;
}

/* Signals as a program expects them: we ignore SIGPIPE. */
static int
spawn(struct child *c, const char *const *argv, int out, int error)
{
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attr;
	char **env = child_environ();
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	posix_spawnattr_init(&attr);
	posix_spawnattr_setsigmask(&attr, &none);
	posix_spawnattr_setsigdefault(&attr, &all);
	posix_spawnattr_setpgroup(&attr, 0);
	posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGMASK |
					    POSIX_SPAWN_SETSIGDEF |
					    POSIX_SPAWN_SETPGROUP);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&files, out, 1);
	posix_spawn_file_actions_adddup2(&files, error, 2);
#ifdef HAS_CLOSEFROM
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
#endif
	rc = posix_spawnp(&c->pid, argv[0], &files, &attr,
	    (char *const *)(const void *)argv, env);
	if (rc != 0)
		c->pid = 0;
	posix_spawn_file_actions_destroy(&files);
	posix_spawnattr_destroy(&attr);
	mem_free(env);
	return rc;
}

static int
watch_exit(struct child *c)
{
	c->pidfd = (int)syscall(SYS_pidfd_open, c->pid, 0);
	if (c->pidfd < 0)
		return errno;
	(void)fcntl(c->pidfd, F_SETFD, FD_CLOEXEC);
	ev_io_init(&c->exit, on_exit_fd, c->pidfd, EV_READ);
	c->exit.data = c;
	ev_io_start(c->loop, &c->exit);
	return 0;
}

static int
start(struct child *c, const char *const *argv)
{
	int out = -1, error = -1;
	int rc = pipe_open(&c->out, &out);

	if (rc == 0)
		rc = pipe_open(&c->error, &error);
	if (rc == 0)
		rc = spawn(c, argv, out, error);
	if (rc == 0)
		rc = watch_exit(c);
	if (out >= 0)
		close(out);
	if (error >= 0)
		close(error);
	return rc;
}

struct child *
child_start(struct timers *t, const struct child_spec *spec)
{
	struct child *c = mem_zalloc(sizeof *c);

	c->loop = timers_loop(t);
	c->timer = timer_new(t, on_timer, c);
	LIST_INSERT_HEAD(&running, c, all);
	c->fn = spec->fn;
	c->arg = spec->arg;
	c->pidfd = c->out.fd = c->error.fd = -1;
	c->out.child = c->error.child = c;
	buf_init(&c->out.text, spec->output_max);
	buf_init(&c->error.text, ERROR_MAX);
	c->end.sys = start(c, spec->argv);
	if (c->end.sys == 0) {
		timer_after(c->timer, spec->timeout_ms);
		return c;
	}
	c->end.err = ERR_SYSTEM;
	kill_group(c);
	if (c->pid > 0)
		reap(c, 0);
	timer_soon(c->timer);
	return c;
}

void
child_cancel(struct child **cp)
{
	if (*cp != NULL)
		child_free(*cp);
	*cp = NULL;
}

static struct child *
find(pid_t pid)
{
	struct child *c;

	LIST_FOREACH(c, &running, all)
	{
		if (c->pid == pid)
			return c;
	}
	return NULL;
}

/* One that was started here is taken too, since it may stand before others; its
 * pidfd finishes it. */
void
child_reap_all(void)
{
	siginfo_t info = {.si_pid = 0};
	struct child *c;

	while (waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
	       info.si_pid > 0) {
		c = find(info.si_pid);
		if (c != NULL)
			reap(c, WNOHANG);
		else
			(void)waitpid(info.si_pid, NULL, WNOHANG);
		info.si_pid = 0;
	}
}
