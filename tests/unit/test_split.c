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
	batcher_add(w.batcher, &w, w.n, event, SPAN(""));
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

	split_render(w.split, w.batch, first, count, max_bytes, &body);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_range),
	    cmocka_unit_test(as_many_as_fit_but_one_at_least),
	    cmocka_unit_test(large_batches),
	    cmocka_unit_test(random_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
