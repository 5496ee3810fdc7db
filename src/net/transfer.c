/*
 * The curl handle of one request: its options and callbacks. The callbacks run
 * inside curl, so they copy bytes, mark the request ready, and do nothing else.
 */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_internal.h"

/* RECEIVE_BYTES is curl's own CURLOPT_BUFFERSIZE where none is set. */
enum { RECEIVE_BYTES = CURL_MAX_WRITE_SIZE, STREAM_RCVBUF = 128 * 1024 };

_Static_assert(2 * RECEIVE_BYTES <= HTTP_STASH_BYTES,
    "a stash that is half empty takes whatever curl delivers at once");

/* Strings are copied by curl: a failure is lack of memory, or a bug. */
#define SET(easy, option, value)                                               \
	CHECK(curl_easy_setopt((easy), (option), (value)) == CURLE_OK)

static void
note_progress(struct request *r)
{
	r->progress_ms = clock_mono_ms();
}

/* Of curl's callbacks: 0 taken makes it end the transfer. */
static size_t
give_up(struct request *r, enum err err, const char *why)
{
	r->abort = err;
	r->why = why;
	return 0;
}

static void
head_done(struct request *r)
{
	long status = 0;

	curl_easy_getinfo(r->easy, CURLINFO_RESPONSE_CODE, &status);
	if (status < 200) { /* the real one is still to come */
		buf_reset(&r->head);
		return;
	}
	r->head_done = true;
	r->reply.status = (int)status;
	r->streaming = r->on_data != NULL && (status == 200 || status == 206);
	buf_init(&r->in, r->streaming ? HTTP_STASH_BYTES : r->reply_max);
	if (r->streaming)
		http_ready(r->http, r);
}

/* One line of a head, or of a trailer, which nobody wants. */
static size_t
on_header(char *p, size_t size, size_t n, void *arg)
{
	struct request *r = arg;
	struct span line = {p, n * size};

	note_progress(r);
	r->head_bytes += line.n;
	if (r->head_bytes > HTTP_REPLY_HEADERS_MAX)
		return give_up(r, ERR_LIMIT, "reply headers too large");
	if (r->head_done)
		return line.n;
	if (span_starts(line, "HTTP/"))
		buf_reset(&r->head);
	buf_span(&r->head, line);
	if (span_is(line, "\r\n") || span_is(line, "\n"))
		head_done(r);
	return line.n;
}

static bool
fits_budget(struct request *r, size_t bytes)
{
	struct http_budget *b = r->budget;

	if (b == NULL || r->streaming)
		return true;
	if (b->used >= b->max || bytes > b->max - b->used)
		return false;
	b->used += bytes;
	r->charged += bytes;
	return true;
}

static size_t
on_body(char *p, size_t size, size_t n, void *arg)
{
	struct request *r = arg;
	size_t bytes = n * size;

	note_progress(r);
	if (!r->head_done)
		return give_up(r, ERR_PROTOCOL, "body without a reply head");
	if (r->streaming) {
		buf_drop(&r->in, r->taken);
		r->taken = 0;
		if (bytes > HTTP_STASH_BYTES - r->in.n) {
			r->choked = true; /* not taken: curl keeps it */
			return CURL_WRITEFUNC_PAUSE;
		}
		http_ready(r->http, r);
	}
	if (r->in.err == ERR_OK && !fits_budget(r, bytes))
		return give_up(r, ERR_LIMIT, "reply bodies too large together");
	buf_add(&r->in, p, bytes);
	if (r->in.err != ERR_OK)
		return give_up(r, ERR_LIMIT, "reply body too large");
	r->bytes_in += bytes;
	r->http->stats.bytes_in += bytes;
	if (r->streaming && r->in.n > HTTP_STASH_BYTES - RECEIVE_BYTES) {
		r->choked = true;
		curl_easy_pause(r->easy, CURLPAUSE_RECV);
	}
	return bytes;
}

static size_t
on_read(char *p, size_t size, size_t n, void *arg)
{
	struct request *r = arg;
	size_t room = n * size, done = 0;

	while (room > 0 && r->part < r->nbody) {
		struct span s = r->body[r->part];
		size_t len = s.n - r->part_off;

		if (len > room)
			len = room;
		if (len > 0)
			memcpy(p + done, s.p + r->part_off, len);
		done += len;
		room -= len;
		r->part_off += len;
		if (r->part_off == s.n) {
			r->part++;
			r->part_off = 0;
		}
	}
	return done;
}

/* A kept connection turned out dead: curl sends the body again on a new one. */
static int
on_seek(void *arg, curl_off_t offset, int origin)
{
	struct request *r = arg;
	size_t left = (size_t)offset;

	if (origin != SEEK_SET || offset < 0)
		return CURL_SEEKFUNC_CANTSEEK;
	for (r->part = 0; r->part < r->nbody; r->part++) {
		if (left < r->body[r->part].n)
			break;
		left -= r->body[r->part].n;
	}
	r->part_off = left;
	return left == 0 || r->part < r->nbody ? CURL_SEEKFUNC_OK
					       : CURL_SEEKFUNC_FAIL;
}

static int
on_transfer_info(void *arg, curl_off_t dltotal, curl_off_t dlnow,
    curl_off_t ultotal, curl_off_t ulnow)
{
	struct request *r = arg;

	(void)dltotal;
	(void)dlnow;
	(void)ultotal;
	if (ulnow != r->uploaded) {
		r->uploaded = ulnow;
		note_progress(r);
	}
	return 0;
}

static int
on_socket(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	struct request *r = arg;
	int size = STREAM_RCVBUF;

	(void)purpose;
	r->begun_us = clock_mono_us();
	/* The kernel would otherwise take megabytes for a stream that is
	 * paused. */
	if (r->on_data != NULL)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	return CURL_SOCKOPT_OK;
}

static bool
has_header(const struct request_spec *spec, const char *name)
{
	for (size_t i = 0; i < spec->nheaders; i++) {
		if (strcasecmp(spec->headers[i].name, name) == 0)
			return true;
	}
	return false;
}

/* All lines in one block: curl needs only a list that it can walk. A line
 * "Name:" takes away what curl would send by itself, "Name;" sends no value. */
static enum err
make_headers(struct request *r, const struct request_spec *spec, bool body)
{
	static const struct http_header drop[] = {
	    {"Expect", NULL}, {"Content-Type", NULL}};
	size_t ndrop = !body ? 0 : has_header(spec, "Content-Type") ? 1 : 2;
	size_t n = spec->nheaders + ndrop;
	size_t bytes = n * sizeof *r->header;
	char *p;

	for (size_t i = 0; i < spec->nheaders; i++) {
		const struct http_header *h = &spec->headers[i];

		if (strpbrk(h->name, "\r\n:") != NULL ||
		    strpbrk(h->value, "\r\n") != NULL)
			return ERR_SYNTAX;
		bytes += strlen(h->name) + strlen(h->value) + sizeof ": ";
	}
	for (size_t i = 0; i < ndrop; i++)
		bytes += strlen(drop[i].name) + sizeof ":";
	if (n == 0)
		return ERR_OK;
	r->header_bytes = bytes;
	r->header = mem_zalloc(bytes);
	p = (char *)&r->header[n];
	for (size_t i = 0; i < n; i++) {
		const struct http_header *h = i < spec->nheaders
						  ? &spec->headers[i]
						  : &drop[i - spec->nheaders];
		const char *value = h->value != NULL ? h->value : "";
		const char *sep = h->value == NULL ? ":"
				  : *value == '\0' ? ";"
						   : ": ";

		r->header[i].data = p;
		r->header[i].next = i + 1 < n ? &r->header[i + 1] : NULL;
		p += snprintf(p, bytes - (size_t)(p - (char *)r->header),
			 "%s%s%s", h->name, sep, value) +
		     1;
	}
	return ERR_OK;
}

/* Everything with a body goes curl's POST way, which of all its ways has the
 * fewest surprises; a single part needs no copy. */
static void
set_body(struct request *r, const char *method)
{
	curl_off_t bytes = 0;

	for (size_t i = 0; i < r->nbody; i++)
		bytes += (curl_off_t)r->body[i].n;
	SET(r->easy, CURLOPT_POST, 1L);
	if (strcmp(method, "POST") != 0)
		SET(r->easy, CURLOPT_CUSTOMREQUEST, method);
	SET(r->easy, CURLOPT_POSTFIELDSIZE_LARGE, bytes);
	if (bytes == 0) {
		SET(r->easy, CURLOPT_POSTFIELDS, "");
	} else if (r->nbody == 1) {
		SET(r->easy, CURLOPT_POSTFIELDS, r->body[0].p);
	} else {
		SET(r->easy, CURLOPT_READFUNCTION, on_read);
		SET(r->easy, CURLOPT_READDATA, r);
		SET(r->easy, CURLOPT_SEEKFUNCTION, on_seek);
		SET(r->easy, CURLOPT_SEEKDATA, r);
	}
	SET(r->easy, CURLOPT_XFERINFOFUNCTION, on_transfer_info);
	SET(r->easy, CURLOPT_XFERINFODATA, r);
	SET(r->easy, CURLOPT_NOPROGRESS, 0L);
}

static void
set_security(CURL *easy, const struct http *h)
{
#if LIBCURL_VERSION_NUM >= 0x075500
	SET(easy, CURLOPT_PROTOCOLS_STR, "http,https");
#else
	SET(easy, CURLOPT_PROTOCOLS, (long)(CURLPROTO_HTTP | CURLPROTO_HTTPS));
#endif
	SET(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	SET(easy, CURLOPT_SSL_VERIFYPEER, 1L);
	SET(easy, CURLOPT_SSL_VERIFYHOST, 2L);
	/* The same of a proxy that is itself spoken to in TLS. */
	SET(easy, CURLOPT_PROXY_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
	if (h->ca_file != NULL) {
		SET(easy, CURLOPT_PROXY_CAINFO, h->ca_file);
		SET(easy, CURLOPT_CAINFO, h->ca_file);
		SET(easy, CURLOPT_CAPATH, NULL);
	}
}

static void
set_callbacks(struct request *r)
{
	SET(r->easy, CURLOPT_PRIVATE, r);
	SET(r->easy, CURLOPT_ERRORBUFFER, r->detail);
	SET(r->easy, CURLOPT_HEADERFUNCTION, on_header);
	SET(r->easy, CURLOPT_HEADERDATA, r);
	SET(r->easy, CURLOPT_WRITEFUNCTION, on_body);
	SET(r->easy, CURLOPT_WRITEDATA, r);
	SET(r->easy, CURLOPT_SOCKOPTFUNCTION, on_socket);
	SET(r->easy, CURLOPT_SOCKOPTDATA, r);
}

enum err
transfer_setup(struct request *r, const struct request_spec *spec)
{
	bool body = strcmp(spec->method, "POST") == 0 ||
		    strcmp(spec->method, "PUT") == 0;
	CURL *e = r->easy;
	enum err err = make_headers(r, spec, body);

	CHECK(body || spec->nbody == 0);
	if (err != ERR_OK)
		return err;
	set_callbacks(r);
	set_security(e, r->http);
	SET(e, CURLOPT_NOSIGNAL, 1L);
	SET(e, CURLOPT_SHARE, r->http->share);
#if LIBCURL_VERSION_NUM >= 0x075700
	/* Without it a dead name server blocks the loop for seconds. */
	SET(e, CURLOPT_QUICK_EXIT, 1L);
#endif
	SET(e, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	SET(e, CURLOPT_PATH_AS_IS, 1L);
	SET(e, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	SET(e, CURLOPT_TCP_KEEPALIVE, 1L);
	SET(e, CURLOPT_CONNECTTIMEOUT_MS, r->http->connect_timeout_ms);
	if (r->http->user_agent != NULL)
		SET(e, CURLOPT_USERAGENT, r->http->user_agent);
	if (spec->may_be_compressed)
		SET(e, CURLOPT_ACCEPT_ENCODING, "gzip, deflate");
	if (spec->no_proxy)
		SET(e, CURLOPT_NOPROXY, "*");
	SET(e, CURLOPT_HTTPHEADER, r->header);
	if (body)
		set_body(r, spec->method);
	else if (strcmp(spec->method, "HEAD") == 0)
		SET(e, CURLOPT_NOBODY, 1L);
	/* Refused only when it is absurdly long. */
	return curl_easy_setopt(e, CURLOPT_URL, spec->url) == CURLE_OK
		   ? ERR_OK
		   : ERR_SYNTAX;
}
