#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fake/fake_http.c"
#include "fake/fake_s3.c"
#include "fake/fake_sqs.c"
#include "flow/intake.h"

#define ROWS(a) (sizeof(a) / sizeof(a)[0])
#define TRAIL	"AWSLogs/1/CloudTrail/"
/* Asked for while it is not known how large messages are. */
#define FIRST  1
#define ONE(k) "{\"s3Bucket\":\"b\",\"s3ObjectKey\":\"" k "\"}"

static struct {
	struct messages *ms;
	struct objects *os;
	struct pool *pool;
	struct batcher *batcher;
	struct filter *filter;
	struct intake *in;
	enum intake_gate open;
	struct judge judge;
	unsigned asked, changed;
	unsigned next_id;
	unsigned failed, folded, recovered; /* lines */
} t;

static void
ignore(void *arg)
{
	(void)arg;
}

static bool
has(struct span line, const char *what)
{
	return memmem(line.p, line.n, what, strlen(what)) != NULL;
}

static void
on_log(void *arg, struct span line)
{
	assert_ptr_equal(arg, &t);
	if (has(line, " repeated="))
		t.folded++;
	else if (has(line, "level=warn event=sqs.receive "))
		t.failed++;
	else if (has(line, "level=info event=sqs.receive.recovered "))
		t.recovered++;
}

static void
on_sealed(void *arg, struct batch *b)
{
	(void)arg;
	batch_free(&b);
}

static enum intake_gate
gate(void *arg)
{
	assert_ptr_equal(arg, &t);
	t.asked++;
	return t.open;
}

static void
on_changed(void *arg)
{
	assert_ptr_equal(arg, &t);
	t.changed++;
}

static void
open_world(unsigned max_messages)
{
	struct batcher_conf bc = {1 << 20, 1000, 1000, 0};
	struct objects_conf oc = {.timers = fake_timers(),
	    .concurrency = 2,
	    .max_record_bytes = 65536,
	    .remember = 10,
	    .max_parked = 10,
	    .judge = &t.judge,
	    .changed = ignore};
	struct intake_conf ic = {.timers = fake_timers(),
	    .max_messages = max_messages,
	    .visibility_s = 120,
	    .gate = gate,
	    .changed = on_changed,
	    .arg = &t};

	memset(&t, 0, sizeof t);
	t.open = INTAKE_OPEN;
	fake_begin();
	log_set_sink(on_log, &t);
	t.pool = pool_new(64 * POOL_PIECE);
	t.batcher = batcher_new(fake_timers(), t.pool, &bc, on_sealed, NULL);
	t.filter = filter_new("", "", true);
	t.ms = messages_new(fake_timers(), NULL, 3600, 30, ignore, NULL);
	oc.batcher = oc.lane = t.batcher;
	oc.messages = t.ms;
	t.os = objects_new(&oc);
	ic.filter = t.filter;
	ic.messages = t.ms;
	ic.objects = t.os;
	t.in = intake_new(&ic);
}

static void
close_world(void)
{
	intake_free(&t.in);
	assert_null(t.in);
	objects_free(&t.os);
	messages_free(&t.ms);
	filter_free(&t.filter);
	batcher_free(&t.batcher);
	pool_free(&t.pool);
	assert_null(fake_sqs_nth(0));
	log_set_sink(NULL, NULL);
	fake_end();
}

/* As after each reply, but without another poll. */
static void
take_in(void)
{
	enum intake_gate was = t.open;

	t.open = INTAKE_SHUT;
	intake_look(t.in);
	t.open = was;
}

/* Answers the open poll with n messages of this body. */
static void
bring(unsigned n, const char *body)
{
	struct sqs_message m[SQS_BATCH_MAX];
	char id[SQS_BATCH_MAX][16];
	struct sqs_op *op = fake_sqs_at(0);

	assert_int_equal(op->kind, FAKE_RECEIVE);
	for (unsigned i = 0; i < n; i++) {
		snprintf(id[i], sizeof id[i], "m%u", ++t.next_id);
		m[i] = (struct sqs_message){.id = span_str(id[i]),
		    .handle = span_str(id[i]),
		    .body = span_str(body),
		    .receive_count = 1,
		    .sent_ms = -1};
	}
	fake_sqs_messages(op, m, n);
}

static void
receive(unsigned n, const char *body)
{
	bring(n, body);
	take_in();
}

static size_t
asked_for(void)
{
	struct sqs_op *op = fake_sqs_nth(0);

	return op != NULL && op->kind == FAKE_RECEIVE ? op->n : 0;
}

/* All that the open polls ask for. */
static size_t
asked_in_all(void)
{
	struct sqs_op *op;
	size_t n = 0;

	for (size_t i = 0; (op = fake_sqs_nth(i)) != NULL; i++)
		n += op->kind == FAKE_RECEIVE ? op->n : 0;
	return n;
}

/* As many as are held. */
static void
hold(unsigned n)
{
	while (messages_held(t.ms) < n) {
		size_t lack = n - messages_held(t.ms), asked;

		intake_look(t.in);
		asked = asked_for();
		receive(
		    (unsigned)(lack < asked ? lack : asked), ONE(TRAIL "a"));
	}
}

static void
test_room(void **state)
{
	/* From the second one on a poll needs a place for what it may bring. */
	static const struct {
		unsigned max, held, ask;
	} rows[] = {{1, 0, FIRST}, {1, 1, 0}, {9, 0, FIRST}, {10, 9, 10},
	    {10, 10, 0}, {1000, 999, 10}, {1000, 990, 10}, {1000, 989, 20},
	    {1000, 979, 30}, {1000, 500, 80}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		open_world(rows[i].max);
		hold(rows[i].held);
		intake_look(t.in);
		assert_int_equal(asked_in_all(), rows[i].ask);
		assert_int_equal(intake_full(t.in), rows[i].ask == 0);
		assert_int_equal(intake_polling(t.in), rows[i].ask > 0);
		intake_look(t.in);
		assert_int_equal(asked_in_all(), rows[i].ask);
		close_world();
	}
}

static void
test_request(void **state)
{
	(void)state;
	open_world(100);
	intake_look(t.in);
	assert_int_equal(fake_sqs_at(0)->visibility_s, 120);
	receive(0, "");
	assert_int_equal(t.changed, 1);
	assert_false(intake_polling(t.in));
	assert_int_equal(intake_stats(t.in).receives, 1);
	close_world();
}

/* Long polls, once it is known that the queue can be read. */
static void
test_part(void **state)
{
	struct part p;

	(void)state;
	open_world(100);
	intake_look(t.in);
	assert_int_equal(fake_sqs_at(0)->wait_s, 1);
	assert_int_equal(intake_part(t.in).mood, PART_UNTRIED);
	fake_advance(1000);
	receive(0, "");
	assert_int_equal(intake_part(t.in).mood, PART_WELL);
	intake_look(t.in);
	assert_int_equal(fake_sqs_at(0)->wait_s, SQS_WAIT_S);

	fake_sqs_fail(fake_sqs_at(0), AWS_NOT_FOUND, ERR_OK);
	p = intake_part(t.in);
	assert_int_equal(p.mood, PART_ILL);
	assert_string_equal(p.code, "not_found");
	assert_non_null(strstr(p.advice, "check queue_url"));
	assert_int_equal(p.since_ms, clock_mono_ms());
	fake_advance(1010);
	assert_int_equal(fake_sqs_at(0)->wait_s, 1);
	receive(0, "");
	assert_int_equal(intake_part(t.in).mood, PART_WELL);
	close_world();
}

/* A notification of as many keys as fit into 250 kB. */
static const char *
wide_body(void)
{
	static char body[250000];
	size_t n = 0;

	n = (size_t)snprintf(body, sizeof body,
	    "{\"s3Bucket\":\"b\",\"s3ObjectKey\":[\"" TRAIL "k\"");
	while (n < sizeof body - 100)
		n += (size_t)snprintf(
		    body + n, sizeof body - n, ",\"" TRAIL "k%zu\"", n);
	snprintf(body + n, sizeof body - n, "]}");
	return body;
}

/* One reply full of them: those that are too much wait, leased, and no poll
 * brings more. */
static void
test_wide_reply(void **state)
{
	(void)state;
	open_world(1000);
	hold(1);
	intake_look(t.in);
	receive(0, ""); /* of two polls, since the first came back full */
	receive(10, wide_body());
	assert_true(intake_full(t.in));
	assert_int_equal(messages_held(t.ms), 11);
	assert_true(messages_bytes(t.ms) < 2 * INTAKE_BYTES_MAX);
	messages_flush(t.ms);
	assert_null(fake_sqs_nth(0));
	intake_look(t.in);
	assert_int_equal(asked_for(), 0);
	/* They were not tried. */
	intake_stop(t.in);
	messages_flush(t.ms);
	assert_int_equal(fake_sqs_at(0)->kind, FAKE_HIDE);
	assert_int_equal(fake_sqs_at(0)->seconds[0], 0);
	assert_true(messages_held(t.ms) < 11);
	close_world();
}

/* Messages take bytes too, and those that leave take places. */
static void
test_room_for_bytes(void **state)
{
	const char *body = wide_body();

	(void)state;
	open_world(1000);
	for (int i = 0; i < 1000 && !intake_full(t.in); i++) {
		intake_look(t.in);
		receive(1, body);
	}
	assert_true(intake_full(t.in));
	assert_true(messages_held(t.ms) < 1000);
	assert_true(messages_bytes(t.ms) >= INTAKE_BYTES_MAX);
	assert_true(messages_bytes(t.ms) < 2 * INTAKE_BYTES_MAX);
	intake_look(t.in);
	assert_int_equal(asked_for(), 0);
	close_world();
}

static struct message *
hold_bytes(const char *id, size_t bytes)
{
	struct sqs_message s = {.id = span_str(id),
	    .handle = span_str(id),
	    .receive_count = 1,
	    .sent_ms = -1};

	return messages_hold(t.ms, &s, bytes);
}

/* What is parked takes none of them. */
static void
test_room_beside_parked_bytes(void **state)
{
	struct notify_object o = {.bucket = SPAN("b"),
	    .key = SPAN("k"),
	    .size = -1,
	    .event_time = -1};
	struct message *m;

	(void)state;
	open_world(10);
	m = hold_bytes("parked", INTAKE_BYTES_MAX / 2);
	objects_want(t.os, m, &o);
	message_ended(t.ms, m, true);
	objects_start(t.os);
	(void)hold_bytes("other", INTAKE_BYTES_MAX / 2);
	assert_true(intake_full(t.in));
	fake_s3_fail(fake_s3_of("k"), AWS_DENIED, "AccessDenied");
	assert_int_equal(objects_parked(t.os), 1);
	assert_false(intake_full(t.in));
	close_world();
}

static void
test_leaving_take_places(void **state)
{
	(void)state;
	open_world(10);
	for (int i = 0; i < 1000 && !intake_full(t.in); i++) {
		struct sqs_op *op;

		intake_look(t.in);
		/* SQS gives, but takes no deletes. */
		for (size_t k = 0; (op = fake_sqs_nth(k)) != NULL; k++) {
			if (op->kind == FAKE_RECEIVE)
				break;
		}
		assert_non_null(op);
		if (op != NULL) {
			struct sqs_message m = {
			    .body = SPAN("{\"Event\":"
					 "\"s3:TestEvent\"}")};
			char id[16];

			snprintf(id, sizeof id, "x%d", i);
			m.id = m.handle = span_str(id);
			fake_sqs_messages(op, &m, 1);
		}
	}
	/* All but one at the most, which found no place, are leaving. */
	assert_true(messages_held(t.ms) <= 1);
	assert_int_equal(messages_count(t.ms), 2 * 10 + SQS_BATCH_MAX);
	close_world();
}

static void
test_bodies(void **state)
{
	static const struct {
		const char *body;
		size_t held, gets;
		uint64_t unknown, filtered, nothing;
		enum fake_sqs_kind then; /* what is said of it at once */
	} rows[] = {
	    {ONE(TRAIL "a"), 1, 1, 0, 0, 0, FAKE_RECEIVE},
	    {"{\"s3Bucket\":\"b\",\"s3ObjectKey\":[\"" TRAIL "a\",\"" TRAIL
	     "b\"]}",
		1, 2, 0, 0, 0, FAKE_RECEIVE},
	    {"{\"s3Bucket\":\"b\",\"s3ObjectKey\":[\"" TRAIL
	     "a\",\"AWSLogs/111122223333/CloudTrail-Digest/x\"]}",
		1, 1, 0, 1, 0, FAKE_RECEIVE},
	    {ONE("AWSLogs/111122223333/CloudTrail-Digest/x"), 0, 0, 0, 1, 0,
		FAKE_DELETE},
	    {ONE("folder/"), 0, 0, 0, 1, 0, FAKE_DELETE},
	    {"{\"Event\":\"s3:TestEvent\"}", 0, 0, 0, 0, 1, FAKE_DELETE},
	    {"CloudTrail validation message.", 0, 0, 0, 0, 1, FAKE_DELETE},
	    {"{\"x\":1}", 0, 0, 1, 0, 0, FAKE_HIDE},
	    {"not JSON", 0, 0, 1, 0, 0, FAKE_HIDE},
	    {"", 0, 0, 1, 0, 0, FAKE_HIDE},
	};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct intake_stats s;
		uint64_t nothing = 0, unknown = 0;

		open_world(10);
		intake_look(t.in);
		receive(1, rows[i].body);
		s = intake_stats(t.in);
		for (int k = 0; k < NOTIFY_R_COUNT; k++)
			nothing += s.nothing[k], unknown += s.unknown_by[k];
		if (messages_held(t.ms) != rows[i].held ||
		    fake_s3_open() != rows[i].gets ||
		    s.unknown != rows[i].unknown || unknown != s.unknown ||
		    s.filtered != rows[i].filtered ||
		    nothing != rows[i].nothing)
			fail_msg("row %zu", i);
		messages_flush(t.ms);
		if (rows[i].then == FAKE_RECEIVE)
			assert_null(fake_sqs_nth(0));
		else
			(void)fake_sqs_expect(rows[i].then, 1);
		close_world();
	}
}

static void
test_gate(void **state)
{
	(void)state;
	open_world(10);
	t.open = INTAKE_SHUT;
	intake_look(t.in);
	assert_int_equal(asked_for(), 0);
	assert_int_equal(t.asked, 1);
	t.open = INTAKE_OPEN;
	intake_look(t.in);
	assert_int_equal(asked_for(), FIRST);
	close_world();

	/* Little: one poll a minute. */
	open_world(1000);
	t.open = INTAKE_LITTLE;
	for (int i = 0; i < 3; i++) {
		intake_look(t.in);
		assert_int_equal(asked_for(), FIRST);
		fake_advance(20000);
		receive(0, "");
		fake_advance(39999);
		intake_look(t.in);
		assert_int_equal(asked_for(), 0);
		fake_advance(1);
	}
	assert_int_equal(asked_for(), FIRST);
	close_world();

	/* And one alone, however many were open before. */
	open_world(1000);
	hold(100);
	t.open = INTAKE_LITTLE;
	intake_look(t.in);
	while (intake_polling(t.in))
		receive(10, ONE(TRAIL "a"));
	fake_advance(60000);
	intake_look(t.in);
	assert_int_equal(asked_in_all(), 10);
	close_world();
}

/* For ever, never more than 30 s apart, and never at once for long. */
static void
test_backoff(void **state)
{
	int64_t longest = 0, total = 0;

	(void)state;
	open_world(10);
	intake_look(t.in);
	for (int i = 0; i < 500; i++) {
		int64_t begin = clock_mono_ms(), waited;

		fake_sqs_fail(fake_sqs_expect(FAKE_RECEIVE, FIRST),
		    i % 2 ? AWS_TRANSIENT : AWS_DENIED, ERR_OK);
		if (i % 3 == 0)
			intake_look(t.in); /* does not cut it short */
		while (fake_sqs_nth(0) == NULL) {
			fake_advance(10);
			assert_true(clock_mono_ms() - begin <= 30100);
		}
		waited = clock_mono_ms() - begin;
		assert_true(i > 0 || waited <= 1010);
		assert_true(i > 1 || waited <= 2010);
		longest = waited > longest ? waited : longest;
		total += waited;
	}
	assert_true(longest > 25000);
	assert_true(total > 500 * 10000);
	assert_int_equal(intake_stats(t.in).errors, 500);
	/* Then all is well, and the next one is quick again. */
	fake_advance(1000);
	receive(0, "");
	intake_look(t.in);
	assert_int_equal(asked_for(), FIRST);
	fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_RESET);
	fake_advance(1010);
	assert_int_equal(asked_for(), FIRST);
	close_world();
}

/* What was too much at once is asked for one by one. */
static void
test_ask_one(void **state)
{
	static const struct {
		enum err err;
		bool one_by_one;
	} rows[] = {{ERR_LIMIT, true}, {ERR_SHAPE, true}, {ERR_SYNTAX, true},
	    {ERR_TIMEOUT, false}, {ERR_RESET, false}, {ERR_OK, false}};

	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		open_world(1000);
		intake_look(t.in);
		fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, rows[i].err);
		fake_advance(1000);
		assert_int_equal(asked_for(), 1);
		/* A failure of another kind does not forget it. */
		fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_RESET);
		fake_advance(2000);
		assert_int_equal(asked_for(), 1);
		for (int n = 0; n < 100; n++) {
			receive(1, ONE(TRAIL "a"));
			intake_look(t.in);
			assert_int_equal(
			    asked_for(), n < 99 && rows[i].one_by_one ? 1 : 10);
		}
		close_world();
	}
}

/* A queue that never waits is not asked more than once a second. */
static void
test_empty_at_once(void **state)
{
	(void)state;
	open_world(10);
	intake_look(t.in);
	for (int i = 0; i < 5; i++) {
		receive(0, "");
		fake_advance(999);
		intake_look(t.in);
		assert_int_equal(asked_for(), 0);
		fake_advance(1);
		assert_int_equal(asked_for(), FIRST);
	}
	/* One that does is asked again at once. */
	fake_advance(10 * 1000);
	receive(0, "");
	intake_look(t.in);
	assert_int_equal(asked_for(), FIRST);
	close_world();
}

/* Of as large a body as SQS takes, and a notification. */
static const char *
largest_body(void)
{
	static char body[SQS_MESSAGE_MAX + 1];

	memset(body, ' ', sizeof body - 1);
	memcpy(body, ONE(TRAIL "a"), sizeof ONE(TRAIL "a") - 1);
	return body;
}

/* Ten of them are never in one reply, and all are taken. */
static void
test_largest(void **state)
{
	(void)state;
	open_world(1000);
	for (unsigned n = 0; n < 10; n += FIRST) {
		intake_look(t.in);
		assert_int_equal(asked_in_all(), FIRST);
		receive(FIRST, largest_body());
	}
	assert_int_equal(messages_held(t.ms), 10);
	/* Then a hundred small ones, and those from before are forgotten. */
	for (unsigned n = 10; n < 200; n += FIRST) {
		intake_look(t.in);
		assert_int_equal(asked_in_all(), FIRST);
		receive(FIRST, ONE(TRAIL "a"));
	}
	intake_look(t.in);
	receive(FIRST, ONE(TRAIL "a"));
	intake_look(t.in);
	assert_true(asked_in_all() >= 10);
	close_world();
}

/* A large one among many asks for fewer at once. */
static void
test_large_ones(void **state)
{
	static char large[300 * 1000];

	(void)state;
	memset(large, ' ', sizeof large - 1);
	memcpy(large, ONE(TRAIL "a"), sizeof ONE(TRAIL "a") - 1);
	open_world(10000);
	hold(150);
	assert_int_equal(asked_for(), 10);
	receive(1, large);
	while (intake_polling(t.in))
		receive(1, ONE(TRAIL "a"));
	intake_look(t.in);
	assert_int_equal(asked_in_all(), 3);
	close_world();
}

/* While the reply is there nothing is made of its messages. */
static void
test_taken_in_later(void **state)
{
	(void)state;
	open_world(10);
	intake_look(t.in);
	bring(1, ONE(TRAIL "a"));
	assert_int_equal(fake_s3_open(), 0);
	assert_int_equal(t.changed, 1);
	assert_int_equal(messages_held(t.ms), 1);
	take_in();
	assert_int_equal(fake_s3_open(), 1);
	close_world();
}

/* What came and found no place takes bytes of the replies to come. */
static void
test_unread_counts(void **state)
{
	static char body[10 * 1000 + 1];
	struct http_budget *replies;

	(void)state;
	memset(body, ' ', sizeof body - 1);
	memcpy(body, ONE(TRAIL "a"), sizeof ONE(TRAIL "a") - 1);
	open_world(10);
	hold(9);
	intake_look(t.in);
	replies = fake_sqs_at(0)->replies;
	assert_int_equal(replies->max, INTAKE_REPLIES_MAX);
	receive(10, body);
	assert_int_equal(replies->used, 9 * (sizeof body - 1));
	intake_look(t.in);
	assert_false(intake_polling(t.in));
	intake_stop(t.in);
	assert_int_equal(replies->used, 0);
	close_world();
}

/* Of the polls that were open when the queue went only one is told, and one
 * asks whether it is back, though others still wait. */
static void
test_failing_together(void **state)
{
	unsigned open = 0;

	(void)state;
	open_world(1000);
	hold(50);
	intake_look(t.in);
	while (fake_sqs_nth(open) != NULL)
		open++;
	assert_true(open > 4);
	for (unsigned i = 0; i < open - 1; i++)
		fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_RESET);
	assert_int_equal(t.failed + t.folded, 1);
	assert_int_equal(intake_stats(t.in).errors, open - 1);
	intake_look(t.in);
	assert_null(fake_sqs_nth(1));
	fake_advance(1010);
	assert_int_equal(fake_sqs_at(1)->wait_s, 1);
	intake_look(t.in);
	assert_null(fake_sqs_nth(2));
	/* What the other brings is welcome, and proves nothing. */
	receive(3, ONE(TRAIL "a"));
	assert_int_equal(messages_held(t.ms), 53);
	assert_int_equal(t.recovered, 0);
	intake_look(t.in);
	assert_null(fake_sqs_nth(1));
	receive(0, "");
	assert_int_equal(t.recovered, 1);
	close_world();
}

/* A poll that waits beside the probe has no place left either. */
static void
test_starved_beside_a_probe(void **state)
{
	(void)state;
	open_world(12);
	hold(1);
	intake_look(t.in);
	assert_int_equal(asked_in_all(), 20);
	fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_RESET);
	assert_false(intake_starved(t.in));
	fake_advance(1010);
	assert_int_equal(asked_in_all(), 20);
	assert_true(intake_starved(t.in));
	close_world();
}

/* Each open poll may end by itself. */
static void
test_stop_with_many(void **state)
{
	unsigned n = 0;

	(void)state;
	open_world(1000);
	hold(50);
	intake_look(t.in);
	intake_stop(t.in);
	while (intake_polling(t.in)) {
		receive(1, ONE(TRAIL "a"));
		n++;
	}
	assert_true(n > 4);
	assert_int_equal(messages_held(t.ms), 50);
	assert_int_equal(messages_count(t.ms), 50 + n);
	close_world();
}

static void
test_stop(void **state)
{
	(void)state;
	open_world(10);
	intake_look(t.in);
	intake_stop(t.in);
	assert_true(intake_polling(t.in)); /* it may end by itself */
	receive(FIRST, ONE(TRAIL "a"));
	assert_int_equal(fake_s3_open(), 0);
	assert_int_equal(messages_held(t.ms), 0);
	messages_flush(t.ms);
	assert_int_equal(fake_sqs_expect(FAKE_HIDE, 1)->seconds[0], 0);
	fake_sqs_answer(fake_sqs_at(0), 0, NULL);
	assert_int_equal(messages_count(t.ms), 0);
	intake_look(t.in);
	assert_int_equal(asked_for(), 0);
	close_world();
}

/* Stopped, a message comes that is held: the job goes on under the new
 * handle. */
static void
test_stop_with_duplicate(void **state)
{
	(void)state;
	open_world(10);
	intake_look(t.in);
	receive(1, ONE(TRAIL "a"));
	intake_look(t.in);
	intake_stop(t.in);
	t.next_id = 0; /* m1 again */
	receive(1, ONE(TRAIL "a"));
	assert_int_equal(messages_held(t.ms), 1);
	assert_int_equal(fake_s3_open(), 1);
	messages_flush(t.ms);
	assert_null(fake_sqs_nth(0));
	close_world();
}

/* Each first failure after a success, however often; those that follow it are
 * folded. So the log ends with what is true. */
static void
test_each_turn_is_told(void **state)
{
	(void)state;
	open_world(10);
	for (unsigned i = 1; i <= 4; i++) {
		for (unsigned n = 0; n < 3; n++) {
			intake_look(t.in);
			fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_RESET);
			assert_int_equal(t.failed, i);
			assert_int_equal(intake_part(t.in).mood, PART_ILL);
			while (asked_for() == 0)
				fake_advance(100);
		}
		receive(1, ONE(TRAIL "a"));
		assert_int_equal(t.recovered, i);
	}
	assert_true(t.folded > 0);
	close_world();
}

static void
test_stop_while_backing_off(void **state)
{
	(void)state;
	open_world(10);
	intake_look(t.in);
	fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_RESET);
	intake_stop(t.in);
	fake_advance(60000);
	assert_int_equal(asked_for(), 0);
	close_world();
	/* And an error after it starts no back-off. */
	open_world(10);
	intake_look(t.in);
	intake_stop(t.in);
	fake_sqs_fail(fake_sqs_at(0), AWS_TRANSIENT, ERR_RESET);
	fake_advance(60000);
	assert_int_equal(asked_for(), 0);
	assert_int_equal(fake_next_timer(), -1);
	close_world();
}

static void
test_cancel(void **state)
{
	(void)state;
	open_world(10);
	intake_cancel(t.in);
	intake_look(t.in);
	intake_stop(t.in);
	intake_cancel(t.in);
	assert_false(intake_polling(t.in));
	assert_null(fake_sqs_nth(0));
	assert_int_equal(t.changed, 0);
	close_world();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_request),
	    cmocka_unit_test(test_part),
	    cmocka_unit_test(test_room_for_bytes),
	    cmocka_unit_test(test_wide_reply),
	    cmocka_unit_test(test_room_beside_parked_bytes),
	    cmocka_unit_test(test_leaving_take_places),
	    cmocka_unit_test(test_bodies),
	    cmocka_unit_test(test_gate),
	    cmocka_unit_test(test_backoff),
	    cmocka_unit_test(test_ask_one),
	    cmocka_unit_test(test_large_ones),
	    cmocka_unit_test(test_largest),
	    cmocka_unit_test(test_taken_in_later),
	    cmocka_unit_test(test_unread_counts),
	    cmocka_unit_test(test_failing_together),
	    cmocka_unit_test(test_starved_beside_a_probe),
	    cmocka_unit_test(test_stop_with_many),
	    cmocka_unit_test(test_empty_at_once),
	    cmocka_unit_test(test_stop),
	    cmocka_unit_test(test_stop_with_duplicate),
	    cmocka_unit_test(test_each_turn_is_told),
	    cmocka_unit_test(test_stop_while_backing_off),
	    cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
