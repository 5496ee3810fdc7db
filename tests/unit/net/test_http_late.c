/*
 * Time that was over while the process itself stood still: what has come
 * meanwhile counts, and silence is silence.
 */
#include "http_fixture.h"

#include <unistd.h>

enum { LIMIT_MS = 200 };

/* By the time of the pause we have read what was before it. */
static const struct peer_step whole[] = {
    READ, SEND(HEAD_OF(10)), WAIT(50), SEND("helloworld"), END};
static const struct peer_step half[] = {
    READ, SEND(HEAD_OF(10)), WAIT(50), SEND("hello"), END};

struct standstill {
	ev_prepare before_poll;
	const struct peer *peer;
	size_t sent;
	bool over;
};

/* As soon as the server has sent all it will, and before we can see that,
 * nothing moves for as long as may be waited for it. */
static void
stand_still(struct ev_loop *loop, ev_prepare *w, int revents)
{
	struct standstill *s = w->data;

	(void)loop;
	(void)revents;
	if (s->over || s->peer->sent < s->sent)
		return;
	s->over = true;
	usleep((LIMIT_MS + 50) * 1000);
}

static void
run(struct fixture *f, const struct peer_step *script, const char *body,
    const struct request_spec *limits, enum err err)
{
	struct standstill s = {
	    .peer = &f->peer, .sent = sizeof HEAD_OF(10) - 1 + strlen(body)};
	struct request_spec spec;
	struct ask a;

	ev_prepare_init(&s.before_poll, stand_still);
	s.before_poll.data = &s;
	ev_prepare_start(f->loop, &s.before_poll);
	peer_stop(&f->peer);
	peer_start(&f->peer, f->loop);
	use_script(f, script);
	ask_init(&a, f);
	spec = ask_spec(&a);
	spec.total_timeout_ms = limits->total_timeout_ms;
	spec.stall_timeout_ms = limits->stall_timeout_ms;
	ask_start(&a, &spec);
	fixture_run(f);
	assert_true(s.over);
	assert_int_equal(a.reply.err, err);
	assert_string_equal(buf_cstr(&a.body), body);
	ask_fini(&a);
	ev_prepare_stop(f->loop, &s.before_poll);
}

static const struct request_spec total = {.total_timeout_ms = LIMIT_MS};
static const struct request_spec stall = {.stall_timeout_ms = LIMIT_MS};

static void
what_has_come_is_read(void **state)
{
	run(*state, whole, "helloworld", &total, ERR_OK);
	run(*state, whole, "helloworld", &stall, ERR_OK);
}

static void
what_has_not_is_not_waited_for(void **state)
{
	run(*state, half, "hello", &total, ERR_TIMEOUT);
	run(*state, half, "hello", &stall, ERR_STALL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HTTP_TEST(what_has_come_is_read),
	    HTTP_TEST(what_has_not_is_not_waited_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
