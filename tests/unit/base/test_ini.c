#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "base/buf.h"
#include "base/ini.h"
#include "base/mem.h"

/* Every line as "NUMBER[SECTION]PARENT>KEY=VALUE;" or "NUMBER!;". */
static void
note(void *arg, const struct ini_line *l)
{
	struct buf *b = arg;

	buf_printf(b, "%u", l->number);
	if (l->error != NULL) {
		buf_str(b, "!;");
		return;
	}
	buf_printf(b, "[%.*s]", (int)l->section.n, l->section.p);
	if (l->parent.n > 0)
		buf_printf(b, "%.*s>", (int)l->parent.n, l->parent.p);
	buf_span(b, l->key);
	buf_char(b, '=');
	buf_span(b, l->value);
	buf_char(b, ';');
}

static void
check(struct span text, bool nested, const char *want)
{
	struct buf b;
	/* Exactly its size, so that the sanitizer sees a step too far. */
	char *copy = mem_alloc(text.n);

	if (text.n > 0)
		memcpy(copy, text.p, text.n);
	buf_init(&b, 4096);
	ini_parse((struct span){copy, text.n}, nested, note, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
	mem_free(copy);
}

static void
lines(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"", ""},
	    {"\n\n", ""},
	    {"a=b", "1[]a=b;"},
	    {"a=b\n", "1[]a=b;"},
	    {"a = b \r\nc\t=\td", "1[]a=b;2[]c=d;"},
	    {"\xef\xbb\xbf"
	     "a=b",
		"1[]a=b;"},
	    {"# a=b\n; c=d\n  # e=f\ng=h", "4[]g=h;"},
	    {"a=b # c", "1[]a=b # c;"},
	    {"a=b=c==", "1[]a=b=c==;"},
	    {"a=", "1[]a=;"},
	    {"a==", "1[]a==;"},
	    {"two words=x", "1[]two words=x;"},
	    {"  a=b", "1[]a=b;"},
	    {"=b", "1!;"},
	    {"  =b\nc=d", "1!;2[]c=d;"},
	    {"word", "1!;"},
	    {"a=1\na=2", "1[]a=1;2[]a=2;"},
	    {"[s]\na=b\n[t]\nc=d", "2[s]a=b;4[t]c=d;"},
	    {"[ profile x ] # note\na=b", "2[profile x]a=b;"},
	    {"[s] ; note\na=b", "2[s]a=b;"},
	    {"[s\na=b", "1!;2[]a=b;"},
	    {"[]\na=b", "1!;2[]a=b;"},
	    {"[s]x\na=b", "1!;2[]a=b;"},
	    {"a=b]", "1[]a=b];"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check(span_str(cases[i].text), false, cases[i].want);
	check(SPAN("a\0=b\nc=\0\nd=e"), false, "1!;2!;3[]d=e;");
}

static void
nested_keys(void **state)
{
	static const struct {
		const char *text, *want;
	} cases[] = {
	    {"s3 =\n  a = b\n\n\tc = d\ne = f",
		"1[]s3=;2[]s3>a=b;4[]s3>c=d;5[]e=f;"},
	    {"s3=\n# note\n  a=b", "1[]s3=;3[]s3>a=b;"},
	    {"s3=x\n  a=b", "1[]s3=x\n  a=b;"},
	    {"s3=x\n y \n\n\t z \na=b", "1[]s3=x\n y \n\n\t z;5[]a=b;"},
	    {"s3=x\n [y]\n[t]\na=b", "1[]s3=x\n [y];3[t]=;4[t]a=b;"},
	    /* A comment is no part of a value, nor are there any in one. */
	    {"s3=x\n#note\n y", "1[]s3=x;3!;"},
	    {"s3=x\n#note\n y=z", "1[]s3=x;3!;"},
	    {"s3=\nbad\n  a=b", "1[]s3=;2!;3!;"},
	    /* Keys may be indented together, under their section. */
	    {"  a=b", "1[]a=b;"},
	    {"s3=\n[t]\n  a=b", "1[]s3=;2[t]=;3[t]a=b;"},
	    {"[t]\n  a=b\n  c=d", "1[t]=;2[t]a=b;3[t]c=d;"},
	    {"[t]\n  s3=\n    a=b\n  c=d\n\te=f",
		"1[t]=;2[t]s3=;3[t]s3>a=b;4[t]c=d;5[t]e=f;"},
	    {"[t]\n  a=b\n   c=d\n  e=f", "1[t]=;2[t]a=b\n   c=d;4[t]e=f;"},
	    {"[t]\n  s3=\n  a=b", "1[t]=;2[t]s3=;3[t]a=b;"},
	    {"[t]\n    a=b\n  s3=\n   c=d",
		"1[t]=;2[t]a=b;3[t]s3=;4[t]s3>c=d;"},
	    {"[t]\n  a=\n[u]\n    b=c", "1[t]=;2[t]a=;3[u]=;4[u]b=c;"},
	    {"s3=\n  a=\n  b=c", "1[]s3=;2[]s3>a=;3[]s3>b=c;"},
	    {"[services x]\ns3 =\n  endpoint_url = http://h:1/",
		"1[services x]=;2[services x]s3=;3[services "
		"x]s3>endpoint_url=http://h:1/;"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		check(span_str(cases[i].text), true, cases[i].want);
	check(SPAN("[t]\ns3=\n  a=b"), false, "2[t]s3=;3[t]a=b;");
}

struct longest {
	size_t value;
	unsigned bad, good;
};

static void
measure(void *arg, const struct ini_line *l)
{
	struct longest *m = arg;

	m->bad += l->error != NULL;
	m->good += l->error == NULL;
	m->value = l->value.n > m->value ? l->value.n : m->value;
}

static void
a_line_is_bounded(void **state)
{
	static char text[INI_LINE_MAX + 64];
	struct longest m = {0};

	(void)state;
	memset(text, 'v', sizeof text);
	memcpy(text, "k=", 2);
	text[INI_LINE_MAX] = '\n';
	memcpy(text + INI_LINE_MAX + 1, "b=c", 3);
	ini_parse((struct span){text, INI_LINE_MAX + 4}, false, measure, &m);
	assert_int_equal(m.value, INI_LINE_MAX - 2);
	assert_int_equal(m.bad, 0);
	assert_int_equal(m.good, 2);
	m = (struct longest){0};
	text[INI_LINE_MAX] = 'v';
	memcpy(text + INI_LINE_MAX + 1, "\nb=c", 4);
	ini_parse((struct span){text, INI_LINE_MAX + 5}, false, measure, &m);
	assert_int_equal(m.value, 1);
	assert_int_equal(m.bad, 1);
	assert_int_equal(m.good, 1);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(lines),
	    cmocka_unit_test(nested_keys),
	    cmocka_unit_test(a_line_is_bounded),
	};

	return cmocka_run_group_tests_name("ini", tests, NULL, NULL);
}
