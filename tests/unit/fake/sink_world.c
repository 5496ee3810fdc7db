/*
 * Deliveries of numbered events to a scripted Dassana, on the virtual clock of
 * fake_http.c. Include it in a test. What holds always is asserted always: an
 * event is settled once; as taken only if a body with it was answered so; of
 * suspects, as refused only if it was refused (or failed) by itself; of others,
 * as refused only if one of its run was to blame.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fake_http.c"
#include "sink/batcher.h"
#include "sink/delivery.h"
#include "sink/zstream.h"

enum {
	EVENTS_MAX = 20000,
	KIB = 1024,
	MIB = 1024 * KIB,
	LOG_MAX = 64 * MIB,
	UNREACHED = -1, /* no status: there was no connection */
};

struct event {
	unsigned batch;
	bool settled, in_taken_body;
	enum delivery_outcome outcome;
	unsigned alone; /* failed or refused so often by itself */
	unsigned takes; /* of the world, the first time */
	bool refused;	/* by itself */
	bool bad;	/* answered 400 */
	bool poison;	/* answered 500 */
	bool suspect;
};

static struct {
	struct pool *pool;
	struct batcher *batcher;
	struct dassana *dassana;
	struct delivery *delivery;
	struct judge judge;
	int level;
	bool suspects; /* what is submitted from now on is such */
	struct event event[EVENTS_MAX];
	uint64_t nevents, nsealed;
	unsigned nbatches;
	bool batch_taken[EVENTS_MAX];
	unsigned takes, posts, settled, progress;
	size_t limit_bytes; /* of Dassana: more is answered 413 */
	int all;	    /* the status that it answers to all, or 0 */
	int poison_status;  /* to those with a poisonous one; 0: 500 */
	int bad_status;	    /* to those that have a bad event; 0: 400 */
	struct buf log;
} w;

static size_t event_max; /* bytes; 0: as much as a batch */

static void
on_log(void *arg, struct span line)
{
	(void)arg;
	buf_span(&w.log, line);
}

static unsigned __attribute__((unused)) logged(const char *what)
{
	char want[80];
	unsigned n = 0;
	const char *at = buf_cstr(&w.log);

	snprintf(want, sizeof want, "event=%s", what);
	for (; (at = strstr(at, want)) != NULL; at++)
		n++;
	return n;
}

static void
on_sealed(void *arg, struct batch *b)
{
	(void)arg;
	for (size_t i = 0; i < batch_events(b); i++) {
		w.event[w.nsealed].suspect = w.suspects;
		w.event[w.nsealed++].batch = w.nbatches;
	}
	w.nbatches++;
	delivery_submit(w.delivery, b, w.suspects);
}

static void
settle(struct event *e, const struct delivery_settled *s)
{
	assert_false(e->settled);
	e->settled = true;
	e->outcome = s->outcome;
	w.settled++;
	if (s->outcome == DELIVERY_TAKEN)
		assert_true(e->in_taken_body);
	if (s->outcome == DELIVERY_UNTRIED)
		assert_false(s->alone);
	if (s->outcome != DELIVERY_REFUSED)
		return;
	assert_int_equal(s->alone, s->run.count == 1 && e->alone > 0);
	if (e->suspect)
		assert_true(e->alone > 0);
}

static void
on_settled(void *arg, const struct delivery_settled *s)
{
	struct event *from = (struct event *)s->run.owner + s->run.first;

	(void)arg;
	assert_true(s->run.count > 0);
	assert_int_equal(s->why != NULL, s->outcome == DELIVERY_REFUSED);
	/* An owner is where a run of events begins. */
	for (uint64_t i = 0; i < s->run.count; i++)
		settle(&from[i], s);
}

static void
on_progress(void *arg)
{
	(void)arg;
	w.progress++;
	batcher_limit(w.batcher, delivery_limit(w.delivery));
}

static void
open_world(int level, unsigned concurrency, size_t batch_max, size_t pool)
{
	struct dassana_conf dassana = {
	    .endpoint = "http://dassana.example/",
	    .app_id = "app",
	    .token = "token",
	    .post_timeout_ms = 60000,
	    .gzip = level > 0,
	    /* Else the first POST has one event. */
	    .doc_count = DOC_COUNT_IGNORED,
	};
	struct delivery_conf conf = {
	    .concurrency = concurrency,
	    .backoff_base_ms = 500,
	    .backoff_max_ms = 30000,
	    .gzip_level = level,
	    .batch_max_bytes = batch_max,
	    .event_max_bytes = event_max > 0 ? event_max : batch_max,
	    .judge = &w.judge,
	    .settled = on_settled,
	    .progress = on_progress,
	};
	struct batcher_conf bc = {batch_max, EVENTS_MAX, 1000, level};

	memset(&w, 0, sizeof w);
	w.limit_bytes = SIZE_MAX;
	w.level = level;
	fake_begin();
	buf_init(&w.log, LOG_MAX);
	log_set_sink(on_log, NULL);
	log_set_level(LOG_LVL_INFO);
	w.pool = pool_new(pool);
	w.batcher = batcher_new(fake_timers(), w.pool, &bc, on_sealed, NULL);
	w.dassana = dassana_new(fake_http(), &dassana);
	w.delivery = delivery_new(fake_timers(), w.dassana, &conf);
}

static void
close_world(void)
{
	delivery_free(&w.delivery);
	for (uint64_t i = 0; i < w.nevents; i++)
		assert_true(w.event[i].settled);
	dassana_free(&w.dassana);
	batcher_free(&w.batcher);
	assert_int_equal(pool_left(w.pool), pool_total(w.pool));
	pool_free(&w.pool);
	log_set_sink(NULL, NULL); /* it is still given what was held back */
	assert_int_equal(w.log.err, ERR_OK);
	buf_fini(&w.log);
	fake_end();
}

/* False if there is no room for it. */
static bool
add_event(size_t bytes)
{
	struct buf b;
	uint64_t id = w.nevents;
	bool room;

	buf_init(&b, 64 * MIB);
	buf_printf(&b, "{\"e\":%llu,\"p\":\"", (unsigned long long)id);
	while (b.n + 2 < bytes)
		buf_char(&b, (char)('a' + clock_random(26)));
	buf_str(&b, "\"}");
	room = batcher_room(w.batcher, b.n);
	assert_true(id < EVENTS_MAX);
	if (room) {
		/* Every 7 events another owner. */
		w.nevents++;
		batcher_add(w.batcher, &w.event[id - id % 7], id % 7, 0,
		    buf_view(&b), SPAN(""));
	}
	buf_fini(&b);
	return room;
}

/* One batch of n events; the number of the first. */
static uint64_t
submit(unsigned n)
{
	uint64_t first = w.nevents;

	batcher_seal(w.batcher);
	for (unsigned i = 0; i < n; i++)
		assert_true(add_event(40));
	batcher_seal(w.batcher);
	return first;
}

/* ---- Dassana ---- */

struct body {
	struct buf text;
	uint64_t *id;
	size_t n;
	bool bad, poison;
};

static void
inflate_text(struct span s, struct buf *out)
{
	char chunk[16 * KIB];
	z_stream z;
	int rc;

	zstream_inflate(&z);
	zstream_input(&z, s);
	do {
		z.next_out = (Bytef *)chunk;
		z.avail_out = sizeof chunk;
		rc = inflate(&z, Z_NO_FLUSH);
		assert_true(rc == Z_OK || rc == Z_STREAM_END);
		buf_add(out, chunk, sizeof chunk - z.avail_out);
	} while (rc == Z_OK);
	assert_int_equal(z.avail_in, 0);
	inflateEnd(&z);
}

static void
read_body(struct request *r, struct body *b)
{
	struct span text;

	*b = (struct body){0};
	buf_init(&b->text, 64 * MIB);
	if (w.level > 0)
		inflate_text(fake_body(r), &b->text);
	else
		buf_span(&b->text, fake_body(r));
	text = buf_view(&b->text);
	assert_true(text.n > 0 && text.p[text.n - 1] == '\n');
	b->id = mem_alloc(text.n);
	while (text.n > 0) {
		struct span line = span_cut(&text, '\n');
		uint64_t id;

		(void)span_cut(&line, ':');
		assert_int_equal(
		    span_u64(span_cut(&line, ','), 0, w.nevents - 1, &id), 0);
		assert_false(w.event[id].settled);
		/* In order, none left out. */
		assert_true(b->n == 0 || b->id[b->n - 1] < id);
		b->bad |= w.event[id].bad;
		b->poison |= w.event[id].poison;
		b->id[b->n++] = id;
	}
}

static void
free_body(struct body *b)
{
	buf_fini(&b->text);
	mem_free(b->id);
}

/* Answers, and notes what that says about the events. */
static void
answer_body(
    struct request *r, const struct body *b, int status, const char *head)
{
	char reply[64];

	snprintf(reply, sizeof reply, "{\"docCount\":%zu}", b->n);
	w.posts++;
	if (status == 200) {
		w.takes++;
		w.batch_taken[w.event[b->id[0]].batch] = true;
		for (size_t i = 0; i < b->n; i++)
			w.event[b->id[i]].in_taken_body = true;
	} else if (b->n == 1) {
		struct event *e = &w.event[b->id[0]];

		e->refused |= status == 400 || status == 413 || status == 422;
		if (e->alone++ == 0)
			e->takes = w.takes;
	}
	if (status == UNREACHED)
		fake_fail(r, ERR_CONNECT);
	else
		fake_reply(
		    r, status, head, span_str(status == 200 ? reply : "no"));
	fake_run();
}

static int
verdict_on(const struct body *b)
{
	if (w.all != 0)
		return w.all;
	if (b->text.n > w.limit_bytes)
		return 413;
	if (b->poison)
		return w.poison_status != 0 ? w.poison_status : 500;
	if (b->bad && w.bad_status != 0)
		return w.bad_status;
	return b->bad ? 400 : 200;
}

/* Answers one request by the rules; how many events it had. */
static size_t
serve(size_t i)
{
	struct request *r = fake_http_nth(i);
	struct body b;
	size_t n;

	assert_non_null(r);
	read_body(r, &b);
	n = b.n;
	answer_body(r, &b, verdict_on(&b), NULL);
	free_body(&b);
	return n;
}

static void __attribute__((unused))
answer(size_t i, int status, const char *head)
{
	struct request *r = fake_http_nth(i);
	struct body b;

	assert_non_null(r);
	read_body(r, &b);
	answer_body(r, &b, status, head);
	free_body(&b);
}

/* Serves all that comes without waiting. */
static void
serve_now(void)
{
	fake_run();
	while (fake_http_open() > 0)
		(void)serve(0);
}

/* Serves for so long. */
static void __attribute__((unused)) serve_for(int64_t ms)
{
	for (serve_now(); ms > 0; serve_now()) {
		int64_t next = fake_next_timer();

		if (next < 0 || next > ms)
			next = ms;
		next = next > 0 ? next : 1;
		fake_advance(next);
		ms -= next;
	}
}

/* How many events came out so. */
static uint64_t __attribute__((unused)) count(enum delivery_outcome outcome)
{
	uint64_t n = 0;

	for (uint64_t i = 0; i < w.nevents; i++)
		n += w.event[i].settled && w.event[i].outcome == outcome;
	return n;
}

/* Every event is settled, the bad and poisonous as refused, no other. */
static void __attribute__((unused)) assert_all_right(void)
{
	assert_true(delivery_idle(w.delivery));
	for (uint64_t i = 0; i < w.nevents; i++) {
		const struct event *e = &w.event[i];

		assert_true(e->settled);
		assert_int_equal(e->outcome,
		    e->bad || e->poison ? DELIVERY_REFUSED : DELIVERY_TAKEN);
	}
}
