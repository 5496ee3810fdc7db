/* Log files: the same records whole and cut, whatever the bytes are, and those
 * that a model finds in the text. The second byte says whether the rest is a
 * file as it is or is packed first, as one member or two: a checksum cannot be
 * guessed. */
#include "fuzz.h"

#include <string.h>

#include "base/buf.h"
#include "trail/record.h"

#include "../unit/fake/decode_run.c"
#include "../unit/fake/gzip.c"
#include "../unit/fake/records_model.c"

enum { MAX_SMALL = 40, GOT_MAX = 1 << 28 };

enum { AS_IS, ONE_MEMBER, TWO_MEMBERS, PACKINGS };

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct span first = head.n > 0 ? head : tail;
	struct span last = tail.n > 0 ? tail : head;
	struct record_head kept;
	int64_t when_s;

	CHECK(head.n + tail.n >= 2 && head.n + tail.n <= MAX_RECORD);
	CHECK(first.p[0] == '{' && last.p[last.n - 1] == '}');
	CHECK(memchr(first.p, '\n', first.n) == NULL);
	record_keep(&kept, head, tail);
	(void)record_time(&kept, &when_s);
	run_record(arg, head, tail);
}

static void
run(struct run *r, struct span s, size_t max, uint8_t how)
{
	struct decode *d = decode_new(max, on_record, run_left_out, r);
	struct fuzz_cut cut;

	buf_init(&r->got, GOT_MAX);
	r->records = r->left_out = 0;
	r->err = ERR_OK;
	fuzz_cut_init(&cut, s, how);
	while (r->err == ERR_OK && fuzz_cut_next(&cut))
		r->err = run_feed(d, r, cut.piece);
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
make_file(struct buf *file, struct span *in)
{
	uint8_t packing = fuzz_byte(in) % PACKINGS;
	size_t at = in->n * fuzz_byte(in) / 256;

	if (at > in->n)
		at = in->n;
	if (packing == AS_IS) {
		buf_span(file, *in);
	} else if (packing == ONE_MEMBER) {
		gzip_member(file, *in, 1);
	} else {
		gzip_member(file, (struct span){in->p, at}, 1);
		gzip_member(file, (struct span){in->p + at, in->n - at}, 1);
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
