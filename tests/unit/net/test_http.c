#include "http_fixture.h"

#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* All that ends without a byte sent, also in on_done and never inline. */
static void
failures_to_start(void **state)
{
	static const struct http_header split = {"X-A", "b\r\nX-C: d"};
	static const struct {
		const char *url;
		enum err err;
		const struct http_header *header;
	} cases[] = {
	    {"http://", ERR_SYNTAX, NULL},
	    {"", ERR_SYNTAX, NULL},
	    {"http://127.0.0.1:99999/", ERR_SYNTAX, NULL},
	    {"http://127.0.0.1/a b", ERR_SYNTAX, NULL},
	    {"ftp://127.0.0.1/", ERR_PROTOCOL, NULL},
	    {"file:///etc/passwd", ERR_PROTOCOL, NULL},
	    {"http://127.0.0.1/", ERR_SYNTAX, &split},
	    {"http://127.0.0.1:1/", ERR_CONNECT, NULL},
	    {"https://127.0.0.1:1/", ERR_CONNECT, NULL},
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct request_spec spec;
		struct ask a;

		ask_init(&a, f);
		spec = ask_spec(&a);
		spec.url = cases[i].url;
		spec.headers = cases[i].header;
		spec.nheaders = cases[i].header != NULL;
		ask_start(&a, &spec);
		fixture_run(f);
		if (a.reply.err != cases[i].err)
			fail_msg("%s: %s %s", cases[i].url,
			    err_name(a.reply.err), buf_cstr(&a.detail));
		assert_false(a.reply.sent);
		assert_true(a.detail.n > 0);
		ask_fini(&a);
	}
	assert_int_equal(
	    http_stats(f->http).failures, sizeof cases / sizeof cases[0]);
}

static void
tls_with_a_server_that_has_none(void **state)
{
	static const struct peer_step script[] = {
	    SEND("HTTP/1.1 400 Bad Request\r\n\r\n"), END};
	struct fixture *f = *state;
	struct request_spec spec;
	char url[80];
	struct ask a;

	f->peer.scripts[f->peer.nscripts++] = script;
	snprintf(url, sizeof url, "https%s", f->peer.base + 4);
	ask_init(&a, f);
	spec = ask_spec(&a);
	spec.url = url;
	ask_start(&a, &spec);
	fixture_run(f);
	assert_int_equal(a.reply.err, ERR_TLS);
	assert_false(a.reply.sent);
	ask_fini(&a);
}

struct sent_row {
	const char *method;
	struct span parts[4];
	size_t nparts;
	struct http_header headers[2];
	size_t nheaders;
	const char *want[4], *unwanted[3], *body;
};

static void
requests_arrive_as_they_were_given(void **state)
{
	static const struct sent_row cases[] = {
	    {"GET", {{0}}, 0, {{"X-A", "1"}, {"X-Empty", ""}}, 2,
		{"GET /a/../b%2F?q=1 HTTP/1.1\r\n", "\r\nX-A: 1\r\n",
		    "\r\nX-Empty:", "\r\nUser-Agent: trailpost-test\r\n"},
		{"Expect", "Accept-Encoding", "Content-"}, ""},
	    {"POST", {{"ab", 2}, {"", 0}, {"c", 1}, {"\0d", 2}}, 4,
		{{"Content-Type", "application/json"}}, 1,
		{"\r\nContent-Length: 5\r\n",
		    "\r\nContent-Type: application/json\r\n"},
		{"Expect", "urlencoded", "chunked"}, "abc\0d"},
	    {"POST", {{"abcd\0", 5}}, 1, {{0}}, 0,
		{"\r\nContent-Length: 5\r\n"},
		{"Expect", "Content-Type", "chunked"}, "abcd\0"},
	    {"PUT", {{0}}, 0, {{"X-B", "2"}}, 1,
		{"PUT /a/../b", "\r\nContent-Length: 0\r\n", "X-B: 2"},
		{"Expect", "Content-Type"}, ""},
	    {"PUT", {{"x", 1}, {"y", 1}}, 2, {{0}}, 0,
		{"PUT /a/../b", "\r\nContent-Length: 2\r\n"},
		{"Expect", "Content-Type", "chunked"}, "xy"},
	};
	static const struct peer_step script[] = {READ, SEND(OK_HELLO), AGAIN};
	struct fixture *f = *state;
	char url[100];

	f->peer.scripts[f->peer.nscripts++] = script;
	/* Capitals, as signed URLs have them: libcurl 8.23 knows no others. */
	snprintf(url, sizeof url, "%s/a/../b%%2F?q=1", f->peer.base);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct sent_row *c = &cases[i];
		struct request_spec spec;
		const char *got, *end;
		struct ask a;
		size_t n = 0;

		ask_init(&a, f);
		spec = ask_spec(&a);
		spec.method = c->method;
		spec.url = url;
		spec.headers = c->headers;
		spec.nheaders = c->nheaders;
		spec.body = c->parts;
		spec.nbody = c->nparts;
		ask_start(&a, &spec);
		fixture_run(f);
		assert_int_equal(a.reply.status, 200);
		got = buf_cstr(&f->peer.request);
		end = strstr(got, "\r\n\r\n") + 4;
		for (size_t k = 0; k < 4 && c->want[k] != NULL; k++)
			assert_non_null(strstr(got, c->want[k]));
		for (size_t k = 0; k < 3 && c->unwanted[k] != NULL; k++)
			assert_null(strcasestr(got, c->unwanted[k]));
		for (size_t k = 0; k < c->nparts; k++)
			n += c->parts[k].n;
		assert_int_equal(f->peer.request.n - (size_t)(end - got), n);
		assert_memory_equal(end, c->body, n);
		ask_fini(&a);
	}
	assert_int_equal(http_stats(f->http).bytes_out, 5 + 5 + 0 + 2);
	assert_int_equal(http_stats(f->http).bytes_in, 5 * 5);
}

static void
one_connection_serves_a_hundred(void **state)
{
	static const struct peer_step script[] = {READ, SEND(OK_HELLO), AGAIN};
	struct fixture *f = *state;

	f->peer.scripts[f->peer.nscripts++] = script;
	for (int i = 0; i < 100; i++) {
		struct request_spec spec;
		struct ask a;

		ask_init(&a, f);
		spec = ask_spec(&a);
		ask_start(&a, &spec);
		fixture_run(f);
		assert_int_equal(a.reply.err, ERR_OK);
		assert_string_equal(buf_cstr(&a.body), "hello");
		ask_fini(&a);
	}
	assert_int_equal(f->peer.accepted, 1);
	assert_int_equal(http_stats(f->http).connections, 1);
	assert_int_equal(http_stats(f->http).requests, 100);
	assert_int_equal(http_stats(f->http).failures, 0);
}

/* The server takes the second request and hangs up: curl sends it again, all
 * of it, on a new connection. */
static void
dead_connection_gets_the_body_again(void **state)
{
	static const struct peer_step first[] = {
	    READ, SEND(OK_HELLO), READ, CLOSE};
	static const struct peer_step second[] = {READ, SEND(OK_HELLO), END};
	static char big[2][100 * 1000];
	struct span parts[3] = {
	    {big[0], sizeof big[0]}, {"mid", 3}, {big[1], sizeof big[1]}};

	memset(big[0], 'x', sizeof big[0]);
	memset(big[1], 'y', sizeof big[1]);
	for (size_t n = 1; n <= 3; n += 2) {
		struct fixture *f = *state;
		const char *body;
		struct ask a, b;
		struct request_spec spec;

		peer_stop(&f->peer);
		peer_start(&f->peer, f->loop);
		f->peer.scripts[f->peer.nscripts++] = first;
		f->peer.scripts[f->peer.nscripts++] = second;
		ask_init(&a, f);
		spec = ask_spec(&a);
		ask_start(&a, &spec);
		fixture_run(f);
		ask_init(&b, f);
		spec = ask_spec(&b);
		spec.method = "POST";
		spec.body = parts;
		spec.nbody = n;
		ask_start(&b, &spec);
		fixture_run(f);
		assert_int_equal(b.reply.err, ERR_OK);
		assert_int_equal(f->peer.requests, 3);
		assert_int_equal(f->peer.accepted, 2);
		body = strstr(buf_cstr(&f->peer.request), "\r\n\r\n") + 4;
		for (size_t i = 0; i < n; body += parts[i].n, i++)
			assert_memory_equal(body, parts[i].p, parts[i].n);
		assert_ptr_equal(body, f->peer.request.p + f->peer.request.n);
		ask_fini(&a);
		ask_fini(&b);
	}
}

/* A server that reads nothing. */
static void
stall_of_an_upload(void **state)
{
	static const struct peer_step script[] = {END};
	static char big[8 * 1024 * 1024];
	struct span part = {big, sizeof big};
	struct fixture *f = *state;
	struct request_spec spec;
	struct ask a;

	f->peer.scripts[f->peer.nscripts++] = script;
	ask_init(&a, f);
	spec = ask_spec(&a);
	spec.method = "POST";
	spec.body = &part;
	spec.nbody = 1;
	/* Before it is connected that is another fault. */
	spec.stall_timeout_ms = 400;
	ask_start(&a, &spec);
	fixture_run(f);
	assert_int_equal(a.reply.err, ERR_STALL);
	assert_true(a.reply.sent);
	assert_true(http_stats(f->http).bytes_out > 0);
	ask_fini(&a);
}

/* Longer than the limit in all, but with bytes going out all the time. */
static void
slow_upload_is_no_stall(void **state)
{
	enum { BYTES = 64 * 1024 * 1024 };
	static const struct peer_step script[] = {
	    SIP(BYTES), SEND(OK_HELLO), CLOSE};
	static char big[BYTES];
	struct span part = {big, sizeof big};
	struct fixture *f = *state;
	struct request_spec spec;
	struct ask a;

	f->peer.scripts[f->peer.nscripts++] = script;
	ask_init(&a, f);
	spec = ask_spec(&a);
	spec.method = "POST";
	spec.body = &part;
	spec.nbody = 1;
	spec.stall_timeout_ms = 400;
	ask_start(&a, &spec);
	fixture_run(f);
	assert_int_equal(a.reply.err, ERR_OK);
	ask_fini(&a);
}

static void
keep_line(void *arg, struct span line)
{
	buf_span(arg, line);
}

static void
trace_lines_hold_no_secret(void **state)
{
	static const char reply[] =
	    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX-Amz-Request-Id: R1\r\n"
	    "Set-Cookie: hush4\r\nX-Amz-Security-Token: hush5\r\n"
	    "Location: http://h/p?X-Amz-Signature=hush6&versionId=v2\r\n"
	    /* The same: curl 8.23 takes no two that differ. */
	    "Location: http://h/p?X-Amz-Signature=hush6&versionId=v2\r\n"
	    "\r\n";
	static const struct peer_step script[] = {READ, SEND(reply), AGAIN};
	static const struct http_header headers[] = {
	    {"x-dassana-token", "hush1"}, {"Authorization", "AWS4 hush1"},
	    {"X-Amz-Security-Token", "hush1"}, {"Cookie", "hush1"},
	    {"X-aws-ec2-metadata-token", "hush1"},
	    {"X-aws-ec2-metadata-token-ttl-seconds", "60"},
	    {"x-amz-date", "20261122T120000Z"}};
	static const char *const shown[] = {"event=http.start method=GET",
	    "/path?versionId=v1&sig=[hidden]", "h.x-dassana-token=[hidden]",
	    "h.authorization=[hidden]", "h.x-amz-security-token=[hidden]",
	    "h.x-aws-ec2-metadata-token=[hidden]", "h.cookie=[hidden]",
	    "h.x-aws-ec2-metadata-token-ttl-seconds=60",
	    "h.x-amz-date=20261122T120000Z", "status=200",
	    "h.x-amz-request-id=R1", "h.set-cookie=[hidden]",
	    ("h.location=\"http://h/p?X-Amz-Signature=[hidden]&versionId=v2\" "
	     "h.location=[hidden]")};
	struct fixture *f = *state;
	struct buf log;

	f->peer.scripts[f->peer.nscripts++] = script;
	buf_init(&log, 64 * 1024);
	log_set_sink(keep_line, &log);
	log_set_level(LOG_LVL_TRACE);
	for (size_t i = 0; i < 2; i++) {
		struct request_spec spec;
		struct buf url;
		struct ask a;

		buf_init(&url, 200);
		buf_str(&url, i == 0 ? "http://" : "http://me:hush3@");
		buf_str(&url, f->peer.base + 7);
		buf_str(&url,
		    i == 0 ? "/path?versionId=v1&sig=hush2" : "/path?hush2");
		ask_init(&a, f);
		spec = ask_spec(&a);
		spec.url = buf_cstr(&url);
		spec.headers = headers;
		spec.nheaders = sizeof headers / sizeof headers[0];
		ask_start(&a, &spec);
		fixture_run(f);
		ask_fini(&a);
		buf_fini(&url);
	}
	log_set_level(LOG_LVL_INFO);
	log_set_sink(NULL, NULL);
	for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
		if (strstr(buf_cstr(&log), shown[i]) == NULL)
			fail_msg("no %s in:\n%s", shown[i], buf_cstr(&log));
	}
	assert_null(strstr(buf_cstr(&log), "hush"));
	assert_null(strstr(buf_cstr(&log), "me:"));
	buf_fini(&log);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    HTTP_TEST(failures_to_start),
	    HTTP_TEST(tls_with_a_server_that_has_none),
	    HTTP_TEST(requests_arrive_as_they_were_given),
	    HTTP_TEST(one_connection_serves_a_hundred),
	    HTTP_TEST(dead_connection_gets_the_body_again),
	    HTTP_TEST(stall_of_an_upload),
	    HTTP_TEST(slow_upload_is_no_stall),
	    HTTP_TEST(trace_lines_hold_no_secret),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
