#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/json.h"
#include "base/mem.h"

enum { ROOM = 64 * 1024 };

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char sample[] =
    "{\"s\":\"a\\\"\\u00e9\\n\",\"n\":12,\"big\":\"18446744073709551615\","
    "\"t\":true,\"f\":false,\"z\":null,\"o\":{\"in\":{\"k\":\"v\"}},"
    "\"a\":[1,[],{},\"x\"],\"dup\":1,\"dup\":2}";

static void
check_sample(const struct json_node *root)
{
	const struct json_node *a = json_get(root, "a");
	uint64_t v = 0;

	assert_true(json_is(root, JSON_OBJECT));
	assert_true(span_is(json_str(json_get(root, "s")), "a\"\xc3\xa9\n"));
	assert_int_equal(json_u64(json_get(root, "n"), &v), ERR_OK);
	assert_true(v == 12);
	assert_int_equal(json_u64(json_get(root, "big"), &v), ERR_OK);
	assert_true(v == UINT64_MAX);
	assert_true(json_get(root, "t")->boolean);
	assert_false(json_get(root, "f")->boolean);
	assert_true(json_is(json_get(root, "z"), JSON_NULL));
	assert_true(
	    span_is(json_str(json_path(root, "o", "in", "k", NULL)), "v"));
	assert_null(json_path(root, "o", "out", "k", NULL));
	assert_true(json_is(a, JSON_ARRAY));
	assert_true(json_is(a->child, JSON_NUMBER));
	assert_true(json_is(a->child->next, JSON_ARRAY));
	assert_null(a->child->next->child);
	assert_true(json_is(a->child->next->next, JSON_OBJECT));
	assert_true(span_is(json_str(a->child->next->next->next), "x"));
	assert_null(a->child->next->next->next->next);
	assert_int_equal(json_u64(json_get(root, "dup"), &v), ERR_OK);
	assert_true(v == 2);
}

/* At every place cut in two, and byte by byte. Copies of the exact size let the
 * sanitizer see a byte read too far. */
static void
cut_anywhere(void **state)
{
	size_t n = sizeof sample - 1;

	(void)state;
	for (size_t cut = 0; cut <= n + 1; cut++) {
		struct json *j = json_new(ROOM);
		const struct json_node *root;

		for (size_t at = 0; at < n;) {
			size_t len = cut == n + 1 ? 1
				     : at < cut	  ? cut - at
						  : n - at;
			char *piece = mem_strndup(sample + at, len);

			piece = mem_realloc(piece, len);
			assert_int_equal(
			    json_feed(j, (struct span){piece, len}), ERR_OK);
			mem_free(piece);
			at += len;
		}
		assert_int_equal(json_finish(j, &root), ERR_OK);
		check_sample(root);
		json_free(&j);
		assert_null(j);
	}
}

static enum err
parse(const char *text, size_t room)
{
	const struct json_node *root;
	struct json *j;
	enum err err = json_parse(span_str(text), room, &j, &root);

	assert_int_equal(err == ERR_OK, root != NULL);
	json_free(&j);
	return err;
}

static void
errors(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} cases[] = {
	    {"", ERR_TRUNCATED},
	    {"  ", ERR_TRUNCATED},
	    {"{", ERR_TRUNCATED},
	    {"{\"a\":1", ERR_TRUNCATED},
	    {"\"abc", ERR_TRUNCATED},
	    {"tru", ERR_TRUNCATED},
	    {"}", ERR_SYNTAX},
	    {"{\"a\" 1}", ERR_SYNTAX},
	    {"{a:1}", ERR_SYNTAX},
	    {"[1,]", ERR_SYNTAX},
	    {"{} x", ERR_SYNTAX},
	    {"\"\xff\"", ERR_SYNTAX},
	    {"<html>", ERR_SYNTAX},
	    {"{}", ERR_OK},
	    {"[]", ERR_OK},
	    {"12", ERR_OK},
	    {" null ", ERR_OK},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		assert_int_equal(parse(cases[i].text, ROOM), cases[i].err);
}

static void
depth_is_bounded(void **state)
{
	char text[2 * JSON_DEPTH_MAX + 3] = "";

	(void)state;
	memset(text, '[', JSON_DEPTH_MAX);
	memset(text + JSON_DEPTH_MAX, ']', JSON_DEPTH_MAX);
	assert_int_equal(parse(text, ROOM), ERR_OK);
	memset(text, '[', JSON_DEPTH_MAX + 1);
	memset(text + JSON_DEPTH_MAX + 1, ']', JSON_DEPTH_MAX + 1);
	assert_int_equal(parse(text, ROOM), ERR_DEPTH);
}

static void
memory_is_bounded(void **state)
{
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof text);
	text[0] = text[sizeof text - 2] = '"';
	text[sizeof text - 1] = '\0';
	assert_int_equal(parse(text, 4096), ERR_LIMIT);
	assert_int_equal(parse(text, 12 * 1024), ERR_OK);
	assert_int_equal(parse("[1]", 0), ERR_LIMIT);
	assert_int_equal(parse("[1]", 512), ERR_OK);
}

static void
an_error_repeats(void **state)
{
	struct json *j = json_new(ROOM);
	const struct json_node *root;

	(void)state;
	assert_int_equal(json_feed(j, SPAN("]")), ERR_SYNTAX);
	assert_int_equal(json_feed(j, SPAN("{}")), ERR_SYNTAX);
	assert_int_equal(json_finish(j, &root), ERR_SYNTAX);
	assert_null(root);
	json_free(&j);
	json_free(&j);
}

/* As told, nothing is taken that is not counted. */
static void
a_tree_takes_what_it_says(void **state)
{
	static const char text[] = "{\"key\":[\"a\\nb\",1,{}]}";
	const struct json_node *root;
	struct json *j;
	size_t bytes;

	(void)state;
	assert_int_equal(json_parse(span_str(text), ROOM, &j, &root), ERR_OK);
	bytes = json_bytes(j);
	json_free(&j);
	assert_in_range(bytes, 1, ROOM);
	assert_int_equal(json_parse(span_str(text), bytes, &j, &root), ERR_OK);
	json_free(&j);
	assert_int_equal(json_parse(span_str(text), 128, &j, &root), ERR_LIMIT);
	json_free(&j);
}

static void
getters_accept_anything(void **state)
{
	const struct json_node *root;
	struct json *j;
	uint64_t v;

	(void)state;
	assert_int_equal(
	    json_parse(SPAN("[-1,1.5,\"1x\",{}]"), ROOM, &j, &root), ERR_OK);
	assert_null(json_get(NULL, "k"));
	assert_null(json_get(root, "k"));
	assert_null(json_path(NULL, "k", NULL));
	assert_int_equal(json_str(NULL).n, 0);
	assert_int_equal(json_str(root).n, 0);
	assert_int_equal(json_u64(NULL, &v), ERR_SHAPE);
	assert_int_equal(json_u64(root, &v), ERR_SHAPE);
	for (const struct json_node *n = root->child; n != NULL; n = n->next)
		assert_int_not_equal(json_u64(n, &v), ERR_OK);
	json_free(&j);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(cut_anywhere),
	    cmocka_unit_test(errors),
	    cmocka_unit_test(depth_is_bounded),
	    cmocka_unit_test(memory_is_bounded),
	    cmocka_unit_test(an_error_repeats),
	    cmocka_unit_test(a_tree_takes_what_it_says),
	    cmocka_unit_test(getters_accept_anything),
	};

	return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
