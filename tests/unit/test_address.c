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

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
