/*
 * HTTP requests on the loop: libcurl's multi interface behind one request type.
 *
 * A request that was started ends in exactly one call of on_done, or in
 * silence after request_cancel. No callback runs from inside the function that
 * started, resumed or cancelled a request, nor from inside curl's own
 * callbacks: all run on a clean stack, so any of them may start, resume or
 * cancel requests, this one included, and free its own arg after a cancel.
 *
 * HTTP/1.1 only, TLS ≥ 1.2 always verified, no redirects, no cookies, no
 * Expect: header, no content decoding, paths as they are given. Connections are
 * kept alive and reused. A request that meets a kept connection's end before
 * any reply is sent once more by curl, so a server may see it twice.
 *
 * The process ignores SIGPIPE: OpenSSL writes with plain write(2).
 */
#ifndef NET_HTTP_H
#define NET_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

struct ev_loop;
struct http;
struct request;

struct http_conf {
	const char *ca_file;	/* PEM bundle; NULL: the system's bundle file */
	const char *user_agent; /* both are copied */
	int64_t connect_timeout_ms;
	unsigned max_idle_connections;
	bool key_log; /* obey SSLKEYLOGFILE, which curl does by itself;
		       * otherwise it is taken out of the environment */
};

/* Both borrowed for as long as the http lives. NULL if curl cannot start. */
struct http *http_new(struct ev_loop *loop, const struct http_conf *conf);
/* Cancels all that is under way. Not from inside a request's callback. */
void http_free(struct http **h);

struct http_header {
	const char *name, *value;
};

enum { HTTP_REPLY_HEADERS_MAX = 32 * 1024, HTTP_STASH_BYTES = 32 * 1024 };

/* What came back. Borrowed from the request for the duration of a callback. */
struct reply {
	enum err err; /* ERR_OK: a complete reply of any status; else the rest
		       * holds what came before */
	int status;   /* 0 if none arrived */
	struct span body;   /* collected body; of a streamed reply: empty */
	struct span detail; /* what curl says of an error; for logs */
	bool sent;	    /* the request may have reached the server */
	struct span head;   /* raw header lines; use reply_header */
	uint64_t connect_us, total_us; /* timings, for the log */
	/* Since the connection was made, if one was: curl asks once more on a
	 * new one when a kept one ends before any reply. Else as total_us. */
	uint64_t waited_us;
};

/* Value of the last header of that name (any case), trimmed; empty if none. */
struct span reply_header(const struct reply *r, const char *name);

typedef void request_head_fn(void *arg, const struct reply *r);
/*
 * Bytes of the body, in order. Returns how many of them were taken. Taking
 * fewer than offered pauses the stream: nothing is offered again, and the
 * server is made to wait by TCP, until request_resume, which may come from
 * inside on_data. One call per turn of the loop, of at most HTTP_STASH_BYTES.
 */
typedef size_t request_data_fn(void *arg, struct span bytes);
/* Of a stream: after all of its bytes were taken, also when it failed; so not
 * while it is paused. */
typedef void request_done_fn(void *arg, const struct reply *r);

/* What the collected bodies of several requests may take together. */
struct http_budget {
	size_t max, used;
};

struct request_spec {
	const char *method; /* "GET", "PUT", "POST", "HEAD" */
	const char *url;    /* http:// or https://; sent as it is; copied */
	/* Copied. Content-Type is sent only if it is here. */
	const struct http_header *headers;
	size_t nheaders;
	const struct span *body; /* parts, sent one after the other with a */
	size_t nbody;		 /* Content-Length; the array and the bytes are
				  * borrowed until on_done or cancel */
	/* 0: none. Streams have no total. Neither is over before what has come
	 * by then is read, however late we look. */
	int64_t total_timeout_ms;
	int64_t stall_timeout_ms; /* 0: none. Fails with ERR_STALL when for so
				   * long no byte came in (nor, while a body is
				   * sent, went out) and it was not paused */
	size_t reply_max;	  /* of a collected body; more is ERR_LIMIT */
	struct http_budget *reply_budget; /* the same, until on_done; may be
					   * NULL; borrowed */
	bool may_be_compressed; /* the reply, which is then inflated, up to
				   * reply_max. Not for streams */
	bool no_proxy;		/* metadata addresses */
	/* Streaming: with on_data set, the body of a 200 or 206 goes there and
	 * any other status is collected as usual. on_head comes before the
	 * first on_data (also of an empty body) and only for a 200 or 206. */
	request_head_fn *on_head; /* may be NULL */
	request_data_fn *on_data; /* may be NULL */
	request_done_fn *on_done;
	void *arg;
};

/* Never NULL: what fails at once also ends in on_done. */
struct request *request_start(struct http *h, const struct request_spec *spec);
/* After a pause: offers what is there again, soon. Harmless otherwise. */
void request_resume(struct request *r);
/* Silence from here on; sets *r to NULL. NULL is fine. Only before on_done has
 * returned; from inside its own on_done it does nothing more. */
void request_cancel(struct request **r);

struct http_stats {
	uint64_t requests, failures, connections;
	uint64_t bytes_in, bytes_out; /* of bodies */
};
struct http_stats http_stats(const struct http *h);

#endif
