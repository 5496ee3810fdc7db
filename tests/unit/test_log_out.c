/* A pipe of two pages, and whoever reads it or does not. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/log_out.h"

enum { ROOM = PIPE_BUF };

static int ends[2];
static struct log_out out;
static char line[3 * ROOM], got[4 * ROOM];

/* flags: of the end that is written to. */
static void
open_pipe(int flags)
{
	assert_return_code(pipe(ends), errno);
	assert_int_equal(fcntl(ends[1], F_SETPIPE_SZ, 2 * ROOM), 2 * ROOM);
	assert_return_code(fcntl(ends[0], F_SETFL, O_NONBLOCK), errno);
	assert_return_code(fcntl(ends[1], F_SETFL, flags), errno);
	out = (struct log_out){.fd = ends[1], .wait_ms = 1};
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

/* The blocking one would hang here, the other would leave halves of lines. */
static void
a_full_pipe_drops_whole_lines(void **state)
{
	static const int flags[] = {0, O_NONBLOCK};

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		open_pipe(flags[i]);
		log_out_line(&out, line_of('a', 100));
		assert_true(log_out_ready(&out));
		log_out_line(&out, line_of('b', ROOM));
		assert_int_equal(out.dropped, 0);
		assert_false(log_out_ready(&out));
		log_out_line(&out, line_of('c', 10));
		log_out_line(&out, line_of('d', 10));
		assert_int_equal(out.dropped, 2);
		assert_int_equal(read_all(), 100 + ROOM);
		assert_true(log_out_ready(&out));
		log_out_line(&out, line_of('e', 10));
		assert_int_equal(out.dropped, 2);
		assert_int_equal(read_all(), 10);
		assert_memory_equal(got, "eeeeeeeee\n", 10);
		close_pipe();
	}
}

static void
a_line_that_was_torn_is_ended_first(void **state)
{
	(void)state;
	open_pipe(0);
	log_out_line(&out, line_of('a', 3 * ROOM));
	assert_int_equal(out.dropped, 1);
	assert_int_equal(read_all(), 2 * ROOM);
	log_out_line(&out, line_of('b', 5));
	log_out_line(&out, line_of('c', 5));
	assert_int_equal(read_all(), 11);
	assert_memory_equal(got, "\nbbbb\ncccc\n", 11);
	assert_int_equal(out.dropped, 1);
	close_pipe();
}

static void
nobody_can_ever_read(void **state)
{
	(void)state;
	out = (struct log_out){.wait_ms = 60000};
	out.fd = open("/dev/full", O_WRONLY);
	log_out_line(&out, line_of('a', 5));
	close(out.fd);
	log_out_line(&out, line_of('a', 5));
	assert_int_equal(out.dropped, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_pipe_drops_whole_lines),
	    cmocka_unit_test(a_line_that_was_torn_is_ended_first),
	    cmocka_unit_test(nobody_can_ever_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
