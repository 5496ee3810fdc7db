#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "fake/fake_http.c"
#include "fake/fake_s3.c"
#include "fake/gzip.c"
#include "fake/quiet.h"
#include "flow/slots.h"
#include "trail/gunzip.h"

enum {
	OBJECTS = 8,
	RECORD_MAX = 256 * 1024,
	DELAY_MS = 1000,
	TURN = 64 * 1024,
};

/* An object, what is sent of it, and what came of it. */
struct feed {
	struct object object;
	char key[8];
	struct buf body;
	size_t sent, piece; /* so many bytes at a time; 0: random */
	unsigned records, left_out, opened, ended;
	bool whole, started, evicted;
	enum err err;
};

static struct {
	struct slots *slots;
	struct events *rules;
	struct pool *pool;
	struct batcher *batcher;
	struct dassana *dassana;
	struct delivery *delivery; /* what is sealed goes there; or NULL */
	struct judge judge;
	struct batch *sealed[512];
	size_t nsealed;
	size_t events, batches;
	struct feed feed[OBJECTS];
	/* Of the batches: owners, in the order of their events. */
	struct batch_run run[4096];
	size_t nruns;
} t;

static const char *rules = ""; /* of event_exclude */

static void
on_opened(void *arg, struct object *o, const struct s3_head *h, uint64_t number)
{
	struct feed *f = (struct feed *)o;

	assert_ptr_equal(arg, &t);
	assert_int_equal(number, events_now(t.rules));
	assert_string_equal(h->etag.p, "\"e\"");
	assert_int_equal(o->sliced, 0);
	f->opened++;
}

static void
on_left_out(
    void *arg, struct object *o, uint64_t index, enum slicer_cause cause)
{
	struct feed *f = (struct feed *)o;

	assert_ptr_equal(arg, &t);
	assert_int_equal(index, o->sliced + f->left_out);
	assert_int_equal(o->left_out, ++f->left_out);
	assert_int_equal(cause, SLICER_TOO_LONG);
}

static void
on_ended(void *arg, struct object *o, const struct object_end *e)
{
	struct feed *f = (struct feed *)o;

	assert_ptr_equal(arg, &t);
	assert_true(slots_vacant(t.slots));
	f->ended++;
	f->whole = e->whole;
	f->evicted = e->evicted;
	f->err = e->err;
	assert_int_equal(e->cause != NULL, e->err != ERR_OK);
}

static void
on_sealed(void *arg, struct batch *b)
{
	(void)arg;
	CHECK(t.nsealed < 512);
	t.events += batch_events(b);
	t.batches++;
	for (size_t i = 0; i < batch_nruns(b); i++) {
		CHECK(t.nruns < 4096);
		t.run[t.nruns++] = *batch_run_at(b, i);
	}
	if (t.delivery != NULL)
		delivery_submit(t.delivery, b, false);
	else
		t.sealed[t.nsealed++] = b;
}

static void
on_settled(void *arg, const struct delivery_settled *s)
{
	(void)arg;
	(void)s;
}

static void
on_progress(void *arg)
{
	(void)arg;
	slots_wake(t.slots);
}

static void
open_world(unsigned n, size_t pool_bytes, size_t batch_bytes)
{
	struct batcher_conf bc = {batch_bytes, 100000, DELAY_MS, 0};
	struct slots_conf sc = {.timers = fake_timers(),
	    .n = n,
	    .max_record_bytes = RECORD_MAX,
	    .events = events_new("", rules),
	    .opened = on_opened,
	    .left_out = on_left_out,
	    .ended = on_ended,
	    .arg = &t};

	memset(&t, 0, sizeof t);
	t.rules = sc.events;
	fake_begin();
	log_quiet();
	clock_seed(7);
	t.pool = pool_new(pool_bytes);
	t.batcher = batcher_new(fake_timers(), t.pool, &bc, on_sealed, NULL);
	sc.batcher = sc.lane = t.batcher;
	t.slots = slots_new(&sc);
}

static void
free_sealed(void)
{
	while (t.nsealed > 0)
		batch_free(&t.sealed[--t.nsealed]);
	slots_wake(t.slots);
}

static void
close_world(void)
{
	free_sealed();
	slots_free(&t.slots);
	assert_null(t.slots);
	assert_int_equal(fake_s3_open(), 0);
	batcher_free(&t.batcher);
	pool_free(&t.pool);
	events_free(&t.rules);
	for (size_t i = 0; i < OBJECTS; i++)
		buf_fini(&t.feed[i].body);
	log_set_sink(NULL, NULL);
	fake_end();
}

/* Object i of so many records of so many bytes each, and started. */
static struct feed *
start(size_t i, unsigned records, size_t each, bool gzip)
{
	struct feed *f = &t.feed[i];
	struct buf b;

	buf_init(&b, 1 << 28);
	buf_init(&f->body, 1 << 28);
	buf_str(&b, "{\"Records\":[");
	for (unsigned k = 0; k < records; k++) {
		buf_str(&b, k > 0 ? ",{\"a\":\"" : "{\"a\":\"");
		for (size_t n = 8; n < each; n++)
			buf_char(&b, (char)('a' + (n + k) % 26));
		buf_str(&b, "\"}");
	}
	buf_str(&b, "]}");
	if (gzip)
		gzip_member(&f->body, buf_view(&b), 6);
	else
		buf_span(&f->body, buf_view(&b));
	buf_fini(&b);
	f->records = records;
	snprintf(f->key, sizeof f->key, "k%zu", i);
	f->object.key = span_str(f->key);
	slots_start(t.slots, &f->object);
	return f;
}

/* One piece of one object, if it may have one; whether anything happened. */
static bool
feed(struct feed *f)
{
	struct span s = buf_view(&f->body);
	struct s3_get *g;
	size_t n = f->piece > 0 ? f->piece : 1 + clock_random(20000);

	if (f->records == 0 || f->ended > 0 || !fake_s3_is_open(f->key))
		return false;
	g = fake_s3_of(f->key);
	if (!f->started) {
		f->started = true;
		fake_s3_head(g, "\"e\"");
	}
	s.p += f->sent;
	s.n -= f->sent;
	if (s.n == 0 && !g->paused) {
		fake_s3_end(g);
		fake_run();
		return true;
	}
	if (n > s.n)
		n = s.n;
	n = fake_s3_feed(g, (struct span){s.p, n});
	f->sent += n;
	fake_run();
	return n > 0;
}

/* Until nothing moves any more. */
static void
feed_all(void)
{
	bool moved;

	do {
		moved = false;
		for (size_t i = 0; i < OBJECTS; i++)
			moved |= feed(&t.feed[i]);
	} while (moved);
}

static void
assert_whole(const struct feed *f)
{
	assert_int_equal(f->ended, 1);
	assert_int_equal(f->opened, 1);
	assert_true(f->whole);
	assert_int_equal(f->object.sliced, f->records);
}

static void
test_one(void **state)
{
	static const size_t pieces[] = {1, 7, 16384, 1 << 20, 0};

	(void)state;
	for (size_t i = 0; i < 10; i++) {
		open_world(1, 64 * POOL_PIECE, 1 << 20);
		assert_true(slots_vacant(t.slots));
		start(0, 100, 200, i % 2)->piece = pieces[i / 2];
		assert_false(slots_vacant(t.slots));
		feed_all();
		assert_whole(&t.feed[0]);
		batcher_seal(t.batcher);
		assert_int_equal(t.events, 100);
		close_world();
	}
}

/* Much comes out of few bytes: nobody has the loop for himself, and events of
 * those that run alternate. */
static void
test_turns(void **state)
{
	size_t longest = 0, last = 0;

	(void)state;
	open_world(3, 1024 * POOL_PIECE, 100 << 20);
	for (size_t i = 0; i < 3; i++)
		start(i, 2000, 1000, true)->piece = 1 << 20;
	/* Each gets all of its bytes at once. */
	feed_all();
	for (size_t i = 0; i < 3; i++)
		assert_whole(&t.feed[i]);
	batcher_seal(t.batcher);
	for (size_t i = 1; i < t.nruns; i++) {
		/* The first got a turn before the others had begun, and the
		 * last may have it all. */
		if (t.run[i].count > longest && i + 3 < t.nruns)
			longest = t.run[i].count;
		last = t.run[i].count;
	}
	assert_true(t.nruns > 6000 * 1000 / TURN / 2);
	assert_true(longest <= (TURN + GUNZIP_WINDOW) / 1000 + 1);
	assert_true(last > 0);
	close_world();
}

/* Every second record is left out: that costs neither a run nor a range of the
 * ledger each, however little room there is. */
static void
test_gaps(void **state)
{
	enum { RECORDS = 30000 };
	struct ledger *l = ledger_new(10);
	struct ledger_page *p =
	    ledger_open(l, SPAN("b"), SPAN("k0"), SPAN("e"), SPAN(""), 1);
	struct feed *f;

	(void)state;
	rules = "a=[acegikmoqsuwy]*";
	open_world(1, 6 * POOL_PIECE, POOL_PIECE);
	f = start(0, RECORDS, 11, false);
	for (unsigned round = 0; round < 100 && f->ended == 0; round++) {
		feed_all();
		batcher_seal(t.batcher);
		for (size_t i = 0; i < t.nsealed; i++) {
			for (size_t k = 0; k < batch_nruns(t.sealed[i]); k++) {
				const struct batch_run *r =
				    batch_run_at(t.sealed[i], k);
				uint64_t from = r->first - r->lead;

				/* They join, in whatever order. */
				ledger_note(p, from, batch_run_end(r) - from);
				assert_false(ledger_has(p, batch_run_end(r)));
				assert_true(ledger_has(p, 0));
				assert_true(
				    ledger_has(p, batch_run_end(r) - 1));
			}
		}
		free_sealed();
	}
	assert_whole(f);
	assert_int_equal(f->object.ruled_out, RECORDS / 2);
	assert_int_equal(f->object.settled, RECORDS / 2);
	assert_int_equal(t.events, RECORDS / 2);
	assert_true(t.nruns <= RECORDS / BATCH_RUN_PLACES + 1 + 2 * t.batches);
	close_world();
	rules = "";
	ledger_close(l, &p);
	ledger_free(&l);
}

/* No room: blocked, paused, and served in the order of coming. */
static void
test_room(void **state)
{
	size_t first[OBJECTS];
	unsigned order = 0, when[OBJECTS] = {0};
	int64_t choked_ms;

	(void)state;
	open_world(4, 5 * POOL_PIECE, POOL_PIECE);
	start(0, 3000, 200, false)->piece = 4096;
	feed_all();
	assert_int_equal(t.feed[0].ended, 0); /* it has filled the pool */
	for (size_t i = 1; i < 4; i++) {
		start(i, 10, 200, false)->piece = 4096;
		feed_all();
		assert_int_equal(t.feed[i].object.sliced, 0);
		first[i] = t.feed[0].object.sliced;
	}
	assert_int_equal(first[1], first[3]);
	choked_ms = slots_choked_ms(t.slots);
	fake_advance(700);
	assert_int_equal(slots_choked_ms(t.slots), choked_ms + 700);
	for (unsigned round = 0; round < 100 && order < 4; round++) {
		free_sealed();
		feed_all();
		fake_advance(DELAY_MS); /* what is open is sealed */
		for (unsigned i = 0; i < 4; i++) {
			if (when[i] == 0 && t.feed[i].ended > 0)
				when[i] = ++order;
		}
	}
	for (size_t i = 0; i < 4; i++)
		assert_whole(&t.feed[i]);
	choked_ms = slots_choked_ms(t.slots);
	fake_advance(700);
	assert_int_equal(slots_choked_ms(t.slots), choked_ms);
	/* The small ones did not wait for the end of the large one. */
	assert_true(when[0] > when[1] && when[0] > when[2]);
	close_world();
}

/* There is room again, but somebody has waited for it longer. */
static void
test_newcomer_stands_back(void **state)
{
	(void)state;
	open_world(2, 5 * POOL_PIECE, POOL_PIECE);
	start(0, 3000, 200, false)->piece = 4096;
	feed_all();
	assert_int_equal(t.feed[0].ended, 0);
	while (t.nsealed > 0)
		batch_free(&t.sealed[--t.nsealed]);
	start(1, 10, 200, false)->piece = 4096;
	feed_all();
	assert_int_equal(t.feed[1].object.sliced, 0);
	slots_wake(t.slots);
	feed_all();
	assert_true(t.feed[1].object.sliced > 0);
	close_world();
}

/* Who has had much leaves a quarter, and keeps nobody else from that. */
static void
test_large_ones_are_passed(void **state)
{
	(void)state;
	for (int large = 0; large < 2; large++) {
		size_t sliced;

		open_world(4, 64 * POOL_PIECE, POOL_PIECE);
		t.feed[0].object.large = large;
		start(0, 20000, 200, false)->piece = 4096;
		feed_all();
		assert_in_range(pool_left(t.pool), 14, 16);
		start(1, 5000, 200, false)->piece = 4096;
		feed_all();
		sliced = t.feed[1].object.sliced;
		assert_true(sliced > 0 && t.feed[1].ended == 0);
		while (pool_left(t.pool) < 14)
			batch_free(&t.sealed[--t.nsealed]);
		slots_wake(t.slots);
		feed_all();
		assert_true(t.feed[1].object.sliced > sliced);
		close_world();
	}
}

/* Who has the carry is done with it before it leaves room. */
static void
test_the_owner_of_the_carry_goes_on(void **state)
{
	void *taken[32];
	size_t n = 0;

	(void)state;
	open_world(4, 32 * POOL_PIECE, 1 << 20);
	t.feed[0].object.large = true;
	start(0, 3, 100 * 1024, false)->piece = 16384;
	for (int i = 0; i < 4; i++)
		assert_true(feed(&t.feed[0]));
	while (pool_left(t.pool) > 7)
		taken[n++] = pool_take(t.pool);
	feed_all();
	assert_int_equal(t.feed[0].object.sliced, 1);
	while (n > 0)
		pool_give(t.pool, taken[--n]);
	slots_wake(t.slots);
	feed_all();
	assert_whole(&t.feed[0]);
	close_world();
}

/* It needs more room than others, who let it have that after 2 s. */
static void
test_the_owner_of_the_carry_waits_for_two_seconds(void **state)
{
	void *taken[32];
	size_t n = 0, sliced;

	(void)state;
	open_world(4, 32 * POOL_PIECE, 1 << 20);
	start(0, 3, 100 * 1024, false)->piece = 16384;
	for (int i = 0; i < 4; i++)
		assert_true(feed(&t.feed[0]));
	while (pool_left(t.pool) > 3)
		taken[n++] = pool_take(t.pool);
	feed_all();
	start(1, 300, 200, false)->piece = 12 + 201;
	feed_all();
	slots_wake(t.slots);
	feed_all();
	sliced = t.feed[1].object.sliced;
	assert_true(sliced > 0);
	fake_advance(2000);
	free_sealed();
	feed_all();
	assert_int_equal(t.feed[1].object.sliced, sliced);
	while (n > 0)
		pool_give(t.pool, taken[--n]);
	slots_wake(t.slots);
	feed_all();
	assert_whole(&t.feed[0]);
	assert_whole(&t.feed[1]);
	close_world();
}

/* Records that need the one large carry, in several objects at once. */
static void
test_carry(void **state)
{
	(void)state;
	for (int gzip = 0; gzip < 2; gzip++) {
		open_world(4, 256 * POOL_PIECE, 1 << 20);
		start(0, 5, 100 * 1024, gzip)->piece = 5000;
		start(1, 5, RECORD_MAX - 10, gzip)->piece = 3000;
		start(2, 5, 70 * 1024, gzip)->piece = 1000;
		start(3, 500, 100, gzip)->piece = 100;
		feed_all();
		for (size_t i = 0; i < 4; i++)
			assert_whole(&t.feed[i]);
		close_world();
	}
}

/* Of those stored with gzip twice so many are read at once; whoever waits goes
 * on when one of them has ended, however that was. */
static void
test_packed_twice(void **state)
{
	(void)state;
	for (int way = 0; way < 2; way++) {
		size_t begun = 0;

		open_world(OBJECTS, 1024 * POOL_PIECE, 100 << 20);
		for (size_t i = 0; i < OBJECTS; i++) {
			struct feed *f = start(i, 3000, 1000, true);
			struct buf once = f->body;

			buf_init(&f->body, 1 << 28);
			gzip_member(&f->body, buf_view(&once), 0);
			buf_fini(&once);
			f->piece = f->body.n / 4;
		}
		for (size_t i = 0; i < 2 * OBJECTS; i++)
			(void)feed(&t.feed[i % OBJECTS]);
		for (size_t i = 0; i < OBJECTS; i++)
			begun += t.feed[i].object.sliced > 0;
		assert_int_equal(begun, SLOTS_LAYERS_MAX);
		for (size_t i = 0; i < SLOTS_LAYERS_MAX && way > 0; i++)
			fake_s3_fail(
			    fake_s3_of(t.feed[i].key), AWS_TRANSIENT, "");
		fake_run();
		feed_all();
		for (size_t i = 0; i < OBJECTS; i++)
			assert_true(t.feed[i].whole ||
				    (way > 0 && i < SLOTS_LAYERS_MAX));
		close_world();
	}
}

/* It asks for a second gunzip with its first piece. */
static void
pack_again(struct feed *f)
{
	struct buf once = f->body;

	buf_init(&f->body, 1 << 28);
	gzip_member(&f->body, buf_view(&once), 0);
	buf_fini(&once);
	f->piece = 100;
}

/* Those that are slow have all but one of them while others wait, and keep them
 * if there is no room. */
static void
test_slow_ones_packed_twice(void **state)
{
	(void)state;
	for (int choked = 0; choked < 2; choked++) {
		unsigned evicted = 0;

		open_world(OBJECTS, choked ? 4 * POOL_PIECE : 1024 * POOL_PIECE,
		    1 << 16);
		for (size_t i = 0; i <= SLOTS_LAYERS_MAX + 1; i++) {
			struct feed *f = start(i, 3000, 1000, true);

			pack_again(f);
			(void)feed(f);
			f->piece = f->body.n / 20;
		}
		for (int s = 0; s < 12; s++) {
			fake_advance(1000);
			for (size_t i = 0; i < SLOTS_LAYERS_MAX; i++)
				(void)feed(&t.feed[i]);
		}
		for (size_t i = 0; i < SLOTS_LAYERS_MAX; i++)
			evicted += t.feed[i].evicted;
		assert_int_equal(evicted, !choked);
		if (!choked) {
			feed_all();
			assert_true(t.feed[SLOTS_LAYERS_MAX].whole);
			assert_true(t.feed[SLOTS_LAYERS_MAX + 1].whole);
		}
		close_world();
	}
}

static void
test_carry_comes_back(void **state)
{
	(void)state;
	for (int way = 0; way < 3; way++) {
		struct s3_get *g;

		open_world(2, 256 * POOL_PIECE, 1 << 20);
		start(0, 1, 200 * 1024, false)->piece = 16384;
		for (int i = 0; i < 8; i++) /* 128 KiB of it */
			assert_true(feed(&t.feed[0]));
		start(1, 3, 200 * 1024, false)->piece = 16384;
		for (int i = 0; i < 20; i++)
			(void)feed(&t.feed[1]);
		assert_int_equal(t.feed[1].object.sliced, 0); /* it waits */
		g = fake_s3_of("k0");
		if (way == 0) {
			fake_s3_fail(g, AWS_TRANSIENT, "");
		} else if (way == 1) {
			fake_s3_end(g); /* truncated */
			assert_int_equal(t.feed[0].err, ERR_TRUNCATED);
		} else {
			feed_all();
			assert_whole(&t.feed[0]);
		}
		fake_run();
		feed_all();
		assert_whole(&t.feed[1]);
		close_world();
	}
}

/* Not JSON, cut off: the object fails, the slot is as new. */
static void
test_failures(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} rows[] = {
	    {"{\"Records\":[{\"a\":1}", ERR_TRUNCATED},
	    {"{\"Records\":[{\"a\":1}]}x", ERR_SYNTAX},
	    {"{\"Records\":1}", ERR_SHAPE},
	    {"\x1f\x8b\x08\x01 not gzip at all", ERR_CORRUPT},
	};

	(void)state;
	open_world(1, 64 * POOL_PIECE, 1 << 20);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct feed *f = &t.feed[0];

		buf_fini(&f->body);
		memset(f, 0, sizeof *f);
		(void)start(0, 1, 20, false);
		buf_reset(&f->body);
		buf_str(&f->body, rows[i].text);
		feed_all();
		assert_int_equal(f->ended, 1);
		assert_false(f->whole);
		if (f->err != rows[i].err)
			fail_msg("row %zu: %s", i, err_name(f->err));
		buf_fini(&f->body);
		memset(f, 0, sizeof *f);
		(void)start(0, 3, 20, false);
		feed_all();
		assert_whole(f);
	}
	buf_fini(&t.feed[0].body);
	memset(&t.feed[0], 0, sizeof t.feed[0]);
	close_world();
}

/* One after the other is too long: they are left out, also where two objects
 * want the one large carry, and the object is read to its end. */
static void
test_left_out(void **state)
{
	(void)state;
	for (int gzip = 0; gzip < 2; gzip++) {
		open_world(3, 256 * POOL_PIECE, 1 << 20);
		start(0, 3, RECORD_MAX + 1, gzip)->piece = 5000;
		start(1, 3, RECORD_MAX, gzip)->piece = 3000;
		start(2, 3, 3 * RECORD_MAX, gzip)->piece = 0;
		feed_all();
		for (size_t i = 0; i < 3; i++) {
			struct feed *f = &t.feed[i];

			assert_int_equal(f->left_out, i == 1 ? 0 : 3);
			f->records -= f->left_out;
			assert_whole(f);
		}
		close_world();
	}
}

/* The pool is as small as the configuration allows (1 MiB, two batches), there
 * are objects of all kinds, and what is sealed is given back only when nothing
 * moves: they all get to their end. */
static void
test_no_deadlock(void **state)
{
	(void)state;
	for (unsigned round = 0; round < 60; round++) {
		unsigned idle = 0, ended = 0;
		uint64_t records = 0;

		open_world(OBJECTS, (16 + round % 5) * POOL_PIECE,
		    (5 + round % 4) * POOL_PIECE);
		clock_seed(round + 1);
		for (size_t i = 0; i < OBJECTS; i++) {
			size_t each = clock_random(3) == 0
					  ? 60000 + clock_random(150000)
					  : 20 + clock_random(3000);

			records += start(i,
			    1 + (unsigned)clock_random(each > 50000 ? 5 : 400),
			    each, clock_random(2) == 0)
				       ->records;
		}
		while (ended < OBJECTS && idle < 2000) {
			feed_all();
			if (t.nsealed > 0)
				free_sealed();
			else
				fake_advance(DELAY_MS);
			idle++;
			ended = 0;
			for (size_t i = 0; i < OBJECTS; i++)
				ended += t.feed[i].ended;
		}
		if (ended < OBJECTS)
			fail_msg("round %u: %u of them ended", round, ended);
		for (size_t i = 0; i < OBJECTS; i++)
			assert_whole(&t.feed[i]);
		batcher_seal(t.batcher);
		assert_int_equal(t.events, records);
		close_world();
	}
}

/* Nobody has a slot for long without getting anything, while others can. */
static void
test_slow(void **state)
{
	(void)state;
	open_world(4, 64 * POOL_PIECE, 1 << 20);
	for (size_t i = 0; i < 4; i++)
		start(i, 300, 100, false)->piece = i == 0 ? 8192 : 1;
	for (int i = 0; i < 40; i++) {
		fake_advance(100);
		/* The first brings enough. */
		for (size_t k = 0; k < 4 && (i % 10 == 0 || k > 0); k++)
			(void)feed(&t.feed[k]);
	}
	assert_false(t.feed[0].object.large);
	for (size_t i = 1; i < 4; i++)
		assert_true(t.feed[i].object.large);
	assert_false(slots_take_large(t.slots));
	feed_all();
	assert_whole(&t.feed[0]);
	close_world();

	/* Beyond three quarters they make room. */
	open_world(4, 64 * POOL_PIECE, 1 << 20);
	for (size_t i = 0; i < 4; i++)
		start(i, 300, 100, false)->piece = 1;
	for (int i = 0; i < 40; i++)
		fake_advance(100);
	assert_true(slots_vacant(t.slots));
	assert_true(t.feed[3].evicted);
	close_world();
}

/* What takes long is large, be it that it brings much or only lasts. */
static void
test_turns_large(void **state)
{
	static const struct {
		size_t piece;
		int seconds;
		bool large;
	} rows[] = {
	    {16384, 9, false},
	    {16384, 10, true},
	    {1 << 20, 7, false},
	    {1 << 20, 8, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		open_world(4, 512 * POOL_PIECE, 1 << 20);
		start(0, 10000, 1000, false)->piece = rows[i].piece;
		for (int s = 0; s < rows[i].seconds; s++) {
			assert_false(t.feed[0].object.large);
			for (size_t end = t.feed[0].sent + rows[i].piece;
			     t.feed[0].sent < end;) {
				t.feed[0].piece = end - t.feed[0].sent;
				assert_true(feed(&t.feed[0]));
			}
			fake_advance(1000);
			free_sealed();
		}
		assert_int_equal(t.feed[0].object.large, rows[i].large);
		close_world();
	}
}

/* Likewise who waits for the carry. */
static void
test_turns_large_without_the_carry(void **state)
{
	(void)state;
	open_world(4, 64 * POOL_PIECE, 1 << 20);
	for (size_t i = 0; i < 2; i++)
		start(i, 3, 100 * 1024, false)->piece = 4096;
	for (int s = 0; s < 3; s++) {
		for (size_t i = 0; i < 16; i++)
			(void)feed(&t.feed[i / 8]);
		fake_advance(1000);
	}
	assert_false(t.feed[0].object.large);
	assert_true(t.feed[1].object.large);
	close_world();
}

/* Less than 1 KiB/s for a minute, and it has failed. */
static void
test_too_slow(void **state)
{
	(void)state;
	for (size_t each = 900; each <= 1100; each += 200) {
		open_world(4, 64 * POOL_PIECE, 1 << 20);
		start(0, 2000, 100, false)->piece = each;
		for (int s = 0; s < 200 && t.feed[0].ended == 0; s++) {
			assert_true(each > 1024 || s <= 60);
			assert_true(feed(&t.feed[0]));
			fake_advance(1000);
			free_sealed();
		}
		assert_int_equal(t.feed[0].whole, each > 1024);
		assert_false(t.feed[0].evicted);
		close_world();
	}
}

/* That we let it wait is not its fault. */
static void
test_paused_is_not_slow(void **state)
{
	(void)state;
	open_world(4, 5 * POOL_PIECE, POOL_PIECE);
	start(0, 3000, 200, false)->piece = 4096;
	feed_all();
	fake_advance(600 * 1000);
	assert_int_equal(t.feed[0].ended, 0);
	while (t.nsealed > 0) {
		free_sealed();
		feed_all();
		fake_advance(DELAY_MS);
	}
	assert_whole(&t.feed[0]);
	close_world();
}

static void
open_delivery(unsigned concurrency)
{
	struct delivery_conf dc = {.concurrency = concurrency,
	    .backoff_base_ms = 500,
	    .backoff_max_ms = 30000,
	    .batch_max_bytes = 1 << 20,
	    .judge = &t.judge,
	    .settled = on_settled,
	    .progress = on_progress};

	t.dassana = dassana_new(fake_http(),
	    &(struct dassana_conf){.endpoint = "http://dassana.example/",
		.app_id = "app",
		.token = "token",
		.doc_count = DOC_COUNT_IGNORED});
	t.delivery = delivery_new(fake_timers(), t.dassana, &dc);
}

/* What takes long does not put its batches before everybody's. */
static void
open_before_dassana(unsigned n)
{
	struct slots_conf sc = {.n = n,
	    .max_record_bytes = RECORD_MAX,
	    .opened = on_opened,
	    .left_out = on_left_out,
	    .ended = on_ended,
	    .arg = &t};

	open_world(n, 256 * POOL_PIECE, POOL_PIECE);
	slots_free(&t.slots);
	open_delivery(2);
	sc.timers = fake_timers();
	sc.batcher = sc.lane = t.batcher;
	sc.delivery = t.delivery;
	t.slots = slots_new(&sc);
}

static struct feed *
open_crowded(void)
{
	struct feed *large;

	open_before_dassana(2);
	t.feed[0].object.large = true;
	large = start(0, 300, 12 * 1024, false);
	large->piece = 16384;
	feed_all();
	assert_true(delivery_crowded(t.delivery));
	return large;
}

static void
close_crowded(void)
{
	delivery_free(&t.delivery);
	dassana_free(&t.dassana);
	close_world();
}

static void
test_crowded(void **state)
{
	struct feed *large = open_crowded(), *small;
	unsigned posts = 0;

	(void)state;
	assert_in_range(t.nruns, 4, 5);
	small = start(1, 10, 200, false);
	small->piece = 16384;
	feed_all();
	assert_whole(small);
	for (; large->ended == 0; posts++) {
		fake_reply(fake_http_expect(), 200, NULL, SPAN("{}"));
		fake_run();
		feed_all();
		assert_in_range(delivery_stats(t.delivery).waiting, 0, 3);
	}
	assert_whole(large);
	assert_true(posts >= 50);
	close_crowded();
}

/* Nor does it wait for batches that fail while others are taken. */
static void
test_crowded_by_failures(void **state)
{
	struct feed *large = open_crowded();
	unsigned failed = 0, posts = 0;
	struct request *r;

	(void)state;
	while ((r = fake_http_next()) != NULL) {
		bool fails = ++posts % 2 == 0 && failed < 10;

		failed += fails;
		fake_reply(r, fails ? 500 : 200, NULL, SPAN("{}"));
		fake_run();
		feed_all();
	}
	assert_int_equal(failed, 10);
	assert_whole(large);
	close_crowded();
}

/* Nor does who is small and stored with gzip twice wait for the end of large
 * ones that are too: there is room, and they leave it to others. */
static void
test_crowded_by_those_packed_twice(void **state)
{
	struct feed *small = &t.feed[SLOTS_LAYERS_MAX];
	unsigned evicted = 0, posts = 0;

	(void)state;
	open_before_dassana(OBJECTS);
	for (size_t i = 0; i <= SLOTS_LAYERS_MAX; i++) {
		bool is_small = i == SLOTS_LAYERS_MAX;
		struct feed *f = start(i, is_small ? 10 : 3000, 1000, true);

		pack_again(f);
		(void)feed(f);
		f->piece = f->body.n;
	}
	for (int s = 0; s < 12; s++) {
		feed_all();
		fake_advance(1000);
	}
	assert_true(delivery_crowded(t.delivery));
	for (; small->ended == 0 && posts < 100; posts++) {
		fake_reply(fake_http_expect(), 200, NULL, SPAN("{}"));
		fake_run();
		feed_all();
	}
	assert_whole(small);
	for (size_t i = 0; i < SLOTS_LAYERS_MAX; i++) {
		assert_int_equal(t.feed[i].ended, t.feed[i].evicted);
		evicted += t.feed[i].evicted;
	}
	assert_int_equal(evicted, 1);
	close_crowded();
}

/* In every state, and silence. */
static void
test_cancel(void **state)
{
	(void)state;
	for (unsigned k = 0; k < 40; k++) {
		open_world(4, 8 * POOL_PIECE, POOL_PIECE);
		start(0, 2000, 300, true)->piece = 1 << 20;
		start(1, 5, 150 * 1024, false);
		start(2, 5, 150 * 1024, false);
		start(3, 2000, 300, false);
		for (unsigned i = 0; i < k; i++)
			(void)feed(&t.feed[i % 4]);
		slots_cancel(t.slots);
		assert_true(slots_vacant(t.slots));
		assert_int_equal(fake_s3_open(), 0);
		for (size_t i = 0; i < 4; i++)
			assert_true(t.feed[i].ended == 0 || t.feed[i].whole);
		/* They can be used again. */
		(void)start(4, 3, 50, true);
		batcher_seal(t.batcher);
		free_sealed();
		feed_all();
		assert_whole(&t.feed[4]);
		close_world();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_one),
	    cmocka_unit_test(test_turns),
	    cmocka_unit_test(test_gaps),
	    cmocka_unit_test(test_room),
	    cmocka_unit_test(test_newcomer_stands_back),
	    cmocka_unit_test(test_large_ones_are_passed),
	    cmocka_unit_test(test_the_owner_of_the_carry_goes_on),
	    cmocka_unit_test(test_the_owner_of_the_carry_waits_for_two_seconds),
	    cmocka_unit_test(test_carry),
	    cmocka_unit_test(test_packed_twice),
	    cmocka_unit_test(test_slow_ones_packed_twice),
	    cmocka_unit_test(test_carry_comes_back),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_left_out),
	    cmocka_unit_test(test_no_deadlock),
	    cmocka_unit_test(test_slow),
	    cmocka_unit_test(test_turns_large),
	    cmocka_unit_test(test_turns_large_without_the_carry),
	    cmocka_unit_test(test_too_slow),
	    cmocka_unit_test(test_paused_is_not_slow),
	    cmocka_unit_test(test_crowded),
	    cmocka_unit_test(test_crowded_by_failures),
	    cmocka_unit_test(test_crowded_by_those_packed_twice),
	    cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
