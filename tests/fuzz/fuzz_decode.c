/* Log files: the same records whole and cut, whatever the bytes are, and those
 * that a model finds in the text. The second byte says whether the rest is a
 * file as it is or is packed first, as one member or two: a checksum cannot be
 * guessed. */
#include "fuzz.h"

#include <string.h>
#include <zlib.h>

#include "base/buf.h"
#include "trail/decode.h"
#include "trail/gunzip.h"
#include "trail/record.h"

#include "../unit/fake/records_model.c"

enum { MAX_RECORD = 70000, MAX_SMALL = 40, GOT_MAX = 1 << 28 };

enum { AS_IS, ONE_MEMBER, TWO_MEMBERS, PACKINGS };

struct run {
	struct buf got;
	size_t in_step;
	uint64_t records, left_out;
	enum err err;
};

static char lent[MAX_RECORD];

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct run *r = arg;
	struct span first = head.n > 0 ? head : tail;
	struct span last = tail.n > 0 ? tail : head;
	struct record_head kept;
	int64_t when_s;

	CHECK(head.n + tail.n >= 2 && head.n + tail.n <= MAX_RECORD);
	CHECK(first.p[0] == '{' && last.p[last.n - 1] == '}');
	CHECK(memchr(first.p, '\n', first.n) == NULL);
	record_keep(&kept, head, tail);
	(void)record_time(&kept, &when_s);
	buf_span(&r->got, head);
	buf_span(&r->got, tail);
	buf_char(&r->got, '\n');
	r->in_step += head.n + tail.n;
	r->records++;
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	struct run *r = arg;

	CHECK(index == r->records + r->left_out);
	buf_printf(
	    &r->got, "-%u %s\n", (unsigned)index, slicer_cause_name(cause));
	r->left_out++;
}

static enum err
feed(struct decode *d, struct run *r, struct span in)
{
	bool more = true;

	while (more) {
		uint64_t out = decode_stats(d).bytes_out;
		size_t need;
		enum err err;

		if (decode_wants_carry(d))
			decode_lend_carry(d, lent, sizeof lent);
		need = decode_need(d);
		r->in_step = 0;
		err = decode_step(d, &in, &more);
		CHECK(r->in_step <= need);
		CHECK(decode_stats(d).bytes_out - out <= GUNZIP_WINDOW);
		(void)decode_take_carry(d, false);
		if (err != ERR_OK)
			return err;
	}
	CHECK(in.n == 0);
	return ERR_OK;
}

static void
run(struct run *r, struct span s, size_t max, uint8_t how)
{
	struct decode *d = decode_new(max, on_record, on_left_out, r);
	struct fuzz_cut cut;

	buf_init(&r->got, GOT_MAX);
	r->records = r->left_out = 0;
	r->err = ERR_OK;
	fuzz_cut_init(&cut, s, how);
	while (r->err == ERR_OK && fuzz_cut_next(&cut))
		r->err = feed(d, r, cut.piece);
	fuzz_cut_fini(&cut);
	if (r->err == ERR_OK)
		r->err = decode_finish(d);
	CHECK(decode_finish(d) == r->err);
	CHECK(decode_stats(d).records == r->records);
	CHECK(decode_stats(d).left_out == r->left_out);
	CHECK((decode_error(d)[0] == '\0') == (r->err == ERR_OK));
	CHECK(r->got.err == ERR_OK);
	(void)decode_take_carry(d, true);
	decode_free(&d);
}

static void
pack(struct buf *out, struct span s)
{
	z_stream z = {.zalloc = NULL};
	unsigned char room[512];
	int rc;

	CHECK(
	    deflateInit2(&z, 1, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	z.next_in = (unsigned char *)(uintptr_t)s.p;
	z.avail_in = (unsigned)s.n;
	do {
		z.next_out = room;
		z.avail_out = sizeof room;
		rc = deflate(&z, Z_FINISH);
		buf_add(out, room, sizeof room - z.avail_out);
	} while (rc == Z_OK);
	CHECK(rc == Z_STREAM_END && deflateEnd(&z) == Z_OK);
}

static void
make_file(struct buf *file, struct span *in)
{
	uint8_t packing = fuzz_byte(in) % PACKINGS;
	size_t at = in->n * fuzz_byte(in) / 256;

	if (at > in->n)
		at = in->n;
	if (packing == AS_IS) {
		buf_span(file, *in);
	} else if (packing == ONE_MEMBER) {
		pack(file, *in);
	} else {
		pack(file, (struct span){in->p, at});
		pack(file, (struct span){in->p + at, in->n - at});
	}
}

/* Of a damaged file the cut decides how many of its records come out before the
 * damage is seen, but never what they are or whether it is seen. */
static void
check_same(const struct run *whole, const struct run *cut)
{
	struct span a = buf_view(&whole->got), b = buf_view(&cut->got);

	CHECK((cut->err == ERR_OK) == (whole->err == ERR_OK));
	if (whole->err != ERR_OK) {
		size_t n = a.n < b.n ? a.n : b.n;

		a.n = b.n = n;
	}
	CHECK(span_eq(a, b));
}

/* Nothing of what decode knows beside the text itself begins it. */
static bool
is_text(struct span s)
{
	return s.n < GUNZIP_WINDOW &&
	       (s.n == 0 || memchr("\x1f\xef\xfd\xfe\xff\x28\x04"
				   "BP",
				s.p[0], 9) == NULL);
}

static void
check_model(const struct run *r, struct span text, size_t max)
{
	struct buf want;
	bool good;

	buf_init(&want, GOT_MAX);
	good = records_model(text, max, &want);
	CHECK(good == (r->err == ERR_OK));
	CHECK(span_eq(buf_view(&want), buf_view(&r->got)));
	buf_fini(&want);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = {(const char *)data, n};
	uint8_t how = fuzz_byte(&in);
	size_t max = how % 2 ? MAX_RECORD : MAX_SMALL;
	struct run whole, cut;
	struct buf file;

	buf_init(&file, GOT_MAX);
	make_file(&file, &in);
	run(&whole, buf_view(&file), max, 0);
	run(&cut, buf_view(&file), max, how);
	check_same(&whole, &cut);
	if (is_text(in)) {
		check_model(&whole, in, max);
		check_model(&cut, in, max);
	}
	buf_fini(&whole.got);
	buf_fini(&cut.got);
	buf_fini(&file);
	return 0;
}
