/* Push gunzip: any cut gives the same bytes; each way to be wrong its error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "base/buf.h"
#include "base/mem.h"
#include "trail/gunzip.h"

enum { BUF_MAX = 16 * 1024 * 1024 };

/* Optional parts of a gzip header (RFC 1952, section 2.3.1). */
enum { FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, F_ALL = 30 };

static void
le(struct buf *b, unsigned long v, int bytes)
{
	for (int i = 0; i < bytes; i++)
		buf_char(b, (char)(v >> (8 * i) & 255));
}

/* The header is written by hand, the rest is raw deflate. */
static void
gz_add(struct buf *b, struct span text, int flags)
{
	size_t start = b->n, cap = text.n + text.n / 1000 + 100;
	unsigned char *out = mem_alloc(cap);
	const unsigned char *in = (const unsigned char *)text.p;
	z_stream z = {.zalloc = NULL};

	buf_add(b, "\x1f\x8b\x08", 3);
	le(b, (unsigned long)flags, 1);
	le(b, 0x01020304, 4);
	buf_add(b, "\0\3", 2);
	if (flags & FEXTRA)
		buf_add(b, "\x05\0xtra\x1f", 7);
	if (flags & FNAME)
		buf_add(b, "name.json", 10);
	if (flags & FCOMMENT)
		buf_add(b, "\x1f\x8b comment", 11);
	if (flags & FHCRC)
		le(b,
		    crc32(0, (unsigned char *)b->p + start,
			(unsigned)(b->n - start)),
		    2);
	assert_int_equal(
	    deflateInit2(&z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)in;
	z.avail_in = (unsigned)text.n;
	z.next_out = out;
	z.avail_out = (unsigned)cap;
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	buf_add(b, out, cap - z.avail_out);
	deflateEnd(&z);
	mem_free(out);
	le(b, crc32(0, in, (unsigned)text.n), 4);
	le(b, text.n, 4);
}

static enum err
feed(struct gunzip *g, struct span in, struct buf *got)
{
	struct span rest = {NULL, 0}, out;
	bool more = true;

	for (size_t steps = 0; more; steps++) {
		enum err e = gunzip_step(g, &in, &out, &more);

		assert_true(out.n <= GUNZIP_WINDOW);
		buf_span(got, out);
		if (e != ERR_OK) {
			assert_int_equal(out.n, 0);
			assert_false(more);
			return e;
		}
		assert_true(steps < 100000);
	}
	assert_int_equal(in.n, 0);
	/* Nothing is held back. */
	assert_int_equal(gunzip_step(g, &rest, &out, &more), ERR_OK);
	assert_int_equal(out.n, 0);
	return ERR_OK;
}

static enum err
run(struct gunzip *g, struct span s, size_t step, struct buf *got)
{
	enum err e = ERR_OK;

	gunzip_reset(g);
	buf_reset(got);
	for (size_t at = 0; at < s.n && e == ERR_OK; at += step) {
		size_t n = s.n - at < step ? s.n - at : step;
		char *copy = mem_strndup(s.p + at, n);

		e = feed(g, (struct span){copy, n}, got);
		mem_free(copy);
	}
	if (e == ERR_OK)
		e = gunzip_finish(g);
	assert_int_equal(gunzip_finish(g), e);
	assert_int_equal(gunzip_error(g)[0] != '\0', e != ERR_OK);
	return e;
}

struct env {
	struct gunzip *g;
	struct buf gz, text, got;
};

static int
setup(void **state)
{
	struct env *e = mem_zalloc(sizeof *e);

	e->g = gunzip_new();
	buf_init(&e->gz, BUF_MAX);
	buf_init(&e->text, BUF_MAX);
	buf_init(&e->got, BUF_MAX);
	*state = e;
	return 0;
}

static int
teardown(void **state)
{
	struct env *e = *state;

	gunzip_free(&e->g);
	gunzip_free(&e->g);
	buf_fini(&e->gz);
	buf_fini(&e->text);
	buf_fini(&e->got);
	mem_free(e);
	return 0;
}

static void
check(struct env *e, enum err err, struct span want)
{
	static const size_t steps[] = {1, 2, 3, 11, 4096, 1 << 30};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		assert_int_equal(
		    run(e->g, buf_view(&e->gz), steps[i], &e->got), err);
		assert_int_equal(e->got.n, want.n);
		assert_memory_equal(buf_cstr(&e->got), want.p, want.n);
	}
}

static void
test_headers(void **state)
{
	struct env *e = *state;

	for (int flags = 0; flags <= F_ALL; flags += 2) {
		buf_reset(&e->gz);
		gz_add(&e->gz, SPAN("some text, some text"), flags);
		check(e, ERR_OK, SPAN("some text, some text"));
	}
	/* A header checksum that is wrong. */
	buf_reset(&e->gz);
	gz_add(&e->gz, SPAN("text"), FHCRC);
	e->gz.p[4] ^= 1;
	check(e, ERR_CORRUPT, SPAN(""));
}

static void
test_members(void **state)
{
	struct env *e = *state;
	char text[80];

	gz_add(&e->gz, SPAN("one "), 0);
	gz_add(&e->gz, SPAN(""), F_ALL);
	gz_add(&e->gz, SPAN("two"), FNAME);
	check(e, ERR_OK, SPAN("one two"));
	/* NULs are padding, between them too. */
	buf_add(&e->gz, "\0\0\0", 3);
	check(e, ERR_OK, SPAN("one two"));
	gz_add(&e->gz, SPAN(" three"), 0);
	buf_char(&e->gz, 0);
	check(e, ERR_OK, SPAN("one two three"));
	assert_true(gunzip_is_gzip(e->g));
	buf_char(&e->gz, 1);
	check(e, ERR_TRAILING, SPAN("one two three"));
	snprintf(text, sizeof text, "bytes after the gzip data at byte %zu",
	    e->gz.n - 1);
	assert_string_equal(gunzip_error(e->g), text);
	e->gz.p[e->gz.n - 1] = 0x1f;
	check(e, ERR_TRUNCATED, SPAN("one two three"));
	buf_str(&e->gz, "x");
	check(e, ERR_CORRUPT, SPAN("one two three"));
}

/* Many small members come out together, not one a step: who parses the output
 * pays for each. What came before an error is no part of it. */
static void
test_small_members(void **state)
{
	struct env *e = *state;
	struct span in, out;
	bool more;

	for (int i = 0; i < 1000; i++) {
		gz_add(&e->gz, SPAN("x"), 0);
		buf_char(&e->text, 'x');
	}
	check(e, ERR_OK, buf_view(&e->text));
	in = buf_view(&e->gz);
	gunzip_reset(e->g);
	assert_int_equal(gunzip_step(e->g, &in, &out, &more), ERR_OK);
	assert_true(span_eq(out, buf_view(&e->text)));
	assert_false(more);
	buf_char(&e->gz, 'x');
	check(e, ERR_TRAILING, buf_view(&e->text));
}

/* Sizes around the window, of what deflate can and cannot make smaller. */
static void
test_windows(void **state)
{
	static const size_t sizes[] = {0, 1, GUNZIP_WINDOW - 1, GUNZIP_WINDOW,
	    GUNZIP_WINDOW + 1, 2 * GUNZIP_WINDOW, 1000000};
	struct env *e = *state;

	for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
		uint32_t x = 1;

		buf_reset(&e->text);
		buf_reset(&e->gz);
		for (size_t k = 0; k < sizes[i / 2]; k++) {
			x = x * 1664525 + 1013904223;
			buf_char(&e->text, i % 2 ? (char)(x >> 24) : 'a');
		}
		gz_add(&e->gz, buf_view(&e->text), 0);
		check(e, ERR_OK, buf_view(&e->text));
	}
}

/* The last byte of some prefixes fills one window and part of the next. */
static void
test_prefixes(void **state)
{
	struct env *e = *state;

	for (int i = 0; i < 100000; i++)
		buf_char(&e->text, 'a');
	gz_add(&e->gz, buf_view(&e->text), 0);
	for (size_t n = 1; n < e->gz.n; n++) {
		gunzip_reset(e->g);
		buf_reset(&e->got);
		assert_int_equal(
		    feed(e->g, (struct span){e->gz.p, n}, &e->got), ERR_OK);
	}
	assert_int_equal(e->got.n, e->text.n);
}

static void
test_plain(void **state)
{
	static const char *const texts[] = {"x", "{}", "\x1f{", "\x8b\x1f",
	    "\x1f\x1f\x8b\x08", "a longer text \x1f\x8b"};
	struct env *e = *state;

	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		buf_reset(&e->gz);
		buf_str(&e->gz, texts[i]);
		check(e, ERR_OK, span_str(texts[i]));
	}
	buf_reset(&e->gz);
	for (size_t i = 0; i < 3 * GUNZIP_WINDOW + 1; i++)
		buf_char(&e->gz, (char)('a' + i % 26));
	check(e, ERR_OK, buf_view(&e->gz));
	assert_false(gunzip_is_gzip(e->g));
	buf_reset(&e->gz);
	check(e, ERR_OK, SPAN(""));
}

static void
test_truncated(void **state)
{
	struct env *e = *state;
	size_t n;

	gz_add(&e->gz, SPAN("some text, some text"), F_ALL);
	n = e->gz.n;
	while (--n > 0) {
		e->gz.n = n;
		for (size_t step = 1; step < 100; step += 49)
			assert_int_equal(
			    run(e->g, buf_view(&e->gz), step, &e->got),
			    ERR_TRUNCATED);
	}
	assert_string_equal(
	    gunzip_error(e->g), "gzip data ends too early at byte 1");
}

static void
test_corrupt(void **state)
{
	static const struct {
		size_t at;
		int flip;
		const char *error;
	} cases[] = {
	    {10, 4, "gzip data damaged: invalid block type at byte 11"},
	    {21, 1, "gzip checksum wrong at byte 25"},
	    {24, 1, "gzip checksum wrong at byte 25"},
	    {25, 1, "gzip length wrong at byte 29"},
	    {28, 1, "gzip length wrong at byte 29"},
	};
	struct env *e = *state;
	struct span s;

	gz_add(&e->gz, SPAN("hello, hello, hello"), 0);
	s = buf_view(&e->gz);
	assert_int_equal(s.n, 29);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *at = &e->gz.p[cases[i].at];
		char was = *at;

		*at = (char)(was ^ cases[i].flip);
		assert_int_equal(run(e->g, s, 1 << 30, &e->got), ERR_CORRUPT);
		assert_string_equal(gunzip_error(e->g), cases[i].error);
		assert_int_equal(e->got.n, 0);
		assert_int_equal(run(e->g, s, 1, &e->got), ERR_CORRUPT);
		*at = was;
	}
	check(e, ERR_OK, SPAN("hello, hello, hello"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	    T(test_headers),
	    T(test_members),
	    T(test_small_members),
	    T(test_windows),
	    T(test_prefixes),
	    T(test_plain),
	    T(test_truncated),
	    T(test_corrupt),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
