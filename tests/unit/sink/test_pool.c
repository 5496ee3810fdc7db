#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "sink/pool.h"

static void
sizes_are_whole_pieces(void **state)
{
	static const struct {
		size_t bytes, pieces;
	} rows[] = {
	    {0, 1},
	    {1, 1},
	    {POOL_PIECE - 1, 1},
	    {POOL_PIECE, 1},
	    {2 * POOL_PIECE - 1, 1},
	    {2 * POOL_PIECE, 2},
	    {2 * POOL_PIECE + 1, 2},
	    {(size_t)1 << 30, 16384},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct pool *p = pool_new(rows[i].bytes);

		assert_int_equal(pool_total(p), rows[i].pieces);
		assert_int_equal(pool_left(p), rows[i].pieces);
		pool_free(&p);
		assert_null(p);
		pool_free(&p);
	}
}

static void
every_piece_is_apart_and_comes_back(void **state)
{
	enum { N = 5 };
	struct pool *p = pool_new(N * POOL_PIECE);
	unsigned char *piece[N];

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < N; i++) {
			piece[i] = pool_take(p);
			assert_non_null(piece[i]);
			memset(piece[i], 'a' + i, POOL_PIECE);
			assert_int_equal(pool_left(p), N - 1 - i);
		}
		assert_null(pool_take(p));
		for (int i = 0; i < N; i++) {
			assert_int_equal(piece[i][0], 'a' + i);
			assert_int_equal(piece[i][POOL_PIECE - 1], 'a' + i);
		}
		/* Another order each round. */
		for (int i = 0; i < N; i++)
			pool_give(p, piece[(i * 2 + round) % N]);
		assert_int_equal(pool_left(p), N);
	}
	pool_free(&p);
}

static void
last_given_is_next_taken(void **state)
{
	struct pool *p = pool_new(8 * POOL_PIECE);
	void *a = pool_take(p);
	void *b = pool_take(p);

	(void)state;
	pool_give(p, a);
	assert_ptr_equal(pool_take(p), a);
	pool_give(p, b);
	pool_give(p, a);
	assert_ptr_equal(pool_take(p), a);
	pool_give(p, a);
	pool_free(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(sizes_are_whole_pieces),
	    cmocka_unit_test(every_piece_is_apart_and_comes_back),
	    cmocka_unit_test(last_given_is_next_taken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
