#include "fake_http.h"

#include <string.h>
#include <strings.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

struct request {
	struct request *next; /* in order of start */
	uint64_t serial;      /* from 1 on; never used twice in a world */
	struct request_spec spec;
	char *method, *url;
	struct buf headers; /* "name: value\r\n" */
	struct buf sent_body;
	/* What was queued for it. */
	struct reply reply;
	struct buf head, pending, collected;
	bool answered, has_head, told_head, ended, paused, busy, cancelled;
};

struct timer {
	struct timer *next;
	timer_fn *fn;
	void *arg;
	int64_t due_ms; /* −1: not armed */
	bool soon;
};

static struct {
	struct request *requests;
	struct timer *timers;
	int64_t mono_ms, wall_ms;
	size_t cut;
	struct http_stats stats;
} world;

/* Only their addresses matter. */
static char http_tag, timers_tag;

struct http *
fake_http(void)
{
	return (struct http *)(void *)&http_tag;
}

struct timers *
fake_timers(void)
{
	return (struct timers *)(void *)&timers_tag;
}

void
fake_begin(void)
{
	CHECK(world.requests == NULL && world.timers == NULL);
	world.mono_ms = 1000000;
	world.wall_ms = (int64_t)FAKE_WALL_S * 1000;
	world.cut = 16 * 1024;
	world.stats = (struct http_stats){0};
	clock_set_test(world.mono_ms, world.wall_ms);
	clock_seed(1);
}

void
fake_end(void)
{
	CHECK(world.requests == NULL);
	CHECK(world.timers == NULL);
	clock_use_real();
}

/* ---- net/timer.h ---- */

struct timers *
timers_new(struct ev_loop *loop)
{
	(void)loop;
	return fake_timers();
}

void
timers_free(struct timers **t)
{
	*t = NULL;
}

struct timer *
timer_new(struct timers *ts, timer_fn *fn, void *arg)
{
	struct timer *t = mem_zalloc(sizeof *t), **at = &world.timers;

	(void)ts;
	t->fn = fn;
	t->arg = arg;
	t->due_ms = -1;
	while (*at != NULL)
		at = &(*at)->next;
	*at = t;
	return t;
}

void
timer_free(struct timer **tp)
{
	struct timer **at = &world.timers;

	if (*tp == NULL)
		return;
	while (*at != *tp) {
		CHECK(*at != NULL);
		at = &(*at)->next;
	}
	*at = (*tp)->next;
	mem_free(*tp);
	*tp = NULL;
}

void
timer_after(struct timer *t, int64_t ms)
{
	CHECK(ms >= 0);
	t->due_ms = world.mono_ms + ms;
}

void
timer_soon(struct timer *t)
{
	t->soon = true;
}

void
timer_stop(struct timer *t)
{
	t->soon = false;
	t->due_ms = -1;
}

bool
timer_armed(const struct timer *t)
{
	return t->soon || t->due_ms >= 0;
}

/* At most one, since it may change the list. */
static bool
fire_one(void)
{
	for (struct timer *t = world.timers; t != NULL; t = t->next) {
		bool due = t->due_ms >= 0 && t->due_ms <= world.mono_ms;

		if (!t->soon && !due)
			continue;
		timer_stop(t);
		t->fn(t->arg);
		return true;
	}
	return false;
}

int64_t
fake_next_timer(void)
{
	int64_t due = -1;

	for (struct timer *t = world.timers; t != NULL; t = t->next) {
		if (t->due_ms >= 0 && (due < 0 || t->due_ms < due))
			due = t->due_ms;
	}
	return due < 0 ? -1 : due - world.mono_ms;
}

/* ---- net/http.h ---- */

struct http *
http_new(struct ev_loop *loop, const struct http_conf *conf)
{
	(void)loop, (void)conf;
	return fake_http();
}

void
http_free(struct http **h)
{
	*h = NULL;
}

struct http_stats
http_stats(const struct http *h)
{
	(void)h;
	return world.stats;
}

static struct span
find_header(struct span lines, const char *name)
{
	struct span found = {"", 0};

	while (lines.p != NULL && lines.n > 0) {
		struct span value = span_cut(&lines, '\n');
		struct span key = span_cut(&value, ':');

		if (value.p != NULL && key.n == strlen(name) &&
		    strncasecmp(key.p, name, key.n) == 0)
			found = span_trim(value);
	}
	return found;
}

struct span
reply_header(const struct reply *r, const char *name)
{
	return find_header(r->head, name);
}

struct request *
request_start(struct http *h, const struct request_spec *spec)
{
	struct request *r = mem_zalloc(sizeof *r), **at = &world.requests;

	CHECK(h == fake_http() && spec->on_done != NULL);
	r->serial = world.stats.requests + 1;
	r->spec = *spec;
	r->method = mem_strndup(spec->method, strlen(spec->method));
	r->url = mem_strndup(spec->url, strlen(spec->url));
	buf_init(&r->headers, 1 << 20);
	buf_init(&r->sent_body, 1 << 26);
	buf_init(&r->head, HTTP_REPLY_HEADERS_MAX);
	buf_init(&r->pending, 1 << 28);
	buf_init(&r->collected, spec->reply_max);
	for (size_t i = 0; i < spec->nheaders; i++)
		buf_printf(&r->headers, "%s: %s\r\n", spec->headers[i].name,
		    spec->headers[i].value);
	for (size_t i = 0; i < spec->nbody; i++)
		buf_span(&r->sent_body, spec->body[i]);
	while (*at != NULL)
		at = &(*at)->next;
	*at = r;
	world.stats.requests++;
	return r;
}

static void
unlink_request(struct request *r)
{
	struct request **at = &world.requests;

	while (*at != r) {
		CHECK(*at != NULL);
		at = &(*at)->next;
	}
	*at = r->next;
}

static void
free_request(struct request *r)
{
	mem_free(r->method);
	mem_free(r->url);
	buf_fini(&r->headers);
	buf_fini(&r->sent_body);
	buf_fini(&r->head);
	buf_fini(&r->pending);
	buf_fini(&r->collected);
	mem_free(r);
}

void
request_resume(struct request *r)
{
	r->paused = false;
}

void
request_cancel(struct request **rp)
{
	struct request *r = *rp;

	*rp = NULL;
	if (r == NULL)
		return;
	unlink_request(r);
	r->cancelled = true;
	if (!r->busy)
		free_request(r);
}

/* ---- what a test does ---- */

static bool
is_stream(const struct request *r)
{
	return r->spec.on_data != NULL &&
	       (r->reply.status == 200 || r->reply.status == 206);
}

static void
offer(struct request *r)
{
	struct span piece = buf_view(&r->pending);
	size_t n;

	if (piece.n > world.cut)
		piece.n = world.cut;
	/* A copy of exactly that size, so that ASan sees a read too far. */
	piece.p = mem_strndup(piece.p, piece.n);
	r->paused = true; /* a resume from inside on_data counts */
	n = r->spec.on_data(r->spec.arg, piece);
	CHECK(n <= piece.n);
	mem_free((void *)(uintptr_t)piece.p);
	buf_drop(&r->pending, n);
	if (n == piece.n)
		r->paused = false;
}

static void
end_request(struct request *r)
{
	unlink_request(r);
	if (!is_stream(r)) {
		buf_span(&r->collected, buf_view(&r->pending));
		if (r->reply.err == ERR_OK)
			r->reply.err = r->collected.err;
		r->reply.body = buf_view(&r->collected);
	}
	if (r->reply.err != ERR_OK)
		world.stats.failures++;
	r->spec.on_done(r->spec.arg, &r->reply);
	free_request(r);
}

/* One step of one request; false if it has nothing to do. */
static bool
step(struct request *r)
{
	r->busy = true;
	r->reply.head = buf_view(&r->head);
	if (r->has_head && !r->told_head && is_stream(r)) {
		r->told_head = true;
		if (r->spec.on_head != NULL)
			r->spec.on_head(r->spec.arg, &r->reply);
	} else if (is_stream(r) && !r->paused && r->pending.n > 0) {
		offer(r);
	} else if (r->ended && (!is_stream(r) || r->pending.n == 0)) {
		end_request(r);
		return true;
	} else {
		r->busy = false;
		return false;
	}
	r->busy = false;
	if (r->cancelled)
		free_request(r);
	return true;
}

static bool
step_one(void)
{
	for (struct request *r = world.requests; r != NULL; r = r->next) {
		if (step(r))
			return true;
	}
	return false;
}

bool
fake_step(void)
{
	return fire_one() || step_one();
}

void
fake_run(void)
{
	unsigned steps = 0;

	while (fake_step())
		CHECK(++steps < 10000000); /* something spins */
}

void
fake_advance(int64_t ms)
{
	int64_t end = world.mono_ms + ms;

	fake_run();
	for (;;) {
		int64_t left = end - world.mono_ms, next = fake_next_timer();

		if (next < 0 || next > left)
			next = left;
		world.mono_ms += next;
		world.wall_ms += next;
		clock_set_test(world.mono_ms, world.wall_ms);
		fake_run();
		if (world.mono_ms == end)
			return;
	}
}

struct request *
fake_http_nth(size_t i)
{
	struct request *r = world.requests;

	while (r != NULL && i-- > 0)
		r = r->next;
	return r;
}

struct request *
fake_http_next(void)
{
	struct request *r;

	fake_run();
	for (r = world.requests; r != NULL && r->answered; r = r->next)
		;
	return r;
}

struct request *
fake_http_expect(void)
{
	struct request *r = fake_http_next();

	CHECK(r != NULL);
	return r;
}

size_t
fake_http_open(void)
{
	size_t n = 0;

	while (fake_http_nth(n) != NULL)
		n++;
	return n;
}

uint64_t
fake_serial(const struct request *r)
{
	return r->serial;
}

void
fake_turn_wall(int64_t ms)
{
	world.wall_ms += ms;
	clock_set_test(world.mono_ms, world.wall_ms);
}

const char *
fake_method(const struct request *r)
{
	return r->method;
}

const char *
fake_url(const struct request *r)
{
	return r->url;
}

struct span
fake_body(const struct request *r)
{
	return buf_view(&r->sent_body);
}

/* In one of a few buffers, so that a handful of values can be held at once. */
const char *
fake_header(const struct request *r, const char *name)
{
	static char text[8][4096];
	static unsigned turn;
	struct span s = find_header(buf_view(&r->headers), name);
	char *out = text[turn++ % 8];

	if (s.n == 0)
		return NULL;
	CHECK(s.n < sizeof text[0]);
	memcpy(out, s.p, s.n);
	out[s.n] = '\0';
	return out;
}

const struct request_spec *
fake_spec(const struct request *r)
{
	return &r->spec;
}

void
fake_reply_head(struct request *r, int status, const char *headers)
{
	CHECK(!r->has_head && !r->ended);
	r->answered = r->has_head = true;
	r->reply.status = status;
	r->reply.sent = true;
	buf_str(&r->head, headers != NULL ? headers : "");
}

void
fake_reply_body(struct request *r, struct span piece)
{
	CHECK(r->has_head && !r->ended);
	buf_span(&r->pending, piece);
}

void
fake_reply_end(struct request *r)
{
	CHECK(r->has_head && !r->ended);
	r->ended = true;
}

void
fake_fail(struct request *r, enum err err)
{
	CHECK(!r->ended);
	r->answered = r->ended = true;
	r->reply.err = err;
	r->reply.detail = span_str(err_name(err));
}

void
fake_break(struct request *r, enum err err)
{
	buf_reset(&r->pending);
	fake_fail(r, err);
}

void
fake_reply(struct request *r, int status, const char *headers, struct span body)
{
	fake_reply_head(r, status, headers);
	if (find_header(buf_view(&r->head), "Content-Length").n == 0)
		buf_printf(&r->head, "Content-Length: %zu\r\n", body.n);
	fake_reply_body(r, body);
	fake_reply_end(r);
}

void
fake_set_cut(size_t bytes)
{
	CHECK(bytes > 0);
	world.cut = bytes;
}
