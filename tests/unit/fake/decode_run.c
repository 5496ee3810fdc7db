/*
 * A file through the decoder: the records and what is left out, as one text,
 * with what each step promised. Included by what decodes.
 */
#include "base/buf.h"
#include "base/mem.h"
#include "trail/decode.h"
#include "trail/gunzip.h"

enum { MAX_RECORD = 70000 };

/* Records in the order they came, each with a line feed. */
struct run {
	struct buf got;
	size_t in_step; /* bytes of records during one step */
	uint64_t records, left_out;
	enum err err;
	char error[256];
};

static void
run_record(void *arg, struct span head, struct span tail)
{
	struct run *r = arg;

	buf_span(&r->got, head);
	buf_span(&r->got, tail);
	buf_char(&r->got, '\n');
	r->in_step += head.n + tail.n;
	r->records++;
}

/* What is left out stands among them as "-INDEX CAUSE". */
static void
run_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	struct run *r = arg;

	CHECK(index == r->records + r->left_out);
	buf_printf(
	    &r->got, "-%u %s\n", (unsigned)index, slicer_cause_name(cause));
	r->left_out++;
}

static enum err
run_feed(struct decode *d, struct run *r, struct span in)
{
	static char lent[MAX_RECORD];
	bool more = true;

	while (more) {
		uint64_t out = decode_stats(d).bytes_out;
		size_t need;
		enum err err;

		if (decode_wants_layer(d))
			decode_add_layer(d);
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
