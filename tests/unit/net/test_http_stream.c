#include "http_fixture.h"

#include "base/mem.h"

enum { BIG = 5000000 };

static const struct peer_step small_script[] = {
    READ, SEND(HEAD_OF(100)), PATTERN(100), AGAIN};
static const struct peer_step big_script[] = {
    READ, SEND(HEAD_OF(5000000)), PATTERN(BIG), AGAIN};
static const struct peer_step half_script[] = {
    READ, SEND(HEAD_OF(200000)), PATTERN(100000), END};

static void
resume(struct ask *a)
{
	request_resume(a->r);
}

static size_t
take_half_and_resume_soon(struct ask *a, struct span bytes)
{
	a->on_timer = resume;
	timer_soon(a->timer);
	return bytes.n - bytes.n / 2;
}

static size_t
take_one_and_resume_soon(struct ask *a, struct span bytes)
{
	(void)bytes;
	a->on_timer = resume;
	timer_soon(a->timer);
	return 1;
}

static size_t
take_one_and_resume_inside(struct ask *a, struct span bytes)
{
	(void)bytes;
	request_resume(a->r);
	return 1;
}

static size_t
take_all_and_resume(struct ask *a, struct span bytes)
{
	request_resume(a->r);
	return bytes.n;
}

/* Nothing at first; each second offer, all. */
static size_t
take_none_then_all(struct ask *a, struct span bytes)
{
	if (a->datas % 2 == 0)
		return bytes.n;
	a->on_timer = resume;
	timer_after(a->timer, 1);
	return 0;
}

static size_t
take_none(struct ask *a, struct span bytes)
{
	(void)a;
	(void)bytes;
	return 0;
}

static void
consumers_of_every_kind(void **state)
{
	static ask_take_fn *const takes[] = {NULL, take_one_and_resume_soon,
	    take_one_and_resume_inside, take_all_and_resume,
	    take_none_then_all};
	struct fixture *f = *state;

	use_script(f, small_script);
	for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
		struct ask a;

		start_stream(&a, f, 5000);
		a.take = takes[i];
		fixture_run(f);
		assert_int_equal(a.reply.err, ERR_OK);
		assert_int_equal(a.heads, 1);
		assert_int_equal(a.dones, 1);
		assert_int_equal(a.total, 100);
		assert_false(a.wrong);
		assert_int_equal(a.body.n, 0);
		ask_fini(&a);
	}
}

static void
big_body_arrives_whole_however_it_is_taken(void **state)
{
	static ask_take_fn *const takes[] = {
	    NULL, take_none_then_all, take_half_and_resume_soon};
	struct fixture *f = *state;

	use_script(f, big_script);
	for (size_t i = 0; i < sizeof takes / sizeof takes[0]; i++) {
		struct ask a;

		start_stream(&a, f, 0);
		a.take = takes[i];
		fixture_run(f);
		assert_int_equal(a.reply.err, ERR_OK);
		assert_int_equal(a.total, BIG);
		assert_false(a.wrong);
		assert_true(a.largest > 1);
		ask_fini(&a);
	}
	assert_int_equal(http_stats(f->http).bytes_in, 3 * (uint64_t)BIG);
}

/* Chunked, with chunk borders that match nothing. */
static void
chunked_stream_with_pauses(void **state)
{
	enum { CHUNKS = 40, CHUNK = 9999 };
	static struct peer_step script[CHUNKS * 3 + 4];
	static char text[CHUNKS * (size_t)CHUNK + 1];
	struct fixture *f = *state;
	struct peer_step *s = script;
	struct ask a;

	for (size_t i = 0; i + 1 < sizeof text; i++)
		text[i] = peer_pattern(i);
	*s++ = (struct peer_step)READ;
	*s++ = (struct peer_step)SEND(
	    "HTTP/1.1 206 P\r\nTransfer-Encoding: chunked\r\n\r\n");
	for (size_t i = 0; i < CHUNKS; i++) {
		*s++ = (struct peer_step)SEND("270f\r\n");
		*s++ = (struct peer_step){.op = PEER_SEND,
		    .text = mem_strndup(text + i * CHUNK, CHUNK)};
		*s++ = (struct peer_step)SEND("\r\n");
	}
	*s++ = (struct peer_step)SEND("0\r\n\r\n");
	use_script(f, script);
	start_stream(&a, f, 0);
	a.take = take_none_then_all;
	fixture_run(f);
	assert_int_equal(a.reply.err, ERR_OK);
	assert_int_equal(a.reply.status, 206);
	assert_int_equal(a.total, CHUNKS * CHUNK);
	assert_false(a.wrong);
	ask_fini(&a);
	for (size_t i = 0; i < CHUNKS; i++)
		mem_free((char *)(uintptr_t)script[3 + 3 * i].text);
}

static size_t
take_until_half(struct ask *a, struct span bytes)
{
	if (a->total < BIG / 2)
		return bytes.n;
	return a->other == NULL ? 0 : bytes.n;
}

/* The server is made to wait: what it could send beyond what was taken is our
 * stash and the kernel's two socket buffers (twice 256 KiB and 64 KiB). */
static void
pause_holds_the_server_back(void **state)
{
	struct fixture *f = *state;
	unsigned turns;
	size_t sent;
	struct ask a;

	use_script(f, big_script);
	start_stream(&a, f, 0);
	a.take = take_until_half;
	for (int i = 0; a.total < BIG / 2 && i < 1000; i++)
		fixture_idle(f, 10);
	assert_true(a.total >= BIG / 2);
	assert_int_equal(a.dones, 0);
	do {
		sent = f->peer.sent;
		fixture_idle(f, 50);
	} while (f->peer.sent != sent);
	assert_true(f->peer.sent - a.total < 900 * 1000);
	turns = ev_iteration(f->loop);
	fixture_idle(f, 50);
	assert_true(ev_iteration(f->loop) - turns < 20);
	a.other = &a;
	request_resume(a.r);
	fixture_run(f);
	assert_int_equal(a.reply.err, ERR_OK);
	assert_int_equal(a.total, BIG);
	assert_false(a.wrong);
	ask_fini(&a);
}

static void
head_comes_also_before_an_empty_body(void **state)
{
	static const struct peer_step script[] = {READ, SEND(HEAD_OF(0)), END};
	struct fixture *f = *state;
	struct ask a;

	use_script(f, script);
	start_stream(&a, f, 0);
	fixture_run(f);
	assert_int_equal(a.heads, 1);
	assert_int_equal(a.datas, 0);
	assert_int_equal(a.reply.status, 200);
	assert_int_equal(a.reply.err, ERR_OK);
	assert_non_null(strstr(buf_cstr(&a.head), "Content-Length: 0"));
	ask_fini(&a);
}

/* on_head does not wait for the body. */
static void
head_comes_before_the_body_does(void **state)
{
	static const struct peer_step script[] = {READ, SEND(HEAD_OF(10)), END};
	struct fixture *f = *state;
	struct ask a;

	use_script(f, script);
	start_stream(&a, f, 0);
	fixture_await(f, &a.heads);
	fixture_idle(f, 30);
	assert_int_equal(a.heads, 1);
	assert_int_equal(a.datas + a.dones, 0);
	ask_cancel(&a);
	ask_fini(&a);
}

static void
other_status_is_collected(void **state)
{
	static const struct peer_step script[] = {READ,
	    SEND("HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nsorry"),
	    END};
	struct fixture *f = *state;
	struct ask a;

	use_script(f, script);
	start_stream(&a, f, 0);
	fixture_run(f);
	assert_int_equal(a.reply.status, 404);
	assert_int_equal(a.heads + a.datas, 0);
	assert_string_equal(buf_cstr(&a.body), "sorry");
	ask_fini(&a);
}

static void
stream_has_no_total_time_out(void **state)
{
	static const struct peer_step script[] = {READ, SEND(HEAD_OF(20)),
	    PATTERN(10), WAIT(60), SEND("kjihgfedcb"), END};
	struct fixture *f = *state;
	struct request_spec spec;
	struct ask a;

	use_script(f, script);
	ask_init(&a, f);
	spec = ask_stream_spec(&a);
	spec.total_timeout_ms = 20;
	ask_start(&a, &spec);
	fixture_run(f);
	assert_int_equal(a.reply.err, ERR_OK);
	assert_int_equal(a.total, 20);
	ask_fini(&a);
}

static void
stall_in_mid_stream(void **state)
{
	struct fixture *f = *state;
	struct ask a;

	use_script(f, half_script);
	start_stream(&a, f, 40);
	fixture_run(f);
	assert_int_equal(a.reply.err, ERR_STALL);
	assert_int_equal(a.reply.status, 200);
	assert_int_equal(a.total, 100000);
	assert_false(a.wrong);
	assert_int_equal(http_stats(f->http).failures, 1);
	ask_fini(&a);
}

static void
steady_drip_is_no_stall(void **state)
{
	static const struct peer_step script[] = {READ, SEND(HEAD_OF(4)),
	    WAIT(100), SEND("a"), WAIT(100), SEND("b"), WAIT(100), SEND("c"),
	    WAIT(100), SEND("d"), END};
	struct fixture *f = *state;
	struct ask a;

	use_script(f, script);
	start_stream(&a, f, 240);
	fixture_run(f);
	assert_int_equal(a.reply.err, ERR_OK);
	ask_fini(&a);
}

/* All of the body is there, so the only silence is the pause's. Afterwards
 * the limit holds again. */
static void
pause_is_no_stall_but_what_follows_may_be(void **state)
{
	static const struct peer_step *const scripts[] = {
	    small_script, half_script};
	static const enum err errs[] = {ERR_OK, ERR_STALL};

	for (size_t i = 0; i < 2; i++) {
		struct fixture *f = *state;
		struct ask a;

		peer_stop(&f->peer);
		peer_start(&f->peer, f->loop);
		use_script(f, scripts[i]);
		start_stream(&a, f, 40);
		a.take = take_none;
		fixture_await(f, &a.datas);
		fixture_idle(f, 150);
		assert_int_equal(a.datas, 1);
		assert_int_equal(a.dones, 0);
		a.take = NULL;
		request_resume(a.r);
		fixture_run(f);
		assert_int_equal(a.reply.err, errs[i]);
		assert_int_equal(a.total, i == 0 ? 100 : 100000);
		ask_fini(&a);
	}
}

/* What came before the reset is still told, and on_done waits for that. */
static void
reset_after_bytes_that_are_not_taken_yet(void **state)
{
	static const struct peer_step script[] = {
	    READ, SEND(HEAD_OF(200)), PATTERN(100), WAIT(5), RESET};
	struct fixture *f = *state;
	struct ask a;

	use_script(f, script);
	start_stream(&a, f, 1000);
	a.take = take_none;
	fixture_idle(f, 50);
	assert_int_equal(a.dones, 0);
	a.take = NULL;
	request_resume(a.r);
	assert_int_equal(a.total, 0);
	fixture_run(f);
	assert_int_equal(a.total, 100);
	assert_int_equal(a.reply.err, ERR_RESET);
	ask_fini(&a);
}

static void
two_streams_share_the_loop(void **state)
{
	struct fixture *f = *state;
	struct ask a, b;

	use_script(f, big_script);
	start_stream(&a, f, 0);
	start_stream(&b, f, 0);
	while (a.dones == 0 && b.dones == 0)
		ev_run(f->loop, EVRUN_ONCE);
	assert_true(a.total > BIG / 10);
	assert_true(b.total > BIG / 10);
	fixture_run(f);
	ask_fini(&a);
	ask_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HTTP_TEST(consumers_of_every_kind),
	    HTTP_TEST(big_body_arrives_whole_however_it_is_taken),
	    HTTP_TEST(chunked_stream_with_pauses),
	    HTTP_TEST(pause_holds_the_server_back),
	    HTTP_TEST(head_comes_also_before_an_empty_body),
	    HTTP_TEST(head_comes_before_the_body_does),
	    HTTP_TEST(other_status_is_collected),
	    HTTP_TEST(stream_has_no_total_time_out),
	    HTTP_TEST(stall_in_mid_stream),
	    HTTP_TEST(steady_drip_is_no_stall),
	    HTTP_TEST(pause_is_no_stall_but_what_follows_may_be),
	    HTTP_TEST(reset_after_bytes_that_are_not_taken_yet),
	    HTTP_TEST(two_streams_share_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
