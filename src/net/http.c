/*
 * The multi handle on the loop, and the turn in which requests call back.
 *
 *   loop ─ ev_io, curl_timer ─→ curl ─→ its callbacks only copy bytes
 *                                 └─→ ended transfers ┐
 *   loop ─ turn_timer ─→ request_step of each ready ←─┘ ─→ user's callbacks
 *
 * Each ready request makes one step per turn; what became ready meanwhile waits
 * for the next one, so that the loop polls in between.
 */
#include "net/http.h"

#include <ev.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/mem.h"
#include "net/http_internal.h"

struct sock {
	struct http *http;
	ev_io io;
};

/* Takes note of transfers that have ended; for after every call into curl that
 * makes transfers go on. */
static void
collect_ended(struct http *h)
{
	CURLMsg *m;
	int left;

	while ((m = curl_multi_info_read(h->multi, &left)) != NULL) {
		CURLcode rc = m->data.result;
		struct request *r = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, &r);
		CHECK(r != NULL);
		request_ended(r, rc, ERR_OK);
	}
}

static void
on_io(struct ev_loop *loop, ev_io *w, int revents)
{
	struct sock *s = w->data;
	struct http *h = s->http; /* curl may free s */
	int mask = 0, running;

	(void)loop;
	if (revents & EV_READ)
		mask |= CURL_CSELECT_IN;
	if (revents & EV_WRITE)
		mask |= CURL_CSELECT_OUT;
	if (revents & EV_ERROR)
		mask |= CURL_CSELECT_ERR;
	curl_multi_socket_action(h->multi, w->fd, mask, &running);
	collect_ended(h);
}

static void
on_curl_timer(void *arg)
{
	struct http *h = arg;
	int running;

	curl_multi_socket_action(h->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	collect_ended(h);
}

/* curl wants a socket watched, or no longer. */
static int
watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *sockp)
{
	struct http *h = arg;
	struct sock *s = sockp;
	int events = 0;

	(void)easy;
	if (s != NULL)
		ev_io_stop(h->loop, &s->io);
	if (what == CURL_POLL_REMOVE) {
		mem_free(s);
		return 0;
	}
	if (s == NULL) {
		s = mem_zalloc(sizeof *s);
		s->http = h;
		ev_init(&s->io, on_io);
		s->io.data = s;
		curl_multi_assign(h->multi, fd, s);
	}
	if (what & CURL_POLL_IN)
		events |= EV_READ;
	if (what & CURL_POLL_OUT)
		events |= EV_WRITE;
	ev_io_set(&s->io, fd, events);
	ev_io_start(h->loop, &s->io);
	return 0;
}

static int
set_curl_timer(CURLM *multi, long ms, void *arg)
{
	struct http *h = arg;

	(void)multi;
	if (ms < 0)
		timer_stop(h->curl_timer);
	else
		timer_after(h->curl_timer, ms);
	return 0;
}

static void
on_turn(void *arg)
{
	struct http *h = arg;
	struct request_list turn = LIST_HEAD_INITIALIZER(turn);
	struct request *r;

	h->in_turn = true;
	while ((r = LIST_FIRST(&h->ready)) != NULL) {
		LIST_REMOVE(r, ready);
		LIST_INSERT_HEAD(&turn, r, ready);
	}
	while ((r = LIST_FIRST(&turn)) != NULL) {
		LIST_REMOVE(r, ready);
		r->is_ready = false;
		request_step(r);
	}
	h->in_turn = false;
}

/* A bundle file, because of the system's folder of certificates curl would
 * load all, once per connection. NULL leaves it to curl. */
static const char *
system_ca_file(void)
{
	static const char *const files[] = {
	    "/etc/ssl/certs/ca-certificates.crt",
	    "/etc/pki/tls/certs/ca-bundle.crt",
	    "/etc/ssl/cert.pem",
	};

	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		if (access(files[i], R_OK) == 0)
			return files[i];
	}
	return NULL;
}

static char *
copy_or_null(const char *s)
{
	struct span v = span_str(s);

	return s != NULL ? mem_strndup(v.p, v.n) : NULL;
}

/* curl does not always survive, or tell, that there is no memory. */
static char *
c_strdup(const char *s)
{
	return mem_strndup(s, strlen(s));
}

static void *
c_calloc(size_t n, size_t size)
{
	size_t all;

	return __builtin_mul_overflow(n, size, &all) ? NULL : mem_zalloc(all);
}

struct http *
http_new(struct ev_loop *loop, const struct http_conf *conf)
{
	struct http *h;

	if (!conf->key_log)
		(void)unsetenv("SSLKEYLOGFILE");
	if (curl_global_init_mem(CURL_GLOBAL_DEFAULT, mem_alloc, mem_free,
		mem_realloc, c_strdup, c_calloc) != CURLE_OK)
		return NULL;
	h = mem_zalloc(sizeof *h);
	h->loop = loop;
	LIST_INIT(&h->live);
	LIST_INIT(&h->ready);
	h->timers = timers_new(loop);
	h->curl_timer = timer_new(h->timers, on_curl_timer, h);
	h->turn_timer = timer_new(h->timers, on_turn, h);
	h->ca_file = copy_or_null(
	    conf->ca_file != NULL ? conf->ca_file : system_ca_file());
	h->user_agent = copy_or_null(conf->user_agent);
	h->connect_timeout_ms = (long)conf->connect_timeout_ms;
	h->multi = curl_multi_init();
	h->share = curl_share_init();
	if (h->multi == NULL || h->share == NULL) {
		http_free(&h);
		return NULL;
	}
	curl_share_setopt(
	    h->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETFUNCTION, watch_socket);
	curl_multi_setopt(h->multi, CURLMOPT_SOCKETDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERFUNCTION, set_curl_timer);
	curl_multi_setopt(h->multi, CURLMOPT_TIMERDATA, h);
	curl_multi_setopt(h->multi, CURLMOPT_PIPELINING, CURLPIPE_NOTHING);
	curl_multi_setopt(
	    h->multi, CURLMOPT_MAXCONNECTS, (long)conf->max_idle_connections);
	return h;
}

void
http_free(struct http **hp)
{
	struct http *h = *hp;
	struct request *r;

	if (h == NULL)
		return;
	CHECK(!h->in_turn);
	while ((r = LIST_FIRST(&h->live)) != NULL)
		request_cancel(&r);
	while (h->nspare > 0)
		curl_easy_cleanup(h->spare[--h->nspare]);
	/* Calls watch_socket for each open connection, and set_curl_timer. */
	curl_multi_cleanup(h->multi);
	curl_share_cleanup(h->share);
	timers_free(&h->timers);
	mem_free(h->ca_file);
	mem_free(h->user_agent);
	mem_free(h);
	curl_global_cleanup();
	*hp = NULL;
}

struct http_stats
http_stats(const struct http *h)
{
	return h->stats;
}

struct span
reply_header(const struct reply *r, const char *name)
{
	struct span rest = r->head, value = SPAN(""), want = span_str(name);

	while (rest.n > 0) {
		struct span line = span_cut(&rest, '\n');
		struct span key = span_cut(&line, ':');

		if (line.p != NULL && key.n == want.n &&
		    strncasecmp(key.p, want.p, key.n) == 0)
			value = span_trim(line);
	}
	return value;
}
