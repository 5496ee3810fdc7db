#include "http_fixture.h"

#include "base/mem.h"

#define CHUNKED "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
#define LINE_64                                                                \
	"X-Filler-Header: aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"
#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

struct row {
	const char *name;
	struct peer_step script[6];
	enum err err;
	int status;
	const char *body;
	const char *method;
	int64_t total_ms, stall_ms;
};

static const struct row rows[] = {
    {.name = "200",
	.script = {READ, SEND(OK_HELLO)},
	.status = 200,
	.body = "hello"},
    {.name = "404",
	.script = {READ, SEND("HTTP/1.1 404 Not Found\r\n"
			      "Content-Length: 2\r\n\r\nno")},
	.status = 404,
	.body = "no"},
    {.name = "500",
	.script = {READ, SEND("HTTP/1.1 500 Oops\r\n"
			      "Content-Length: 2\r\n\r\nno")},
	.status = 500,
	.body = "no"},
    {.name = "redirects are not followed",
	.script = {READ, SEND("HTTP/1.1 302 Found\r\nLocation: "
			      "/x\r\nContent-Length: 0\r\n\r\n")},
	.status = 302,
	.body = ""},
    {.name = "empty body",
	.script = {READ, SEND("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")},
	.status = 200,
	.body = ""},
    {.name = "204",
	.script = {READ, SEND("HTTP/1.1 204 No Content\r\n\r\n")},
	.status = 204,
	.body = ""},
    {.name = "HEAD",
	.script = {READ, SEND("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")},
	.status = 200,
	.body = "",
	.method = "HEAD"},
    {.name = "chunked",
	.script = {READ, SEND(CHUNKED "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n")},
	.status = 200,
	.body = "hello"},
    {.name = "chunked with a trailer",
	.script = {READ, SEND(CHUNKED "5\r\nhello\r\n0\r\nX-Last: 1\r\n\r\n")},
	.status = 200,
	.body = "hello"},
    {.name = "until close",
	.script = {READ, SEND("HTTP/1.0 200 OK\r\n\r\nhello"), CLOSE},
	.status = 200,
	.body = "hello"},
    {.name = "after interim heads",
	.script = {READ,
	    SEND("HTTP/1.1 103 Early\r\nLink: x\r\n\r\nHTTP/1.1 100 "
		 "Continue\r\n\r\n" OK_HELLO)},
	.status = 200,
	.body = "hello"},
    {.name = "slow but in time",
	.script = {READ, WAIT(20), SEND(OK_HELLO)},
	.status = 200,
	.body = "hello",
	.total_ms = 3000,
	.stall_ms = 3000},
    {.name = "short body",
	.script = {READ,
	    SEND("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"), CLOSE},
	.err = ERR_RESET,
	.status = 200,
	.body = "hello"},
    {.name = "last chunk missing",
	.script = {READ, SEND(CHUNKED "5\r\nhello\r\n"), CLOSE},
	.err = ERR_RESET,
	.status = 200,
	.body = "hello"},
    {.name = "bad chunk",
	.script = {READ, SEND(CHUNKED "zz\r\n")},
	.err = ERR_RESET,
	.status = 200,
	.body = ""},
    {.name = "reset in mid-body",
	.script = {READ,
	    SEND("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"), WAIT(5),
	    RESET},
	.err = ERR_RESET,
	.status = 200,
	.body = "hello"},
    {.name = "reset at once",
	.script = {READ, RESET},
	.err = ERR_RESET,
	.body = ""},
    {.name = "no reply", .script = {READ, CLOSE}, .err = ERR_RESET, .body = ""},
    {.name = "not HTTP",
	.script = {READ, SEND("SSH-2.0-OpenSSH_9\r\n"), CLOSE},
	.err = ERR_PROTOCOL,
	.body = ""},
    {.name = "HTTP/0.9",
	.script = {READ, SEND("<html>hello, this is dog"), CLOSE},
	.err = ERR_PROTOCOL,
	.body = ""},
    {.name = "upgrade that nobody asked for",
	.script = {READ,
	    SEND("HTTP/1.1 101 Switching\r\nUpgrade: x\r\n\r\nxyz"), CLOSE},
	.err = ERR_PROTOCOL,
	.body = ""},
    {.name = "upgrade and nothing more",
	.script = {READ, SEND("HTTP/1.1 101 Switching\r\n\r\n"), CLOSE},
	.err = ERR_RESET,
	.body = ""},
    {.name = "only an interim head",
	.script = {READ, SEND("HTTP/1.1 100 Continue\r\n\r\n"), CLOSE},
	.err = ERR_RESET,
	.body = ""},
    {.name = "endless header lines",
	.script = {READ, SEND("HTTP/1.1 200 OK\r\n"), FLOOD(LINE_64)},
	.err = ERR_LIMIT,
	.body = ""},
    {.name = "endless header line",
	.script = {READ, SEND("HTTP/1.1 200 OK\r\nX: "),
	    FLOOD("aaaaaaaaaaaaaaaa")},
	.err = ERR_LIMIT,
	.body = ""},
    {.name = "endless interim heads",
	.script = {READ, FLOOD("HTTP/1.1 100 Continue\r\n\r\n")},
	.err = ERR_LIMIT,
	.body = ""},
    {.name = "endless trailer",
	.script = {READ, SEND(CHUNKED "0\r\n"), FLOOD(LINE_64)},
	.err = ERR_LIMIT,
	.status = 200,
	.body = ""},
    {.name = "total time-out",
	.script = {READ, SEND("HTTP/1.1 200 OK\r\n")},
	.err = ERR_TIMEOUT,
	.body = "",
	.total_ms = 40},
    {.name = "total time-out in spite of bytes",
	.script = {READ, SEND("HTTP/1.0 200 OK\r\n\r\n"), SEND("x"), WAIT(200),
	    SEND("x")},
	.err = ERR_TIMEOUT,
	.status = 200,
	.body = "xx",
	.total_ms = 600,
	.stall_ms = 500},
    {.name = "no first byte",
	.script = {READ},
	.err = ERR_STALL,
	.body = "",
	.stall_ms = 30},
    {.name = "stall in mid-head",
	.script = {READ, SEND("HTTP/1.1 200 OK\r\n")},
	.err = ERR_STALL,
	.body = "",
	.total_ms = 3000,
	.stall_ms = 30},
    {.name = "stall in mid-body",
	.script = {READ,
	    SEND("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello")},
	.err = ERR_STALL,
	.status = 200,
	.body = "hello",
	.total_ms = 3000,
	.stall_ms = 30},
};

static void
check_row(const struct row *row, const struct ask *a)
{
	if (a->reply.err != row->err || a->reply.status != row->status ||
	    strcmp(buf_cstr(&a->body), row->body) != 0 || !a->reply.sent)
		fail_msg("%s: %s %d '%s' sent=%d (%s)", row->name,
		    err_name(a->reply.err), a->reply.status, buf_cstr(&a->body),
		    a->reply.sent, buf_cstr(&a->detail));
	assert_int_equal(a->dones, 1);
	assert_true((row->err == ERR_OK) == (a->detail.n == 0));
}

static void
run_rows(struct fixture *f, size_t cut)
{
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const struct row *row = &rows[i];
		struct request_spec spec;
		struct ask a;

		peer_stop(&f->peer);
		peer_start(&f->peer, f->loop);
		f->peer.cut = cut;
		f->peer.scripts[f->peer.nscripts++] = row->script;
		ask_init(&a, f);
		spec = ask_spec(&a);
		if (row->method != NULL)
			spec.method = row->method;
		spec.total_timeout_ms = row->total_ms;
		spec.stall_timeout_ms = row->stall_ms;
		ask_start(&a, &spec);
		fixture_run(f);
		check_row(row, &a);
		ask_fini(&a);
	}
}

static void
replies_of_every_kind(void **state)
{
	run_rows(*state, 0);
}

static void
replies_cut_into_small_pieces(void **state)
{
	run_rows(*state, 7);
}

static void
body_of_reply_max_and_one_more(void **state)
{
	static const struct peer_step script[] = {READ, SEND(OK_HELLO), AGAIN};
	static const struct {
		size_t max;
		enum err err;
	} cases[] = {{5, ERR_OK}, {6, ERR_OK}, {4, ERR_LIMIT}, {0, ERR_LIMIT}};
	struct fixture *f = *state;

	f->peer.scripts[f->peer.nscripts++] = script;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct request_spec spec;
		struct ask a;

		ask_init(&a, f);
		spec = ask_spec(&a);
		spec.reply_max = cases[i].max;
		ask_start(&a, &spec);
		fixture_run(f);
		assert_int_equal(a.reply.err, cases[i].err);
		assert_int_equal(a.reply.status, 200);
		ask_fini(&a);
	}
}

/* What others hold counts; what one took is given back when it is done. */
static void
body_within_a_budget(void **state)
{
	static const struct peer_step script[] = {READ, SEND(OK_HELLO), AGAIN};
	static const struct {
		size_t max, used;
		enum err err;
	} cases[] = {{5, 0, ERR_OK}, {12, 7, ERR_OK}, {12, 8, ERR_LIMIT},
	    {4, 0, ERR_LIMIT}, {4, 9, ERR_LIMIT}, {4, SIZE_MAX, ERR_LIMIT}};
	struct fixture *f = *state;

	f->peer.scripts[f->peer.nscripts++] = script;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct http_budget b = {cases[i].max, cases[i].used};
		struct request_spec spec;
		struct ask a;

		ask_init(&a, f);
		spec = ask_spec(&a);
		spec.reply_budget = &b;
		ask_start(&a, &spec);
		fixture_run(f);
		assert_int_equal(a.reply.err, cases[i].err);
		assert_true(b.used == cases[i].used);
		ask_fini(&a);
	}
}

/* Two at once share it, and a cancelled one gives back what it had. */
static void
budget_of_two(void **state)
{
	static const struct peer_step half[] = {READ,
	    SEND("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello"), READ};
	static const struct peer_step whole[] = {READ, SEND(OK_HELLO), AGAIN};
	struct http_budget b = {9, 0};
	struct fixture *f = *state;
	struct ask a[3];

	f->peer.scripts[f->peer.nscripts++] = half;
	f->peer.scripts[f->peer.nscripts++] = whole;
	for (size_t i = 0; i < 3; i++) {
		struct request_spec spec;

		ask_init(&a[i], f);
		spec = ask_spec(&a[i]);
		spec.reply_budget = &b;
		ask_start(&a[i], &spec);
		while (i == 0 && b.used < 5)
			fixture_idle(f, 1);
		if (i == 1) {
			fixture_await(f, &a[1].dones);
			assert_int_equal(b.used, 5);
			ask_cancel(&a[0]);
			assert_int_equal(b.used, 0);
		}
	}
	fixture_run(f);
	assert_int_equal(a[1].reply.err, ERR_LIMIT);
	assert_int_equal(a[2].reply.err, ERR_OK);
	assert_int_equal(b.used, 0);
	for (size_t i = 0; i < 3; i++)
		ask_fini(&a[i]);
}

static void
head_of_its_limit_and_one_more(void **state)
{
	static char text[2][HTTP_REPLY_HEADERS_MAX + 8];
	static const char start[] = "HTTP/1.1 204 X\r\nX: ";
	struct peer_step script[2][3] = {0};
	struct fixture *f = *state;

	for (size_t i = 0; i < 2; i++) {
		size_t n = HTTP_REPLY_HEADERS_MAX + i;
		struct request_spec spec;
		struct ask a;

		memset(text[i], 'a', n);
		memcpy(text[i], start, sizeof start - 1);
		memcpy(text[i] + n - 4, "\r\n\r\n", 5);
		script[i][0] = (struct peer_step)READ;
		script[i][1] = (struct peer_step)SEND(text[i]);
		peer_stop(&f->peer);
		peer_start(&f->peer, f->loop);
		f->peer.scripts[f->peer.nscripts++] = script[i];
		ask_init(&a, f);
		spec = ask_spec(&a);
		ask_start(&a, &spec);
		fixture_run(f);
		assert_int_equal(a.reply.err, i == 0 ? ERR_OK : ERR_LIMIT);
		assert_int_equal(a.reply.status, i == 0 ? 204 : 0);
		ask_fini(&a);
	}
}

static void
header_lookup(void **state)
{
	static const struct {
		const char *head, *name, *value;
	} cases[] = {
	    {"HTTP/1.1 200 OK\r\nETag:  \"x\" \r\n\r\n", "etag", "\"x\""},
	    {"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\n\r\n", "A", "2"},
	    {"HTTP/1.1 200 OK\r\nAB: 1\r\n\r\n", "A", ""},
	    {"HTTP/1.1 200 OK\r\nA\r\n\r\n", "A", ""},
	    {"HTTP/1.1 200 OK\r\nA: b:c\n\n", "A", "b:c"},
	    {"HTTP/1.1 200 OK\r\nA:\r\n\r\n", "A", ""},
	    {"", "A", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct reply r = {.head = span_str(cases[i].head)};

		assert_true(
		    span_is(reply_header(&r, cases[i].name), cases[i].value));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HTTP_TEST(replies_of_every_kind),
	    HTTP_TEST(replies_cut_into_small_pieces),
	    HTTP_TEST(body_of_reply_max_and_one_more),
	    HTTP_TEST(body_within_a_budget),
	    HTTP_TEST(budget_of_two),
	    HTTP_TEST(head_of_its_limit_and_one_more),
	    HTTP_TEST(header_lookup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
