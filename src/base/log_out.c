#include "base/log_out.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

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

bool
log_out_ready(const struct log_out *o)
{
	return await(o->fd, 0);
}

/* false: nobody reads. */
static bool
put(struct log_out *o, struct span s)
{
	while (s.n > 0) {
		ssize_t n;

		if (!await(o->fd, o->dropped > 0 ? 0 : o->wait_ms))
			return false;
		n = write(o->fd, s.p, s.n < PIPE_BUF ? s.n : PIPE_BUF);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 && errno != EAGAIN;
		o->torn = s.p[n - 1] != '\n';
		s.p += n;
		s.n -= (size_t)n;
	}
	return true;
}

void
log_out_line(struct log_out *o, struct span line)
{
	if ((o->torn && !put(o, span_str("\n"))) || !put(o, line))
		o->dropped++;
}
