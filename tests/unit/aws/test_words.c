#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/words.h"
#include "base/buf.h"

static void
test_split(void **state)
{
	static const struct {
		const char *line;
		const char *words; /* "[a][b]"; NULL: ERR_SYNTAX */
	} rows[] = {
	    {"a", "[a]"},
	    {" a  b\t\nc ", "[a][b][c]"},
	    {"'a b' \"c d\"", "[a b][c d]"},
	    {"a'b'\"c\"d", "[abcd]"},
	    {"'' \"\"", "[][]"},
	    {"a\\ b \\'", "[a b][']"},
	    {"'a\\'", "[a\\]"},
	    {"\"a\\\"b\\\\c\\d\"", "[a\"b\\c\\d]"},
	    {"$HOME `x` $(y) * ~ | ; > <",
		"[$HOME][`x`][$(y)][*][~][|][;][>][<]"},
	    {"a\\", "[a\\]"},
	    {"", NULL},
	    {"  ", NULL},
	    {"'a", NULL},
	    {"\"a", NULL},
	    {"a \"b\\\"", NULL},
	};
	struct buf b;
	(void)state;
	buf_init(&b, 256);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct words w;
		enum err err = words_split(span_str(rows[i].line), &w);

		assert_int_equal(
		    err, rows[i].words != NULL ? ERR_OK : ERR_SYNTAX);
		buf_reset(&b);
		for (size_t n = 0; err == ERR_OK && w.argv[n] != NULL; n++)
			buf_printf(&b, "[%s]", w.argv[n]);
		if (rows[i].words != NULL)
			assert_string_equal(buf_cstr(&b), rows[i].words);
		words_fini(&w);
	}
	buf_fini(&b);
}

static void
test_too_many(void **state)
{
	struct words w;
	struct buf b;
	(void)state;
	buf_init(&b, 1024);
	for (int i = 0; i < WORDS_MAX; i++)
		buf_str(&b, "a ");
	assert_int_equal(words_split(buf_view(&b), &w), ERR_OK);
	assert_int_equal(w.n, WORDS_MAX);
	assert_null(w.argv[WORDS_MAX]);
	words_fini(&w);
	buf_str(&b, "a");
	assert_int_equal(words_split(buf_view(&b), &w), ERR_LIMIT);
	words_fini(&w);
	buf_fini(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_split),
	    cmocka_unit_test(test_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
