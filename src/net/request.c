/*
 * The life of one request.
 *
 *   start ─→ transfer runs ──────────────→ ended ─→ on_done ─→ freed
 *             │  easy != NULL               easy == NULL
 *             │  collected: nothing is told
 *             │  streamed:  on_head, on_data..., with two stops of their own:
 *             │    waiting  the consumer took less;  ends by request_resume
 *             │    choked   the stash is full;       ends when it is empty
 *             └─ a stream that ended still tells all of its stash first
 *
 * request_cancel frees it at any point before on_done. As a callback may cancel
 * the request it was called for, http.current is looked at after each.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_internal.h"
#include "net/trace.h"

/* Gives the handle back; curl calls nothing of r from here on. */
static void
detach(struct request *r, bool clean)
{
	timer_free(&r->stall.timer);
	timer_free(&r->total.timer);
	if (r->easy == NULL)
		return;
	curl_multi_remove_handle(r->http->multi, r->easy);
	http_put_easy(r->http, r->easy, clean);
	r->easy = NULL;
}

static void
give_back(struct request *r)
{
	if (r->budget != NULL)
		r->budget->used -= r->charged;
	r->charged = 0;
}

static void
request_free(struct request *r)
{
	detach(r, false);
	if (!r->done)
		LIST_REMOVE(r, live);
	if (r->is_ready)
		LIST_REMOVE(r, ready);
	buf_fini(&r->head);
	give_back(r);
	buf_fini_wipe(&r->in); /* some replies are credentials */
	/* They carry tokens and signatures. */
	mem_wipe(r->header, r->header_bytes);
	mem_free(r->header);
	mem_free(r->url);
	mem_free(r);
}

/* Whoever was held up himself, on a machine that stood still, finds the time
 * over and the answer unread: a turn of the loop reads what has come. */
static bool
look_once_more(struct request_limit *l)
{
	if (l->over)
		return false;
	l->over = true;
	timer_soon(l->timer);
	return true;
}

static void
on_total(void *arg)
{
	struct request *r = arg;

	if (look_once_more(&r->total))
		return;
	r->why = "no whole answer in time";
	request_ended(r, CURLE_OK, ERR_TIMEOUT);
}

static void
arm_stall(struct request *r, int64_t ms)
{
	if (r->stall.timer == NULL)
		return;
	r->stall.over = false;
	timer_after(r->stall.timer, ms);
}

/* The timer is not armed anew with each byte: it looks, when it fires, at how
 * much of its time is still left. */
static void
on_stall(void *arg)
{
	struct request *r = arg;
	int64_t idle = clock_mono_ms() - r->progress_ms;

	if (idle < r->stall_ms) {
		arm_stall(r, r->stall_ms - idle);
		return;
	}
	if (look_once_more(&r->stall))
		return;
	r->why = "no bytes for too long";
	request_ended(r, CURLE_OK, ERR_STALL);
}

void
request_ended(struct request *r, CURLcode rc, enum err err)
{
	outcome_fill(r, rc, err);
	detach(r, r->reply.err == ERR_OK);
	http_ready(r->http, r);
}

static const char *
known_method(const char *method)
{
	static const char *const names[] = {"GET", "PUT", "POST", "HEAD"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		if (strcmp(method, names[i]) == 0)
			return names[i];
	}
	mem_check_failed("method", __FILE__, __LINE__);
}

static struct request *
request_new(struct http *h, const struct request_spec *spec)
{
	struct request *r = mem_zalloc(sizeof *r);

	r->http = h;
	LIST_INSERT_HEAD(&h->live, r, live);
	r->url = mem_strndup(spec->url, strlen(spec->url));
	r->method = known_method(spec->method);
	r->body = spec->body;
	r->nbody = spec->nbody;
	r->stall_ms = spec->stall_timeout_ms;
	r->begun_us = clock_mono_us();
	buf_init(&r->head, HTTP_REPLY_HEADERS_MAX);
	r->reply_max = spec->reply_max;
	r->budget = spec->reply_budget;
	r->on_head = spec->on_head;
	r->on_data = spec->on_data;
	r->on_done = spec->on_done;
	r->arg = spec->arg;
	return r;
}

struct request *
request_start(struct http *h, const struct request_spec *spec)
{
	struct request *r = request_new(h, spec);
	enum err err;

	r->id = ++h->stats.requests;
	trace_request(r, spec);
	r->easy = http_take_easy(h);
	err = transfer_setup(r, spec);
	if (err == ERR_OK &&
	    curl_multi_add_handle(h->multi, r->easy) != CURLM_OK)
		err = ERR_SYSTEM;
	if (err != ERR_OK) {
		r->why = "bad URL or header";
		request_ended(r, CURLE_OK, err);
		return r;
	}
	if (r->stall_ms > 0) {
		r->stall.timer = timer_new(h->timers, on_stall, r);
		arm_stall(r, r->stall_ms);
	}
	if (spec->total_timeout_ms > 0 && r->on_data == NULL) {
		r->total.timer = timer_new(h->timers, on_total, r);
		timer_after(r->total.timer, spec->total_timeout_ms);
	}
	return r;
}

void
request_resume(struct request *r)
{
	if (!r->waiting)
		return;
	r->waiting = false;
	arm_stall(r, r->stall_ms);
	http_ready(r->http, r);
}

void
request_cancel(struct request **rp)
{
	struct request *r = *rp;

	*rp = NULL;
	if (r == NULL || r->done)
		return;
	if (r->http->current == r)
		r->http->current = NULL;
	request_free(r);
}

static bool
tell_head(struct request *r)
{
	struct http *h = r->http;

	r->head_told = true;
	if (r->on_head == NULL)
		return true;
	r->reply.head = buf_view(&r->head);
	h->current = r;
	r->on_head(r->arg, &r->reply);
	return h->current != NULL;
}

/* False if the consumer cancelled it. A resume from inside on_data counts. */
static bool
offer(struct request *r)
{
	struct http *h = r->http;
	struct span rest = {r->in.p + r->taken, r->in.n - r->taken};
	size_t n;

	r->waiting = true;
	h->current = r;
	n = r->on_data(r->arg, rest);
	if (h->current == NULL)
		return false;
	CHECK(n <= rest.n);
	r->taken += n;
	if (n == rest.n) {
		buf_reset(&r->in);
		r->taken = 0;
		r->waiting = false;
	}
	if (r->waiting && r->stall.timer != NULL)
		timer_stop(r->stall.timer);
	return true;
}

/* At most one on_data. True if all was told and curl has nothing held back. */
static bool
step_stream(struct request *r)
{
	if (!r->head_told && !tell_head(r))
		return false;
	if (r->in.n > 0 && !r->waiting && !offer(r))
		return false;
	if (r->waiting)
		return false;
	if (r->in.n > 0) {
		http_ready(r->http, r);
		return false;
	}
	if (r->choked && r->easy != NULL) {
		CURLcode rc;

		r->choked = false;
		rc = curl_easy_pause(r->easy, CURLPAUSE_CONT);
		if (rc != CURLE_OK)
			request_ended(r, rc, ERR_OK);
		return false;
	}
	return true;
}

static void
finish(struct request *r)
{
	struct http *h = r->http;

	LIST_REMOVE(r, live);
	r->done = true;
	r->reply.head = buf_view(&r->head);
	r->reply.body = r->streaming ? SPAN("") : buf_view(&r->in);
	if (r->reply.err != ERR_OK)
		h->stats.failures++;
	trace_reply(r);
	give_back(r);
	r->on_done(r->arg, &r->reply);
	request_free(r);
}

void
request_step(struct request *r)
{
	if (r->streaming && !step_stream(r))
		return;
	if (r->easy == NULL)
		finish(r);
}
