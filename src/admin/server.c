#include "admin/server.h"

#include <errno.h>
#include <ev.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"

enum { BACKLOG = 64, SPARE = 8 };

struct peer {
	struct MHD_Connection *connection; /* NULL: free */
	int fd;
	int64_t end_ms; /* INT64_MAX: it was cut off */
};

struct server {
	struct ev_loop *loop;
	struct MHD_Daemon *http;
	struct ev_io io;
	struct timer *tick;
	int fd;
	/* More places than connections: one that is cut off keeps its own until
	 * the library has run once more. */
	struct peer peer[SERVER_CONNECTIONS + SPARE];
	bool again; /* the library has more to do */
	server_fn *fn;
	void *arg;
};

enum { PEERS = SERVER_CONNECTIONS + SPARE };

/* ---- who is connected ---- */

/* The library sees the end of the connection in its next turn. */
static void
cut_off(struct peer *p)
{
	p->end_ms = INT64_MAX;
	(void)shutdown(p->fd, SHUT_RDWR);
}

static struct peer *
oldest(struct server *s)
{
	struct peer *best = NULL;

	for (int i = 0; i < PEERS; i++) {
		struct peer *p = &s->peer[i];

		if (p->connection != NULL &&
		    (best == NULL || p->end_ms < best->end_ms))
			best = p;
	}
	return best;
}

static struct peer *
find_peer(struct server *s, const struct MHD_Connection *c)
{
	for (int i = 0; i < PEERS; i++) {
		if (s->peer[i].connection == c)
			return &s->peer[i];
	}
	return NULL;
}

static int
open_peers(const struct server *s)
{
	int n = 0;

	for (int i = 0; i < PEERS; i++)
		n += s->peer[i].connection != NULL &&
		     s->peer[i].end_ms != INT64_MAX;
	return n;
}

static void
peer_came(struct server *s, struct MHD_Connection *c)
{
	const union MHD_ConnectionInfo *info =
	    MHD_get_connection_info(c, MHD_CONNECTION_INFO_CONNECTION_FD);
	struct peer *p = find_peer(s, NULL);
	struct peer *first = oldest(s);

	CHECK(p != NULL && info != NULL);
	if (first != NULL && open_peers(s) == SERVER_CONNECTIONS)
		cut_off(first);
	p->connection = c;
	p->fd = info->connect_fd;
	p->end_ms = clock_mono_ms() + SERVER_LIFE_MS;
}

static void
peer_went(struct server *s, const struct MHD_Connection *c)
{
	struct peer *p = find_peer(s, c);

	if (p != NULL)
		p->connection = NULL;
	/* The library had stopped accepting if this was one too many. */
	s->again = true;
}

static void
on_peer(void *arg, struct MHD_Connection *c, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	(void)context;
	if (what == MHD_CONNECTION_NOTIFY_STARTED)
		peer_came(arg, c);
	else
		peer_went(arg, c);
}

/* ---- turns of the loop ---- */

static void
cut_off_late(struct server *s, int64_t now)
{
	for (int i = 0; i < PEERS; i++) {
		if (s->peer[i].connection != NULL && s->peer[i].end_ms <= now)
			cut_off(&s->peer[i]);
	}
}

static void
turn(struct server *s)
{
	int64_t now = clock_mono_ms();
	MHD_UNSIGNED_LONG_LONG ms;
	const struct peer *p;

	s->again = false;
	cut_off_late(s, now);
	(void)MHD_run(s->http);
	p = oldest(s);
	if (MHD_get_timeout(s->http, &ms) == MHD_YES && ms == 0)
		s->again = true;
	if (s->again)
		timer_soon(s->tick);
	else if (p != NULL && p->end_ms != INT64_MAX)
		timer_after(s->tick, p->end_ms > now ? p->end_ms - now : 0);
	else
		timer_stop(s->tick);
}

static void
on_io(struct ev_loop *loop, struct ev_io *w, int revents)
{
	(void)loop;
	(void)revents;
	turn(w->data);
}

static void
on_tick(void *arg)
{
	turn(arg);
}

/* ---- answers ---- */

static const char no_content[] = "default-src 'none'; frame-ancestors 'none'";

static enum MHD_Result
send_answer(struct MHD_Connection *c, const struct server_answer *a)
{
	struct span body = buf_view(a->body);
	struct MHD_Response *r;
	enum MHD_Result sent;

	/* The library wants what it copies to be writable. */
	r = MHD_create_response_from_buffer(
	    body.n, a->body->n > 0 ? a->body->p : NULL, MHD_RESPMEM_MUST_COPY);
	if (r == NULL)
		return MHD_NO;
	(void)MHD_add_response_header(r, "Content-Type", a->type);
	(void)MHD_add_response_header(r, "Cache-Control", "no-store");
	(void)MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
	(void)MHD_add_response_header(r, "Referrer-Policy", "no-referrer");
	(void)MHD_add_response_header(r, "Content-Security-Policy", a->policy);
	(void)MHD_add_response_header(r, "Connection", "close");
	if (a->status == MHD_HTTP_METHOD_NOT_ALLOWED)
		(void)MHD_add_response_header(r, "Allow", "GET, HEAD");
	sent = MHD_queue_response(c, a->status, r);
	MHD_destroy_response(r);
	return sent;
}

static enum MHD_Result
on_request(void *arg, struct MHD_Connection *c, const char *path,
    const char *method, const char *version, const char *data, size_t *data_n,
    void **context)
{
	struct server *s = arg;
	const char *host =
	    MHD_lookup_connection_value(c, MHD_HEADER_KIND, "Host");
	struct buf body;
	struct server_answer a = {.status = MHD_HTTP_OK,
	    .type = "text/plain; charset=utf-8",
	    .policy = no_content,
	    .body = &body};
	enum MHD_Result sent;

	(void)version;
	(void)data;
	(void)data_n;
	(void)context;
	buf_init(&body, SERVER_ANSWER_MAX);
	if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
		a.status = MHD_HTTP_METHOD_NOT_ALLOWED;
		buf_str(&body, "only GET and HEAD\n");
	} else if (!s->fn(s->arg, path, host != NULL ? host : "", &a)) {
		a.status = MHD_HTTP_NOT_FOUND;
		buf_str(&body, "there is nothing here\n");
	} else if (body.err != ERR_OK) {
		a.status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
	sent = send_answer(c, &a);
	buf_fini(&body);
	return sent;
}

/* ---- life ---- */

static int
listen_on(const struct addrinfo *ai)
{
	int on = 1, off = 0, err;
	int fd = socket(ai->ai_family,
	    ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);

	if (fd < 0)
		return -1;
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	if (ai->ai_family == AF_INET6)
		(void)setsockopt(
		    fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	err = errno;
	(void)close(fd);
	errno = err;
	return -1;
}

/* Every address: IPv6 that takes IPv4 too or, on a host without it, IPv4. */
static int
open_socket(const struct admin_address *at)
{
	static const char *const any[] = {"::", "0.0.0.0", NULL};
	const char *const one[] = {at->host, NULL};
	const char *const *host = *at->host != '\0' ? one : any;
	struct addrinfo hints = {.ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE};
	struct addrinfo *ai;
	char port[8];
	int fd = -1;

	(void)snprintf(port, sizeof port, "%u", at->port);
	for (; fd < 0 && *host != NULL; host++) {
		if (getaddrinfo(*host, port, &hints, &ai) != 0) {
			errno = EADDRNOTAVAIL;
			continue;
		}
		fd = listen_on(ai);
		freeaddrinfo(ai);
		if (fd < 0 && errno == EADDRINUSE)
			break;
	}
	return fd;
}

static bool
start_http(struct server *s)
{
	const union MHD_DaemonInfo *info;

	s->http = MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, on_request, s,
	    MHD_OPTION_LISTEN_SOCKET, s->fd, MHD_OPTION_CONNECTION_LIMIT,
	    (unsigned)PEERS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)SERVER_MEMORY, MHD_OPTION_NOTIFY_CONNECTION, on_peer, s,
	    MHD_OPTION_END);
	if (s->http == NULL)
		return false;
	info = MHD_get_daemon_info(s->http, MHD_DAEMON_INFO_EPOLL_FD);
	CHECK(info != NULL);
	ev_io_init(&s->io, on_io, info->epoll_fd, EV_READ);
	s->io.data = s;
	ev_io_start(s->loop, &s->io);
	return true;
}

struct server *
server_new(struct ev_loop *loop, struct timers *t,
    const struct admin_address *at, server_fn *fn, void *arg, struct buf *why)
{
	struct server *s = mem_zalloc(sizeof *s);

	s->loop = loop;
	s->fn = fn;
	s->arg = arg;
	s->fd = open_socket(at);
	if (s->fd < 0) {
		buf_str(why, strerror(errno));
	} else if (start_http(s)) {
		s->tick = timer_new(t, on_tick, s);
		return s;
	} else {
		(void)close(s->fd);
		buf_str(why, "the HTTP library cannot start");
	}
	mem_free(s);
	return NULL;
}

void
server_free(struct server **sp)
{
	struct server *s = *sp;

	if (s == NULL)
		return;
	ev_io_stop(s->loop, &s->io);
	timer_free(&s->tick);
	MHD_stop_daemon(s->http); /* closes fd too */
	mem_free(s);
	*sp = NULL;
}

unsigned
server_port(const struct server *s)
{
	struct sockaddr_storage a;
	socklen_t n = sizeof a;
	char port[8] = "";
	uint64_t v = 0;

	if (getsockname(s->fd, (struct sockaddr *)&a, &n) == 0 &&
	    getnameinfo((struct sockaddr *)&a, n, NULL, 0, port, sizeof port,
		NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		(void)span_u64(span_str(port), 0, 65535, &v);
	return (unsigned)v;
}
