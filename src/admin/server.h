/*
 * A small HTTP server on our loop, for few clients that are near: answers GET
 * and HEAD from memory, each connection once. libmicrohttpd speaks the
 * protocol; no thread is made.
 *
 * Whoever connects can cost us no more than this: SERVER_CONNECTIONS at once,
 * of which the oldest makes room for a new one, so that those that sit idle
 * never keep a probe out; SERVER_LIFE_MS for each, however slow it is; and
 * SERVER_MEMORY bytes for each beside the answer.
 */
#ifndef ADMIN_SERVER_H
#define ADMIN_SERVER_H

#include <stdint.h>

#include "admin/address.h"
#include "base/buf.h"
#include "net/timer.h"

enum {
	SERVER_CONNECTIONS = 32,
	SERVER_LIFE_MS = 10 * 1000,
	SERVER_MEMORY = 16 * 1024,
	SERVER_ANSWER_MAX = 512 * 1024,
};

struct ev_loop;
struct server;

struct server_answer {
	unsigned status;
	const char *type;   /* Content-Type; static */
	const char *policy; /* Content-Security-Policy; static */
	struct buf *body;   /* empty, of SERVER_ANSWER_MAX; to be filled */
};

/* What stands at that path; false: nothing. host: the Host header, or "". Runs
 * on the loop. */
typedef bool server_fn(
    void *arg, const char *path, const char *host, struct server_answer *a);

/* Listens. NULL: it cannot, and why says so ("Address already in use"). */
struct server *server_new(struct ev_loop *loop, struct timers *t,
    const struct admin_address *at, server_fn *fn, void *arg, struct buf *why);
/* Closes all connections, without waiting. NULL is fine. */
void server_free(struct server **s);
unsigned server_port(const struct server *s);

#endif
