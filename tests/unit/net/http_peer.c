#include "http_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/span.h"

struct peer_accept {
	struct peer *peer;
	ev_io io;
};

struct peer_conn {
	struct peer *peer;
	const struct peer_step *script, *at;
	size_t off; /* within the step */
	int fd;
	ev_io in, out;
	ev_timer wait;
	struct buf got;
	size_t index;
};

enum progress { NEXT, BLOCKED, GONE };

char
peer_pattern(size_t i)
{
	return (char)('a' + (i * 2654435761u >> 13) % 26);
}

static void
conn_free(struct peer_conn *c)
{
	struct ev_loop *loop = c->peer->loop;

	ev_io_stop(loop, &c->in);
	ev_io_stop(loop, &c->out);
	ev_timer_stop(loop, &c->wait);
	close(c->fd);
	buf_fini(&c->got);
	c->peer->conns[c->index] = NULL;
	mem_free(c);
}

/* Length of the first whole request in what came in; 0: not whole yet. */
static size_t
whole_request(const struct buf *b)
{
	const char *end = b->n > 0 ? strstr(b->p, "\r\n\r\n") : NULL;
	const char *len = b->n > 0 ? strcasestr(b->p, "content-length:") : NULL;
	size_t n;

	if (end == NULL)
		return 0;
	n = (size_t)(end + 4 - b->p);
	if (len != NULL && len < end)
		n += strtoul(len + sizeof "content-length:" - 1, NULL, 10);
	return b->n >= n ? n : 0;
}

static enum progress
do_read(struct peer_conn *c)
{
	size_t n = whole_request(&c->got);

	if (n == 0) {
		ev_io_start(c->peer->loop, &c->in);
		return BLOCKED;
	}
	buf_reset(&c->peer->request);
	buf_add(&c->peer->request, c->got.p, n);
	buf_drop(&c->got, n);
	c->peer->requests++;
	return NEXT;
}

/* The bytes of a sending step from c->off on. */
static struct span
to_send(const struct peer_conn *c, char *room, size_t size)
{
	struct span s = span_str(c->at->text);
	size_t n;

	if (c->at->op == PEER_PATTERN) {
		n = c->at->n - c->off < size ? c->at->n - c->off : size;
		for (size_t i = 0; i < n; i++)
			room[i] = peer_pattern(c->off + i);
		return (struct span){room, n};
	}
	n = c->at->op == PEER_FLOOD ? c->off % s.n : c->off;
	return (struct span){s.p + n, s.n - n};
}

static enum progress
do_send(struct peer_conn *c)
{
	struct peer *p = c->peer;
	char room[8192];
	struct span s = to_send(c, room, sizeof room);
	ssize_t n;

	if (s.n == 0)
		return NEXT;
	if (p->cut > 0 && s.n > p->cut)
		s.n = p->cut;
	n = send(c->fd, s.p, s.n, MSG_NOSIGNAL);
	if (n < 0 && errno != EAGAIN) {
		conn_free(c);
		return GONE;
	}
	if (n > 0) {
		c->off += (size_t)n;
		p->sent += (size_t)n;
	}
	ev_io_start(p->loop, &c->out);
	return BLOCKED;
}

static enum progress
do_reset(struct peer_conn *c)
{
	struct linger l = {.l_onoff = 1};

	setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
	conn_free(c);
	return GONE;
}

static enum progress
do_wait(struct peer_conn *c)
{
	if (c->off > 0)
		return NEXT;
	c->off = 1;
	ev_now_update(c->peer->loop);
	ev_timer_set(&c->wait, (double)c->at->n / 1000.0, 0.);
	ev_timer_start(c->peer->loop, &c->wait);
	return BLOCKED;
}

static enum progress
do_sip(struct peer_conn *c)
{
	if (c->off >= c->at->n)
		return NEXT;
	ev_io_start(c->peer->loop, &c->in);
	return BLOCKED;
}

static enum progress
do_step(struct peer_conn *c)
{
	switch (c->at->op) {
	case PEER_READ:
		return do_read(c);
	case PEER_SIP:
		return do_sip(c);
	case PEER_SEND:
	case PEER_PATTERN:
	case PEER_FLOOD:
		return do_send(c);
	case PEER_WAIT:
		return do_wait(c);
	case PEER_CLOSE:
		conn_free(c);
		return GONE;
	case PEER_RESET:
		return do_reset(c);
	case PEER_AGAIN:
	case PEER_END:
		break;
	}
	return BLOCKED;
}

static void
conn_run(struct peer_conn *c)
{
	enum progress p;

	for (;;) {
		if (c->at->op == PEER_AGAIN) {
			c->at = c->script;
			c->off = 0;
		}
		p = do_step(c);
		if (p != NEXT)
			return;
		c->at++;
		c->off = 0;
	}
}

static void
on_writable(struct ev_loop *loop, ev_io *w, int revents)
{
	(void)revents;
	ev_io_stop(loop, w);
	conn_run(w->data);
}

static void
on_waited(struct ev_loop *loop, ev_timer *w, int revents)
{
	(void)loop;
	(void)revents;
	conn_run(w->data);
}

static void
on_readable(struct ev_loop *loop, ev_io *w, int revents)
{
	struct peer_conn *c = w->data;
	static char bytes[PEER_SIP_BYTES];
	ssize_t n = recv(c->fd, bytes, sizeof bytes, 0);

	(void)revents;
	if (n < 0 && errno == EAGAIN)
		return;
	if (n <= 0) {
		conn_free(c);
		return;
	}
	ev_io_stop(loop, w);
	if (c->at->op == PEER_SIP) {
		c->off += (size_t)n;
		ev_timer_set(&c->wait, (double)PEER_SIP_MS / 1000, 0.);
		ev_timer_start(loop, &c->wait);
		return;
	}
	buf_add(&c->got, bytes, (size_t)n);
	conn_run(c);
}

static void
on_connection(struct ev_loop *loop, ev_io *w, int revents)
{
	struct peer_accept *a = w->data;
	struct peer *p = a->peer;
	int fd = accept4(w->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	size_t i = p->accepted;
	struct peer_conn *c;

	(void)loop;
	(void)revents;
	CHECK(fd >= 0 && i < PEER_CONNS_MAX);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &(int){256 * 1024}, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &(int){64 * 1024}, sizeof(int));
	c = mem_zalloc(sizeof *c);
	c->peer = p;
	c->fd = fd;
	c->index = i;
	c->script = p->scripts[i < p->nscripts ? i : p->nscripts - 1];
	c->at = c->script;
	buf_init(&c->got, 1024 * 1024);
	ev_io_init(&c->in, on_readable, fd, EV_READ);
	ev_io_init(&c->out, on_writable, fd, EV_WRITE);
	ev_timer_init(&c->wait, on_waited, 0., 0.);
	c->in.data = c->out.data = c->wait.data = c;
	p->conns[i] = c;
	p->accepted++;
	conn_run(c);
}

void
peer_start(struct peer *p, struct ev_loop *loop)
{
	struct sockaddr_in sa = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t len = sizeof sa;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*p = (struct peer){.loop = loop};
	CHECK(fd >= 0);
	CHECK(bind(fd, (struct sockaddr *)&sa, len) == 0);
	CHECK(listen(fd, 64) == 0);
	CHECK(getsockname(fd, (struct sockaddr *)&sa, &len) == 0);
	snprintf(
	    p->base, sizeof p->base, "http://127.0.0.1:%u", ntohs(sa.sin_port));
	buf_init(&p->request, 1024 * 1024);
	p->accept = mem_zalloc(sizeof *p->accept);
	p->accept->peer = p;
	ev_io_init(&p->accept->io, on_connection, fd, EV_READ);
	p->accept->io.data = p->accept;
	ev_io_start(loop, &p->accept->io);
}

void
peer_stop(struct peer *p)
{
	if (p->accept == NULL)
		return;
	for (size_t i = 0; i < PEER_CONNS_MAX; i++) {
		if (p->conns[i] != NULL)
			conn_free(p->conns[i]);
	}
	ev_io_stop(p->loop, &p->accept->io);
	close(p->accept->io.fd);
	mem_free(p->accept);
	p->accept = NULL;
	buf_fini(&p->request);
}
