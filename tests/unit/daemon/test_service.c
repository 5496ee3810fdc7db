/* The datagrams, as they reach a socket of our own. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include <ev.h>

#include "base/clock.h"
#include "daemon/service.h"

enum { NAME_MAX_BYTES = 64 };

static int manager = -1;
static char name[NAME_MAX_BYTES];
static char dir[] = "/tmp/test_service.XXXXXX";

/* abstract: without a file. The name is that of the environment. */
static void
listen_at(bool abstract)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	socklen_t n;

	(void)snprintf(
	    name, sizeof name, "%s%s/socket", abstract ? "@" : "", dir);
	memcpy(at.sun_path, name, strlen(name) + 1);
	n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(name));
	if (abstract)
		at.sun_path[0] = '\0';
	else
		n++;
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_return_code(
	    bind(manager, (const struct sockaddr *)(const void *)&at, n),
	    errno);
	assert_int_equal(setenv("NOTIFY_SOCKET", name, 1), 0);
}

static int
finish(void **state)
{
	(void)state;
	if (manager >= 0)
		close(manager);
	manager = -1;
	if (*name == '/')
		(void)unlink(name);
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	clock_use_real();
	return 0;
}

static const char *
heard(void)
{
	static char text[1024];
	ssize_t n = recv(manager, text, sizeof text - 1, 0);

	if (n < 0) {
		assert_int_equal(errno, EAGAIN);
		return "";
	}
	text[n] = '\0';
	return text;
}

static void
tell_all(struct service *s)
{
	clock_set_test(12345, 0);
	clock_sleep_test(5000); /* which the manager's clock knows nothing of */
	service_ready(s);
	assert_string_equal(heard(), "READY=1");
	service_reloading(s);
	assert_string_equal(heard(), "RELOADING=1\nMONOTONIC_USEC=12345000");
	service_ready(s);
	assert_string_equal(heard(), "READY=1");
	service_stopping(s, 30000);
	assert_string_equal(
	    heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000");
	assert_string_equal(heard(), "");
}

static void
on_a_path(void **state)
{
	struct service *s;

	(void)state;
	listen_at(false);
	s = service_new();
	assert_true(service_heard(s));
	tell_all(s);
	service_free(&s);
	assert_null(s);
}

static void
in_the_abstract_namespace(void **state)
{
	struct service *s;

	(void)state;
	listen_at(true);
	s = service_new();
	tell_all(s);
	service_free(&s);
}

static void
children_get_nothing_of_it(void **state)
{
	struct service *s;

	(void)state;
	listen_at(false);
	setenv("WATCHDOG_USEC", "1000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	s = service_new();
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	service_free(&s);
}

static void
nobody_listens(void **state)
{
	static const char *const names[] = {NULL, "", "relative", "@", "/",
	    "/nonesuch/socket",
	    "/a-path-that-is-longer-than-what-has-room-in-an-address-of-a-"
	    "socket-which-is-one-hundred-and-eight-bytes-with-its-end"};

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		struct service *s;

		if (names[i] != NULL)
			setenv("NOTIFY_SOCKET", names[i], 1);
		s = service_new();
		assert_true(!service_heard(s) || *names[i] == '/');
		service_ready(s);
		service_status(s, "x");
		service_stopping(s, 1);
		service_free(&s);
	}
}

static void
the_same_status_is_told_once(void **state)
{
	struct service *s;

	(void)state;
	listen_at(false);
	s = service_new();
	service_status(s, "one");
	assert_string_equal(heard(), "STATUS=one");
	service_status(s, "one");
	assert_string_equal(heard(), "");
	service_status(s, "two\nREADY=1\x7f");
	assert_string_equal(heard(), "STATUS=two?READY=1?");
	service_free(&s);
}

static void
a_long_status_is_cut(void **state)
{
	struct service *s;
	char text[2000];

	(void)state;
	memset(text, 'x', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	listen_at(false);
	s = service_new();
	service_status(s, text);
	assert_int_equal(strlen(heard()), strlen("STATUS=") + 512);
	service_status(s, text);
	assert_string_equal(heard(), "");
	service_free(&s);
}

/* A full socket neither blocks nor loses "ready"; a status may be lost. */
static void
ready_is_told_until_it_is_taken(void **state)
{
	struct service *s;
	char text[32];
	int sent = 0;

	(void)state;
	listen_at(false);
	s = service_new();
	for (; sent < 10000; sent++) {
		(void)snprintf(text, sizeof text, "%d", sent);
		service_status(s, text);
	}
	service_ready(s);
	while (*heard() != '\0') {
	}
	service_status(s, "9999");
	assert_string_equal(heard(), "READY=1");
	assert_string_equal(heard(), "STATUS=9999");
	service_status(s, "more");
	assert_string_equal(heard(), "STATUS=more");
	assert_string_equal(heard(), "");
	service_free(&s);
}

/* "ready" is of no use any more once it stops, which is told like it. */
static void
stopping_is_told_until_it_is_taken(void **state)
{
	struct service *s;
	char text[32];

	(void)state;
	listen_at(false);
	s = service_new();
	for (int sent = 0; sent < 10000; sent++) {
		(void)snprintf(text, sizeof text, "%d", sent);
		service_status(s, text);
	}
	service_ready(s);
	service_stopping(s, 30000);
	while (*heard() != '\0') {
	}
	service_status(s, "draining");
	assert_string_equal(
	    heard(), "STOPPING=1\nEXTEND_TIMEOUT_USEC=30000000");
	assert_string_equal(heard(), "STATUS=draining");
	service_status(s, "drained");
	assert_string_equal(heard(), "STATUS=drained");
	assert_string_equal(heard(), "");
	service_free(&s);
}

/* How often the watchdog is fed in the time that it gives. */
static unsigned
meals(const char *usec, const char *pid, int64_t ms)
{
	struct ev_loop *loop = ev_loop_new(EVFLAG_AUTO);
	struct timers *timers = timers_new(loop);
	int64_t end = clock_mono_ms() + ms;
	struct service *s;
	unsigned n = 0;

	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", usec, 1);
	if (pid != NULL)
		setenv("WATCHDOG_PID", pid, 1);
	s = service_new();
	service_feed(s, timers);
	do {
		const char *text;

		ev_run(loop, EVRUN_NOWAIT);
		text = heard();
		if (*text != '\0')
			assert_string_equal(text, "WATCHDOG=1");
		n += *text != '\0';
	} while (clock_mono_ms() < end && n < 3);
	service_free(&s);
	timers_free(&timers);
	ev_loop_destroy(loop);
	return n;
}

static void
the_watchdog_is_fed_if_it_is_ours(void **state)
{
	char pid[32];

	(void)state;
	listen_at(false);
	(void)snprintf(pid, sizeof pid, "%ld", (long)getpid());
	assert_int_equal(meals("20000", pid, 5000), 3);
	assert_int_equal(meals("20000", NULL, 5000), 3);
	assert_int_equal(meals("1", pid, 5000), 3);
	assert_int_equal(meals("3600000000", pid, 50), 1);
	assert_int_equal(meals("20000", "1", 50), 0);
	assert_int_equal(meals("20000", "x", 50), 0);
	assert_int_equal(meals("0", pid, 50), 0);
	assert_int_equal(meals("-1", pid, 50), 0);
	assert_int_equal(meals("many", pid, 50), 0);
}

/* The third meal comes at twice half the time: never before, and on a machine
 * that is busy later, so one good try is enough. */
static void
the_watchdog_is_fed_twice_in_its_time(void **state)
{
	int64_t began, took;
	int tries = 0;

	(void)state;
	listen_at(false);
	do {
		began = clock_mono_ms();
		assert_int_equal(meals("200000", NULL, 5000), 3);
		took = clock_mono_ms() - began;
		assert_true(took >= 190);
	} while (took >= 390 && ++tries < 20);
	assert_true(took < 390);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_teardown(on_a_path, finish),
	    cmocka_unit_test_teardown(in_the_abstract_namespace, finish),
	    cmocka_unit_test_teardown(children_get_nothing_of_it, finish),
	    cmocka_unit_test_teardown(nobody_listens, finish),
	    cmocka_unit_test_teardown(the_same_status_is_told_once, finish),
	    cmocka_unit_test_teardown(a_long_status_is_cut, finish),
	    cmocka_unit_test_teardown(ready_is_told_until_it_is_taken, finish),
	    cmocka_unit_test_teardown(
		stopping_is_told_until_it_is_taken, finish),
	    cmocka_unit_test_teardown(
		the_watchdog_is_fed_if_it_is_ours, finish),
	    cmocka_unit_test_teardown(
		the_watchdog_is_fed_twice_in_its_time, finish),
	};
	int failed;

	if (mkdtemp(dir) == NULL)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	(void)rmdir(dir);
	return failed;
}
