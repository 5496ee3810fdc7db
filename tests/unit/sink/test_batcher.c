#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "fake/fake_http.c"
#include "sink/batcher.h"

enum {
	KIB = 1024,
	MIB = 1024 * KIB,
	SEALED_MAX = 4096,
	PLAIN_MAX = 64 * MIB,
};

static struct {
	struct pool *pool;
	struct batcher *batcher;
	struct batch *sealed[SEALED_MAX];
	size_t nsealed;
} w;

static void
on_sealed(void *arg, struct batch *b)
{
	assert_ptr_equal(arg, &w);
	assert_true(w.nsealed < SEALED_MAX);
	w.sealed[w.nsealed++] = b;
}

static void
open_world(size_t pool_bytes, struct batcher_conf conf)
{
	memset(&w, 0, sizeof w);
	fake_begin();
	w.pool = pool_new(pool_bytes);
	w.batcher = batcher_new(fake_timers(), w.pool, &conf, on_sealed, &w);
}

static void
drop_sealed(void)
{
	for (size_t i = 0; i < w.nsealed; i++)
		batch_free(&w.sealed[i]);
	w.nsealed = 0;
}

static void
close_world(void)
{
	drop_sealed();
	batcher_free(&w.batcher);
	assert_null(w.batcher);
	assert_int_equal(pool_left(w.pool), pool_total(w.pool));
	pool_free(&w.pool);
	fake_end();
}

/* The body as plain text. */
static struct buf
plain_of(const struct batch *b, int level)
{
	struct buf out;
	size_t n, total = 0;
	const struct span *part = batch_body(b, &n);
	char chunk[4096];
	z_stream z = {0};
	int rc = Z_OK;

	buf_init(&out, PLAIN_MAX);
	assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
	for (size_t i = 0; i < n; i++) {
		assert_true(part[i].n > 0 && part[i].n <= POOL_PIECE);
		total += part[i].n;
		if (level == 0) {
			buf_span(&out, part[i]);
			continue;
		}
		z.next_in = (Bytef *)(uintptr_t)part[i].p;
		z.avail_in = (uInt)part[i].n;
		do {
			z.next_out = (Bytef *)chunk;
			z.avail_out = sizeof chunk;
			rc = inflate(&z, Z_NO_FLUSH);
			assert_true(rc == Z_OK || rc == Z_STREAM_END ||
				    rc == Z_BUF_ERROR);
			buf_add(&out, chunk, sizeof chunk - z.avail_out);
		} while (z.avail_out == 0);
		assert_int_equal(z.avail_in, 0);
	}
	if (level > 0)
		assert_int_equal(rc, Z_STREAM_END);
	inflateEnd(&z);
	assert_int_equal(total, batch_body_bytes(b));
	assert_int_equal(out.n, batch_plain_bytes(b));
	return out;
}

static void
assert_batch(const struct batch *b, int level, const char *text)
{
	struct buf plain = plain_of(b, level);

	assert_string_equal(buf_cstr(&plain), text);
	buf_fini(&plain);
}

static void
add(void *owner, uint64_t index, const char *text)
{
	struct span s = span_str(text);
	struct span head = {s.p, s.n / 2};
	struct span tail = {s.p + head.n, s.n - head.n};

	assert_true(batcher_room(w.batcher, s.n));
	batcher_add(w.batcher, owner, index, 0, head, tail);
}

static void
bytes_come_out_as_they_went_in(void **state)
{
	(void)state;
	for (int level = 0; level <= 9; level++) {
		open_world(8 * POOL_PIECE,
		    (struct batcher_conf){100000, 1000, 5000, level});
		for (int round = 0; round < 3; round++) {
			add(&w, 0, "{\"a\":1.0}");
			add(&w, 1, "{}");
			add(&w, 2, "{\"b\":\"\\u00e4\"}");
			assert_int_equal(batcher_open_events(w.batcher), 3);
			assert_int_equal(w.nsealed, (size_t)round);
			batcher_seal(w.batcher);
			batcher_seal(w.batcher);
			assert_int_equal(batcher_open_events(w.batcher), 0);
			assert_int_equal(w.nsealed, (size_t)round + 1);
			assert_int_equal(batch_id(w.sealed[round]), round + 1);
			assert_int_equal(batch_events(w.sealed[round]), 3);
			assert_batch(w.sealed[round], level,
			    "{\"a\":1.0}\n{}\n{\"b\":\"\\u00e4\"}\n");
		}
		close_world();
	}
}

static void
an_open_batch_is_dropped(void **state)
{
	(void)state;
	open_world(8 * POOL_PIECE, (struct batcher_conf){1000, 10, 5000, 1});
	add(&w, 0, "{}");
	close_world();
	assert_int_equal(w.nsealed, 0);
}

/* Who remembers a batch knows it by its number, also where another has come to
 * lie at its place. */
static void
batches_of_two_batchers_differ(void **state)
{
	struct batcher_conf conf = {1000, 1, 5000, 1};
	struct batcher *first;

	(void)state;
	open_world(8 * POOL_PIECE, conf);
	add(&w, 0, "{}");
	first = w.batcher;
	w.batcher = batcher_new(fake_timers(), w.pool, &conf, on_sealed, &w);
	add(&w, 0, "{}");
	assert_int_equal(w.nsealed, 2);
	assert_int_not_equal(batch_id(w.sealed[0]), batch_id(w.sealed[1]));
	batcher_free(&first);
	close_world();
}

/* Two lines of 10 bytes, then a last one. A batch is full when no event of 2
 * bytes and its newline would fit any more. */
static void
limit_of_bytes(void **state)
{
	static const struct {
		size_t max;
		const char *last;
		size_t sealed, in_first;
	} rows[] = {
	    {33, "123456789", 0, 0},
	    {32, "123456789", 1, 3},
	    {30, "123456789", 1, 3},
	    {29, "123456789", 1, 2},
	    {23, "12", 1, 3},
	    {22, "12", 1, 2},
	    {20, "12", 1, 2},
	    {19, "12", 1, 1},
	    {12, "12", 2, 1},
	    {9, "12", 2, 1},
	    {1, "12", 3, 1},
	    {25, "123456789012345678901234", 2, 2},
	    {25, "1234567890123456789012345678", 2, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		open_world(64 * POOL_PIECE,
		    (struct batcher_conf){rows[i].max, 1000, 5000, 1});
		add(&w, 0, "123456789");
		add(&w, 1, "abcdefghi");
		add(&w, 2, rows[i].last);
		assert_int_equal(w.nsealed, rows[i].sealed);
		if (w.nsealed > 0)
			assert_int_equal(
			    batch_events(w.sealed[0]), rows[i].in_first);
		for (size_t k = 0; k < w.nsealed; k++)
			assert_true(
			    batch_plain_bytes(w.sealed[k]) <= rows[i].max ||
			    batch_events(w.sealed[k]) == 1);
		close_world();
	}
}

static void
limit_of_events(void **state)
{
	static const struct {
		size_t max, added, sealed;
	} rows[] = {
	    {1, 1, 1},
	    {1, 2, 2},
	    {2, 1, 0},
	    {2, 2, 1},
	    {2, 3, 1},
	    {5, 4, 0},
	    {5, 5, 1},
	    {5, 6, 1},
	    {5, 10, 2},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		open_world(32 * POOL_PIECE,
		    (struct batcher_conf){100000, rows[i].max, 5000, 1});
		for (size_t k = 0; k < rows[i].added; k++)
			add(&w, k, "{}");
		assert_int_equal(w.nsealed, rows[i].sealed);
		for (size_t k = 0; k < w.nsealed; k++)
			assert_int_equal(
			    batch_events(w.sealed[k]), rows[i].max);
		close_world();
	}
}

/* Thousands of tiny events in one grant, one event a batch, and a pool that
 * could never hold that many batches: the limit gives way, nothing else. */
static void
limit_of_events_yields_to_a_small_pool(void **state)
{
	char line[16 * KIB];
	size_t events = 0, limited = 0;

	(void)state;
	open_world(
	    6 * POOL_PIECE, (struct batcher_conf){100 * KIB, 1, 5000, 1});
	memset(line, 'x', sizeof line);
	assert_true(batcher_room(w.batcher, sizeof line));
	for (uint64_t i = 0; i < sizeof line / 2; i++)
		batcher_add(w.batcher, &w, i, 0, (struct span){line, 2},
		    (struct span){NULL, 0});
	batcher_seal(w.batcher);
	assert_int_not_equal(w.nsealed, 0);
	for (size_t k = 0; k < w.nsealed; k++) {
		events += batch_events(w.sealed[k]);
		limited += batch_events(w.sealed[k]) == 1;
	}
	assert_int_equal(events, sizeof line / 2);
	assert_int_not_equal(limited, 0); /* it was kept while it could be */
	close_world();
}

static void
age_counts_from_the_first_event(void **state)
{
	(void)state;
	open_world(32 * POOL_PIECE, (struct batcher_conf){1000, 3, 5000, 1});
	fake_advance(20000);
	assert_int_equal(w.nsealed, 0);
	add(&w, 0, "{}");
	fake_advance(4000);
	add(&w, 1, "{}");
	fake_advance(999);
	assert_int_equal(w.nsealed, 0);
	fake_advance(1);
	assert_int_equal(w.nsealed, 1);
	assert_int_equal(batch_events(w.sealed[0]), 2);
	/* A batch that was sealed otherwise takes its age with it. */
	for (uint64_t i = 2; i < 5; i++)
		add(&w, i, "{}");
	assert_int_equal(w.nsealed, 2);
	fake_advance(4999);
	add(&w, 5, "{}");
	fake_advance(4999);
	assert_int_equal(w.nsealed, 2);
	fake_advance(1);
	assert_int_equal(w.nsealed, 3);
	close_world();
}

static void
assert_run(size_t i, void *owner, uint64_t first, uint32_t count)
{
	const struct batch_run *r = batch_run_at(w.sealed[0], i);

	assert_ptr_equal(r->owner, owner);
	assert_int_equal(r->first, first);
	assert_int_equal(r->count, count);
}

static void
runs_merge_what_follows(void **state)
{
	int a, b;

	(void)state;
	open_world(8 * POOL_PIECE, (struct batcher_conf){1000, 100, 5000, 1});
	add(&a, 7, "{}");
	add(&a, 8, "{}");
	add(&b, 9, "{}"); /* another owner */
	add(&a, 9, "{}");
	add(&a, 10, "{}");
	add(&a, 12, "{}"); /* a gap */
	add(&a, 12, "{}"); /* the same again */
	batcher_seal(w.batcher);
	assert_int_equal(batch_nruns(w.sealed[0]), 5);
	assert_run(0, &a, 7, 2);
	assert_run(1, &b, 9, 1);
	assert_run(2, &a, 9, 2);
	assert_run(3, &a, 12, 1);
	assert_run(4, &a, 12, 1);
	close_world();
}

/* Across the end of a piece of runs. */
static void
runs_have_room(void **state)
{
	enum { N = 2 * (POOL_PIECE / sizeof(struct batch_run)) + 1 };
	static char owner[N];

	(void)state;
	open_world(
	    16 * POOL_PIECE, (struct batcher_conf){100 * KIB, N + 1, 5000, 1});
	for (size_t i = 0; i < N; i++)
		add(&owner[i], i, "{}");
	batcher_seal(w.batcher);
	assert_int_equal(batch_nruns(w.sealed[0]), N);
	for (size_t i = 0; i < N; i++)
		assert_run(i, &owner[i], i, 1);
	close_world();
}

/* ---- random loads ---- */

static char noise[4 * MIB];

static void
make_noise(void)
{
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (char)clock_random(256);
}

/* What was added to batches not yet checked, newlines included. */
static struct {
	struct buf plain;
	uint64_t events;
} sent;

static void
check_and_drop(int level, size_t keep)
{
	size_t at = 0, events = 0;

	if (w.nsealed <= keep)
		return;
	for (size_t i = 0; i < w.nsealed - keep; i++) {
		struct buf plain = plain_of(w.sealed[i], level);
		size_t counted = 0;

		assert_memory_equal(sent.plain.p + at, plain.p, plain.n);
		at += plain.n;
		buf_fini(&plain);
		for (size_t k = 0; k < batch_nruns(w.sealed[i]); k++)
			counted += batch_run_at(w.sealed[i], k)->count;
		assert_int_equal(counted, batch_events(w.sealed[i]));
		events += counted;
		batch_free(&w.sealed[i]);
	}
	memmove(
	    w.sealed, w.sealed + (w.nsealed - keep), keep * sizeof w.sealed[0]);
	w.nsealed = keep;
	buf_drop(&sent.plain, at);
	sent.events -= events;
}

/* Adds exactly n bytes of records of one owner, cut anyhow. */
static void
add_exactly(size_t n, size_t min, size_t max, bool noisy, uint64_t *index)
{
	while (n > 0) {
		size_t size = min + clock_random(max - min + 1);
		size_t cut, at;
		struct span s;

		if (size > n || n - size < 2)
			size = n;
		cut = clock_random(size + 1);
		at = clock_random(sizeof noise - size);
		s.p = noisy ? noise + at : noise;
		batcher_add(w.batcher, index, (*index)++, 0,
		    (struct span){s.p, cut},
		    (struct span){s.p + cut, size - cut});
		buf_add(&sent.plain, s.p, size);
		buf_char(&sent.plain, '\n');
		sent.events++;
		n -= size;
	}
}

struct load {
	size_t pool, batch_bytes, batch_events;
	size_t grant_max, record_min, record_max;
	int level;
	bool noisy;
};

/*
 * Asks for room and uses it to the last byte, keeps some batches out, drains
 * the pool behind the batcher's back before it seals.
 */
static void
run_load(const struct load *l, uint64_t seed)
{
	uint64_t index[2] = {0};
	unsigned granted = 0;

	open_world(l->pool * POOL_PIECE, (struct batcher_conf){l->batch_bytes,
					     l->batch_events, 5000, l->level});
	clock_seed(seed); /* the world has reset it */
	buf_init(&sent.plain, PLAIN_MAX);
	for (int turn = 0; turn < 24; turn++) {
		size_t n = 2 + clock_random(l->grant_max - 1);

		if (batcher_room(w.batcher, n)) {
			granted++;
			add_exactly(n, l->record_min, l->record_max, l->noisy,
			    &index[clock_random(2)]);
		} else {
			check_and_drop(l->level, clock_random(2));
		}
		if (clock_random(8) == 0) {
			void *taken[4096];
			size_t m = 0;

			while (pool_left(w.pool) > 0)
				taken[m++] = pool_take(w.pool);
			batcher_seal(w.batcher);
			while (m > 0)
				pool_give(w.pool, taken[--m]);
		}
	}
	batcher_seal(w.batcher);
	check_and_drop(l->level, 0);
	assert_int_equal(sent.plain.n, 0);
	assert_int_equal(sent.events, 0);
	assert_int_not_equal(granted, 0);
	buf_fini(&sent.plain);
	close_world();
}

static void
room_never_lies(void **state)
{
	static const struct load rows[] = {
	    /* tiny pools, tiny records, records of whole batches */
	    {4, 64 * KIB, 1000, 20 * KIB, 2, 2, 1, true},
	    {5, 70 * KIB, 50, 30 * KIB, 2, 9, 1, true},
	    {6, 100 * KIB, 7, 60 * KIB, 2, 3000, 1, true},
	    {6, 100 * KIB, 1, 16 * KIB, 2, 2, 1, false},
	    {8, 4 * KIB, 100000, 8 * KIB, 2, 5000, 1, true},
	    {12, 300 * KIB, 100000, 100 * KIB, 2, 100 * KIB, 1, true},
	    {16, 1, 1, 2, 2, 2, 1, true},
	    {40, MIB, 100000, MIB, 2, MIB, 1, true},
	    {40, MIB, 100000, MIB, 2, 2000, 6, false},
	    {40, 200 * KIB, 64, MIB, 2, 1500, 9, true},
	    {6, 100 * KIB, 100, 60 * KIB, 2, 3000, 0, true},
	    {40, MIB, 100000, MIB, 2, MIB, 0, true},
	    {16, 100 * KIB, 100, 300 * KIB, 2, 300 * KIB, 1, true},
	    /* every record a little over half a batch */
	    {250, 4000, 100000, 300 * KIB, 2001, 2010, 0, true},
	};

	(void)state;
	for (uint64_t seed = 1; seed <= 2; seed++) {
		print_message("seed %u\n", (unsigned)seed);
		clock_seed(seed);
		make_noise();
		for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
			run_load(&rows[i], seed + i);
		}
	}
}

/* Whatever deflate holds back, sealing takes nothing from the pool. */
static void
sealing_needs_no_piece(void **state)
{
	(void)state;
	clock_seed(5);
	make_noise();
	open_world(
	    16 * POOL_PIECE, (struct batcher_conf){MIB, 100000, 5000, 1});
	for (size_t n = 1000; n < 300 * KIB; n += 3001) {
		void *taken[16];
		size_t m = 0, left;

		assert_true(batcher_room(w.batcher, n));
		batcher_add(w.batcher, &w, 0, 0, (struct span){noise, n / 3},
		    (struct span){noise + n / 3, n - n / 3});
		while (pool_left(w.pool) > 0)
			taken[m++] = pool_take(w.pool);
		batcher_seal(w.batcher);
		left = pool_left(w.pool);
		while (m > 0)
			pool_give(w.pool, taken[--m]);
		assert_true(left <= 6); /* reserved, but not for long */
		assert_int_equal(w.nsealed, 1);
		drop_sealed();
	}
	close_world();
}

/* Whatever the sizes that the configuration allows, the longest record with a
 * window of others gets room in an empty pool, else it would wait for ever. */
static void
the_least_pool_has_room(void **state)
{
	static const size_t batch_max[] = {
	    64 * KIB, 100 * KIB, 512 * KIB, MIB, 5 * MIB};

	(void)state;
	for (size_t i = 0; i < sizeof batch_max / sizeof batch_max[0]; i++) {
		size_t n = batch_max[i] - 1 + 16 * KIB;

		for (int level = 0; level <= 9; level += 3) {
			struct batcher_conf conf = {
			    .batch_max_bytes = batch_max[i],
			    .batch_max_events = 10000,
			    .batch_max_delay_ms = 1000,
			    .gzip_level = level};

			open_world(batcher_pool_min(&conf, n), conf);
			assert_true(batcher_room(w.batcher, n));
			close_world();
		}
	}
}

/* With everything given back the largest record and a slice always fit into
 * the least pool that the configuration allows. */
static void
room_comes_back(void **state)
{
	static const size_t batch_max[] = {
	    MIB + 1, MIB + 64 * KIB, 2 * MIB, 5 * MIB};
	size_t n = MIB + 16 * KIB;

	(void)state;
	clock_seed(9);
	make_noise();
	buf_init(&sent.plain, PLAIN_MAX);
	for (size_t i = 0; i < sizeof batch_max / sizeof batch_max[0]; i++) {
		for (int level = 0; level <= 1; level++) {
			uint64_t index = 0;
			struct batcher_conf conf = {
			    batch_max[i], 10, 5000, level};
			size_t most = 0, pool = batcher_pool_min(&conf, n);

			if (pool < 2 * batch_max[i])
				pool = 2 * batch_max[i];
			open_world(pool, conf);
			for (int turn = 0; turn < 24; turn++) {
				if (batcher_room(w.batcher, n))
					add_exactly(n, 2, MIB, true, &index);
				else
					batcher_seal(w.batcher);
				if (w.nsealed > most)
					most = w.nsealed;
				if (batcher_open_events(w.batcher) == 0 &&
				    !batcher_room(w.batcher, n)) {
					check_and_drop(level, 0);
					assert_true(batcher_room(w.batcher, n));
				}
			}
			assert_int_not_equal(most, 0);
			batcher_seal(w.batcher);
			check_and_drop(level, 0);
			close_world();
		}
	}
	buf_fini(&sent.plain);
}

static void
room_at_its_limits(void **state)
{
	(void)state;
	open_world(
	    2 * POOL_PIECE, (struct batcher_conf){POOL_PIECE, 1000, 5000, 0});
	assert_true(batcher_room(w.batcher, 0));
	assert_true(batcher_room(w.batcher, 1));
	/* A piece of body (with newlines), one of runs: not a byte more. */
	assert_true(batcher_room(w.batcher, POOL_PIECE / 3 * 2));
	assert_false(batcher_room(w.batcher, POOL_PIECE / 3 * 2 + 2));
	assert_false(batcher_room(w.batcher, SIZE_MAX));
	assert_false(batcher_room(w.batcher, SIZE_MAX / 8));
	close_world();
}

/* The runs of a grant that need a new piece of runs are thought of. */
static void
room_for_another_piece_of_runs(void **state)
{
	enum { N = POOL_PIECE / sizeof(struct batch_run) };
	static char owner[N];
	void *taken;

	(void)state;
	open_world(
	    5 * POOL_PIECE, (struct batcher_conf){POOL_PIECE, N + 1, 5000, 0});
	for (size_t i = 0; i < N; i++) {
		if (i == N - BATCHER_RUNS_PER_GRANT) {
			taken = pool_take(w.pool);
			assert_true(batcher_room(w.batcher, 2));
			pool_give(w.pool, taken);
		} else if (i == N - BATCHER_RUNS_PER_GRANT + 1) {
			taken = pool_take(w.pool);
			assert_false(batcher_room(w.batcher, 2));
			pool_give(w.pool, taken);
		}
		add(&owner[i], 0, "{}");
	}
	taken = pool_take(w.pool);
	assert_false(batcher_room(w.batcher, 2));
	pool_give(w.pool, taken);
	assert_true(batcher_room(w.batcher, 2));
	close_world();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(bytes_come_out_as_they_went_in),
	    cmocka_unit_test(an_open_batch_is_dropped),
	    cmocka_unit_test(batches_of_two_batchers_differ),
	    cmocka_unit_test(limit_of_bytes),
	    cmocka_unit_test(limit_of_events),
	    cmocka_unit_test(limit_of_events_yields_to_a_small_pool),
	    cmocka_unit_test(age_counts_from_the_first_event),
	    cmocka_unit_test(runs_merge_what_follows),
	    cmocka_unit_test(runs_have_room),
	    cmocka_unit_test(room_never_lies),
	    cmocka_unit_test(sealing_needs_no_piece),
	    cmocka_unit_test(room_comes_back),
	    cmocka_unit_test(the_least_pool_has_room),
	    cmocka_unit_test(room_at_its_limits),
	    cmocka_unit_test(room_for_another_piece_of_runs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
