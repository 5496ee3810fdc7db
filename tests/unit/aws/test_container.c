#include "fake/source_world.c"

static void
set(const char *name, const char *value)
{
	if (value != NULL)
		setenv(name, value, 1);
	else
		unsetenv(name);
}

static void
test_addresses(void **state)
{
	static const struct {
		const char *relative, *full;
		const char *url; /* NULL: refused */
		const char *error;
	} rows[] = {
	    {"/v2/c?id=1", NULL, "http://169.254.170.2/v2/c?id=1", NULL},
	    {"/a", "http://127.0.0.1/b", "http://169.254.170.2/a", NULL},
	    {"a", NULL, NULL, "RELATIVE_URI"},
	    {"@evil.example/", NULL, NULL, "RELATIVE_URI"},
	    {"/a b", NULL, NULL, "RELATIVE_URI"},
	    {NULL, "http://127.0.0.1:80/c", "http://127.0.0.1:80/c", NULL},
	    {NULL, "http://127.200.0.9/c", "http://127.200.0.9/c", NULL},
	    {NULL, "http://localhost:1/c", "http://localhost:1/c", NULL},
	    {NULL, "http://[::1]/c", "http://[::1]/c", NULL},
	    {NULL, "http://169.254.170.2/c", "http://169.254.170.2/c", NULL},
	    {NULL, "http://169.254.170.23/v1/credentials",
		"http://169.254.170.23/v1/credentials", NULL},
	    {NULL, "http://[fd00:ec2::23]/v1", "http://[fd00:ec2::23]/v1",
		NULL},
	    {NULL, "https://any.example/c", "https://any.example/c", NULL},
	    {NULL, "http://any.example/c", NULL, "not to any.example"},
	    {NULL, "http://169.254.169.254/c", NULL, "not to 169.254.169.254"},
	    {NULL, "http://169.254.170.24/c", NULL, "not to 169.254.170.24"},
	    {NULL, "http://128.0.0.1/c", NULL, "not to"},
	    {NULL, "http://127.0.0.1.example/c", NULL, "not to"},
	    {NULL, "http://127.0.0.1@evil.example/c", NULL, "FULL_URI"},
	    {NULL, "ftp://127.0.0.1/c", NULL, "FULL_URI"},
	    {NULL, "127.0.0.1/c", NULL, "FULL_URI"},
	    {NULL, "http://127.0.0.1/c\r\nX: y", NULL, "FULL_URI"},
	};
	(void)state;
	world_begin();
	assert_null(source_container_new(&deps));
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct creds_source *s;

		set("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", rows[i].relative);
		set("AWS_CONTAINER_CREDENTIALS_FULL_URI", rows[i].full);
		s = source_container_new(&deps);
		assert_non_null(s);
		start_fetch(s);
		if (rows[i].url != NULL) {
			struct request *r = fake_http_expect();

			assert_string_equal(fake_method(r), "GET");
			assert_string_equal(fake_url(r), rows[i].url);
			assert_string_equal(
			    fake_header(r, "accept"), "application/json");
			assert_null(fake_header(r, "authorization"));
			assert_true(fake_spec(r)->no_proxy);
			answer(200, DOC_WHOLE);
			assert_got("AKID");
			assert_string_equal(got.token, "TOKEN");
			assert_int_equal(got.expires_s, FAKE_WALL_S + 3600);
		} else {
			assert_failed("container");
			assert_failed(rows[i].error);
			assert_int_equal(fake_http_open(), 0);
		}
		s->free(s);
	}
	world_end();
}

static void
test_token(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "Basic S3CR3T", 1);
	s = source_container_new(&deps);
	start_fetch(s);
	assert_string_equal(
	    fake_header(fake_http_expect(), "authorization"), "Basic S3CR3T");
	s->free(s);
	/* The file wins, and is read each time. */
	setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	    put_file("token", " ONE\n"), 1);
	s = source_container_new(&deps);
	start_fetch(s);
	assert_string_equal(
	    fake_header(fake_http_expect(), "authorization"), "ONE");
	answer(200, DOC_WHOLE);
	assert_got("AKID");
	put_file("token", "TWO");
	start_fetch(s);
	assert_string_equal(
	    fake_header(fake_http_expect(), "authorization"), "TWO");
	answer(200, DOC_WHOLE);
	assert_got("AKID");
	put_file("token", "S3CR3T\r\nX: y");
	start_fetch(s);
	assert_failed("container|line break");
	put_file("token", "\n");
	start_fetch(s);
	assert_failed("container|/token is empty");
	remove_file("token");
	start_fetch(s);
	assert_failed("container|/token: No such file");
	put_file("token", "BACK");
	start_fetch(s);
	answer(200, DOC_WHOLE);
	assert_got("AKID");
	s->free(s);
	world_end();
}

static void
test_failures(void **state)
{
	static const struct {
		int status; /* 0: no answer */
		const char *body, *error;
	} rows[] = {
	    {0, "", "container|timeout"},
	    {400, "{\"code\":\"X\",\"message\":\"no task\"}",
		"container|400: X: no task"},
	    /* Whatever the status, there may be secrets in a body. */
	    {201, DOC_WHOLE, "container|201"},
	    {302, DOC_WHOLE, "container|302"},
	    {400, DOC_WHOLE, "container|400"},
	    {500, "S3CR3T", "container|500"},
	    {403, DOC("\"code\":\"No\",\"message\":\"not you\""),
		"container|403: No: not you"},

	    {401, "", "container|401"},
	    {403, "", "container|403"},
	    {404, "", "container|404"},
	    {500, "", "container|500"},
	    {302, "", "container|302"},
	    {200, "", "no JSON object"},
	    {200, "<html>S3CR3T", "no JSON object"},
	    {200, "{\"AccessKeyId\":\"\",\"SecretAccessKey\":\"S3CR3T\"}",
		"no AccessKeyId"},
	    {200, "{\"AccessKeyId\":\"A\"}", "no SecretAccessKey"},
	    {200, DOC("\"Expiration\":\"2026-13-22T13:00:00Z\""), "Expiration"},
	};
	struct creds_source *s;
	(void)state;
	world_begin();
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
	s = source_container_new(&deps);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		start_fetch(s);
		if (rows[i].status == 0)
			fake_fail(fake_http_expect(), ERR_TIMEOUT);
		else
			answer(rows[i].status, rows[i].body);
		assert_failed(rows[i].error);
		assert_null(strstr(got_error, "AKID"));
		assert_int_equal(got_failure.status, rows[i].status);
		assert_int_equal(*got_advice != '\0',
		    rows[i].status == 0 ||
			(rows[i].status >= 400 && rows[i].status < 500));
	}
	/* No expiry: not for ever all the same. */
	start_fetch(s);
	answer(200, DOC("\"Token\":\"T\""));
	assert_got("AKID");
	assert_int_equal(got.expires_s, FAKE_WALL_S + 900);
	/* Whoever gives them has another idea of the time. */
	start_fetch(s);
	fake_reply(fake_http_expect(), 200,
	    "Date: Sun, 22 Nov 2026 11:00:00 GMT\r\n", span_str(DOC_WHOLE));
	assert_got("AKID");
	assert_int_equal(got.offset_s, -3600);
	s->free(s);
	world_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_addresses),
	    cmocka_unit_test(test_token),
	    cmocka_unit_test(test_failures),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
