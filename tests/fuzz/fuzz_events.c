/* Rules for events: any text is a rule or a mistake with a place, and records
 * come out the same whole and cut. The first byte says how they are cut and
 * which of the two the rule is of; it ends with a byte 1, and the rest is
 * records. */
#include "fuzz.h"

#include <string.h>

#include "base/buf.h"
#include "trail/slicer.h"

enum { MAX_RECORD = 4096, GOT_MAX = 1 << 20 };

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct buf *got = arg;

	buf_span(got, head);
	buf_span(got, tail);
	buf_char(got, '\n');
}

static void
on_ruled_out(void *arg, uint64_t index)
{
	buf_printf(arg, "-%u\n", (unsigned)index);
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	(void)cause;
	on_ruled_out(arg, index);
}

static enum err
run(struct buf *got, struct events_rules *rules, struct span text, uint8_t how)
{
	struct slicer *s = slicer_new(MAX_RECORD, on_record, on_left_out, got);
	struct fuzz_cut cut;
	enum err err = ERR_OK;

	buf_init(got, GOT_MAX);
	slicer_rules(s, rules, on_ruled_out);
	fuzz_cut_init(&cut, text, how);
	while (err == ERR_OK && fuzz_cut_next(&cut))
		err = slicer_feed(s, cut.piece);
	fuzz_cut_fini(&cut);
	slicer_free(&s);
	CHECK(got->err == ERR_OK);
	return err;
}

static bool
is_rule(struct span text)
{
	char *exact = fuzz_copy(text);
	struct buf why;
	size_t column = 0;
	bool yes;

	buf_init(&why, 1024);
	yes = events_check((struct span){exact, text.n}, &column, &why);
	CHECK(yes == (why.n == 0));
	CHECK(yes || (column >= 1 && column <= text.n + 1));
	buf_fini(&why);
	mem_free(exact);
	return yes;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct span in = {(const char *)data, n};
	uint8_t how = fuzz_byte(&in);
	struct span rule = span_trim(fuzz_until(&in, "\x01"));
	struct events_rules *rules = NULL;
	struct buf whole, cut;
	enum err err;

	/* A line of its own is what is asked of whoever has more than one. */
	if (is_rule(rule) && memchr(rule.p, '\n', rule.n) == NULL) {
		char *text = fuzz_cstr(rule);
		struct events *e =
		    events_new(how % 2 ? text : "", how % 2 ? "" : text);

		rules = events_hold(e);
		CHECK(rules != NULL);
		events_free(&e);
		mem_free(text);
	}
	err = run(&whole, rules, in, 0);
	CHECK((run(&cut, rules, in, how) == ERR_OK) == (err == ERR_OK));
	CHECK(err != ERR_OK || span_eq(buf_view(&whole), buf_view(&cut)));
	buf_fini(&whole);
	buf_fini(&cut);
	events_release(&rules);
	return 0;
}
