/* What test_decode cannot see of the slicer: the carry and who lends it, spans
 * that are not copied, the accounts before and after an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "trail/slicer.h"

enum { MAX_RECORD = 100000 };

struct env {
	struct slicer *s;
	struct span head, tail; /* of the last record; to be compared only */
	struct buf last;
	unsigned records, left_out;
	uint64_t index; /* of the last one left out */
	enum slicer_cause cause;
};

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct env *e = arg;

	e->head = head;
	e->tail = tail;
	e->records++;
	buf_reset(&e->last);
	buf_span(&e->last, head);
	buf_span(&e->last, tail);
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	struct env *e = arg;

	e->left_out++;
	e->index = index;
	e->cause = cause;
}

static int
setup(void **state)
{
	struct env *e = mem_zalloc(sizeof *e);

	e->s = slicer_new(MAX_RECORD, on_record, on_left_out, e);
	buf_init(&e->last, MAX_RECORD);
	*state = e;
	return 0;
}

static int
teardown(void **state)
{
	struct env *e = *state;

	slicer_free(&e->s);
	slicer_free(&e->s);
	buf_fini(&e->last);
	mem_free(e);
	return 0;
}

static void
feed(struct env *e, const char *text)
{
	assert_int_equal(slicer_feed(e->s, span_str(text)), ERR_OK);
}

static void
test_whole_record_is_borrowed(void **state)
{
	static const char text[] = "[{\"a\":1},{\"b\":2}]";
	struct env *e = *state;

	feed(e, text);
	assert_int_equal(e->records, 2);
	assert_int_equal(e->head.n, 0);
	assert_ptr_equal(e->tail.p, text + 9);
	assert_int_equal(e->tail.n, 7);
	assert_int_equal(slicer_pending(e->s), 0);
	assert_int_equal(slicer_finish(e->s), ERR_OK);
	assert_string_equal(slicer_error(e->s), "");
}

static void
test_pieces(void **state)
{
	static const char last[] = ",2]}, {";
	struct env *e = *state;

	feed(e, "{\"Rec");
	assert_int_equal(slicer_pending(e->s), 0);
	feed(e, "ords\":[{\"a\":");
	assert_int_equal(slicer_pending(e->s), 5);
	feed(e, "\n [1\r\n");
	assert_int_equal(slicer_pending(e->s), 8);
	assert_int_equal(e->records, 0);
	feed(e, last);
	assert_int_equal(e->records, 1);
	assert_string_equal(buf_cstr(&e->last), "{\"a\": [1,2]}");
	assert_int_equal(e->head.n, 8);
	assert_ptr_equal(e->tail.p, last);
	assert_int_equal(slicer_pending(e->s), 1);
	assert_int_equal(slicer_finish(e->s), ERR_TRUNCATED);
	assert_int_equal(slicer_feed(e->s, SPAN("}")), ERR_TRUNCATED);
	assert_string_equal(slicer_error(e->s),
	    "ends inside a document at byte 30 of the text, in the record "
	    "with index 1");
	slicer_reset(e->s);
	assert_int_equal(slicer_pending(e->s), 0);
	assert_string_equal(slicer_error(e->s), "");
	feed(e, "[{}]");
	assert_int_equal(slicer_finish(e->s), ERR_OK);
	assert_string_equal(buf_cstr(&e->last), "{}");
}

static void
fill(struct env *e, size_t n, char digit)
{
	char text[64];

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = i % 2 == 0 ? digit : ',';
	while (n > 0) {
		size_t step = n < sizeof text ? n : sizeof text;

		assert_int_equal(
		    slicer_feed(e->s, (struct span){text, step}), ERR_OK);
		n -= step;
	}
}

static void
test_wants_carry(void **state)
{
	struct env *e = *state;

	assert_false(slicer_wants_carry(e->s, SLICER_CARRY));
	assert_true(slicer_wants_carry(e->s, SLICER_CARRY + 1));
	feed(e, "[{\"a\":[");
	fill(e, SLICER_CARRY - 6, '1');
	assert_int_equal(slicer_pending(e->s), SLICER_CARRY);
	assert_false(slicer_wants_carry(e->s, 0));
	assert_true(slicer_wants_carry(e->s, 1));

	/* Records that cannot be longer than the own carry never want more. */
	slicer_free(&e->s);
	e->s = slicer_new(SLICER_CARRY, on_record, on_left_out, e);
	assert_false(slicer_wants_carry(e->s, SIZE_MAX));
	feed(e, "[{\"a\":[");
	fill(e, SLICER_CARRY - 6, '1');
	assert_false(slicer_wants_carry(e->s, SIZE_MAX));
	/* The last byte that may belong to a record, and it goes on. */
	feed(e, "1,{}");
	assert_int_equal(slicer_pending(e->s), 0);
	assert_int_equal(e->left_out, 0);
	feed(e, "]}");
	assert_int_equal(e->left_out, 1);
	assert_int_equal(e->index, 0);
	assert_int_equal(e->cause, SLICER_TOO_LONG);
	feed(e, ",{}]");
	assert_int_equal(e->records, 1);
	assert_int_equal(slicer_finish(e->s), ERR_OK);
}

/* What is left out lies in no carry, and a lent one comes back at once. */
static void
test_left_out_gives_back(void **state)
{
	struct env *e = *state;
	char *mem = mem_alloc(MAX_RECORD);

	feed(e, "[{\"a\":[");
	fill(e, SLICER_CARRY - 6, '1');
	slicer_lend_carry(e->s, mem, MAX_RECORD);
	fill(e, MAX_RECORD - SLICER_CARRY - 1, '1');
	assert_null(slicer_take_carry(e->s));
	fill(e, 1, '1');
	assert_ptr_equal(slicer_take_carry(e->s), mem);
	assert_false(slicer_wants_carry(e->s, SLICER_CARRY));
	memset(mem, 'x', MAX_RECORD);
	mem_free(mem);
	fill(e, MAX_RECORD, '1');
	assert_int_equal(slicer_pending(e->s), 0);
	feed(e, "1]},{}]");
	assert_int_equal(e->left_out, 1);
	assert_int_equal(e->records, 1);
	assert_int_equal(slicer_finish(e->s), ERR_OK);
}

static void
test_lend(void **state)
{
	struct env *e = *state;
	char *mem = mem_alloc(MAX_RECORD);

	assert_null(slicer_take_carry(e->s));
	feed(e, "[{\"a\":[");
	fill(e, SLICER_CARRY - 6, '1');
	slicer_lend_carry(e->s, mem, MAX_RECORD);
	assert_false(slicer_wants_carry(e->s, SIZE_MAX));
	fill(e, MAX_RECORD - SLICER_CARRY - 3, '1');
	assert_null(slicer_take_carry(e->s));
	feed(e, "1]}");
	assert_int_equal(e->records, 1);
	assert_int_equal(e->last.n, MAX_RECORD);
	assert_ptr_equal(e->head.p, mem);
	assert_ptr_equal(slicer_take_carry(e->s), mem);
	assert_null(slicer_take_carry(e->s));

	/* A short record moves back; one byte longer, it does not. */
	feed(e, ",{\"a\":[");
	slicer_lend_carry(e->s, mem, MAX_RECORD);
	fill(e, SLICER_CARRY / 2 - 6, '2');
	assert_ptr_equal(slicer_take_carry(e->s), mem);
	memset(mem, 'x', MAX_RECORD);
	slicer_lend_carry(e->s, mem, MAX_RECORD);
	fill(e, 2, '2');
	assert_null(slicer_take_carry(e->s));
	feed(e, "2]}]");
	assert_int_equal(e->records, 2);
	assert_int_equal(e->last.n, SLICER_CARRY / 2 + 5);
	assert_null(memchr(e->last.p, 'x', e->last.n));
	assert_null(memchr(e->last.p, '1', e->last.n));
	assert_int_equal(slicer_finish(e->s), ERR_OK);

	/* Reset forgets what was lent. */
	slicer_reset(e->s);
	assert_null(slicer_take_carry(e->s));
	mem_free(mem);
}

/* A large file given at once is sliced in bounded pieces all the same. */
static void
test_one_large_chunk(void **state)
{
	struct env *e = *state;
	struct buf text;

	buf_init(&text, 1 << 20);
	buf_str(&text, "[{}");
	for (int i = 0; i < 20000; i++)
		buf_str(&text, ",{\"a\":\"some text of a record\"}");
	buf_str(&text, "]");
	assert_int_equal(slicer_feed(e->s, buf_view(&text)), ERR_OK);
	assert_int_equal(slicer_finish(e->s), ERR_OK);
	assert_int_equal(e->records, 20001);
	buf_fini(&text);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	    T(test_whole_record_is_borrowed),
	    T(test_pieces),
	    T(test_wants_carry),
	    T(test_left_out_gives_back),
	    T(test_lend),
	    T(test_one_large_chunk),
#undef T
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
