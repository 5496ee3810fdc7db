#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "admin/address.h"

static void
test_parse(void **state)
{
	static const struct {
		const char *text, *host;
		unsigned port;
		const char *url;
	} rows[] = {
	    {"127.0.0.1:9090", "127.0.0.1", 9090, "http://127.0.0.1:9090"},
	    {"localhost:1", "127.0.0.1", 1, "http://127.0.0.1:1"},
	    {"[::1]:65535", "::1", 65535, "http://[::1]:65535"},
	    {"[fe80:0:0:0:a:b:c:d]:80", "fe80:0:0:0:a:b:c:d", 80,
		"http://[fe80:0:0:0:a:b:c:d]:80"},
	    {":9090", "", 9090, "http://127.0.0.1:9090"},
	    {"[::]:9090", "", 9090, "http://127.0.0.1:9090"},
	    {"0.0.0.0:9090", "0.0.0.0", 9090, "http://127.0.0.1:9090"},
	    {"10.1.2.3:0", "10.1.2.3", 0, "http://10.1.2.3:0"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct admin_address a;
		struct buf url;

		assert_true(admin_address_parse(span_str(rows[i].text), &a));
		assert_string_equal(a.host, rows[i].host);
		assert_int_equal(a.port, rows[i].port);
		buf_init(&url, 100);
		admin_address_url(&a, &url);
		assert_string_equal(buf_cstr(&url), rows[i].url);
		buf_fini(&url);
	}
}

static void
test_refused(void **state)
{
	static const char *const texts[] = {"", ":", "9090", "127.0.0.1",
	    "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
	    "127.0.0.1: 1", "127.0.0.1:9090 ", "127.0.0.1:0x10", "::1:9090",
	    "[::1]", "[::1]9090", "[]:9090", "[127.0.0.1]:9090", "[::1:9090",
	    "256.0.0.1:9090", "1.2.3:9090", "example.com:9090", "*:9090",
	    "http://127.0.0.1:9090", "127.0.0.1:9090/", "127.0.0.1:99999999999",
	    "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:9090",
	    "127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1.127.0.0.1:9"};

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		struct admin_address a;

		if (admin_address_parse(span_str(texts[i]), &a))
			fail_msg("\"%s\" was taken", texts[i]);
	}
}

static void
test_who_may_ask(void **state)
{
	static const struct {
		const char *listen, *names, *header;
		bool is;
	} rows[] = {
	    {"127.0.0.1:9090", "", "127.0.0.1:9090", true},
	    {"127.0.0.1:9090", "", "127.0.0.1", true},
	    {"127.0.0.1:9090", "", "127.0.0.1:1", true}, /* forwarded */
	    {"127.0.0.1:9090", "", "localhost:9090", true},
	    {"127.0.0.1:9090", "", "LocalHost", true},
	    {"127.0.0.1:9090", "", "127.0.0.2:9090", false},
	    {"127.0.0.1:9090", "", "[::1]:9090", false},
	    {"127.0.0.1:9090", "", "evil.example:9090", false},
	    {"127.0.0.1:9090", "", "127.0.0.1.evil.example", false},
	    {"127.0.0.1:9090", "", "localhost.evil.example", false},
	    {"127.0.0.1:9090", "", "", false},
	    {"127.0.0.1:9090", "", ":9090", false},
	    {"127.0.0.1:9090", "", "[", false},
	    {"127.0.0.1:9090", "", "[]:9090", false},
	    {"127.0.0.1:9090", "", "::1", false},
	    {"[::1]:9090", "", "[::1]:9090", true},
	    {"[::1]:9090", "", "[0:0::0:1]", true},
	    {"[::1]:9090", "", "127.0.0.1:9090", false},
	    {"10.1.2.3:9090", "", "10.1.2.3:9090", true},
	    {"10.1.2.3:9090", "", "127.0.0.1:9090", false},
	    /* No name leads to a number. */
	    {":9090", "", "10.1.2.3:9090", true},
	    {":9090", "", "[fe80::1]:9090", true},
	    {"0.0.0.0:9090", "", "10.1.2.3", true},
	    {":9090", "", "evil.example:9090", false},
	    {":9090", "", "10.1.2.3.evil.example", false},
	    {":9090", "a.example  b.example", "B.Example:443", true},
	    {":9090", "a.example  b.example", "a.example", true},
	    {":9090", "a.example  b.example", "example", false},
	    {":9090", "a.example  b.example", "x.a.example", false},
	    {":9090", "a.example  b.example", "", false},
	    {"127.0.0.1:9090", "[fe80::1] 10.9.8.7", "[fe80::1]:80", true},
	    {"127.0.0.1:9090", "[fe80::1] 10.9.8.7", "10.9.8.7", true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct admin_address a;

		assert_true(admin_address_parse(span_str(rows[i].listen), &a));
		if (admin_address_is(&a, span_str(rows[i].header),
			span_str(rows[i].names)) != rows[i].is)
			fail_msg("row %zu: \"%s\"", i, rows[i].header);
	}
}

static void
test_names(void **state)
{
	static const char *const good[] = {
	    "a", "a.example", "A-b_c.example.", "10.1.2.3", "[::1]"};
	static const char *const bad[] = {"a:80", "http://a", "a/", "*",
	    "*.example", "::1", "[::1]:80", "[a]", "[", "a,b", "\"a\""};

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		assert_true(admin_address_names(span_str(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		if (admin_address_names(span_str(bad[i])))
			fail_msg("\"%s\" was taken", bad[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_refused),
	    cmocka_unit_test(test_who_may_ask),
	    cmocka_unit_test(test_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
