/* Real programs on a real loop: what is under test is the system calls. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include <ev.h>

#include "base/buf.h"
#include "net/child.h"

enum { OUTPUT_MAX = 1000, FLOOD = 1024 * 1024 };

static struct ev_loop *loop;
static struct timers *timers;
static struct child_end end;
static struct buf out, error;
static unsigned ends;

static void
on_end(void *arg, const struct child_end *e)
{
	(void)arg;
	ends++;
	end = *e;
	buf_span(&out, e->out);
	buf_span(&error, e->error);
	ev_break(loop, EVBREAK_ALL);
}

static int
begin(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	loop = ev_loop_new(EVFLAG_AUTO);
	timers = timers_new(loop);
	buf_init(&out, 1024 * 1024);
	buf_init(&error, 4096);
	return 0;
}

static int
finish(void **state)
{
	(void)state;
	timers_free(&timers);
	ev_loop_destroy(loop);
	buf_fini(&out);
	buf_fini(&error);
	/* None is left behind. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	return 0;
}

static struct child *
start(const char *const *argv, int64_t timeout_ms)
{
	struct child_spec spec = {.argv = argv,
	    .timeout_ms = timeout_ms,
	    .output_max = OUTPUT_MAX,
	    .fn = on_end};
	struct child *c;

	ends = 0;
	buf_reset(&out);
	buf_reset(&error);
	c = child_start(timers, &spec);
	assert_non_null(c);
	assert_int_equal(ends, 0);
	return c;
}

static void
run(const char *script, int64_t timeout_ms)
{
	const char *const argv[] = {"sh", "-c", script, "sh", "a b", NULL};

	(void)start(argv, timeout_ms);
	ev_run(loop, 0);
	assert_int_equal(ends, 1);
}

static void
test_output(void **state)
{
	(void)state;
	run("printf '%s' \"$1\"; echo no >&2; read x; exit 7", 10000);
	assert_int_equal(end.err, ERR_OK);
	assert_int_equal(end.status, 7);
	assert_int_equal(end.signal, 0);
	assert_string_equal(buf_cstr(&out), "a b");
	assert_string_equal(buf_cstr(&error), "no\n");
	run("kill -9 $$", 10000);
	assert_int_equal(end.err, ERR_OK);
	assert_int_equal(end.status, -1);
	assert_int_equal(end.signal, 9);
	/* SIGPIPE is as it should be for a program. */
	run("kill -PIPE $$; exit 0", 10000);
	assert_int_equal(end.signal, SIGPIPE);
	/* Of ours it has the three files that it is given, and no other. */
	run("test -e /proc/self/fd/3 && exit 1; exit 0", 10000);
	assert_int_equal(end.status, 0);
}

static void
test_limits(void **state)
{
	(void)state;
	run("printf '%01000d' 0", 10000);
	assert_int_equal(end.err, ERR_OK);
	assert_int_equal(out.n, OUTPUT_MAX);
	run("printf '%01001d' 0; sleep 1000", 10000);
	assert_int_equal(end.err, ERR_LIMIT);
	/* Too much on standard error is thrown away. */
	run("printf '%070000d' 0 >&2; echo x", 10000);
	assert_int_equal(end.err, ERR_OK);
	assert_string_equal(buf_cstr(&out), "x\n");
	assert_in_range(error.n, 100, 4096);
	run("sleep 1000 & sleep 1000", 50);
	assert_int_equal(end.err, ERR_TIMEOUT);
	assert_int_equal(end.signal, SIGKILL);
}

/* What is ours alone is not told to it. */
static void
test_environment(void **state)
{
	static const char *const ours[] = {"DASSANA_TOKEN", "DASSANA_APP_ID",
	    "TRAILPOST_DASSANA_TOKEN", "NOTIFY_SOCKET", "WATCHDOG_USEC",
	    "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES",
	    "CREDENTIALS_DIRECTORY", "AWS_CONTAINER_AUTHORIZATION_TOKEN"};
	static const char *const given[] = {"AWS_CONFIG_FILE", "HTTPS_PROXY",
	    "NOTIFY_SOCKET_OF_ANOTHER", "MY_DASSANA_TOKEN",
	    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"};
	(void)state;
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		setenv(ours[i], "hush", 1);
	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
		setenv(given[i], "told", 1);
	run("env | grep -c =told; env | grep hush", 10000);
	for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
		unsetenv(ours[i]);
	for (size_t i = 0; i < sizeof given / sizeof given[0]; i++)
		unsetenv(given[i]);
	assert_string_equal(buf_cstr(&out), "5\n");
}

/* In an emulator of user programs vfork is fork: it neither waits for exec nor
 * hears of its failure. */
static bool
emulated(void)
{
	const char *by = getenv("EMULATOR");

	return by != NULL && *by != '\0';
}

/* This program as a child: fills its standard error, as large as it gets, says
 * so on the pipe that stands for a file, and stays. */
static int
flood(const char *said)
{
	static char block[FLOOD];
	int fd = open(said, O_WRONLY | O_CLOEXEC);

	return fcntl(2, F_SETPIPE_SZ, FLOOD) < 0 ||
	       write(2, block, sizeof block) != sizeof block ||
	       dprintf(fd, "%d\n", (int)getpid()) < 0 || pause();
}

/* However much of it there is, the loop gets on after a part. */
static void
test_flood(void **state)
{
	char dir[] = "/tmp/trailpost-test-XXXXXX", said[64], path[64];
	const char *const argv[] = {"/proc/self/exe", said, NULL};
	struct child *c;
	int pid, left, fd;
	FILE *f;
	(void)state;
	if (emulated()) /* it cannot be started by that name */
		skip();
	assert_non_null(mkdtemp(dir));
	snprintf(said, sizeof said, "%s/said", dir);
	assert_int_equal(mkfifo(said, 0600), 0);
	c = start(argv, 10000);
	f = fopen(said, "r");
	assert_non_null(f);
	assert_int_equal(fscanf(f, "%d", &pid), 1);
	fclose(f);
	snprintf(path, sizeof path, "/proc/%d/fd/2", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	ev_run(loop, EVRUN_NOWAIT);
	assert_int_equal(ioctl(fd, FIONREAD, &left), 0);
	assert_in_range(left, FLOOD / 2, FLOOD - 1);
	close(fd);
	child_cancel(&c);
	(void)unlink(said);
	(void)rmdir(dir);
}

/* One that goes on in the background with our pipe is not waited for. */
static void
test_background(void **state)
{
	(void)state;
	run("sleep 3 & echo x", 10000);
	assert_int_equal(end.err, ERR_OK);
	assert_string_equal(buf_cstr(&out), "x\n");
}

static void
test_not_started(void **state)
{
	const char *const argv[] = {"/nonexistent/program", NULL};
	(void)state;
	if (emulated())
		skip();
	(void)start(argv, 10000);
	ev_run(loop, 0);
	assert_int_equal(ends, 1);
	assert_int_equal(end.err, ERR_SYSTEM);
	assert_int_equal(end.sys, ENOENT);
}

/* Such as a library; it is no reason to ask for ever. */
static void
test_somebody_else_has_the_end(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo x; exit 7", NULL};
	(void)state;
	(void)start(argv, 10000);
	assert_true(waitpid(-1, NULL, 0) > 0);
	ev_run(loop, 0);
	assert_int_equal(ends, 1);
	assert_int_equal(end.err, ERR_OK);
	assert_int_equal(end.status, -1);
	assert_int_equal(end.signal, 0);
	assert_string_equal(buf_cstr(&out), "x\n");
}

/* Ours is finished as ever, with its status; the stranger is gone. */
static void
test_reap_all(void **state)
{
	const char *const argv[] = {"sh", "-c", "echo x; exit 7", NULL};
	siginfo_t info;
	pid_t pid;
	(void)state;
	for (int ours_first = 0; ours_first < 2; ours_first++) {
		if (ours_first)
			(void)start(argv, 10000);
		pid = fork();
		if (pid == 0)
			_exit(0);
		if (!ours_first)
			(void)start(argv, 10000);
		assert_int_equal(
		    waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
		child_reap_all();
		assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
		ev_run(loop, 0);
		assert_int_equal(ends, 1);
		assert_int_equal(end.err, ERR_OK);
		assert_int_equal(end.status, 7);
		assert_string_equal(buf_cstr(&out), "x\n");
	}
	/* The end of ours is known before its pidfd or its time tells. */
	(void)start(argv, 200);
	assert_int_equal(waitid(P_ALL, 0, &info, WEXITED | WNOWAIT), 0);
	child_reap_all();
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	ev_run(loop, 0);
	assert_int_equal(end.err, ERR_OK);
	assert_int_equal(end.status, 7);
}

static void
test_cancel(void **state)
{
	const char *const argv[] = {"sleep", "1000", NULL};
	const char *const none[] = {"/nonexistent/program", NULL};
	struct child *c;
	(void)state;
	if (emulated())
		skip();
	c = start(argv, 10000);
	ev_run(loop, EVRUN_NOWAIT);
	child_cancel(&c);
	assert_null(c);
	child_cancel(&c);
	c = start(none, 10000);
	child_cancel(&c);
	ev_run(loop, 0); /* nothing is left to wait for */
	assert_int_equal(ends, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_output, begin, finish),
	    cmocka_unit_test_setup_teardown(test_limits, begin, finish),
	    cmocka_unit_test_setup_teardown(test_environment, begin, finish),
	    cmocka_unit_test_setup_teardown(test_flood, begin, finish),
	    cmocka_unit_test_setup_teardown(test_background, begin, finish),
	    cmocka_unit_test_setup_teardown(test_not_started, begin, finish),
	    cmocka_unit_test_setup_teardown(
		test_somebody_else_has_the_end, begin, finish),
	    cmocka_unit_test_setup_teardown(test_reap_all, begin, finish),
	    cmocka_unit_test_setup_teardown(test_cancel, begin, finish),
	};

	if (argc > 1)
		return flood(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
