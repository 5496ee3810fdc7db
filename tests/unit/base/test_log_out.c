/* A pipe of two pages, and whoever reads it or does not. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log.h"
#include "base/log_out.h"

enum { ROOM = PIPE_BUF };

static int ends[2];
static struct log_out out;
static char waiting[LOG_OUT_MAX], line[3 * ROOM], got[2 * LOG_OUT_MAX];

/* flags: of the end that is written to. */
static void
open_pipe(int flags)
{
	assert_return_code(pipe(ends), errno);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 2 * ROOM), 2 * ROOM);
	assert_return_code(fcntl(ends[0], F_SETFL, O_NONBLOCK), errno);
	assert_return_code(fcntl(ends[1], F_SETFL, flags), errno);
	out = (struct log_out){.fd = ends[1], .text = waiting};
}

static void
close_pipe(void)
{
	close(ends[0]);
	close(ends[1]);
}

/* n bytes with their line end, all of one letter. */
static struct span
line_of(char letter, size_t n)
{
	memset(line, letter, n - 1);
	line[n - 1] = '\n';
	return (struct span){line, n};
}

static size_t
read_all(void)
{
	size_t n = 0;
	ssize_t more;

	while ((more = read(ends[0], got + n, sizeof got - n)) > 0)
		n += (size_t)more;
	return n;
}

/* Reads a page at a time, as slowly as it can be; how much came in all. */
static size_t
read_slowly(void)
{
	size_t n = 0;
	ssize_t more;

	do {
		(void)log_out_drain(&out);
		more = read(ends[0], got + n, ROOM);
		if (more > 0)
			n += (size_t)more;
	} while (more > 0);
	return n;
}

/* The blocking one would hang here, the other would leave halves of lines. */
static void
a_full_pipe_holds_nobody_up(void **state)
{
	static const int flags[] = {0, O_NONBLOCK};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_pipe(flags[i]);
		log_out_line(&out, line_of('a', 100));
		assert_false(log_out_drain(&out));
		log_out_line(&out, line_of('b', ROOM));
		assert_false(log_out_drain(&out));
		log_out_line(&out, line_of('c', 10));
		log_out_line(&out, line_of('d', 10));
		assert_true(log_out_drain(&out));
		assert_int_equal(read_all(), 100 + ROOM);
		assert_false(log_out_drain(&out));
		assert_int_equal(read_all(), 20);
		assert_memory_equal(got, "ccccccccc\nddddddddd\n", 20);
		assert_int_equal(out.dropped, 0);
		close_pipe();
	}
}

static void
a_line_of_many_pages_arrives_whole(void **state)
{
	(void)state;
	open_pipe(0);
	log_out_line(&out, line_of('a', 3 * ROOM));
	log_out_line(&out, line_of('b', 5));
	assert_int_equal(read_slowly(), 3 * ROOM + 5);
	assert_memory_equal(got + 3 * ROOM - 2, "a\nbbbb\n", 7);
	close_pipe();
}

/* What fits is kept; then nothing is until half has gone, so that what is kept
 * is not one line here and there. In order, and whole. */
static void
what_does_not_fit_is_counted(void **state)
{
	enum { EACH = 100, KEPT = LOG_OUT_MAX / EACH };
	size_t sent = 0, n;

	(void)state;
	open_pipe(0);
	for (; out.dropped == 0; sent++)
		log_out_line(&out, line_of('a', EACH));
	assert_in_range(sent, KEPT + ROOM / EACH, KEPT + 2 * ROOM / EACH + 1);
	n = read_all();
	log_out_line(&out, line_of('b', EACH));
	assert_int_equal(out.dropped, 2);
	while (log_out_full(&out))
		n += read_all();
	assert_in_range(out.n, LOG_OUT_MAX / 2 - 2 * ROOM, LOG_OUT_MAX / 2);
	/* There is no room behind what waits, but before it. */
	for (size_t i = 0; i < KEPT / 2; i++)
		log_out_line(&out, line_of('c', EACH));
	assert_int_equal(out.dropped, 2);
	n += read_all();
	assert_int_equal(n % EACH, 0);
	n += read_slowly();
	assert_int_equal(n, (sent - 1 + KEPT / 2) * EACH);
	for (size_t i = EACH; i <= LOG_OUT_MAX / 2; i += EACH)
		assert_int_equal(got[i - 1], '\n');
	close_pipe();
}

/* Lines of several writers on one pipe do not mix: what is written at once ends
 * with a line. */
static void
pieces_end_with_lines(void **state)
{
	size_t n;

	(void)state;
	open_pipe(0);
	for (int i = 0; i < 400; i++)
		log_out_line(&out, line_of('a', 97));
	for (int i = 0; i < 4; i++) {
		n = read_all();
		assert_true(n > ROOM);
		assert_int_equal(n % 97, 0);
		(void)log_out_drain(&out);
	}
	close_pipe();
}

static void
the_end_waits_for_the_reader_but_not_for_ever(void **state)
{
	(void)state;
	open_pipe(0);
	for (int i = 0; i < 3; i++)
		log_out_line(&out, line_of('a', ROOM));
	log_out_wait(&out, 1);
	assert_int_equal(out.n, ROOM);
	assert_int_equal(read_all(), 2 * ROOM);
	log_out_wait(&out, 60000);
	assert_int_equal(read_all(), ROOM);
	close_pipe();
}

/* Of a terminal's room poll(2) tells nothing but that it is not 0, and a write
 * that is larger would wait for whoever looks at it. */
static void
a_terminal_holds_nobody_up(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), fd;
	ssize_t n;

	(void)state;
	assert_return_code(grantpt(master), errno);
	assert_return_code(unlockpt(master), errno);
	fd = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_return_code(fd, errno);
	out = (struct log_out){.fd = fd, .text = waiting};
	for (int i = 0; i < 100; i++)
		log_out_line(&out, line_of('a', 3 * ROOM - 1));
	assert_true(out.dropped > 0);
	while (log_out_drain(&out)) {
		n = read(master, got, sizeof got);
		assert_true(n > 0);
	}
	close(out.own_fd);
	close(fd);
	close(master);
}

static void
nobody_can_ever_read(void **state)
{
	(void)state;
	out = (struct log_out){.text = waiting};
	out.fd = open("/dev/full", O_WRONLY);
	log_out_line(&out, line_of('a', 5));
	assert_int_equal(out.n, 0);
	close(out.fd);
	log_out_line(&out, line_of('a', 5));
	assert_int_equal(out.n, 0);
	assert_int_equal(out.dropped, 0);
}

/* Talks until lines are left out, says so, and ends. */
static void
talk_and_end(int said)
{
	if (dup2(ends[1], STDERR_FILENO) < 0)
		_exit(1);
	close(ends[0]);
	close(ends[1]);
	while (log_dropped() < 10)
		LOG_ALL(LOG_LVL_WARN, "x.y", F_STR("text", "a word or two"));
	close(said);
	log_end();
	_exit(0);
}

/* All that waited has been written, and the pipe is full of it. */
static void
the_last_line_says_what_was_left_out(void **state)
{
	struct timespec pause = {.tv_nsec = 1000 * 1000};
	pid_t child;
	size_t n = 0;
	ssize_t more;
	int status, said[2];
	char none;

	(void)state;
	open_pipe(0);
	assert_return_code(pipe(said), errno);
	child = fork();
	assert_return_code(child, errno);
	if (child == 0) {
		close(said[0]);
		talk_and_end(said[1]);
	}
	close(ends[1]);
	close(said[1]);
	assert_int_equal(read(said[0], &none, 1), 0);
	close(said[0]);
	assert_return_code(fcntl(ends[0], F_SETFL, 0), errno);
	while ((more = read(ends[0], got + n, ROOM)) > 0) {
		n += (size_t)more;
		assert_true(n + ROOM <= sizeof got);
		nanosleep(&pause, NULL);
	}
	close(ends[0]);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_non_null(memmem(got, n, "event=log.dropped lines=10\n", 27));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_pipe_holds_nobody_up),
	    cmocka_unit_test(a_line_of_many_pages_arrives_whole),
	    cmocka_unit_test(what_does_not_fit_is_counted),
	    cmocka_unit_test(pieces_end_with_lines),
	    cmocka_unit_test(the_end_waits_for_the_reader_but_not_for_ever),
	    cmocka_unit_test(a_terminal_holds_nobody_up),
	    cmocka_unit_test(nobody_can_ever_read),
	    cmocka_unit_test(the_last_line_says_what_was_left_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
