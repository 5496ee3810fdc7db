/*
 * The page and the JSON of one and the same made-up status.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "admin/html.h"
#include "admin/page.h"
#include "base/json.h"
#include "base/mem.h"

#define EVIL "<b onload='x'>\"&\x01\xc3\xa4"

static struct status *s;
static struct buf out;

static int
open_status(void **state)
{
	(void)state;
	s = mem_zalloc(sizeof *s);
	buf_init(&out, 512 * 1024);
	s->about = (struct admin_about){.version = "1.2.3",
	    .queue_url = "https://sqs.eu-west-1.amazonaws.com/1/q",
	    .region = "eu-west-1",
	    .endpoint = SPAN("https://dassana.io/ingest"),
	    .app_id = "aws_cloudtrail"};
	s->now_ms = 1763812345678;
	s->now_mono_ms = 1000 * 1000;
	s->uptime_s = 3 * 3600 + 5 * 60 + 7;
	for (int i = 0; i < HEALTH_PARTS; i++)
		s->facts.of[i] = PART_IN(PART_WELL);
	s->creds_source = "environment";
	s->creds_valid = true;
	s->creds_left_s = -1;
	s->token = TOKEN_TAKEN;
	s->rate[RATE_EVENTS] = 1234.4;
	s->lag_s = 71.6;
	s->event_lag_s = -1;
	s->flow.oldest_s = 9;
	s->flow.buffer_bytes = 16 << 20;
	s->flow.buffer_used = 4 << 20;
	s->flow.events_delivered = 1234567;
	s->sink.taken_posts = 3;
	return 0;
}

static int
close_status(void **state)
{
	(void)state;
	mem_free(s);
	buf_fini(&out);
	return 0;
}

static const char *
page(void)
{
	health_judge(&s->facts, &s->health);
	buf_reset(&out);
	page_render(s, &out);
	assert_int_equal(out.err, ERR_OK);
	return buf_cstr(&out);
}

static void
assert_has(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("there is no \"%s\"", part);
}

static void
add_problem(
    const char *event, const char *text, const char *advice, uint64_t count)
{
	struct log_problem *p = &s->problem[s->nproblems++];

	p->level = LOG_LVL_ERROR;
	p->event = event;
	p->first_ms = s->now_ms - 90 * 1000;
	p->last_ms = s->now_ms - 12 * 1000;
	p->count = count;
	(void)snprintf(p->text, sizeof p->text, "%s", text);
	(void)snprintf(p->advice, sizeof p->advice, "%s", advice);
}

static void
test_well(void **state)
{
	const char *text = page();

	(void)state;
	assert_has(text, "All is well");
	assert_has(text, "1.2.3");
	assert_has(text, "up 3 h 5 min");
	assert_has(text, "1,234 /s");
	assert_has(text, ">1,234,567<");
	assert_has(text, "4.0 MiB of 16.0 MiB");
	assert_has(text, "25 %");
	assert_has(text, ">1 min</p><p class=\"soft\">from S3 to Dassana");
	assert_has(text, "None since the start");
	assert_has(text, "token accepted");
	assert_null(strstr(text, "What helps"));
	assert_has(text, "<p>from environment</p>");
	s->creds_left_s = 3600;
	assert_has(page(), "<p>from environment, valid for 1 h</p>");
	s->creds_valid = false;
	s->creds_left_s = 0;
	assert_has(page(), "<p>from environment</p>");
	s->lag_s = -1;
	assert_has(page(), ">9 s</p><p class=\"soft\">the oldest log file");
	s->flow.oldest_s = 0;
	assert_has(page(), "nothing was delivered over the last minute");
	assert_has(
	    page(), " /s</p><p class=\"soft\">over the last minute, from");
	s->uptime_s = 59;
	s->oldest_received_s = -1;
	assert_has(page(), "nothing was delivered since the start");
	assert_has(page(), " /s</p><p class=\"soft\">since the start, from");
	assert_null(strstr(page(), "the last minute"));
	s->delivered_s = 7200;
	assert_has(page(), "since the start; the last event 2 h ago<");
	s->delivered_s = -1;
	assert_null(strstr(page(), "the last event"));
	s->backlog = (struct backlog_view){1200, 3, 7, true, false};
	s->oldest_received_s = 90;
	assert_has(page(), "<p>1,200 messages wait, 3 are in flight, "
			   "7 in the dead-letter queue</p>");
	assert_has(page(), "<p>the oldest message received in the last minute "
			   "had waited for 1 min");
	s->backlog = (struct backlog_view){0, 0, -1, false, false};
	s->oldest_received_s = -1;
	assert_has(page(), "0 are in flight, no dead-letter queue</p>");
	assert_null(strstr(page(), "the oldest message"));
	s->backlog = (struct backlog_view){-1, -1, -1, false, true};
	assert_has(page(), "<p>sqs:GetQueueAttributes is not allowed");
}

static void
test_states(void **state)
{
	struct part *p = &s->facts.of[HEALTH_DASSANA];

	(void)state;
	*p = PART_IN(PART_ILL);
	p->problem = "the token was refused";
	p->advice = "check that the token is switched on";
	p->since_ms = s->now_mono_ms - 65 * 1000;
	assert_has(page(), "Events are held up");
	assert_has(page(), "the token was refused, for 1 min.");
	s->token = TOKEN_REFUSED;
	assert_null(strstr(page(), "<p>token "));
	s->token = TOKEN_TAKEN;
	assert_has(page(), "What helps: check that the token is switched on.");
	assert_has(page(), "Nothing is lost meanwhile");
	*p = PART_IN(PART_UNTRIED);
	s->facts.of[HEALTH_QUEUE] = PART_IN(PART_UNTRIED);
	assert_has(page(), "Starting");
	s->facts.stopping = true;
	assert_has(page(), "Shutting down");
}

/* Nothing from outside is markup; nothing but ASCII is left of it. */
static void
test_escaping(void **state)
{
	struct part *p = &s->facts.of[HEALTH_QUEUE];
	const char *text;

	(void)state;
	*p = PART_IN(PART_ILL);
	p->problem = p->code = p->detail = p->advice = EVIL;
	s->about.version = s->about.queue_url = EVIL;
	s->about.endpoint = SPAN(EVIL);
	s->creds_source = EVIL;
	add_problem("s3.get", "key=\"" EVIL "\"", EVIL, 3);
	text = page();
	assert_null(strstr(text, "<b onload"));
	assert_null(strstr(text, "onload='"));
	assert_has(text, "&lt;b onload=&#39;x&#39;&gt;&quot;&amp;???");
	for (size_t i = 0; i < out.n; i++) {
		unsigned char c = (unsigned char)out.p[i];

		assert_true((c >= ' ' && c < 0x7f) || c == '\n');
	}
}

static void
test_problems(void **state)
{
	static const struct {
		const char *text, *advice, *shown, *helps;
	} rows[] = {
	    {"status=403 reply=no", "see \"this\" \\ page",
		"<code>status=403 reply=no</code>",
		"What helps: see &quot;this&quot; \\ page."},
	    {"", "is it there?", "<code></code>", "is it there?</p>"},
	    {"a=b", "", "<code>a=b</code>", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		s->nproblems = 0;
		add_problem(
		    "dassana.gate_closed", rows[i].text, rows[i].advice, 1234);
		assert_has(page(), rows[i].shown);
		assert_has(page(), "12 s ago");
		assert_has(page(), "1,234 times in 1 min");
		if (rows[i].helps != NULL)
			assert_has(page(), rows[i].helps);
		else
			assert_null(strstr(page(), "What helps"));
	}
}

/* As large as everything can be, it fits. */
static void
test_largest(void **state)
{
	char text[LOG_RECENT_TEXT_MAX];

	(void)state;
	memset(text, '"', sizeof text - 1);
	text[sizeof text - 1] = '\0';
	for (int i = 0; i < LOG_RECENT_MAX; i++)
		add_problem("s3.get", text, text, UINT64_MAX);
	s->nhistory = RATES_STEPS;
	for (int i = 0; i < RATES_STEPS; i++)
		s->history[i] = 1e9;
	(void)page();
	buf_reset(&out);
	status_json(s, &out);
	assert_int_equal(out.err, ERR_OK);
}

static uint64_t
number(const struct json_node *root, const char *in, const char *name)
{
	uint64_t n = 0;

	assert_int_equal(json_u64(json_path(root, in, name, NULL), &n), ERR_OK);
	return n;
}

static void
test_json(void **state)
{
	const struct json_node *root, *p;
	struct json *doc = NULL;

	(void)state;
	add_problem("s3.get", "key=\"a\\\"b\"", "wait\x1b", 3);
	health_judge(&s->facts, &s->health);
	status_json(s, &out);
	assert_int_equal(
	    json_parse(buf_view(&out), 1 << 20, &doc, &root), ERR_OK);
	assert_true(json_get(root, "ready")->boolean);
	assert_int_equal(number(root, "totals", "events_delivered"), 1234567);
	assert_int_equal(number(root, "now", "buffer_used"), 4 << 20);
	assert_int_equal(number(root, "lag", "oldest_held_s"), 9);
	assert_true(
	    span_is(json_path(root, "lag", "object_s", NULL)->text, "71.600"));
	assert_true(
	    json_is(json_path(root, "lag", "event_s", NULL), JSON_NULL));
	assert_true(json_is(
	    json_path(root, "credentials", "seconds_left", NULL), JSON_NULL));
	assert_true(span_is(
	    json_path(root, "per_second", "events", NULL)->text, "1234.400"));
	assert_true(span_is(
	    json_str(json_path(root, "dassana", "token", NULL)), "accepted"));
	p = json_get(root, "problems")->child;
	assert_true(span_is(json_str(json_get(p, "text")), "key=\"a\\\"b\""));
	assert_true(span_is(json_str(json_get(p, "advice")), "wait\x1b"));
	assert_true(
	    span_is(json_str(json_get(p, "last")), "2025-11-22T11:52:13.678Z"));
	json_free(&doc);
}

static void
test_words(void **state)
{
	static const struct {
		int64_t s;
		const char *text;
	} rows[] = {{-5, "0 s"}, {0, "0 s"}, {59, "59 s"}, {60, "1 min"},
	    {3599, "59 min"}, {3600, "1 h"}, {3660, "1 h 1 min"},
	    {86400 - 1, "23 h 59 min"}, {86400, "1 d"}, {90000, "1 d 1 h"}};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		buf_reset(&out);
		html_duration(&out, rows[i].s);
		assert_string_equal(buf_cstr(&out), rows[i].text);
	}
	buf_reset(&out);
	html_count(&out, 999);
	html_count(&out, 1000);
	html_count(&out, 1000001);
	html_bytes(&out, 1023);
	html_bytes(&out, 1536);
	html_bytes(&out, 1e18);
	html_rate(&out, 0);
	html_rate(&out, 0.44);
	html_rate(&out, 1234.5);
	assert_string_equal(buf_cstr(&out),
	    "9991,0001,000,0011023 B1.5 KiB909495 TiB00.41,235");
}

int
main(void)
{
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, open_status, close_status)
	const struct CMUnitTest tests[] = {
	    TEST(test_well),
	    TEST(test_states),
	    TEST(test_escaping),
	    TEST(test_problems),
	    TEST(test_largest),
	    TEST(test_json),
	    TEST(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
