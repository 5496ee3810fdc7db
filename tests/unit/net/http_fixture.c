#include "http_fixture.h"

#include "base/mem.h"

static void
on_guard(void *arg)
{
	struct fixture *f = arg;

	f->hung = true;
	ev_break(f->loop, EVBREAK_ALL);
}

int
fixture_setup(void **state)
{
	static const struct http_conf conf = {.user_agent = "trailpost-test",
	    .connect_timeout_ms = 2000,
	    .max_idle_connections = 4};
	struct fixture *f = mem_zalloc(sizeof *f);

	f->loop = ev_loop_new(EVFLAG_AUTO);
	f->http = http_new(f->loop, &conf);
	f->timers = timers_new(f->loop);
	f->guard = timer_new(f->timers, on_guard, f);
	peer_start(&f->peer, f->loop);
	*state = f;
	return 0;
}

int
fixture_teardown(void **state)
{
	struct fixture *f = *state;

	http_free(&f->http);
	peer_stop(&f->peer);
	timers_free(&f->timers);
	ev_loop_destroy(f->loop);
	mem_free(f);
	return 0;
}

void
fixture_run(struct fixture *f)
{
	timer_after(f->guard, 10 * 1000);
	if (f->pending > 0)
		ev_run(f->loop, 0);
	timer_stop(f->guard);
	assert_false(f->hung);
}

void
fixture_idle(struct fixture *f, int64_t ms)
{
	timer_after(f->guard, ms);
	ev_run(f->loop, 0);
	assert_true(f->hung);
	f->hung = false;
}

void
fixture_await(struct fixture *f, const unsigned *count)
{
	for (int i = 0; *count == 0 && i < 1000; i++)
		fixture_idle(f, 10);
	assert_int_not_equal(*count, 0);
}

static void
on_ask_timer(void *arg)
{
	struct ask *a = arg;

	a->on_timer(a);
}

void
ask_init(struct ask *a, struct fixture *f)
{
	*a = (struct ask){.f = f};
	a->timer = timer_new(f->timers, on_ask_timer, a);
	buf_init(&a->body, 1024 * 1024);
	buf_init(&a->detail, 1024);
	buf_init(&a->head, 64 * 1024);
}

void
ask_fini(struct ask *a)
{
	timer_free(&a->timer);
	buf_fini(&a->body);
	buf_fini(&a->detail);
	buf_fini(&a->head);
}

static void
on_head(void *arg, const struct reply *r)
{
	struct ask *a = arg;

	assert_int_equal(a->datas + a->dones, 0);
	assert_int_equal(r->err, ERR_OK);
	assert_true(r->status == 200 || r->status == 206);
	a->heads++;
	buf_span(&a->head, r->head);
	if (a->in_head != NULL)
		a->in_head(a);
}

static size_t
on_data(void *arg, struct span bytes)
{
	struct ask *a = arg;
	unsigned turn = ev_iteration(a->f->loop);
	size_t n;

	assert_int_equal(a->dones, 0);
	assert_int_equal(a->heads, 1);
	assert_true(bytes.n > 0 && bytes.n <= HTTP_STASH_BYTES);
	assert_true(a->datas == 0 || turn > a->last_turn);
	a->last_turn = turn;
	a->datas++;
	if (bytes.n > a->largest)
		a->largest = bytes.n;
	for (size_t i = 0; i < bytes.n; i++)
		a->wrong |= bytes.p[i] != peer_pattern(a->total + i);
	n = a->take != NULL ? a->take(a, bytes) : bytes.n;
	a->total += n;
	return n;
}

static void
on_done(void *arg, const struct reply *r)
{
	struct ask *a = arg;

	a->r = NULL;
	a->dones++;
	a->reply = *r;
	buf_reset(&a->body);
	buf_span(&a->body, r->body);
	buf_span(&a->detail, r->detail);
	buf_reset(&a->head);
	buf_span(&a->head, r->head);
	if (--a->f->pending == 0)
		ev_break(a->f->loop, EVBREAK_ALL);
	if (a->in_done != NULL)
		a->in_done(a);
}

struct request_spec
ask_spec(struct ask *a)
{
	return (struct request_spec){.method = "GET",
	    .url = a->f->peer.base,
	    .reply_max = 64 * 1024,
	    .on_done = on_done,
	    .arg = a};
}

struct request_spec
ask_stream_spec(struct ask *a)
{
	struct request_spec spec = ask_spec(a);

	spec.on_head = on_head;
	spec.on_data = on_data;
	return spec;
}

void
ask_start(struct ask *a, const struct request_spec *spec)
{
	a->f->pending++;
	a->r = request_start(a->f->http, spec);
	assert_non_null(a->r);
	assert_int_equal(a->heads + a->datas + a->dones, 0);
}

void
ask_cancel(struct ask *a)
{
	if (a->r == NULL)
		return;
	request_cancel(&a->r);
	assert_null(a->r);
	if (--a->f->pending == 0)
		ev_break(a->f->loop, EVBREAK_ALL);
}

void
use_script(struct fixture *f, const struct peer_step *script)
{
	f->peer.scripts[f->peer.nscripts++] = script;
}

void
start_stream(struct ask *a, struct fixture *f, int64_t stall_ms)
{
	struct request_spec spec;

	ask_init(a, f);
	spec = ask_stream_spec(a);
	spec.stall_timeout_ms = stall_ms;
	ask_start(a, &spec);
}
