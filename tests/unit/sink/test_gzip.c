/* What both codecs promise: whatever is put in and however it is cut comes out
 * of zlib and of gzip(1) again, within the bounds that are told beforehand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "sink/gzip.h"
#include "sink/zstream.h"

enum { KIB = 1024, MIB = 1024 * KIB, TEXT_MAX = 2 * MIB, OUT_MAX = 8 * MIB };

/* Lengths of pieces; 0: all that there is, or all the room. */
struct cuts {
	size_t in_max, out_max; /* up to so many bytes each, any number */
	bool exact;		/* always as many */
};

static const struct cuts CUTS[] = {
    {0, 0, true},
    {1, 0, true},
    {0, 1, true},
    {7, 9, true},
    {2000, 64 * KIB, false},
    {40, 300, false},
    {100 * KIB, 20, false},
    {70 * KIB, 70 * KIB, false},
};

enum { NCUTS = sizeof CUTS / sizeof CUTS[0] };

static size_t
piece(size_t max, bool exact, size_t most)
{
	size_t n = max == 0 ? most : exact ? max : 1 + clock_random(max);

	return n < most ? n : most;
}

/* Adds one member to out; held, if given: how much its end added. */
static void
pack(struct gzip *g, struct span text, const struct cuts *c, struct buf *out,
    size_t *held)
{
	static char room[MIB];
	size_t n, before;
	bool done = false;

	while (text.n > 0) {
		size_t most = piece(c->in_max, c->exact, text.n);
		struct span in = {text.p, most};

		while (in.n > 0) {
			n = piece(c->out_max, c->exact, sizeof room);
			n = gzip_add(g, &in, room, n);
			buf_add(out, room, n);
		}
		text.p += most;
		text.n -= most;
	}
	before = out->n;
	while (!done) {
		n = piece(c->out_max, c->exact, sizeof room);
		done = gzip_end(g, room, &n);
		buf_add(out, room, n);
	}
	if (held != NULL)
		*held = out->n - before;
}

/* One member and nothing after it. */
static void
assert_inflates(struct span packed, struct span text)
{
	static char plain[TEXT_MAX + 1];
	z_stream z;

	zstream_inflate(&z);
	zstream_input(&z, packed);
	z.next_out = (Bytef *)plain;
	z.avail_out = sizeof plain;
	assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(z.avail_in, 0);
	assert_int_equal(sizeof plain - z.avail_out, text.n);
	if (text.n > 0)
		assert_memory_equal(plain, text.p, text.n);
	inflateEnd(&z);
}

/* Text of some kind, all n bytes of it. */
enum kind { NOISE, SAME, LINES, BYTES_OF_NINE_BITS, MIXED, KINDS };

static void
add_kind(struct buf *b, enum kind kind, size_t n)
{
	size_t end = b->n + n;

	while (b->n < end) {
		switch (kind) {
		case NOISE:
			buf_char(b, (char)clock_random(256));
			break;
		case SAME:
			buf_char(b, 'x');
			break;
		case LINES:
			buf_printf(b, "{\"eventName\":\"%c\",\"id\":%u}\n",
			    (char)('A' + clock_random(26)),
			    (unsigned)clock_random(1000000));
			break;
		case BYTES_OF_NINE_BITS: /* in deflate's fixed code */
			buf_char(b, (char)(144 + clock_random(112)));
			break;
		case MIXED:
			add_kind(b, (enum kind)clock_random(MIXED),
			    1 + clock_random(20 * KIB));
			break;
		case KINDS:
			break;
		}
	}
	b->n = end;
}

static struct buf
text_of(enum kind kind, size_t n)
{
	struct buf b;

	buf_init(&b, TEXT_MAX + 64 * KIB);
	add_kind(&b, kind, n);
	assert_int_equal(b.err, ERR_OK);
	return b;
}

static void
every_text_and_cut(void **state)
{
	static const size_t size[] = {0, 1, 2, 287, 288, 289, 5000, 32 * KIB,
	    64 * KIB + 288, 64 * KIB + 289, 200 * KIB};

	(void)state;
	for (size_t i = 0; i < sizeof size / sizeof size[0]; i++) {
		for (int kind = 0; kind < KINDS; kind++) {
			struct buf text = text_of((enum kind)kind, size[i]);
			int level = 1 + (int)clock_random(9);
			struct gzip *g = gzip_new(level);

			/* One member after the other, of one gzip. */
			for (size_t k = 0; k < NCUTS; k++) {
				struct buf out;
				size_t held;

				buf_init(&out, OUT_MAX);
				pack(g, buf_view(&text), &CUTS[k], &out, &held);
				assert_inflates(
				    buf_view(&out), buf_view(&text));
				assert_true(out.n <= gzip_bound(level, text.n));
				assert_true(held <= gzip_held_max(level));
				buf_fini(&out);
			}
			gzip_free(&g);
			assert_null(g);
			buf_fini(&text);
		}
	}
}

/* The worst there is, in the worst pieces, at every level. */
static void
what_does_not_compress(void **state)
{
	static const struct cuts bytes = {1, 0, true};

	(void)state;
	for (int level = 1; level <= 9; level++) {
		for (int kind = NOISE; kind <= BYTES_OF_NINE_BITS;
		     kind += BYTES_OF_NINE_BITS - NOISE) {
			struct buf text = text_of((enum kind)kind, MIB), out;
			struct gzip *g = gzip_new(level);
			size_t held;

			buf_init(&out, OUT_MAX);
			pack(g, buf_view(&text), &bytes, &out, &held);
			assert_inflates(buf_view(&out), buf_view(&text));
			assert_true(out.n > text.n / 10 * 8);
			assert_true(out.n <= gzip_bound(level, text.n));
			assert_true(held <= gzip_held_max(level));
			gzip_free(&g);
			buf_fini(&out);
			buf_fini(&text);
		}
	}
}

/* The same input in the same pieces gives the same bytes, whatever the gzip has
 * done before. */
static void
nothing_is_left_of_the_last_member(void **state)
{
	(void)state;
	for (int level = 1; level <= 9; level++) {
		struct buf text = text_of(MIXED, 300 * KIB);
		struct buf other = text_of(LINES, 1 + clock_random(100 * KIB));
		struct gzip *fresh = gzip_new(level), *used = gzip_new(level);

		for (size_t k = 0; k < 4; k++) {
			struct buf a, b, c;

			buf_init(&a, OUT_MAX);
			buf_init(&b, OUT_MAX);
			buf_init(&c, OUT_MAX);
			pack(used, buf_view(&other), &CUTS[k], &c, NULL);
			pack(used, buf_view(&text), &CUTS[k], &a, NULL);
			pack(fresh, buf_view(&text), &CUTS[k], &b, NULL);
			assert_int_equal(a.n, b.n);
			assert_memory_equal(a.p, b.p, a.n);
			buf_fini(&a);
			buf_fini(&b);
			buf_fini(&c);
			gzip_free(&fresh);
			fresh = gzip_new(level);
		}
		gzip_free(&fresh);
		gzip_free(&used);
		buf_fini(&text);
		buf_fini(&other);
	}
}

static void
given_up_in_the_middle(void **state)
{
	struct buf text = text_of(LINES, 100 * KIB);
	char out[KIB];

	(void)state;
	for (int level = 1; level <= 9; level++) {
		struct gzip *g = gzip_new(level);
		struct span in = buf_view(&text);

		(void)gzip_add(g, &in, out, sizeof out);
		gzip_free(&g);
		gzip_free(&g);
	}
	buf_fini(&text);
}

/* What gzip(1) makes of it, by way of two files. */
static void
gzip_reads_it(void **state)
{
	(void)state;
	for (int level = 1; level <= 9; level++) {
		char name[] = "/tmp/test_gzip.XXXXXX", command[128];
		static char plain[TEXT_MAX + 1];
		struct buf text = text_of(MIXED, 300 * KIB), out;
		struct gzip *g = gzip_new(level);
		int fd = mkstemp(name);
		FILE *from;

		assert_true(fd >= 0);
		buf_init(&out, OUT_MAX);
		pack(g, buf_view(&text), &CUTS[4], &out, NULL);
		assert_int_equal(write(fd, out.p, out.n), out.n);
		(void)snprintf(command, sizeof command, "gzip -dc <%s", name);
		from = popen(command, "r");
		assert_non_null(from);
		assert_int_equal(fread(plain, 1, sizeof plain, from), text.n);
		assert_memory_equal(plain, text.p, text.n);
		assert_int_equal(pclose(from), 0);
		close(fd);
		unlink(name);
		gzip_free(&g);
		buf_fini(&out);
		buf_fini(&text);
	}
}

static void
tells_who_it_is(void **state)
{
	(void)state;
	print_message("deflate by %s\n", gzip_codec(1));
	for (int level = 1; level <= 9; level++) {
		assert_true(
		    strcmp(gzip_codec(level), "zlib") == 0 || level <= 3);
		assert_true(gzip_memory(level) > 64 * KIB);
		assert_true(gzip_memory(level) < MIB);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_text_and_cut),
	    cmocka_unit_test(what_does_not_compress),
	    cmocka_unit_test(nothing_is_left_of_the_last_member),
	    cmocka_unit_test(given_up_in_the_middle),
	    cmocka_unit_test(gzip_reads_it),
	    cmocka_unit_test(tells_who_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
