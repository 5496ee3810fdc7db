/* A proxy's URL holds its password: what is wrong with it is told without. */
#include "http_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "net/proxy.h"

static const struct row {
	const char *url;
	bool bad;
} rows[] = {
    {"http://proxy.example:3128", false},
    {"http://user:s3cret@proxy.example:3128/", false},
    {"https://user:s3cret@proxy.example", false},
    {"proxy.example:3128", false},
    {"user:s3cret@proxy.example:3128", false},
    {"HTTP://[fd00::1]:3128", false},
    {"socks4://127.0.0.1:1080", false},
    {"socks4a://127.0.0.1:1080", false},
    {"socks5://127.0.0.1:1080", false},
    {"socks5h://127.0.0.1:1080", false},
    {"http://user:s3cret@proxy.example:99999", true},
    {"http://user:s3cret@proxy.example:x", true},
    {"user:s3cret@proxy.example:99999", true},
    {"http://user:s3/cret@proxy.example:1", true},
    {"http://user:s3cret@", true},
    {"http://user:s3 cret@proxy .example", true},
    {"quic://user:s3cret@proxy.example:1", true},
    {"ftp://user:s3cret@proxy.example:1", true},
    {"http:", true},
};

static void
test_fault(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *fault = proxy_fault(rows[i].url);

		if ((fault != NULL) != rows[i].bad)
			fail_msg("%s", rows[i].url);
		assert_true(fault == NULL || strstr(fault, "s3") == NULL);
	}
}

/* curl refuses the same ones, and quotes them. */
static void
test_detail(void **state)
{
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct request_spec spec;
		struct ask a;

		if (!rows[i].bad)
			continue;
		ask_init(&a, f);
		spec = ask_spec(&a);
		setenv("http_proxy", rows[i].url, 1);
		ask_start(&a, &spec);
		fixture_run(f);
		unsetenv("http_proxy");
		assert_int_not_equal(a.reply.err, ERR_OK);
		if (strstr(buf_cstr(&a.detail), "cret") != NULL ||
		    a.detail.n == 0)
			fail_msg("%s: %s", rows[i].url, buf_cstr(&a.detail));
		ask_fini(&a);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_fault),
	    HTTP_TEST(test_detail),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
