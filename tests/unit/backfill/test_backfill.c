#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "backfill/backfill.h"
#include "base/json.h"
#include "base/log.h"
#include "trail/notify.h"

#include "fake/fake_http.c"

/* A bucket of one account, region and day, and a queue that nobody reads. Each
 * request may meet a fault. */

#define DAY "AWSLogs/111122223333/CloudTrail/us-east-1/2026/01/31/"
#define URL "https://sqs.us-east-1.amazonaws.com/111122223333/q"

enum { KEYS = 1100, PAGE = 300, KEY_MAX = 128 };

static struct {
	struct creds_keeper *keeper;
	struct aws *aws;
	struct s3 *s3;
	struct sqs *sqs;
	struct filter *filter;
	struct backfill *b;
	struct backfill_conf conf;
	char key[KEYS][KEY_MAX];
	unsigned sent[KEYS];  /* how often it is in the queue */
	unsigned taken;	      /* keys acknowledged, from the first on */
	uint64_t waiting;     /* messages in the queue */
	unsigned fault_every; /* 0: no faults */
	bool takes_nothing;   /* the queue */
	unsigned stop_at;     /* on_sent calls; 0: never */
	unsigned batches, ended;
} t;

static const struct work work = {.bucket = {"trail", 5},
    .queue = {URL, sizeof URL - 1},
    .from_s = 1769817600, /* 2026-01-31 */
    .to_s = 1769904000};

static bool
on_sent(void *arg, struct span key, uint64_t objects, uint64_t bytes,
    uint64_t messages)
{
	(void)arg;
	(void)bytes;
	assert_true(messages >= 1 && messages <= SQS_BATCH_MAX);
	t.taken += (unsigned)objects;
	/* All up to that key is there. */
	assert_true(span_is(key, t.key[t.taken - 1]));
	for (unsigned i = 0; i < t.taken; i++)
		assert_true(t.sent[i] > 0);
	/* And nothing behind it. */
	for (unsigned i = t.taken; i < KEYS; i++)
		assert_int_equal(t.sent[i], 0);
	t.batches++;
	return t.batches != t.stop_at;
}

static void
on_end(void *arg)
{
	(void)arg;
	t.ended++;
}

static int
setup(void **state)
{
	struct s3_conf s3 = {.region = "us-east-1", .stall_timeout_ms = 30000};
	struct sqs_conf sqs = {.queue_url = URL, .region = "us-east-1"};
	char region[REGION_MAX];

	(void)state;
	fake_begin();
	log_set_level(LOG_LVL_ERROR);
	memset(&t, 0, sizeof t);
	for (unsigned i = 0; i < KEYS; i++)
		(void)snprintf(t.key[i], KEY_MAX,
		    DAY "111122223333_CloudTrail_us-east-1_20260131T1200Z_"
			"%06u.json.gz",
		    i);
	t.keeper = creds_keeper_new(fake_timers(),
	    creds_static_new(fake_timers(), "K", "S", NULL), NULL, NULL);
	fake_run();
	t.aws = aws_new(fake_http(), fake_timers(), t.keeper);
	t.s3 = s3_new(t.aws, &s3);
	assert_int_equal(
	    endpoint_queue_url(SPAN(URL), &sqs.endpoint, region), ERR_OK);
	t.sqs = sqs_new(t.aws, &sqs);
	t.filter = filter_new("", "", true);
	t.conf = (struct backfill_conf){.s3 = t.s3,
	    .sqs = t.sqs,
	    .timers = fake_timers(),
	    .work = &work,
	    .filter = t.filter,
	    .since_s = -1,
	    .sends = true,
	    .max_waiting = 1000,
	    .on_sent = on_sent,
	    .on_end = on_end,
	    .arg = &t};
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	backfill_free(&t.b);
	filter_free(&t.filter);
	sqs_free(&t.sqs);
	s3_free(&t.s3);
	aws_free(&t.aws);
	creds_keeper_free(&t.keeper);
	fake_end();
	return 0;
}

/* ---- the services ---- */

/* What the last page ended with, and what is asked to be passed over. */
static unsigned
begins_at(const char *url)
{
	const char *p = strstr(url, "continuation-token=");
	unsigned n = 0;

	if (p != NULL)
		for (p += strlen("continuation-token="); *p >= '0' && *p <= '9';
		     p++)
			n = n * 10 + (unsigned)(*p - '0');
	p = strstr(url, "start-after=");
	if (p != NULL) {
		p = strstr(p, "1200Z_") + 6;
		for (; *p >= '0' && *p <= '9'; p++)
			n = n * 10 + (unsigned)(*p - '0');
		n++;
	}
	return n;
}

static void
list_objects(struct request *r, struct buf *b)
{
	unsigned from = begins_at(fake_url(r)), i;

	for (i = from; i < KEYS && i < from + PAGE; i++)
		buf_printf(b,
		    "<Contents><Key>%s</Key><Size>10</Size><ETag>e</ETag>"
		    "</Contents>",
		    t.key[i]);
	if (i < KEYS)
		buf_printf(
		    b, "<NextContinuationToken>%u</NextContinuationToken>", i);
}

static void
list(struct request *r)
{
	static const char *const levels[] = {
	    "111122223333/", "CloudTrail/", "us-east-1/"};
	const char *url = fake_url(r), *p = strstr(url, "prefix=") + 7;
	unsigned depth = 0;
	struct buf b;

	buf_init(&b, 1 << 20);
	buf_str(&b, "<ListBucketResult>");
	if (strstr(url, "delimiter") != NULL) {
		for (; *p != '\0' && *p != '&'; p++)
			depth += strncmp(p, "%2F", 3) == 0;
		buf_str(&b, "<CommonPrefixes><Prefix>AWSLogs/");
		for (unsigned i = 0; i < depth; i++)
			buf_str(&b, levels[i]);
		buf_str(&b, "</Prefix></CommonPrefixes>");
	} else if (strstr(p, "2026%2F01%2F31%2F") != NULL) {
		list_objects(r, &b);
	}
	buf_str(&b, "</ListBucketResult>");
	fake_reply(r, 200, NULL, buf_view(&b));
	buf_fini(&b);
}

static void
receive(struct span body)
{
	struct notify *n;

	assert_int_equal(notify_parse(body, &n), NOTIFY_OBJECTS);
	for (size_t i = 0; i < notify_count(n); i++) {
		const char *p = strstr(notify_at(n, i)->key.p, "1200Z_") + 6;
		unsigned at = 0;

		for (; *p >= '0' && *p <= '9'; p++)
			at = at * 10 + (unsigned)(*p - '0');
		assert_true(at < KEYS);
		t.sent[at]++;
	}
	notify_free(&n);
	t.waiting++;
}

/* Takes each message or, where there are faults, not. */
static void
send(struct request *r, bool faulty)
{
	const struct json_node *root, *e;
	struct buf ok, failed;
	struct json *j;

	buf_init(&ok, 4096);
	buf_init(&failed, 4096);
	assert_int_equal(json_parse(fake_body(r), 4 << 20, &j, &root), ERR_OK);
	for (e = json_get(root, "Entries")->child; e != NULL; e = e->next) {
		struct span id = json_str(json_get(e, "Id"));
		bool taken =
		    !t.takes_nothing && (!faulty || clock_random(2) == 0);
		struct buf *b = taken ? &ok : &failed;

		if (taken)
			receive(json_str(json_get(e, "MessageBody")));
		buf_printf(b, "%s{\"Id\":\"%.*s\"%s}", b->n > 0 ? "," : "",
		    (int)id.n, id.p,
		    taken ? "" : ",\"Code\":\"InternalError\"");
	}
	json_free(&j);
	buf_str(&ok, "],\"Failed\":[");
	buf_span(&ok, buf_view(&failed));
	buf_str(&ok, "]}");
	buf_reset(&failed);
	buf_str(&failed, "{\"Successful\":[");
	buf_span(&failed, buf_view(&ok));
	fake_reply(r, 200, NULL, buf_view(&failed));
	buf_fini(&ok);
	buf_fini(&failed);
}

static void
tell_attributes(struct request *r)
{
	char text[128];

	(void)snprintf(text, sizeof text,
	    "{\"Attributes\":{\"ApproximateNumberOfMessages\":\"%llu\"}}",
	    (unsigned long long)t.waiting);
	fake_reply(r, 200, NULL, span_str(text));
}

static void
serve(struct request *r)
{
	const char *target = fake_header(r, "x-amz-target");
	bool faulty = t.fault_every > 0 && clock_random(t.fault_every) == 0;

	if (target == NULL && faulty)
		fake_fail(r, ERR_RESET);
	else if (target == NULL)
		list(r);
	else if (strstr(target, "SendMessageBatch") != NULL)
		send(r, faulty);
	else if (faulty)
		fake_reply(r, 503, NULL, SPAN("{}"));
	else
		tell_attributes(r);
}

/* Until it ends; the daemons of others take one message in four steps. */
static void
run(uint64_t seconds)
{
	for (uint64_t i = 0; i < seconds * 10 && t.ended == 0; i++) {
		struct request *r;

		while ((r = fake_http_next()) != NULL) {
			serve(r);
			fake_run();
			assert_true(t.waiting <= t.conf.max_waiting);
		}
		if (t.ended == 0)
			fake_advance(100);
	}
	assert_int_equal(t.ended, 1);
}

static struct backfill_view
go(uint64_t seconds)
{
	t.ended = 0;
	t.b = backfill_new(&t.conf);
	assert_int_equal(t.ended, 0);
	run(seconds);
	return backfill_view(t.b);
}

/* ---- tests ---- */

static void
test_all_of_it_once(void **state)
{
	struct backfill_view v = go(60);

	(void)state;
	assert_int_equal(v.end, BACKFILL_DONE);
	assert_int_equal(v.sent_objects, KEYS);
	assert_int_equal(v.sent_messages, KEYS / 25);
	assert_int_equal(v.sent_bytes, KEYS * 10);
	assert_int_equal(v.tally.objects[CHOICE_SEND], KEYS);
	assert_int_equal(v.listed.days, 3);
	assert_true(span_is(v.first, t.key[0]));
	for (unsigned i = 0; i < KEYS; i++)
		assert_int_equal(t.sent[i], 1);
}

static void
test_counting_sends_nothing(void **state)
{
	struct backfill_view v;

	(void)state;
	t.conf.sends = false;
	v = go(60);
	assert_int_equal(v.end, BACKFILL_DONE);
	assert_int_equal(v.tally.objects[CHOICE_SEND], KEYS);
	assert_int_equal(v.sent_objects, 0);
	assert_int_equal(t.waiting, 0);
}

/* Broken connections, 503s and messages that are not taken. What was taken of a
 * batch is not sent again. */
static void
test_faults(void **state)
{
	struct backfill_view v;

	(void)state;
	t.fault_every = 3;
	v = go(3600);
	assert_int_equal(v.end, BACKFILL_DONE);
	assert_int_equal(v.sent_objects, KEYS);
	assert_null(v.trouble);
	for (unsigned i = 0; i < KEYS; i++)
		assert_int_equal(t.sent[i], 1);
}

/* An answer that is lost: the batch is sent once more, whole. */
static void
test_a_lost_answer(void **state)
{
	struct request *r;
	const char *target;

	(void)state;
	t.b = backfill_new(&t.conf);
	for (;;) {
		r = fake_http_expect();
		target = fake_header(r, "x-amz-target");
		if (target != NULL && strstr(target, "SendMessageBatch"))
			break;
		serve(r);
	}
	fake_fail(r, ERR_TIMEOUT);
	fake_run();
	assert_non_null(backfill_view(t.b).trouble);
	run(60);
	assert_int_equal(backfill_view(t.b).end, BACKFILL_DONE);
	assert_int_equal(backfill_view(t.b).sent_again, SQS_BATCH_MAX);
}

static void
test_stopped_and_gone_on(void **state)
{
	struct backfill_view v;
	unsigned total = 0;
	struct buf after;

	(void)state;
	buf_init(&after, KEY_MAX);
	for (unsigned round = 0; round < 20; round++) {
		t.conf.after = buf_view(&after);
		t.stop_at = t.batches + 1;
		v = go(600);
		total += (unsigned)v.sent_objects;
		backfill_free(&t.b);
		if (v.end == BACKFILL_DONE)
			break;
		assert_int_equal(v.end, BACKFILL_STOPPED);
		buf_reset(&after);
		buf_str(&after, t.key[t.taken - 1]);
	}
	assert_int_equal(total, KEYS);
	for (unsigned i = 0; i < KEYS; i++)
		assert_int_equal(t.sent[i], 1);
	buf_fini(&after);
}

static void
test_stop_waits_for_the_answer(void **state)
{
	struct request *r;
	const char *target;

	(void)state;
	t.b = backfill_new(&t.conf);
	for (;;) {
		r = fake_http_expect();
		target = fake_header(r, "x-amz-target");
		if (target != NULL && strstr(target, "SendMessageBatch"))
			break;
		serve(r);
	}
	backfill_stop(t.b);
	fake_run();
	assert_int_equal(t.ended, 0);
	serve(r);
	fake_run();
	assert_int_equal(t.ended, 1);
	assert_int_equal(t.taken, 250);
	assert_int_equal(backfill_view(t.b).end, BACKFILL_STOPPED);
}

/* Nobody takes anything: it stops at the limit, and goes on when some did. */
static void
test_no_more_than_may_wait(void **state)
{
	(void)state;
	t.conf.max_waiting = 17;
	t.b = backfill_new(&t.conf);
	for (unsigned round = 0; round < 4; round++) {
		uint64_t before = t.waiting;

		for (unsigned i = 0; i < 1300 && t.ended == 0; i++) {
			struct request *r = fake_http_next();

			if (r != NULL)
				serve(r);
			else
				fake_advance(100);
			assert_true(t.waiting <= 17);
		}
		if (t.ended > 0)
			break;
		assert_true(t.waiting >= before);
		assert_true(backfill_view(t.b).is_held);
		t.waiting = 0;
	}
	run(3600);
	assert_int_equal(backfill_view(t.b).end, BACKFILL_DONE);
	assert_int_equal(backfill_view(t.b).sent_objects, KEYS);
}

static void
refuse(const char *what, enum backfill_end end)
{
	struct backfill_view v;
	struct request *r;

	t.ended = 0;
	t.b = backfill_new(&t.conf);
	while (t.ended == 0) {
		const char *target;

		r = fake_http_expect();
		target = fake_header(r, "x-amz-target");
		if (target == NULL && *what == '\0')
			fake_reply(r, 403, NULL,
			    SPAN("<Error><Code>AccessDenied</Code></Error>"));
		else if (target != NULL && *what != '\0' &&
			 strstr(target, what) != NULL)
			fake_reply(r, 403, NULL,
			    SPAN("{\"__type\":\"AccessDeniedException\"}"));
		else
			serve(r);
		fake_run();
	}
	v = backfill_view(t.b);
	assert_int_equal(v.end, end);
	assert_int_equal(v.failure->class, AWS_DENIED);
	assert_int_equal(t.waiting, 0);
	backfill_free(&t.b);
}

static void
test_refusals(void **state)
{
	(void)state;
	refuse("", BACKFILL_NO_LIST);
	refuse("SendMessageBatch", BACKFILL_NO_SEND);
	refuse("GetQueueAttributes", BACKFILL_NO_QUEUE);
}

static void
test_patience_ends(void **state)
{
	(void)state;
	t.b = backfill_new(&t.conf);
	for (unsigned i = 0; i < 20000 && t.ended == 0; i++) {
		struct request *r = fake_http_next();

		if (r != NULL)
			fake_fail(r, ERR_CONNECT);
		else
			fake_advance(1000);
		fake_run();
	}
	assert_int_equal(t.ended, 1);
	assert_int_equal(backfill_view(t.b).end, BACKFILL_NO_LIST);
	assert_int_equal(backfill_view(t.b).failure->err, ERR_CONNECT);
}

/* The queue tells how full it is, and takes no message. */
static void
test_patience_with_a_queue_that_takes_nothing(void **state)
{
	(void)state;
	t.takes_nothing = true;
	assert_int_equal(go(3600).end, BACKFILL_NO_SEND);
	assert_string_equal(backfill_view(t.b).failure->code, "InternalError");
	assert_int_equal(backfill_view(t.b).sent_objects, 0);
}

/* A second, in which all that waits in the queue is taken, or nothing. */
static void
pass_second(bool lists_fail, bool is_taken)
{
	struct request *r;

	if (is_taken)
		t.waiting = 0;
	while ((r = fake_http_next()) != NULL) {
		if (lists_fail && fake_header(r, "x-amz-target") == NULL)
			fake_fail(r, ERR_RESET);
		else
			serve(r);
		fake_run();
	}
	fake_advance(1000);
}

/* Who had nothing to ask for meanwhile, since the queue was full, is as patient
 * as ever. */
static void
test_patience_begins_with_the_failure(void **state)
{
	(void)state;
	t.conf.max_waiting = 10;
	t.b = backfill_new(&t.conf);
	for (unsigned i = 0; i < 1300; i++)
		pass_second(false, false);
	assert_true(backfill_view(t.b).is_held);
	for (unsigned i = 0; i < 600 && backfill_view(t.b).trouble == NULL; i++)
		pass_second(true, true);
	assert_non_null(backfill_view(t.b).trouble);
	for (unsigned i = 0; i < 3600 && t.ended == 0; i++)
		pass_second(false, true);
	assert_int_equal(t.ended, 1);
	assert_int_equal(backfill_view(t.b).end, BACKFILL_DONE);
	assert_int_equal(backfill_view(t.b).sent_objects, KEYS);
}

/* Going on after a key relies on the order. */
static void
test_a_listing_out_of_order(void **state)
{
	char swap[KEY_MAX];

	(void)state;
	memcpy(swap, t.key[500], KEY_MAX);
	memcpy(t.key[500], t.key[501], KEY_MAX);
	memcpy(t.key[501], swap, KEY_MAX);
	t.conf.sends = false;
	assert_int_equal(go(60).end, BACKFILL_NO_LIST);
	assert_non_null(
	    strstr(backfill_view(t.b).failure->message, "order of keys"));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(test_all_of_it_once),
	    TEST(test_counting_sends_nothing),
	    TEST(test_faults),
	    TEST(test_a_lost_answer),
	    TEST(test_stopped_and_gone_on),
	    TEST(test_stop_waits_for_the_answer),
	    TEST(test_no_more_than_may_wait),
	    TEST(test_refusals),
	    TEST(test_patience_ends),
	    TEST(test_patience_begins_with_the_failure),
	    TEST(test_patience_with_a_queue_that_takes_nothing),
	    TEST(test_a_listing_out_of_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
