#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/mem.h"
#include "fake/fake_http.c"
#include "sink/dassana.h"

#define TOKEN "s3cret-t0ken"

static const struct dassana_conf strict = {
    .endpoint = "https://dassana.example/ingest",
    .app_id = "aws_cloudtrail",
    .token = TOKEN,
    .post_timeout_ms = 60000,
    .gzip = true,
    .doc_count = DOC_COUNT_WANTED,
};

static const struct dassana_sent one = {TOKEN, 1, true};

/* ---- the verdict ---- */

static struct dassana_result
judge(const struct dassana_conf *conf, int status, const char *head,
    const char *body)
{
	struct dassana_result out;
	struct reply r = {
	    .status = status,
	    .head = span_str(head),
	    .body = span_str(body),
	    .sent = true,
	};

	dassana_judge(
	    conf, &(struct dassana_sent){conf->token, 3, true}, &r, &out);
	assert_int_equal(out.status, status);
	assert_true(out.sent);
	assert_non_null(out.why);
	return out;
}

static void
verdict_by_status(void **state)
{
	static const struct {
		int first, last;
		enum dassana_verdict verdict;
	} rows[] = {
	    {100, 199, DASSANA_SETUP},
	    {200, 200, DASSANA_TAKEN},
	    {201, 299, DASSANA_SETUP},
	    {300, 399, DASSANA_SETUP},
	    {400, 400, DASSANA_REFUSED},
	    {401, 401, DASSANA_TOKEN},
	    {402, 402, DASSANA_REFUSED},
	    {403, 403, DASSANA_TOKEN},
	    {404, 405, DASSANA_SETUP},
	    {406, 406, DASSANA_REFUSED},
	    {407, 407, DASSANA_SETUP},
	    {408, 408, DASSANA_RETRY},
	    {409, 410, DASSANA_REFUSED},
	    {411, 411, DASSANA_SETUP},
	    {412, 414, DASSANA_REFUSED},
	    {415, 415, DASSANA_SETUP},
	    {416, 428, DASSANA_REFUSED},
	    {429, 429, DASSANA_RETRY},
	    {430, 499, DASSANA_REFUSED},
	    {500, 599, DASSANA_RETRY},
	    {600, 999, DASSANA_SETUP},
	};
	int next = 100;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		assert_int_equal(rows[i].first, next); /* no gap */
		next = rows[i].last + 1;
		for (int s = rows[i].first; s <= rows[i].last; s++)
			assert_int_equal(
			    judge(&strict, s, "", "{\"docCount\":3}").verdict,
			    rows[i].verdict);
	}
}

static void
verdict_by_body_of_a_200(void **state)
{
	static const struct {
		const char *body;
		enum dassana_verdict strict, unverified;
		int64_t doc_count; /* −1: none */
	} rows[] = {
	    {"{\"docCount\":3}", DASSANA_TAKEN, DASSANA_TAKEN, 3},
	    {" {\"a\":[{}],\"docCount\":4}\n", DASSANA_TAKEN, DASSANA_TAKEN, 4},
	    {"{\"docCount\":1}", DASSANA_TAKEN, DASSANA_TAKEN, 1},
	    {"{\"docCount\":\"3\"}", DASSANA_TAKEN, DASSANA_TAKEN, 3},
	    {"\xef\xbb\xbf{\"docCount\":3}", DASSANA_TAKEN, DASSANA_TAKEN, 3},
	    {"{\"docCount\":0}", DASSANA_REFUSED, DASSANA_TAKEN, -1},
	    /* This endpoint has sent one before. */
	    {"{}", DASSANA_RETRY, DASSANA_TAKEN, -1},
	    {"{\"docCount\":null}", DASSANA_RETRY, DASSANA_TAKEN, -1},
	    {"{\"docCount\":-1}", DASSANA_RETRY, DASSANA_TAKEN, -1},
	    {"{\"docCount\":1e3}", DASSANA_RETRY, DASSANA_TAKEN, -1},
	    {"{\"docCount\":99999999999999999999}", DASSANA_RETRY,
		DASSANA_TAKEN, -1},
	    {"{\"a\":{\"docCount\":3}}", DASSANA_RETRY, DASSANA_TAKEN, -1},
	    {"", DASSANA_SETUP, DASSANA_SETUP, -1},
	    {"[]", DASSANA_SETUP, DASSANA_SETUP, -1},
	    {"3", DASSANA_SETUP, DASSANA_SETUP, -1},
	    {"{\"docCount\":3", DASSANA_SETUP, DASSANA_SETUP, -1},
	    {"<html>Welcome</html>", DASSANA_SETUP, DASSANA_SETUP, -1},
	    {"{\"error\":\"token_validation_error\"}", DASSANA_TOKEN,
		DASSANA_TOKEN, -1},
	    {"{\"note\":\"token_validation_error\",\"docCount\":3}",
		DASSANA_TAKEN, DASSANA_TAKEN, 3},
	};
	struct dassana_conf unverified = strict, any = strict;

	(void)state;
	unverified.doc_count = DOC_COUNT_IGNORED;
	any.accept_any_2xx = true;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dassana_result r =
		    judge(&unverified, 200, "", rows[i].body);

		assert_int_equal(r.verdict, rows[i].unverified);
		assert_int_equal(r.has_doc_count, rows[i].doc_count >= 0);
		if (r.has_doc_count)
			assert_int_equal(r.doc_count, rows[i].doc_count);
		assert_int_equal(judge(&strict, 200, "", rows[i].body).verdict,
		    rows[i].strict);
		assert_int_equal(
		    judge(&any, 200, "", rows[i].body).verdict, DASSANA_TAKEN);
		assert_int_equal(
		    judge(&any, 204, "", rows[i].body).verdict, DASSANA_TAKEN);
		assert_int_equal(judge(&strict, 202, "", rows[i].body).verdict,
		    rows[i].strict == DASSANA_TOKEN ? DASSANA_TOKEN
						    : DASSANA_SETUP);
	}
	assert_int_equal(judge(&any, 300, "", "{}").verdict, DASSANA_SETUP);
	assert_int_equal(judge(&any, 199, "", "{}").verdict, DASSANA_SETUP);
}

/* What gateways and functions answer when they fail, with status 200. */
static void
a_200_that_tells_a_failure(void **state)
{
	static const struct {
		const char *body;
		bool failure;
	} rows[] = {
	    {"{\"errorMessage\":\"Task timed out\"}", true},
	    {"{\"errorMessage\":\"\"}", false},
	    {"{\"error\":\"no\"}", true},
	    {"{\"error\":{}}", true},
	    {"{\"error\":true}", true},
	    {"{\"error\":false}", false},
	    {"{\"error\":null}", false},
	    {"{\"errors\":true}", true},
	    {"{\"errors\":false}", false},
	    {"{\"errors\":2}", true},
	    {"{\"errors\":0.5}", true},
	    {"{\"errors\":0}", false},
	    {"{\"errors\":0.0e9}", false},
	    {"{\"errors\":-1}", false},
	    {"{\"errors\":[]}", false},
	    {"{\"errors\":[null]}", true},
	    {"{\"errors\":{}}", false},
	    {"{\"success\":false}", true},
	    {"{\"success\":true}", false},
	    {"{\"success\":\"false\"}", false},
	    /* As many as were sent: that outweighs it. */
	    {"{\"success\":false,\"docCount\":3}", false},
	    {"{\"success\":false,\"docCount\":2}", true},
	};
	struct dassana_conf ignored = strict;

	(void)state;
	ignored.doc_count = DOC_COUNT_IGNORED;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(judge(&ignored, 200, "", rows[i].body).verdict,
		    rows[i].failure ? DASSANA_RETRY : DASSANA_TAKEN);
}

static void
what_doc_count_is_worth(void **state)
{
	static const struct {
		enum doc_count worth;
		bool counts; /* it has sent one before */
		const char *body;
		enum dassana_verdict verdict;
		bool unsure;
	} rows[] = {
	    {DOC_COUNT_WANTED, false, "{}", DASSANA_UNCOUNTED, false},
	    {DOC_COUNT_WANTED, true, "{}", DASSANA_RETRY, false},
	    {DOC_COUNT_WANTED, false, "{\"docCount\":1}", DASSANA_TAKEN, false},
	    {DOC_COUNT_STRICT, true, "{\"docCount\":1}", DASSANA_TAKEN, true},
	    {DOC_COUNT_STRICT, true, "{\"docCount\":2}", DASSANA_TAKEN, false},
	    {DOC_COUNT_STRICT, false, "{}", DASSANA_UNCOUNTED, false},
	    {DOC_COUNT_STRICT, false, "{\"docCount\":0}", DASSANA_REFUSED,
		false},
	    {DOC_COUNT_IGNORED, false, "{}", DASSANA_TAKEN, false},
	    {DOC_COUNT_IGNORED, false, "{\"docCount\":1}", DASSANA_TAKEN,
		false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct dassana_sent sent = {TOKEN, 2, rows[i].counts};
		struct reply r = {.status = 200,
		    .body = span_str(rows[i].body),
		    .sent = true};
		struct dassana_conf conf = strict;
		struct dassana_result out;

		conf.doc_count = rows[i].worth;
		dassana_judge(&conf, &sent, &r, &out);
		assert_int_equal(out.verdict, rows[i].verdict);
		assert_int_equal(out.unsure, rows[i].unsure);
	}
}

static void
the_word_for_a_bad_token_counts_with_any_status(void **state)
{
	static const int status[] = {400, 401, 403, 404, 422, 429, 500};

	(void)state;
	for (size_t i = 0; i < sizeof status / sizeof status[0]; i++)
		assert_int_equal(
		    judge(&strict, status[i], "",
			"{\"error\":{\"code\":\"token_validation_error\"}}")
			.verdict,
		    DASSANA_TOKEN);
	assert_int_equal(
	    judge(&strict, 400, "", "token_validation_erro").verdict,
	    DASSANA_REFUSED);
}

static void
verdict_without_an_answer(void **state)
{
	(void)state;
	for (int err = 1; err < ERR_COUNT; err++) {
		struct dassana_result out;
		struct reply r = {
		    .err = (enum err)err, .detail = SPAN("what curl says")};

		dassana_judge(&strict, &one, &r, &out);
		assert_int_equal(out.verdict, DASSANA_RETRY);
		assert_int_equal(out.err, err);
		assert_non_null(out.advice);
		assert_true(span_is(out.detail, "what curl says"));
		/* The head of a success is no evidence. */
		r.status = 200;
		r.body = SPAN("{\"docCount\":1}");
		dassana_judge(&strict, &one, &r, &out);
		assert_int_equal(out.verdict,
		    err == ERR_LIMIT ? DASSANA_SETUP : DASSANA_RETRY);
	}
}

static void
a_certificate_has_its_own_advice(void **state)
{
	struct dassana_result tls, reset;

	(void)state;
	dassana_judge(&strict, &one, &(struct reply){.err = ERR_TLS}, &tls);
	dassana_judge(&strict, &one, &(struct reply){.err = ERR_RESET}, &reset);
	assert_string_not_equal(tls.advice, reset.advice);
	assert_non_null(strstr(tls.advice, "ca_file"));
}

static void
retry_after(void **state)
{
	static const struct {
		int status;
		const char *head;
		int64_t ms;
	} rows[] = {
	    {429, "", -1},
	    {429, "Retry-After: 0\r\n", 0},
	    {429, "Retry-After: 1\r\n", 1000},
	    {503, "retry-after:  7 \r\n", 7000},
	    {429, "Retry-After: 300\r\n", 300000},
	    {429, "Retry-After: 301\r\n", 300000},
	    {429, "Retry-After: 99999999999999999999\r\n", 300000},
	    {429, "Retry-After: soon\r\n", -1},
	    {429, "Retry-After: -5\r\n", -1},
	    {429, "Retry-After: 1.5\r\n", -1},
	    {429, "Retry-After: Sun, 22 Nov 2026 12:00:09 GMT\r\n", 9000},
	    {429, "Retry-After: Sun, 22 Nov 2026 11:59:59 GMT\r\n", 0},
	    {429, "Retry-After: Mon, 23 Nov 2026 12:00:00 GMT\r\n", 300000},
	    {500, "Retry-After: 7\r\n", -1},
	    {408, "Retry-After: 7\r\n", -1},
	    {400, "Retry-After: 7\r\n", -1},
	    {200, "Retry-After: 7\r\n", -1},
	};

	(void)state;
	clock_set_test(0, (int64_t)FAKE_WALL_S * 1000);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
		assert_int_equal(
		    judge(&strict, rows[i].status, rows[i].head, "{}")
			.retry_after_ms,
		    rows[i].ms);
	clock_use_real();
}

static void
the_excerpt_is_cut_and_never_shows_the_token(void **state)
{
	char body[2000];
	struct dassana_result r;

	(void)state;
	memset(body, 'x', sizeof body);
	body[sizeof body - 1] = '\0';
	r = judge(&strict, 400, "", body);
	assert_int_equal(r.reply.n, 512);
	assert_ptr_equal(r.reply.p, body);
	/* Half of it would be in the excerpt. */
	memcpy(body + 508, TOKEN, strlen(TOKEN));
	r = judge(&strict, 400, "", body);
	assert_null(memmem(r.reply.p, r.reply.n, "s3", 2));
	assert_true(span_starts(r.reply, "(withheld"));
	r = judge(&strict, 200, "", "{\"echo\":\"" TOKEN "\"}");
	assert_null(memmem(r.reply.p, r.reply.n, TOKEN, strlen(TOKEN)));
	r = judge(&strict, 400, "", "short");
	assert_true(span_is(r.reply, "short"));
}

/* ---- the request ---- */

static struct {
	unsigned calls;
	struct dassana_result result;
	char reply[1024];
	struct dassana **free_me;
} got;

static void
on_done(void *arg, const struct dassana_result *r)
{
	assert_ptr_equal(arg, &got);
	got.calls++;
	got.result = *r;
	memcpy(got.reply, r->reply.p, r->reply.n);
	got.reply[r->reply.n] = '\0';
	if (got.free_me != NULL)
		dassana_free(got.free_me);
}

static struct dassana *
begin(const struct dassana_conf *conf)
{
	memset(&got, 0, sizeof got);
	fake_begin();
	return dassana_new(fake_http(), conf);
}

static const struct span parts[] = {
    {"{}\n{", 4},
    {"}\n", 2},
};

static struct request *
post(struct dassana *d, struct post **p)
{
	unsigned before = got.calls;

	*p = dassana_post(d, parts, 2, 2, on_done, &got);
	assert_int_equal(got.calls, before); /* not from inside */
	return fake_http_next();
}

static void
a_post_says_what_dassana_asks_for(void **state)
{
	struct dassana *d = begin(&strict);
	struct post *p;
	struct request *r = post(d, &p);
	const struct request_spec *spec = fake_spec(r);

	(void)state;
	assert_string_equal(fake_method(r), "POST");
	assert_string_equal(fake_url(r), "https://dassana.example/ingest");
	assert_string_equal(
	    fake_header(r, "Content-Type"), "application/x-ndjson");
	assert_string_equal(fake_header(r, "Content-Encoding"), "gzip");
	assert_string_equal(fake_header(r, "Accept"), "application/json");
	assert_string_equal(
	    fake_header(r, "x-dassana-app-id"), "aws_cloudtrail");
	assert_string_equal(fake_header(r, "x-dassana-token"), TOKEN);
	assert_true(span_is(fake_body(r), "{}\n{}\n"));
	assert_int_equal(spec->total_timeout_ms, 60000);
	assert_int_equal(spec->reply_max, 64 * 1024);
	assert_true(spec->may_be_compressed);
	assert_null(spec->on_data);
	fake_reply(r, 200, NULL, SPAN("{\"docCount\":2}"));
	fake_run();
	assert_int_equal(got.calls, 1);
	assert_int_equal(got.result.verdict, DASSANA_TAKEN);
	assert_int_equal(got.result.doc_count, 2);
	dassana_free(&d);
	assert_null(d);
	dassana_free(&d);
	fake_end();
}

static void
a_plain_body_has_no_encoding(void **state)
{
	struct dassana_conf conf = strict;
	struct dassana *d;
	struct request *r;
	struct post *p;

	(void)state;
	conf.gzip = false;
	d = begin(&conf);
	r = post(d, &p);
	assert_null(fake_header(r, "Content-Encoding"));
	assert_string_equal(fake_header(r, "x-dassana-token"), TOKEN);
	dassana_cancel(&p);
	assert_null(p);
	dassana_cancel(&p);
	fake_advance(100000);
	assert_int_equal(got.calls, 0);
	assert_int_equal(fake_http_open(), 0);
	dassana_free(&d);
	fake_end();
}

static void
a_token_is_replaced(void **state)
{
	static const struct {
		const char *token, *sent;
	} rows[] = {
	    {"another", "another"},
	    {" blank \r\n", "blank"},
	    {"two\r\nX-Evil: 1", "two"},
	    {"tab\tbed", "tab"},
	    {"del\x7f", "del"},
	};
	struct dassana *d = begin(&strict);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct post *p;
		struct request *r;

		dassana_set_token(d, rows[i].token);
		r = post(d, &p);
		assert_string_equal(
		    fake_header(r, "x-dassana-token"), rows[i].sent);
		assert_null(fake_header(r, "X-Evil"));
		dassana_cancel(&p);
	}
	/* What replies repeat is judged by the token of now. */
	dassana_set_token(d, "fresh-token");
	{
		struct post *p;
		struct request *r = post(d, &p);

		fake_reply(r, 400, NULL, SPAN("bad token fresh-token"));
		fake_run();
		assert_null(strstr(got.reply, "fresh-token"));
	}
	dassana_free(&d);
	fake_end();
}

/* What an answer repeats is what was sent, whatever is in force by then. */
static void
a_token_that_was_replaced_stays_secret(void **state)
{
	static const char *const echoes[] = {TOKEN, "fresh-token"};
	struct dassana_conf other = strict;

	(void)state;
	other.token = "fresh-token";
	for (size_t i = 0; i < 4; i++) {
		struct dassana *d = begin(&strict);
		struct post *p;
		struct request *r = post(d, &p);

		if (i < 2)
			dassana_set_token(d, other.token);
		else
			dassana_change(d, &other);
		fake_reply(r, 400, NULL, span_str(echoes[i % 2]));
		fake_run();
		assert_int_equal(got.calls, 1);
		assert_non_null(strstr(got.reply, "withheld"));
		assert_null(strstr(got.reply, echoes[i % 2]));
		dassana_free(&d);
		fake_end();
	}
}

/* What the one before counts shows nothing of the one in force. */
static void
another_endpoint_has_to_show_that_it_counts(void **state)
{
	struct dassana *d = begin(&strict);
	struct dassana_conf other = strict;
	struct request *first, *second, *third;
	struct post *p;

	(void)state;
	first = post(d, &p);
	fake_reply(first, 200, NULL, SPAN("{\"docCount\":2}"));
	fake_run();
	assert_true(dassana_counts(d));
	first = post(d, &p);
	(void)post(d, &p);
	second = fake_http_nth(1);
	other.endpoint = "https://dassana.example/elsewhere";
	dassana_change(d, &other);
	assert_false(dassana_counts(d));
	fake_reply(first, 200, NULL, SPAN("{\"docCount\":2}"));
	fake_run();
	assert_int_equal(got.result.verdict, DASSANA_TAKEN);
	assert_false(dassana_counts(d));
	/* And the one before has shown it. */
	fake_reply(second, 200, NULL, SPAN("{}"));
	fake_run();
	assert_int_equal(got.result.verdict, DASSANA_RETRY);
	third = post(d, &p);
	fake_reply(third, 200, NULL, SPAN("{\"docCount\":2}"));
	fake_run();
	assert_true(dassana_counts(d));
	dassana_free(&d);
	fake_end();
}

/* Nor does what it says of the token. */
static void
another_endpoint_says_what_the_token_is_worth(void **state)
{
	struct dassana *d = begin(&strict);
	struct dassana_conf other = strict;
	struct request *first, *second;
	struct post *p;

	(void)state;
	first = post(d, &p);
	(void)post(d, &p);
	second = fake_http_nth(1);
	fake_reply(first, 401, NULL, SPAN(""));
	fake_run();
	assert_int_equal(dassana_token(d), TOKEN_REFUSED);
	dassana_change(d, &other);
	assert_int_equal(dassana_token(d), TOKEN_REFUSED);
	other.endpoint = "https://dassana.example/elsewhere";
	dassana_change(d, &other);
	assert_int_equal(dassana_token(d), TOKEN_UNTRIED);
	fake_reply(second, 401, NULL, SPAN(""));
	fake_run();
	assert_int_equal(dassana_token(d), TOKEN_UNTRIED);
	fake_reply(post(d, &p), 401, NULL, SPAN(""));
	fake_run();
	assert_int_equal(dassana_token(d), TOKEN_REFUSED);
	dassana_free(&d);
	fake_end();
}

static void
a_reply_up_to_its_limit(void **state)
{
	static char body[64 * 1024 + 1];
	struct dassana *d = begin(&strict);
	struct request *r;
	struct post *p;

	(void)state;
	memset(body, ' ', sizeof body);
	memcpy(body, "{\"docCount\":2}", 14);
	r = post(d, &p);
	fake_reply(r, 200, NULL, (struct span){body, sizeof body - 1});
	fake_run();
	assert_int_equal(got.result.verdict, DASSANA_TAKEN);
	r = post(d, &p);
	fake_reply(r, 200, NULL, (struct span){body, sizeof body});
	fake_run();
	assert_int_equal(got.result.err, ERR_LIMIT);
	assert_int_equal(got.result.verdict, DASSANA_SETUP);
	/* The status alone says enough. */
	r = post(d, &p);
	fake_reply(r, 503, NULL, (struct span){body, sizeof body});
	fake_run();
	assert_int_equal(got.result.verdict, DASSANA_RETRY);
	assert_int_equal(got.calls, 3);
	dassana_free(&d);
	fake_end();
}

static void
a_callback_may_free_all(void **state)
{
	struct dassana *d = begin(&strict);
	struct post *p;
	struct request *r = post(d, &p);

	(void)state;
	got.free_me = &d;
	fake_fail(r, ERR_CONNECT);
	fake_run();
	assert_int_equal(got.calls, 1);
	assert_int_equal(got.result.verdict, DASSANA_RETRY);
	assert_null(d);
	fake_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(verdict_by_status),
	    cmocka_unit_test(verdict_by_body_of_a_200),
	    cmocka_unit_test(a_200_that_tells_a_failure),
	    cmocka_unit_test(what_doc_count_is_worth),
	    cmocka_unit_test(the_word_for_a_bad_token_counts_with_any_status),
	    cmocka_unit_test(verdict_without_an_answer),
	    cmocka_unit_test(a_certificate_has_its_own_advice),
	    cmocka_unit_test(retry_after),
	    cmocka_unit_test(the_excerpt_is_cut_and_never_shows_the_token),
	    cmocka_unit_test(a_post_says_what_dassana_asks_for),
	    cmocka_unit_test(a_plain_body_has_no_encoding),
	    cmocka_unit_test(a_token_is_replaced),
	    cmocka_unit_test(a_token_that_was_replaced_stays_secret),
	    cmocka_unit_test(another_endpoint_has_to_show_that_it_counts),
	    cmocka_unit_test(another_endpoint_says_what_the_token_is_worth),
	    cmocka_unit_test(a_reply_up_to_its_limit),
	    cmocka_unit_test(a_callback_may_free_all),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
