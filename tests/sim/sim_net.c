#include "sim_net.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

static size_t requests; /* under way */

struct span
reply_header(const struct reply *r, const char *name)
{
	struct span lines = r->head, found = {"", 0};
	size_t n = strlen(name);

	while (lines.p != NULL && lines.n > 0) {
		struct span line = span_cut(&lines, '\n');

		if (line.n > n && line.p[n] == ':' &&
		    strncasecmp(line.p, name, n) == 0) {
			line.p += n + 1;
			line.n -= n + 1;
			found = span_trim(line);
		}
	}
	return found;
}

static void
free_request(struct request *r)
{
	requests--;
	sim_off(&r->ev);
	mem_free(r->url);
	buf_fini(&r->head);
	buf_fini(&r->body);
	mem_free(r);
}

static void
on_serve(void *arg)
{
	struct request *r = arg;

	r->serve(r);
}

static void
on_timeout(struct request *r)
{
	sim_fail(r, ERR_TIMEOUT);
}

void
sim_later(struct request *r, int64_t ms, void (*serve)(struct request *))
{
	if (r->deadline_ms > 0 && sim_now() + ms > r->deadline_ms) {
		ms = r->deadline_ms - sim_now();
		serve = on_timeout;
	}
	r->serve = serve;
	r->ev.fn = on_serve;
	sim_after(&r->ev, ms);
}

static void
read_headers(struct request *r)
{
	for (size_t i = 0; i < r->spec.nheaders; i++) {
		const char *name = r->spec.headers[i].name;
		const char *value = r->spec.headers[i].value;

		if (strcasecmp(name, "range") == 0)
			r->range = strtoull(value + strlen("bytes="), NULL, 10);
		else if (strcasecmp(name, "x-amz-target") == 0)
			r->op = strstr(value, "Receive")  ? OP_RECEIVE
				: strstr(value, "Delete") ? OP_DELETE
							  : OP_HIDE;
	}
	r->spec.headers = NULL;
}

struct request *
request_start(struct http *h, const struct request_spec *spec)
{
	struct request *r = mem_zalloc(sizeof *r);

	requests++;
	r->spec = *spec;
	r->http = h;
	r->ev.arg = r;
	r->url = mem_strndup(spec->url, strlen(spec->url));
	r->deadline_ms =
	    spec->total_timeout_ms > 0 ? sim_now() + spec->total_timeout_ms : 0;
	buf_init(&r->head, HTTP_REPLY_HEADERS_MAX);
	buf_init(&r->body, 1 << 28);
	r->op = OP_GET;
	read_headers(r);
	if (strstr(r->url, "//dassana") != NULL) {
		r->op = OP_POST;
		sim_dassana_open(r);
	} else if (r->op == OP_GET) {
		sim_s3_open(r);
	} else {
		sim_sqs_open(r);
	}
	return r;
}

void
request_cancel(struct request **rp)
{
	struct request *r = *rp;

	*rp = NULL;
	if (r == NULL || r->cancelled)
		return;
	if (r->waiting > 0)
		sim_sqs_forget(r);
	r->cancelled = true;
	sim_off(&r->ev);
	if (!r->busy)
		free_request(r);
}

static void
finish(void *arg)
{
	struct request *r = arg;

	if (!r->streaming) {
		r->reply.body = buf_view(&r->body);
		if (r->reply.err == ERR_OK && r->body.n > r->spec.reply_max)
			r->reply.err = ERR_LIMIT;
	}
	r->busy = r->cancelled = true;
	r->spec.on_done(r->spec.arg, &r->reply);
	free_request(r);
}

/* A piece of a stream, or its end. */
static void
stream(void *arg)
{
	struct request *r = arg;
	size_t n = r->body.n - r->sent, taken;

	if (n == 0) {
		finish(r);
		return;
	}
	if (n > r->piece)
		n = r->piece;
	r->busy = r->paused = true;
	if (!r->head_told) {
		r->head_told = true;
		if (r->spec.on_head != NULL)
			r->spec.on_head(r->spec.arg, &r->reply);
	}
	if (!r->cancelled) {
		taken = r->spec.on_data(
		    r->spec.arg, (struct span){r->body.p + r->sent, n});
		r->sent += taken;
		r->paused = r->paused && taken < n;
	}
	r->busy = false;
	if (r->cancelled)
		free_request(r);
	else if (!r->paused)
		sim_after(&r->ev, r->sent < r->body.n ? r->piece_ms : 0);
}

void
request_resume(struct request *r)
{
	if (r->paused && !r->busy && r->streaming && r->ev.pos == 0)
		sim_after(&r->ev, 0);
	r->paused = false;
}

void
sim_reply_body(struct request *r, int status, const char *head)
{
	r->reply.status = status;
	r->reply.sent = true;
	buf_str(&r->head, head != NULL ? head : "");
	r->reply.head = buf_view(&r->head);
	r->streaming =
	    r->spec.on_data != NULL && (status == 200 || status == 206);
	r->ev.fn = r->streaming ? stream : finish;
	sim_after(&r->ev, 0);
}

void
sim_reply(struct request *r, int status, const char *head, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	buf_vprintf(&r->body, fmt, ap);
	va_end(ap);
	sim_reply_body(r, status, head);
}

void
sim_fail(struct request *r, enum err err)
{
	r->reply.err = err;
	r->reply.detail = span_str(err_name(err));
	r->ev.fn = finish;
	sim_after(&r->ev, 0);
}

size_t
sim_open_requests(void)
{
	return requests;
}
