#include "base/log_out.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

static bool
await(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLOUT};
	int n;

	do
		n = poll(&p, 1, ms);
	while (n < 0 && errno == EINTR);
	return n != 0;
}

/* The terminal's own device if it can be opened, else the descriptor. */
static int
open_own(int fd)
{
	char name[64];
	int own = -1;

	if (isatty(fd) && ttyname_r(fd, name, sizeof name) == 0)
		own = open(name, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	return own > 0 ? own : fd;
}

static int
fd_of(struct log_out *o)
{
	if (o->own_fd == 0)
		o->own_fd = open_own(o->fd);
	return o->own_fd;
}

/* Of what waits, the whole lines that fit into one write(2); or a piece of a
 * line that does not. Lines of several processes on one pipe do not mix. */
static size_t
piece(const struct log_out *o)
{
	const char *p = o->text + o->from, *end;

	if (o->n <= PIPE_BUF)
		return o->n;
	end = memrchr(p, '\n', PIPE_BUF);
	return end != NULL ? (size_t)(end - p) + 1 : PIPE_BUF;
}

bool
log_out_drain(struct log_out *o)
{
	while (o->n > 0 && await(fd_of(o), 0)) {
		ssize_t n = write(fd_of(o), o->text + o->from, piece(o));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN)
			break;
		if (n <= 0)
			n = (ssize_t)o->n; /* it is broken */
		o->from += (size_t)n;
		o->n -= (size_t)n;
	}
	if (o->n == 0)
		o->from = 0;
	if (o->n <= LOG_OUT_MAX / 2)
		o->full = false;
	return o->n > 0;
}

void
log_out_line(struct log_out *o, struct span line)
{
	if (line.n > LOG_OUT_MAX - o->n)
		o->full = true;
	if (log_out_full(o)) {
		o->dropped++;
		return;
	}
	if (line.n > LOG_OUT_MAX - o->from - o->n) {
		memmove(o->text, o->text + o->from, o->n);
		o->from = 0;
	}
	memcpy(o->text + o->from + o->n, line.p, line.n);
	o->n += line.n;
	(void)log_out_drain(o);
}

void
log_out_wait(struct log_out *o, int wait_ms)
{
	int64_t end_ms = clock_mono_ms() + wait_ms;

	while (log_out_drain(o)) {
		int64_t left_ms = end_ms - clock_mono_ms();

		if (left_ms <= 0 || !await(fd_of(o), (int)left_ms))
			break;
	}
}

bool
log_out_full(struct log_out *o)
{
	(void)log_out_drain(o);
	return o->full;
}
