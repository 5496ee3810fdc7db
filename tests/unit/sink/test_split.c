#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "fake/fake_http.c"
#include "sink/batcher.h"
#include "sink/split.h"
#include "sink/zstream.h"

enum { MIB = 1 << 20, EVENTS_MAX = 4096 };

static struct {
	struct pool *pool;
	struct batcher *batcher;
	struct batch *batch;
	struct split *split;
	int level;
	struct buf text;	    /* of the batch */
	size_t end[EVENTS_MAX + 1]; /* end[i]: where event i begins */
	size_t n;
} w;

static void
on_sealed(void *arg, struct batch *b)
{
	(void)arg;
	assert_null(w.batch);
	w.batch = b;
}

/* All slices of a part. */
static void
render_all(struct split *s, const struct batch *b, size_t first, size_t count,
    size_t max_bytes, struct split_body *out)
{
	split_begin(s, b, first, count, max_bytes);
	while (!split_step(s, out))
		;
}

static void
open_world(int level, size_t batch_max)
{
	struct batcher_conf conf = {batch_max, EVENTS_MAX, 1000, level};

	memset(&w, 0, sizeof w);
	fake_begin();
	w.level = level;
	w.pool = pool_new(16 * MIB);
	w.batcher = batcher_new(fake_timers(), w.pool, &conf, on_sealed, NULL);
	w.split = split_new(level, batch_max);
	buf_init(&w.text, 16 * MIB);
}

static void
close_world(void)
{
	split_free(&w.split);
	assert_null(w.split);
	batch_free(&w.batch);
	batcher_free(&w.batcher);
	pool_free(&w.pool);
	buf_fini(&w.text);
	fake_end();
}

static void
add(struct span event)
{
	assert_true(batcher_room(w.batcher, event.n));
	batcher_add(w.batcher, &w, w.n, 0, event, SPAN(""));
	buf_span(&w.text, event);
	buf_char(&w.text, '\n');
	w.end[++w.n] = w.text.n;
}

/* {"…"} with so many bytes in all, hard to compress if `noise`. */
static void
add_long(size_t bytes, bool noise)
{
	char *s = mem_alloc(bytes);

	for (size_t i = 0; i < bytes; i++)
		s[i] = (char)(noise ? 'A' + clock_random(58) : 'x');
	memcpy(s, "{\"", 2);
	memcpy(s + bytes - 2, "\"}", 2);
	add((struct span){s, bytes});
	mem_free(s);
}

static struct buf
plain_of(const struct split_body *body)
{
	z_stream z;
	char chunk[4096];
	struct buf out;
	size_t bytes = 0;
	int rc = Z_STREAM_END;

	buf_init(&out, 16 * MIB);
	zstream_inflate(&z);
	for (size_t i = 0; i < body->nparts; i++) {
		bytes += body->part[i].n;
		assert_true(body->part[i].n > 0);
		if (w.level == 0) {
			buf_span(&out, body->part[i]);
			continue;
		}
		zstream_input(&z, body->part[i]);
		do {
			z.next_out = (Bytef *)chunk;
			z.avail_out = sizeof chunk;
			rc = inflate(&z, Z_NO_FLUSH);
			assert_true(rc == Z_OK || rc == Z_STREAM_END);
			buf_add(&out, chunk, sizeof chunk - z.avail_out);
		} while (rc == Z_OK);
		assert_int_equal(z.avail_in, 0);
	}
	assert_int_equal(rc, Z_STREAM_END);
	assert_int_equal(bytes, body->body_bytes);
	assert_int_equal(out.n, body->plain_bytes);
	inflateEnd(&z);
	return out;
}

static void
assert_cut(size_t first, size_t count, size_t max_bytes, size_t events)
{
	size_t from = w.end[first], to = w.end[first + events];
	struct split_body body;
	struct buf plain;

	render_all(w.split, w.batch, first, count, max_bytes, &body);
	assert_int_equal(body.events, events);
	plain = plain_of(&body);
	assert_int_equal(plain.n, to - from);
	assert_memory_equal(plain.p, w.text.p + from, plain.n);
	buf_fini(&plain);
}

static void
every_range(void **state)
{
	static const int level[] = {0, 1, 9};

	(void)state;
	for (size_t l = 0; l < sizeof level / sizeof level[0]; l++) {
		open_world(level[l], MIB);
		add(span_str("{}"));
		add(span_str("{\"a\":1}"));
		add_long(100, true);
		add(span_str("{}"));
		add_long(1000, false);
		batcher_seal(w.batcher);
		for (size_t first = 0; first < w.n; first++) {
			for (size_t n = 1; first + n <= w.n; n++)
				assert_cut(first, n, SIZE_MAX, n);
		}
		close_world();
	}
}

static void
as_many_as_fit_but_one_at_least(void **state)
{
	(void)state;
	for (int level = 0; level <= 1; level++) {
		open_world(level, MIB);
		for (int i = 0; i < 5; i++)
			add_long(99, true); /* and a newline */
		add_long(500, false);
		batcher_seal(w.batcher);
		assert_cut(0, 6, 0, 1);
		assert_cut(0, 6, 99, 1);
		assert_cut(0, 6, 199, 1);
		assert_cut(0, 6, 200, 2);
		assert_cut(0, 6, 201, 2);
		assert_cut(1, 5, 300, 3);
		assert_cut(1, 2, 300, 2);
		assert_cut(0, 6, 1000, 5);
		assert_cut(0, 6, 1001, 6);
		assert_cut(5, 1, 10, 1);
		close_world();
	}
}

/* Bodies of many pieces, events across pieces and windows, and what does not
 * compress at all: the scratch buffer is as large as it must be. */
static void
large_batches(void **state)
{
	(void)state;
	for (int level = 0; level <= 9; level += 3) {
		for (int noise = 0; noise <= 1; noise++) {
			size_t each = 40000;

			open_world(level, 2 * MIB);
			while (w.text.n + each + 1 < 2 * MIB)
				add_long(each, noise > 0);
			batcher_seal(w.batcher);
			assert_cut(0, w.n, SIZE_MAX, w.n);
			assert_cut(1, w.n - 1, SIZE_MAX, w.n - 1);
			assert_cut(w.n - 1, 1, SIZE_MAX, 1);
			assert_cut(
			    w.n / 2, w.n - w.n / 2, SIZE_MAX, w.n - w.n / 2);
			close_world();
		}
	}
}

static void
random_ranges(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 12; seed++) {
		open_world((int)(seed % 3), MIB);
		clock_seed(seed);
		while (w.n < 300 && w.text.n < 900 * 1024)
			add_long(4 + clock_random(seed % 2 ? 200 : 9000),
			    clock_random(2) > 0);
		batcher_seal(w.batcher);
		for (int i = 0; i < 40; i++) {
			size_t first = clock_random(w.n);
			size_t n = 1 + clock_random(w.n - first), fit = 1;
			size_t max = clock_random(w.text.n);

			while (fit < n &&
			       w.end[first + fit + 1] - w.end[first] <= max)
				fit++;
			assert_cut(first, n, max, fit);
		}
		close_world();
	}
}

/* ---- slices ---- */

enum { SLICE = 128 * 1024, OVER = 32 * 1024 };

static void
fill_batch(size_t bytes, size_t each_max)
{
	while (w.text.n < bytes && w.n < EVENTS_MAX)
		add_long(4 + clock_random(each_max), false);
	batcher_seal(w.batcher);
}

/* A part in slices; how many it took. */
static unsigned
steps_of(size_t first, size_t count, size_t max_bytes, struct split_body *out)
{
	unsigned n = 1;

	split_begin(w.split, w.batch, first, count, max_bytes);
	while (!split_step(w.split, out))
		n++;
	return n;
}

static void
assert_part(const struct split_body *body, size_t first)
{
	struct buf plain = plain_of(body);
	size_t from = w.end[first], to = w.end[first + body->events];

	assert_int_equal(plain.n, to - from);
	assert_memory_equal(plain.p, w.text.p + from, plain.n);
	buf_fini(&plain);
}

/* None does more than its share, and what was passed once is not passed again:
 * the events before the first, then those of the part. */
static void
a_slice_is_small(void **state)
{
	(void)state;
	for (int level = 0; level <= 9; level += 3) {
		struct split_body body;
		unsigned n;

		open_world(level, 5 * MIB);
		fill_batch(5 * MIB - 8000, 4000);
		n = steps_of(w.n / 2, w.n / 2, SIZE_MAX, &body);
		assert_part(&body, w.n / 2);
		assert_in_range(n, w.text.n / (SLICE + OVER),
		    w.text.n / (SLICE - OVER) + 1);
		n = steps_of(w.n / 2, w.n / 2, SIZE_MAX, &body);
		assert_part(&body, w.n / 2);
		assert_in_range(n, w.text.n / 2 / (SLICE + OVER),
		    w.text.n / 2 / (SLICE - OVER) + 1);
		close_world();
	}
}

/* One after the other: each byte is read about once, however many parts. */
static void
many_parts_in_a_row(void **state)
{
	(void)state;
	for (int level = 0; level <= 1; level++) {
		size_t first = 0, parts = 0, steps = 0;

		open_world(level, 5 * MIB);
		fill_batch(5 * MIB - 8000, 4000);
		while (first < w.n) {
			struct split_body body;

			steps += steps_of(first, w.n - first, 64 * 1024, &body);
			assert_part(&body, first);
			first += body.events;
			parts++;
		}
		assert_true(parts > 64);
		assert_true(steps <= parts + w.text.n / (SLICE - OVER));
		close_world();
	}
}

/* As delivery looks for one bad event: each part costs what it has itself. */
static void
halving(void **state)
{
	(void)state;
	for (int level = 0; level <= 1; level++) {
		size_t bad, first = 0, step, steps = 0, parts = 0, read = 0;

		open_world(level, 5 * MIB);
		fill_batch(5 * MIB - 8000, 4000);
		bad = clock_random(w.n);
		step = (w.n + 1) / 2;
		while (first < w.n) {
			size_t n = step < w.n - first ? step : w.n - first;
			struct split_body body;

			steps += steps_of(first, n, SIZE_MAX, &body);
			assert_part(&body, first);
			assert_int_equal(body.events, n);
			parts++;
			read += body.plain_bytes;
			if (bad >= first && bad < first + n && n > 1) {
				step = n / 2;
				continue;
			}
			first += n;
			step *= 2;
		}
		assert_true(parts < 40);
		assert_true(read < 3 * w.text.n);
		assert_true(steps <= parts + read / (SLICE - OVER));
		close_world();
	}
}

static void
given_up_for_another(void **state)
{
	(void)state;
	for (int level = 0; level <= 6; level += 3) {
		struct split_body body;

		open_world(level, 2 * MIB);
		fill_batch(2 * MIB - 8000, 4000);
		for (int i = 0; i < 30; i++) {
			size_t first = clock_random(w.n);
			size_t n = 1 + clock_random(w.n - first);
			unsigned steps = (unsigned)clock_random(12);

			split_begin(w.split, w.batch, first, n, SIZE_MAX);
			while (steps-- > 0 && !split_step(w.split, &body))
				;
			first = clock_random(w.n);
			n = 1 + clock_random(w.n - first);
			assert_cut(first, n, SIZE_MAX, n);
		}
		close_world();
	}
}

/* What is known of one batch is not taken for another's. */
static void
two_batches(void **state)
{
	struct batch *one;
	size_t half;

	(void)state;
	for (int level = 0; level <= 1; level++) {
		open_world(level, MIB);
		fill_batch(300 * 1024, 4000);
		one = w.batch;
		half = w.n;
		w.batch = NULL;
		fill_batch(600 * 1024, 3000);
		for (int i = 0; i < 20; i++) {
			struct split_body body;
			size_t first = clock_random(half);

			render_all(
			    w.split, one, first, half - first, SIZE_MAX, &body);
			assert_part(&body, first);
			first = clock_random(w.n - half);
			render_all(w.split, w.batch, first, w.n - half - first,
			    SIZE_MAX, &body);
			assert_part(&body, half + first);
		}
		batch_free(&one);
		close_world();
	}
}

/* Where the end of the next event is not at hand yet, a part may end early. */
static void
long_events_in_small_parts(void **state)
{
	size_t early = 0;

	(void)state;
	for (int level = 0; level <= 1; level++) {
		open_world(level, 5 * MIB);
		fill_batch(5 * MIB - 150000, 90000);
		for (int i = 0; i < 60; i++) {
			size_t first = clock_random(w.n), fit = 1;
			size_t max = clock_random(400000);
			struct split_body body;
			size_t next;

			while (first + fit < w.n &&
			       w.end[first + fit + 1] - w.end[first] <= max)
				fit++;
			render_all(
			    w.split, w.batch, first, w.n - first, max, &body);
			assert_part(&body, first);
			assert_in_range(body.events, 1, fit);
			if (body.events == fit)
				continue;
			next = first + body.events;
			assert_true(w.end[next + 1] - w.end[next] > OVER);
			early++;
		}
		close_world();
	}
	assert_true(early > 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_range),
	    cmocka_unit_test(as_many_as_fit_but_one_at_least),
	    cmocka_unit_test(large_batches),
	    cmocka_unit_test(random_ranges),
	    cmocka_unit_test(a_slice_is_small),
	    cmocka_unit_test(many_parts_in_a_row),
	    cmocka_unit_test(halving),
	    cmocka_unit_test(given_up_for_another),
	    cmocka_unit_test(two_batches),
	    cmocka_unit_test(long_events_in_small_parts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
