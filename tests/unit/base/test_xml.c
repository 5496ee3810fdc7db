#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/mem.h"
#include "base/xml.h"

enum { ROOM = 1 << 20 };

static enum err
parse_cut(const char *text, size_t max, size_t cut, struct xml **x)
{
	size_t n = strlen(text);
	enum err err = ERR_OK;

	*x = xml_new(max);
	for (size_t i = 0; i < n; i += cut) {
		size_t len = n - i < cut ? n - i : cut;
		char *piece = mem_strndup(text + i, len);

		err = xml_feed(*x, (struct span){piece, len});
		mem_free(piece);
	}
	if (err == ERR_OK)
		err = xml_finish(*x);
	return err;
}

static void
assert_text(const struct xml *x, const char *path, const char *want)
{
	struct span s = xml_text(x, path);

	assert_int_equal(s.n, strlen(want));
	assert_memory_equal(s.p, want, s.n);
}

static const char reply[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<a:List xmlns:a=\"http://s3.amazonaws.com/doc/2006-03-01/\">\n"
    " <Name> b &amp; c&#x2713; </Name>\n"
    " <Contents><Key>first</Key><ETag>&quot;x&quot;</ETag></Contents>\n"
    " <Contents><Key>second</Key></Contents><Empty/>\n"
    " <a:Code q=\"1\"><![CDATA[<raw>]]></a:Code>\n"
    "</a:List>";

static void
test_texts_at_any_cut(void **state)
{
	(void)state;
	for (size_t cut = 1; cut <= sizeof reply; cut++) {
		struct xml *x;

		assert_int_equal(parse_cut(reply, ROOM, cut, &x), ERR_OK);
		assert_text(x, "List/Name", "b & c\xe2\x9c\x93");
		assert_text(x, "List/Contents/Key", "first");
		assert_text(x, "List/Contents/ETag", "\"x\"");
		assert_text(x, "List/Code", "<raw>");
		assert_text(x, "List/Empty", "");
		assert_text(x, "List/Nothing", "");
		assert_text(x, "List", "");
		assert_text(x, "Name", "");
		xml_free(&x);
		assert_null(x);
	}
}

static void
test_errors(void **state)
{
	static const struct {
		const char *text;
		enum err err;
	} rows[] = {
	    {"", ERR_TRUNCATED},
	    {"<a><b>x</b>", ERR_TRUNCATED},
	    {"<a></b>", ERR_SYNTAX},
	    {"<a>&nope;</a>", ERR_SYNTAX},
	    {"<a/><b/>", ERR_SYNTAX},
	    {"not xml", ERR_SYNTAX},
	    {"<!DOCTYPE html><a/>", ERR_SHAPE},
	    {"<!DOCTYPE a [<!ENTITY e \"x\">]><a>&e;</a>", ERR_SHAPE},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct xml *x;

		assert_int_equal(
		    parse_cut(rows[i].text, ROOM, 7, &x), rows[i].err);
		/* It repeats. */
		assert_int_equal(xml_feed(x, SPAN("<a/>")), rows[i].err);
		assert_int_equal(xml_finish(x), rows[i].err);
		xml_free(&x);
	}
}

static void
test_text_of_a_cut_document(void **state)
{
	struct xml *x;
	(void)state;
	assert_int_equal(
	    parse_cut("<Error><Code>SlowDown</Code><Mess", ROOM, 5, &x),
	    ERR_TRUNCATED);
	assert_text(x, "Error/Code", "SlowDown");
	xml_free(&x);
}

static void
nest(struct buf *b, unsigned depth)
{
	buf_init(b, 1 << 20);
	for (unsigned i = 0; i < depth; i++)
		buf_str(b, "<a>");
	buf_str(b, "x");
	for (unsigned i = 0; i < depth; i++)
		buf_str(b, "</a>");
}

static void
test_depth(void **state)
{
	struct xml *x;
	struct buf b;
	(void)state;
	nest(&b, XML_DEPTH_MAX);
	assert_int_equal(parse_cut(buf_cstr(&b), ROOM, 64, &x), ERR_OK);
	xml_free(&x);
	buf_fini(&b);
	nest(&b, XML_DEPTH_MAX + 1);
	assert_int_equal(parse_cut(buf_cstr(&b), ROOM, 64, &x), ERR_DEPTH);
	xml_free(&x);
	buf_fini(&b);
}

static void
test_elements(void **state)
{
	(void)state;
	for (unsigned over = 0; over < 2; over++) {
		struct xml *x;
		struct buf b;

		buf_init(&b, 1 << 20);
		buf_str(&b, "<a>");
		for (unsigned i = 1; i < XML_ELEMENTS_MAX + over; i++)
			buf_str(&b, "<b/>");
		buf_str(&b, "</a>");
		assert_int_equal(parse_cut(buf_cstr(&b), ROOM, 4096, &x),
		    over ? ERR_LIMIT : ERR_OK);
		xml_free(&x);
		buf_fini(&b);
	}
}

static void
test_bytes(void **state)
{
	static const char text[] = "<a><b>hello</b></a>";
	struct xml *x;
	(void)state;
	assert_int_equal(parse_cut(text, sizeof text - 1, 3, &x), ERR_OK);
	assert_text(x, "a/b", "hello");
	xml_free(&x);
	assert_int_equal(parse_cut(text, sizeof text - 2, 3, &x), ERR_LIMIT);
	xml_free(&x);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_texts_at_any_cut),
	    cmocka_unit_test(test_errors),
	    cmocka_unit_test(test_text_of_a_cut_document),
	    cmocka_unit_test(test_depth),
	    cmocka_unit_test(test_elements),
	    cmocka_unit_test(test_bytes),
	};

	return cmocka_run_group_tests_name("xml", tests, NULL, NULL);
}
