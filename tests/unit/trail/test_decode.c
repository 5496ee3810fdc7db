/* Decoding whole files: the same records for any cut, and nothing but an error
 * for what is damaged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "fake/decode_run.c"
#include "fake/gzip.c"
#include "fake/records_model.c"

enum { MAX_SMALL = 600, BUF_MAX = 64 * 1024 * 1024, RANDOM_CUTS = 300 };

/* step 0: cuts at random places; n > 0: every n bytes. The pieces are exact
 * copies, so that the sanitizer sees a byte read too much. */
static void
run(struct decode *d, struct run *r, struct span s, size_t step)
{
	decode_reset(d);
	buf_reset(&r->got);
	r->records = r->left_out = 0;
	r->err = ERR_OK;
	while (s.n > 0 && r->err == ERR_OK) {
		size_t n = step > 0 ? step
				    : 1 + (size_t)clock_random(
					      clock_random(8) ? 40 : s.n);
		char *copy;

		if (n > s.n)
			n = s.n;
		copy = mem_strndup(s.p, n);
		r->err = run_feed(d, r, (struct span){copy, n});
		mem_free(copy);
		s.p += n;
		s.n -= n;
	}
	if (r->err == ERR_OK)
		r->err = decode_finish(d);
	assert_int_equal(decode_finish(d), r->err);
	assert_int_equal(decode_stats(d).records, r->records);
	assert_int_equal(decode_stats(d).left_out, r->left_out);
	snprintf(r->error, sizeof r->error, "%s", decode_error(d));
	assert_int_equal(r->error[0] == '\0', r->err == ERR_OK);
	(void)decode_take_carry(d, true);
}

struct fixture {
	const char *name, *text, *expect;
	enum err err;
};

static const struct fixture fixtures[] = {
    {"minimal", "{\"Records\":[{\"a\":1}]}", "{\"a\":1}\n", ERR_OK},
    {"no records", "{\"Records\":[]}", "", ERR_OK},
    {"no records, blanks", " { \"Records\" : [ \r\n ] } \n", "", ERR_OK},
    {"empty record", "{\"Records\":[{}]}", "{}\n", ERR_OK},
    {"two", "{\"Records\":[{\"a\":1},{\"b\":[{},{}]}]}\n",
	"{\"a\":1}\n{\"b\":[{},{}]}\n", ERR_OK},
    {"pretty",
	"{\r\n  \"Records\": [\r\n    {\r\n      \"a\": 1,\r\n"
	"      \"b\": \"x\\r\\ny\"\r\n    },\r\n    { \"c\": { }\r\n}\r\n  "
	"]\r\n}",
	"{      \"a\": 1,      \"b\": \"x\\r\\ny\"    }\n{ \"c\": { }}\n",
	ERR_OK},
    {"one a line", "{\"Records\":[\n{\"a\":1},\n{\"a\":2}\n]}",
	"{\"a\":1}\n{\"a\":2}\n", ERR_OK},
    {"other blanks", "{\"Records\":[{\"a\":\f1,\v\"b\":\t2}]}",
	"{\"a\":1,\"b\":\t2}\n", ERR_OK},
    {"unicode and escapes",
	"[{\"k\\u00e9\\\"}{][\":\"\\\\\",\"caf\xc3\xa9\":"
	"\"\xe2\x9c\x93 \xf0\x9f\x98\x80 \\ud83d\\ude00 \\/ \\u0000\"}]",
	"{\"k\\u00e9\\\"}{][\":\"\\\\\",\"caf\xc3\xa9\":"
	"\"\xe2\x9c\x93 \xf0\x9f\x98\x80 \\ud83d\\ude00 \\/ \\u0000\"}\n",
	ERR_OK},
    {"numbers",
	"[{\"n\":12345678901234567890123456789.00100e-0400,\"z\":-0.0,"
	"\"e\":1E+5,\"m\":9223372036854775808}]",
	"{\"n\":12345678901234567890123456789.00100e-0400,\"z\":-0.0,"
	"\"e\":1E+5,\"m\":9223372036854775808}\n",
	ERR_OK},
    {"order, twice the same key", "[{\"b\":1,\"a\":2,\"b\":null}]",
	"{\"b\":1,\"a\":2,\"b\":null}\n", ERR_OK},
    {"members around",
	"{\"v\":1,\"x\":{\"y\":[[1],{}]},\"Records\":[{\"a\":1}],"
	"\"z\":[{\"no\":1}],\"t\":true}",
	"{\"a\":1}\n", ERR_OK},
    {"Records twice", "{\"Records\":[{\"a\":1}],\"Records\":[{\"a\":2}]}",
	"{\"a\":1}\n{\"a\":2}\n", ERR_OK},
    {"Records elsewhere",
	"{\"m\":{\"Records\":[{\"no\":1}]},\"Records\":[{\"Records\":[{}]}],"
	"\"n\":[{\"Records\":[{\"no\":2}]}]}",
	"{\"Records\":[{}]}\n", ERR_OK},
    {"scalar Records elsewhere", "{\"m\":{\"Records\":5},\"Records\":[]}", "",
	ERR_OK},
    {"name escaped", "{\"\\u0052ecords\":[{}]}", "{}\n", ERR_OK},
    {"bare array", " [ {\"a\":1} , {\"b\":2} ] ", "{\"a\":1}\n{\"b\":2}\n",
	ERR_OK},
    {"bare, empty", "[]", "", ERR_OK},
    {"two documents",
	"{\"Records\":[{\"a\":1}],\"x\":1}\n{\"y\":2,\"Records\":[{\"a\":2}]}",
	"{\"a\":1}\n{\"a\":2}\n", ERR_OK},
    {"two documents, touching", "{\"Records\":[{\"a\":1}]}[{\"a\":2}]",
	"{\"a\":1}\n{\"a\":2}\n", ERR_OK},
    {"overlong UTF-8 and surrogates pass",
	"[{\"a\":\"\xc0\x80 \xed\xa0\x80 \\ud800\"}]",
	"{\"a\":\"\xc0\x80 \xed\xa0\x80 \\ud800\"}\n", ERR_OK},

    {"Records is null", "{\"Records\":null}", "", ERR_OK},
    {"Records is null, and more", "{\"Records\": null ,\"a\":[]}[{}]", "{}\n",
	ERR_OK},
    {"arrays", "{\"Records\":[[],[[{\"no\":1}],2],{\"a\":1},[{}]]}",
	"-0 no_object\n-1 no_object\n{\"a\":1}\n-3 no_object\n", ERR_OK},
    {"scalars", "[1,{}, -2.5e-3 ,\n\"a\\\",{}\" , true,{},false,null]",
	"-0 no_object\n{}\n-2 no_object\n-3 no_object\n-4 no_object\n{}\n"
	"-6 no_object\n-7 no_object\n",
	ERR_OK},
    {"scalars in two documents", "[1]{\"Records\":[{},\"x\"]}\n[0]",
	"-0 no_object\n{}\n-2 no_object\n-3 no_object\n", ERR_OK},
    {"null only", "{\"Records\":[null]}", "-0 no_object\n", ERR_OK},
    {"invalid UTF-8", "[{\"a\xff\":\"\xff\xc3\"},{\"a\":\"\xe2\x9c\"}]",
	"{\"a\xff\":\"\xff\xc3\"}\n{\"a\":\"\xe2\x9c\"}\n", ERR_OK},
    {"byte order mark", "\xef\xbb\xbf{\"Records\":[{}]}", "{}\n", ERR_OK},
    {"nothing", "", "", ERR_OK},

    {"name in lower case", "{\"records\":[{\"a\":1}]}", "", ERR_SHAPE},
    {"empty object", "{}", "", ERR_SHAPE},
    {"blanks only", " \n ", "", ERR_SHAPE},
    {"number", "5", "", ERR_SHAPE},
    {"string", "\"Records\"", "", ERR_SHAPE},
    {"Records is a number", "{\"Records\":5}", "", ERR_SHAPE},
    {"Records is a string", "{\"Records\":\"x\"}", "", ERR_SHAPE},
    {"Records is an object", "{\"Records\":{\"a\":[]}}", "", ERR_SHAPE},
    {"second document without", "[{}]{\"a\":1}", "{}\n", ERR_SHAPE},
    {"number after", "[{}] 5", "{}\n", ERR_SHAPE},
    {"number between documents", "[{}] 5 [{\"no\":1}]", "{}\n", ERR_SHAPE},
    {"open string after", "[{}] \"abc", "{}\n", ERR_SHAPE},
    {"HTML", "<html><body>Service Unavailable</body></html>", "", ERR_SYNTAX},
    {"bytes after", "{\"Records\":[{}]} garbage", "{}\n", ERR_SYNTAX},
    {"comma after", "{\"Records\":[{}]},", "{}\n", ERR_SYNTAX},
    {"brace after", "{\"Records\":[{}]}}", "{}\n", ERR_SYNTAX},
    {"comma first", "[,{}]", "", ERR_SYNTAX},
    {"comma last", "[{},]", "{}\n", ERR_SYNTAX},
    {"two commas", "[{},,{}]", "{}\n", ERR_SYNTAX},
    {"no comma", "[{}{}]", "{}\n", ERR_SYNTAX},
    {"wrong bracket", "[{\"a\":[}]", "", ERR_SYNTAX},
    {"line feed in a string", "[{\"a\":\"\n\"}]", "", ERR_SYNTAX},
    {"comment", "[/* */{}]", "", ERR_SYNTAX},
    {"byte order mark later", "[]\xef\xbb\xbf[{}]", "", ERR_SYNTAX},
    {"half a byte order mark", "\xef\xbb[{}]", "", ERR_SYNTAX},
    {"number in two", "[1 2,{}]", "-0 no_object\n", ERR_SYNTAX},
    {"control character in a string left out", "[\"\x01\",{}]", "", ERR_SYNTAX},
    {"half a literal", "[{},nul,{}]", "{}\n", ERR_SYNTAX},
    {"half a literal last", "[{},nul", "{}\n", ERR_TRUNCATED},
    {"open string among the records", "[{},\"abc", "{}\n", ERR_TRUNCATED},
    {"open array", "{\"Records\":[{\"a\":1}", "{\"a\":1}\n", ERR_TRUNCATED},
    {"open document", "{\"Records\":[]", "", ERR_TRUNCATED},
    {"second open", "[{}] [", "{}\n", ERR_TRUNCATED},
};

static void
expect(const struct run *r, const char *name, size_t step, enum err err,
    struct span want)
{
	if (r->err == err && span_eq(buf_view(&r->got), want))
		return;
	fail_msg("%s, cut %zu: got %s (%s), %zu bytes of records; expected %s, "
		 "%zu bytes",
	    name, step, err_name(r->err), r->error, r->got.n, err_name(err),
	    want.n);
}

static void
all_cuts(struct decode *d, struct run *r, const char *name, struct span s,
    enum err err, struct span want)
{
	static const size_t steps[] = {SIZE_MAX, 1, 2, 7};

	for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
		run(d, r, s, steps[i]);
		expect(r, name, steps[i], err, want);
	}
	for (int i = 0; i < RANDOM_CUTS; i++) {
		run(d, r, s, 0);
		expect(r, name, 0, err, want);
	}
}

/* Of what is too large for more. */
static void
some_cuts(struct decode *d, struct run *r, const char *name, struct span s,
    enum err err, struct span want)
{
	static const size_t steps[] = {1, 4097, 16384, SIZE_MAX, 0, 0};

	for (size_t i = s.n < 10000 ? 0 : clock_random(3) != 0;
	     i < sizeof steps / sizeof *steps; i++) {
		run(d, r, s, steps[i]);
		expect(r, name, steps[i], err, want);
	}
}

struct env {
	struct decode *d;
	struct run run;
	struct buf gz, text, want;
};

static int
setup(void **state)
{
	struct env *e = mem_zalloc(sizeof *e);

	e->d = decode_new(MAX_RECORD, run_record, run_left_out, &e->run);
	buf_init(&e->run.got, BUF_MAX);
	buf_init(&e->gz, BUF_MAX);
	buf_init(&e->text, BUF_MAX);
	buf_init(&e->want, BUF_MAX);
	*state = e;
	return 0;
}

static int
teardown(void **state)
{
	struct env *e = *state;

	decode_free(&e->d);
	assert_null(e->d);
	decode_free(&e->d);
	buf_fini(&e->run.got);
	buf_fini(&e->gz);
	buf_fini(&e->text);
	buf_fini(&e->want);
	mem_free(e);
	return 0;
}

static void
test_fixtures(void **state)
{
	struct env *e = *state;

	for (size_t i = 0; i < sizeof fixtures / sizeof *fixtures; i++) {
		const struct fixture *f = &fixtures[i];

		all_cuts(e->d, &e->run, f->name, span_str(f->text), f->err,
		    span_str(f->expect));
		buf_reset(&e->gz);
		gzip_member(&e->gz, span_str(f->text), 6);
		all_cuts(e->d, &e->run, f->name, buf_view(&e->gz), f->err,
		    span_str(f->expect));
	}
}

static void
test_members_cut_a_record(void **state)
{
	static const char text[] = "{\"Records\":[{\"a\":1},{\"bcd\":\"xy\"}]}";
	struct env *e = *state;

	for (size_t cut = 0; cut < sizeof text; cut++) {
		buf_reset(&e->gz);
		gzip_member(&e->gz, (struct span){text, cut}, 6);
		gzip_member(&e->gz, SPAN(""), 6);
		gzip_member(&e->gz,
		    (struct span){text + cut, sizeof text - 1 - cut}, 6);
		for (size_t step = 0; step < 3; step++) {
			run(e->d, &e->run, buf_view(&e->gz), step);
			expect(&e->run, "members", step, ERR_OK,
			    SPAN("{\"a\":1}\n{\"bcd\":\"xy\"}\n"));
		}
	}
}

/* A record of n bytes made of short strings. */
static void
add_record(struct buf *b, size_t n, const char *separator)
{
	size_t start = b->n;

	buf_str(b, "{\"k\":[0");
	while (b->n - start + 12 < n)
		buf_printf(b, ",%s\"xxxxxx\"", separator);
	buf_str(b, ",9");
	while (b->n - start + 2 < n)
		buf_char(b, '9');
	buf_str(b, "]}");
}

/* The bytes of e->text, which is a record, are delivered or left out. */
static void
want_record(struct env *e, const char *left_out)
{
	struct span s = buf_view(&e->text);

	for (size_t i = 0; left_out == NULL && i < s.n; i++) {
		if (s.p[i] != '\r' && s.p[i] != '\n')
			buf_char(&e->want, s.p[i]);
	}
	buf_printf(&e->want, "%s\n", left_out != NULL ? left_out : "");
}

/* e->text and records around it as a file, plain and packed. */
static void
try_between(struct env *e, const char *name)
{
	struct buf file;

	buf_init(&file, BUF_MAX);
	buf_str(&file, "{\"Records\":[{\"a\":1},");
	buf_span(&file, buf_view(&e->text));
	buf_str(&file, ",{}]}");
	buf_reset(&e->gz);
	gzip_member(&e->gz, buf_view(&file), 6);
	some_cuts(
	    e->d, &e->run, name, buf_view(&file), ERR_OK, buf_view(&e->want));
	some_cuts(
	    e->d, &e->run, name, buf_view(&e->gz), ERR_OK, buf_view(&e->want));
	buf_fini(&file);
}

static void
test_long_records(void **state)
{
	static const size_t sizes[] = {16383, 16384, 16385, 65535, 65536, 65537,
	    MAX_RECORD - 1, MAX_RECORD, MAX_RECORD + 1, MAX_RECORD * 3};
	struct env *e = *state;

	/* Each also with a line break in it, which counts as it stands. */
	for (size_t i = 0; i < 2 * sizeof sizes / sizeof *sizes; i++) {
		buf_reset(&e->text);
		buf_reset(&e->want);
		add_record(&e->text, sizes[i / 2], "");
		assert_int_equal(e->text.n, sizes[i / 2]);
		if (i % 2 == 1) {
			e->text.n--;
			buf_str(&e->text, "\n}");
		}
		buf_str(&e->want, "{\"a\":1}\n");
		want_record(e, e->text.n > MAX_RECORD ? "-1 too_long" : NULL);
		buf_str(&e->want, "{}\n");
		try_between(e, "long");
	}
}

static void
test_long_pretty(void **state)
{
	static const size_t sizes[] = {MAX_RECORD, MAX_RECORD + 1};
	struct env *e = *state;

	for (size_t i = 0; i < 2; i++) {
		buf_reset(&e->text);
		buf_reset(&e->want);
		add_record(&e->text, sizes[i] - 20, "\r\n\r\n\r\n\r\n\r\n");
		e->text.n--;
		while (e->text.n < sizes[i] - 1)
			buf_char(&e->text, '\n');
		buf_char(&e->text, '}');
		buf_str(&e->want, "{\"a\":1}\n");
		want_record(e, i == 1 ? "-1 too_long" : NULL);
		buf_str(&e->want, "{}\n");
		try_between(e, "pretty");
	}
}

/* From here on records that are longer than 600 bytes are. */
static void
use_small(struct env *e)
{
	decode_free(&e->d);
	e->d = decode_new(MAX_SMALL, run_record, run_left_out, &e->run);
}

/* Whatever a record that is too long is full of, its end is found. */
static void
test_long_of_all_kinds(void **state)
{
	static const struct {
		const char *begin, *fill, *end, *left_out;
	} cases[] = {
	    {"{\"a\":\"", "x", "\"}", "-1 too_long"},
	    {"{\"a\":\"", "\\\"}],{", "\"}", "-1 too_long"},
	    {"{\"a\":\"", "\\\\", "\"}", "-1 too_long"},
	    {"{\"a\":\"", "\xff\xc3", "\"}", "-1 too_long"},
	    {"{\"", "k", "\":1}", "-1 too_long"},
	    {"{\"a\":1", "0", "}", "-1 too_long"},
	    {"{\"a\":", "\n", "1}", "-1 too_long"},
	    {"{\"a\":[{}", ",{\"Records\":[{\"no\":1}]}", "]}", "-1 too_long"},
	    {"{\"a\":[]", ",\"b\":{\"]\":\"}\"}", "}", "-1 too_long"},
	    {"[1", ",[2]", "]", "-1 no_object"},
	    {"\"", "],{}", "\"", "-1 no_object"},
	    {"12", "3", "", "-1 no_object"},
	};
	struct env *e = *state;

	use_small(e);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		for (size_t k = 0; k < 20; k++) {
			size_t n = MAX_SMALL - 12 + k + (k % 4 ? 0 : 2000);

			buf_reset(&e->text);
			buf_reset(&e->want);
			buf_str(&e->text, cases[i].begin);
			while (e->text.n < n)
				buf_str(&e->text, cases[i].fill);
			buf_str(&e->text, cases[i].end);
			buf_str(&e->want, "{\"a\":1}\n");
			want_record(
			    e, e->text.n > MAX_SMALL || cases[i].begin[0] != '{'
				   ? cases[i].left_out
				   : NULL);
			buf_str(&e->want, "{}\n");
			try_between(e, cases[i].fill);
		}
	}
}

/* What is broken in a record that is left out ends the object all the same, if
 * it is a string or a bracket, or stands before the record was too long. */
static void
test_long_and_broken(void **state)
{
	static const struct {
		const char *begin, *end;
		enum err err;
	} cases[] = {
	    {"[{},{\"a\":[", "}},{\"no\":1}]", ERR_SYNTAX},
	    {"[{},{\"a\":[", "]],{\"no\":1}]", ERR_SYNTAX},
	    {"[{},{\"a\":[", "\"\n\"]},{\"no\":1}]", ERR_SYNTAX},
	    {"[{},{\"a\":[", "\"\\\n\"]},{\"no\":1}]", ERR_SYNTAX},
	    {"[{},{\"a\":[", "]", ERR_TRUNCATED},
	    {"[{},{\"a\":[", "\"]}]", ERR_TRUNCATED},
	    {"[{},{\"a\":[x", "]},{\"no\":1}]", ERR_SYNTAX},
	    {"[{},{\"a\":[", "]}x]", ERR_SYNTAX},
	    {"[{}", "\"no comma before\",{\"no\":1}]", ERR_SYNTAX},
	    {"[{}", "1234,{\"no\":1}]", ERR_SYNTAX},
	    {"[{},{\"a\":[", "]}}", ERR_SYNTAX},
	    {"[{},{\"a\":[", "]}", ERR_TRUNCATED},
	    {"{\"Records\":[{},{\"a\":[", "]}],", ERR_TRUNCATED},
	    {"{\"Records\":[{},{\"a\":[", "]}],]", ERR_SYNTAX},
	    {"{\"Records\":[{},{\"a\":[", "]}]}5", ERR_SHAPE},
	};
	struct env *e = *state;

	use_small(e);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct span end = span_str(cases[i].end);
		bool told = end.n > 1 && end.p[0] == ']' && end.p[1] == '}' &&
			    strchr(cases[i].begin, 'x') == NULL;

		buf_reset(&e->text);
		buf_str(&e->text, cases[i].begin);
		while (e->text.n < 2 * MAX_SMALL)
			buf_char(&e->text, ' ');
		buf_span(&e->text, end);
		all_cuts(e->d, &e->run, cases[i].end, buf_view(&e->text),
		    cases[i].err,
		    told ? SPAN("{}\n-1 too_long\n") : SPAN("{}\n"));
	}
}

static void
add_nested(struct buf *b, size_t inner)
{
	buf_str(b, "{\"a\":");
	for (size_t k = 0; k < inner; k++)
		buf_str(b, k % 2 ? "{\"\":" : "[");
	buf_str(b, "\"\\\"}]\"");
	while (inner-- > 0)
		buf_str(b, inner % 2 ? "}" : "]");
	buf_str(b, "}");
}

static void
test_depth(void **state)
{
	/* In a bare array, and one deeper. The record itself is a level too. */
	static const size_t inner[] = {509, 510, 511, 512, 20000};
	struct env *e = *state;

	for (size_t i = 0; i < 2 * sizeof inner / sizeof *inner; i++) {
		size_t n = inner[i / 2];

		buf_reset(&e->text);
		buf_reset(&e->want);
		buf_reset(&e->gz);
		buf_str(&e->gz, i % 2 ? "{\"Records\":[{}," : "[{},");
		add_nested(&e->text, n);
		buf_span(&e->gz, buf_view(&e->text));
		buf_str(&e->gz, i % 2 ? ",{\"b\":2}]}" : ",{\"b\":2}]");
		buf_str(&e->want, "{}\n");
		want_record(e, n + 2 + i % 2 > 512 ? "-1 too_deep" : NULL);
		buf_str(&e->want, "{\"b\":2}\n");
		if (n < 1000)
			all_cuts(e->d, &e->run, "depth", buf_view(&e->gz),
			    ERR_OK, buf_view(&e->want));
		for (size_t step = 0; step < 50000; step = step * 3 + 1) {
			run(e->d, &e->run, buf_view(&e->gz), step);
			expect(
			    &e->run, "depth", step, ERR_OK, buf_view(&e->want));
		}
	}
	/* Elsewhere it is an error. */
	run(e->d, &e->run, SPAN("{\"a\":"), SIZE_MAX);
	buf_reset(&e->text);
	buf_str(&e->text, "{\"a\":");
	add_nested(&e->text, 511);
	run(e->d, &e->run, buf_view(&e->text), SIZE_MAX);
	assert_int_equal(e->run.err, ERR_DEPTH);
	assert_non_null(strstr(e->run.error, "nested deeper than 512"));
}

/* Where a comma is missing no element begins, however long it is. */
static void
test_no_comma(void **state)
{
	static const char *const begins[] = {"[{}", "[{}\n", "[1 ", "[\"a\""};
	struct env *e = *state;

	use_small(e);
	for (size_t i = 0; i < 8; i++) {
		buf_reset(&e->text);
		buf_str(&e->text, begins[i / 2]);
		buf_str(&e->text, i % 2 ? "\"" : " ");
		for (int k = 0; k < 3 * MAX_SMALL; k++)
			buf_char(&e->text, i % 2 && k % 3 == 2 ? ',' : '7');
		buf_str(&e->text, i % 2 ? "\",{}]" : ",{}]");
		all_cuts(e->d, &e->run, "no comma", buf_view(&e->text),
		    ERR_SYNTAX, i < 4 ? SPAN("{}\n") : SPAN("-0 no_object\n"));
	}
}

/* All that can be left out, many times over, and each is told. */
static void
test_many_left_out(void **state)
{
	static const char *const flaws[] = {"1", "[]", "\"x\"", "null"};
	struct env *e = *state;

	buf_str(&e->text, "[{}");
	buf_str(&e->want, "{}\n");
	for (unsigned i = 1; i < 5000; i++) {
		if (i % 3 == 0) {
			buf_str(&e->text, ",{}");
			buf_str(&e->want, "{}\n");
			continue;
		}
		buf_printf(&e->text, ",%s", flaws[clock_random(4)]);
		buf_printf(&e->want, "-%u no_object\n", i);
	}
	buf_str(&e->text, "]");
	for (size_t step = 0; step < 50000; step = step * 9 + 1) {
		run(e->d, &e->run, buf_view(&e->text), step);
		expect(&e->run, "many", step, ERR_OK, buf_view(&e->want));
	}
}

/* Stored with gzip twice, with NULs behind members of either. */
static void
test_packed_twice(void **state)
{
	static const char text[] =
	    "\xef\xbb\xbf{\"Records\":[{\"a\":1},5,{\"bcd\":\"xy\"}]}";
	struct env *e = *state;
	struct buf once;

	buf_init(&once, BUF_MAX);
	for (size_t cut = 0; cut < sizeof text; cut += 5) {
		buf_reset(&once);
		buf_reset(&e->gz);
		gzip_member(&once, (struct span){text, cut}, 6);
		buf_add(&once, "\0\0\0", cut % 4);
		gzip_member(
		    &once, (struct span){text + cut, sizeof text - 1 - cut}, 6);
		buf_add(&once, "\0", cut % 2);
		gzip_member(&e->gz, (struct span){once.p, cut}, 6);
		buf_add(&e->gz, "\0\0\0", (cut + 1) % 4);
		gzip_member(
		    &e->gz, (struct span){once.p + cut, once.n - cut}, 6);
		buf_add(&e->gz, "\0", (cut + 1) % 2);
		all_cuts(e->d, &e->run, "twice", buf_view(&e->gz), ERR_OK,
		    SPAN("{\"a\":1}\n-1 no_object\n{\"bcd\":\"xy\"}\n"));
	}
	/* Damage of the inner one, and its end missing. */
	buf_reset(&e->gz);
	once.n -= 3;
	gzip_member(&e->gz, buf_view(&once), 6);
	run(e->d, &e->run, buf_view(&e->gz), 7);
	assert_int_equal(e->run.err, ERR_TRUNCATED);
	assert_non_null(strstr(e->run.error, "(stored with gzip twice)"));
	buf_fini(&once);
}

/* A window of the outer one gives many of the inner one. */
static void
test_bomb_packed_twice(void **state)
{
	enum { COUNT = 100000 };
	struct env *e = *state;

	buf_str(&e->text, "[{}");
	for (int i = 1; i < COUNT; i++)
		buf_str(&e->text, ",{}");
	buf_str(&e->text, "]");
	gzip_member(&e->want, buf_view(&e->text), 6);
	gzip_member(&e->gz, buf_view(&e->want), 6);
	for (size_t step = 1; step < 100; step += 90) {
		run(e->d, &e->run, buf_view(&e->gz), step);
		assert_int_equal(e->run.err, ERR_OK);
		assert_int_equal(e->run.records, COUNT);
		assert_int_equal(decode_stats(e->d).bytes_in, e->gz.n);
		assert_int_equal(decode_stats(e->d).bytes_out, e->text.n);
	}
}

static void
test_nothing(void **state)
{
	struct env *e = *state;

	gzip_member(&e->gz, SPAN(""), 6);
	all_cuts(
	    e->d, &e->run, "empty gzip", buf_view(&e->gz), ERR_OK, SPAN(""));
	buf_add(&e->gz, "\0\0", 2);
	gzip_member(&e->gz, SPAN(""), 6);
	all_cuts(
	    e->d, &e->run, "empty gzips", buf_view(&e->gz), ERR_OK, SPAN(""));
	gzip_member(&e->text, buf_view(&e->gz), 6);
	all_cuts(
	    e->d, &e->run, "in a gzip", buf_view(&e->text), ERR_OK, SPAN(""));
}

static void
test_other_formats(void **state)
{
	static const struct {
		struct span head;
		const char *name;
	} cases[] = {
	    {{"BZh91AY&SY", 10}, "bzip2"},
	    {{"\x28\xb5\x2f\xfd\x04\x00", 6}, "zstd"},
	    {{"\xfd\x37\x7a\x58\x5a\x00\x00", 7}, "xz"},
	    {{"\x04\x22\x4d\x18\x64", 5}, "lz4"},
	    {{"PK\3\4\x14", 5}, "zip"},
	    {{"\xff\xfe{\0", 4}, "UTF-16"},
	    {{"\xfe\xff\0{", 4}, "UTF-16"},
	};
	struct env *e = *state;
	char want[100];

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		snprintf(want, sizeof want,
		    "not JSON but %s, which is not read", cases[i].name);
		for (size_t step = 0; step < 4; step++) {
			run(e->d, &e->run, cases[i].head, step);
			assert_int_equal(e->run.err, ERR_SYNTAX);
			assert_string_equal(e->run.error, want);
			buf_reset(&e->gz);
			gzip_member(&e->gz, cases[i].head, 6);
			run(e->d, &e->run, buf_view(&e->gz), step);
			assert_string_equal(e->run.error, want);
		}
		/* Not all of the magic number. */
		run(e->d, &e->run, (struct span){cases[i].head.p, 1}, 1);
		assert_int_equal(e->run.err, ERR_SYNTAX);
		assert_null(strstr(e->run.error, cases[i].name));
	}
	run(e->d, &e->run, SPAN("\x1f{}"), 1);
	assert_int_equal(e->run.err, ERR_SYNTAX);
	assert_null(strstr(e->run.error, "gzip"));
	for (int layer = 0; layer < 3; layer++) {
		buf_reset(&e->text);
		buf_span(&e->text, layer ? buf_view(&e->gz) : SPAN("[{}]"));
		buf_reset(&e->gz);
		gzip_member(&e->gz, buf_view(&e->text), 6);
	}
	run(e->d, &e->run, buf_view(&e->gz), 3);
	assert_int_equal(e->run.err, ERR_SYNTAX);
	assert_string_equal(e->run.error,
	    "not JSON but a third layer of gzip, which is not read "
	    "(stored with gzip twice)");
}

static void
test_damage(void **state)
{
	static const char want[] = "{\"a\":1}\n{\"b\":\"two\"}\n{\"c\":[3]}\n";
	struct env *e = *state;
	size_t unnoticed = 0;
	struct span gz;
	char *p;

	gzip_member(&e->gz,
	    SPAN("{\"Records\":[{\"a\":1},{\"b\":\"two\"},{\"c\":[3]}]}"), 6);
	gz = buf_view(&e->gz);
	for (size_t n = 1; n < gz.n; n++) {
		for (size_t step = 0; step < 4; step++) {
			run(e->d, &e->run, (struct span){gz.p, n}, step);
			assert_int_equal(e->run.err, ERR_TRUNCATED);
			assert_true(
			    span_starts(span_str(want), buf_cstr(&e->run.got)));
			assert_true(e->run.got.n == 0 ||
				    span_ends(buf_view(&e->run.got), "}\n"));
		}
	}
	p = mem_strndup(gz.p, gz.n);
	for (size_t bit = 0; bit < gz.n * 8; bit++) {
		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
		for (size_t step = 0; step < 2; step++) {
			run(e->d, &e->run, (struct span){p, gz.n}, step);
			/* Only the header's time, flags and OS and the bits
			 * behind the last block may be any. */
			unnoticed += e->run.err == ERR_OK;
			if (e->run.err == ERR_OK)
				expect(
				    &e->run, "flip", bit, ERR_OK, SPAN(want));
		}
		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
	}
	assert_true(unnoticed < 2 * (10 + 1) * 8);
	/* The checksum: whole, nothing of it comes out. */
	p[gz.n - 8] ^= 1;
	run(e->d, &e->run, (struct span){p, gz.n}, SIZE_MAX);
	expect(&e->run, "crc", 0, ERR_CORRUPT, SPAN(""));
	assert_non_null(strstr(e->run.error, "gzip checksum wrong at byte "));
	p[gz.n - 8] ^= 1;
	run(e->d, &e->run, (struct span){p, gz.n}, SIZE_MAX);
	expect(&e->run, "restored", 0, ERR_OK, SPAN(want));
	mem_free(p);
}

static void
test_flipped_text(void **state)
{
	static const char text[] =
	    "{\"v\":1,\"Records\":[{\"a\":1,\"b\":\"tw\"}"
	    " ,\n{\"c\":[3,null]}]} []";
	struct env *e = *state;
	char p[sizeof text];

	memcpy(p, text, sizeof text);
	for (size_t bit = 0; bit < (sizeof text - 1) * 8; bit++) {
		struct span s = {p, sizeof text - 1};
		enum err whole;

		p[bit / 8] = (char)(p[bit / 8] ^ 1 << bit % 8);
		run(e->d, &e->run, s, SIZE_MAX);
		whole = e->run.err;
		buf_reset(&e->want);
		buf_span(&e->want, buf_view(&e->run.got));
		run(e->d, &e->run, s, 1);
		expect(&e->run, "flipped text", bit, whole, buf_view(&e->want));
		p[bit / 8] = text[bit / 8];
	}
}

/* A value of random tokens; deeper ones are rarer. */
static void
add_value(struct buf *b, unsigned depth)
{
	static const char *const scalars[] = {"1", "-2.5e+3", "true", "null",
	    "\"a\"", "\"\\\"}],{[\"", "\"\\u00e9\xff\"", "\"\"", "0"};
	bool is_map = clock_random(2) == 0;
	size_t n;

	if (depth > 0 && clock_random(6) < depth) {
		buf_str(b, scalars[clock_random(9)]);
		return;
	}
	n = (size_t)clock_random(4);
	buf_str(b, is_map ? "{" : "[");
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			buf_str(b, clock_random(3) ? "," : " ,\n");
		if (is_map)
			buf_str(
			    b, clock_random(3) ? "\"Records\":" : "\"k\" :");
		add_value(b, depth + 1);
	}
	buf_str(b, is_map ? "}" : "]");
}

/* The slicer against a model, on texts that are all but right. */
static void
test_model(void **state)
{
	enum { ROUNDS = 4000 };
	struct env *e = *state;
	unsigned good = 0, left_out = 0;

	for (int i = 0; i < ROUNDS; i++) {
		size_t max = 10 + (size_t)clock_random(60);
		bool is_good;

		buf_reset(&e->text);
		buf_reset(&e->want);
		buf_str(&e->text, clock_random(2) ? "{\"Records\":[" : "[");
		for (uint64_t n = clock_random(6); n > 0; n--) {
			add_value(&e->text, 0);
			buf_str(&e->text, n > 1 ? "," : "");
		}
		buf_str(&e->text, e->text.p[0] == '{' ? "]}" : "]");
		if (clock_random(2) == 0)
			e->text.p[1 + clock_random(e->text.n - 1)] =
			    "{}[]\",:\n\\1ex"[clock_random(12)];
		is_good = records_model(buf_view(&e->text), max, &e->want);
		decode_free(&e->d);
		e->d = decode_new(max, run_record, run_left_out, &e->run);
		for (size_t step = 0; step < 5000; step = step * 9 + 1) {
			run(e->d, &e->run, buf_view(&e->text), step);
			if (span_eq(
				buf_view(&e->run.got), buf_view(&e->want)) &&
			    is_good == (e->run.err == ERR_OK))
				continue;
			fail_msg(
			    "max %zu, cut %zu: %s\ngot %s%s\nexpected %s%s",
			    max, step, buf_cstr(&e->text),
			    buf_cstr(&e->run.got), e->run.error,
			    buf_cstr(&e->want), is_good ? "" : "an error");
		}
		good += is_good;
		left_out += e->run.left_out > 0;
	}
	assert_true(good > ROUNDS / 4 && good < ROUNDS);
	assert_true(left_out > ROUNDS / 8);
}

static void
test_bomb(void **state)
{
	enum { COUNT = 100000 };
	struct env *e = *state;
	struct decode_stats st;

	buf_str(&e->text, "{\"Records\":[{}");
	for (int i = 1; i < COUNT; i++)
		buf_str(&e->text, ",{}");
	buf_str(&e->text, "]}");
	gzip_member(&e->gz, buf_view(&e->text), 6);
	assert_true(e->gz.n * 200 < e->text.n);
	run(e->d, &e->run, buf_view(&e->gz), SIZE_MAX);
	assert_int_equal(e->run.err, ERR_OK);
	assert_int_equal(e->run.records, COUNT);
	st = decode_stats(e->d);
	assert_int_equal(st.records, COUNT);
	assert_int_equal(st.bytes_in, e->gz.n);
	assert_int_equal(st.bytes_out, e->text.n);
}

static void
test_outside(void **state)
{
	struct env *e = *state;

	/* From the end of the key to the end of the next bracket. */
	for (int over = 0; over < 2; over++) {
		enum err err = over ? ERR_LIMIT : ERR_OK;

		buf_reset(&e->text);
		buf_str(&e->text, "{\"a\":");
		for (int i = 0; i < SLICER_OUTSIDE_MAX - 2 + over; i++)
			buf_char(&e->text, ' ');
		buf_str(&e->text, "[],\"Records\":[{}]}");
		for (size_t step = 0; step < 40000; step = step * 9 + 1) {
			run(e->d, &e->run, buf_view(&e->text), step);
			expect(&e->run, "outside", step, err,
			    err == ERR_OK ? SPAN("{}\n") : SPAN(""));
		}
	}
	/* Between records too; of what is no object its own bytes are none. */
	for (int over = 0; over < 2; over++) {
		buf_reset(&e->text);
		buf_str(&e->text, "[{},");
		for (int i = 0; i < SLICER_OUTSIDE_MAX - 1 + over; i++)
			buf_char(&e->text, ' ');
		buf_str(&e->text, "\"");
		for (int i = 0; i < 20000; i++)
			buf_char(&e->text, ',');
		buf_str(&e->text, "\",{}]");
		for (size_t step = 0; step < 90000; step = step * 9 + 5) {
			run(e->d, &e->run, buf_view(&e->text), step);
			expect(&e->run, "between", step,
			    over ? ERR_LIMIT : ERR_OK,
			    over ? SPAN("{}\n")
				 : SPAN("{}\n-1 no_object\n{}\n"));
		}
	}
	/* An endless string is an error long before its end. */
	buf_reset(&e->text);
	buf_str(&e->text, "{\"a\":\"");
	for (int i = 0; i < 300000; i++)
		buf_char(&e->text, 'x');
	run(e->d, &e->run, buf_view(&e->text), 5000);
	assert_int_equal(e->run.err, ERR_LIMIT);
	assert_true(decode_stats(e->d).bytes_out < 80000);
}

static void
test_messages(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
	    {"\x1f", "gzip data ends too early at byte 1"},
	    {"{}", "no Records array at byte 2 of the text"},
	    {"[{},", "ends inside a document at byte 4 of the text, before the "
		     "record with index 1"},
	    {"[{},5,{\"a\":x}]",
		"not JSON (lexical error: invalid char in json text.) at byte "
		"12 of the text, in the record with index 2"},
	    {"<html>", "not JSON (lexical error: invalid char in json text.)"
		       " at byte 1 of the text"},
	};
	struct env *e = *state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		run(e->d, &e->run, span_str(cases[i].text), SIZE_MAX);
		assert_string_equal(e->run.error, cases[i].error);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
#define T(fn) cmocka_unit_test_setup_teardown(fn, setup, teardown)
	    T(test_fixtures),
	    T(test_members_cut_a_record),
	    T(test_long_records),
	    T(test_long_pretty),
	    T(test_long_of_all_kinds),
	    T(test_long_and_broken),
	    T(test_depth),
	    T(test_no_comma),
	    T(test_many_left_out),
	    T(test_packed_twice),
	    T(test_bomb_packed_twice),
	    T(test_nothing),
	    T(test_other_formats),
	    T(test_damage),
	    T(test_flipped_text),
	    T(test_model),
	    T(test_bomb),
	    T(test_outside),
	    T(test_messages),
#undef T
	};
	const char *env = getenv("TEST_SEED");
	uint64_t seed =
	    env != NULL ? strtoull(env, NULL, 10) : (uint64_t)time(NULL);

	print_message("TEST_SEED=%llu\n", (unsigned long long)seed);
	clock_seed(seed);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
