#include "fake/source_world.c"

#include "aws/imds.h"
#include "aws/region.h"

#define ROLES                                                                  \
	"http://169.254.169.254/latest/meta-data/iam/security-credentials/"
#define TOKEN_URL "http://169.254.169.254/latest/api/token"

static void
expect_url(const char *method, const char *url)
{
	struct request *r = fake_http_expect();

	assert_string_equal(fake_method(r), method);
	assert_string_equal(fake_url(r), url);
	assert_true(fake_spec(r)->no_proxy);
	assert_true(fake_spec(r)->total_timeout_ms > 0);
}

static void
give_token(const char *token)
{
	expect_url("PUT", TOKEN_URL);
	assert_string_equal(fake_header(fake_http_expect(),
				"x-aws-ec2-metadata-token-ttl-seconds"),
	    "21600");
	answer(200, token);
}

static void
expect_get(const char *url, const char *token)
{
	expect_url("GET", url);
	assert_string_equal(
	    fake_header(fake_http_expect(), "x-aws-ec2-metadata-token"), token);
}

static void
test_credentials(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	s = source_imds_new(&deps);
	start_fetch(s);
	give_token("TOK1\n");
	expect_get(ROLES, "TOK1");
	answer(200, "my role\nother\n");
	expect_get(ROLES "my%20role", "TOK1");
	answer(200, DOC("\"Code\":\"Success\",\"Token\":\"T\","
			"\"Expiration\":\"2026-11-22T18:00:00Z\""));
	assert_got("AKID");
	assert_string_equal(got.secret, "S3CR3T");
	assert_string_equal(got.token, "T");
	assert_int_equal(got.expires_s, FAKE_WALL_S + 6 * 3600);
	/* The token is good for hours, and then another one is wanted. */
	start_fetch(s);
	expect_get(ROLES, "TOK1");
	s->cancel(s);
	fake_run();
	assert_int_equal(ends, 0);
	fake_advance((21600 - 299) * 1000);
	start_fetch(s);
	give_token("TOK2");
	expect_get(ROLES, "TOK2");
	s->free(s);
	world_end();
}

static void
test_token_expires(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	s = source_imds_new(&deps);
	start_fetch(s);
	give_token("TOK1");
	answer(200, "role");
	answer(200, DOC_WHOLE);
	assert_got("AKID");
	start_fetch(s);
	answer(401, "");
	give_token("TOK2");
	expect_get(ROLES, "TOK2");
	answer(200, "role");
	expect_get(ROLES "role", "TOK2");
	answer(200, DOC_WHOLE);
	assert_got("AKID");
	/* A new one that is refused too is not asked for again and again. */
	start_fetch(s);
	answer(401, "");
	give_token("TOK3");
	answer(401, "");
	assert_failed("instance metadata|refused");
	assert_int_equal(fake_http_open(), 0);
	s->free(s);
	world_end();
}

/* Each reply, and what is said of it. There is no version 1 to fall back to. */
static void
test_failures(void **state)
{
	static const struct {
		int token, roles, doc; /* statuses; 0: does not come so far,
					* −1: no answer */
		const char *body, *error;
	} rows[] = {
	    {-1, 0, 0, "", "instance metadata|timeout|hop limit"},
	    {403, 0, 0, "", "instance metadata|403|switched off"},
	    {404, 0, 0, "", "instance metadata|404"},
	    {405, 0, 0, "", "instance metadata|405"},
	    {500, 0, 0, "oops", "instance metadata|500"},
	    {200, 0, 0, "", "no token"},
	    {200, 0, 0, "<html>log in</html> here", "no token"},
	    {200, 404, 0, "", "instance metadata|has no role"},
	    {200, 403, 0, "no", "instance metadata|403"},
	    {200, 500, 0, "", "instance metadata|500"},
	    {200, -1, 0, "", "instance metadata|timeout"},
	    {200, 200, 0, " \n", "no role's name"},
	    {200, 200, 404, "", "instance metadata|404"},
	    {200, 200, 500, "", "instance metadata|500"},
	    {200, 200, -1, "", "instance metadata|timeout"},
	    {200, 200, 200, "<html>S3CR3T</html>", "no JSON object"},
	    {200, 200, 200, "[]", "no JSON object"},
	    {200, 200, 200, "{\"AccessKeyId\":\"A\"}", "no SecretAccessKey"},
	    {200, 200, 200, "{\"SecretAccessKey\":\"S3CR3T\"}",
		"no AccessKeyId"},
	    {200, 200, 200, DOC("\"Expiration\":\"soon\""), "Expiration"},
	    {200, 200, 200, DOC("\"Expiration\":17"), "Expiration"},
	    {200, 200, 200,
		"{\"Code\":\"AssumeRoleUnauthorizedAccess\","
		"\"Message\":\"EC2 cannot assume the role\"}",
		"AssumeRoleUnauthorizedAccess|cannot assume"},
	};
	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const int status[] = {
		    rows[i].token, rows[i].roles, rows[i].doc};
		static const char *const good[] = {"TOK", "role"};
		struct creds_source *s;

		renew_imds();
		s = source_imds_new(&deps);
		start_fetch(s);
		for (size_t n = 0; n < 3 && status[n] != 0; n++) {
			bool last = n == 2 || status[n + 1] == 0;

			if (status[n] < 0)
				fake_fail(fake_http_expect(), ERR_TIMEOUT);
			else
				answer(
				    status[n], last ? rows[i].body : good[n]);
			fake_run();
		}
		assert_failed(rows[i].error);
		assert_int_equal(fake_http_open(), 0);
		assert_int_equal(fake_next_timer(), -1);
		s->free(s);
	}
	world_end();
}

/* The token outlives the source that asked for it; another address has another
 * one, and what is wrong with the settings can be put right. */
static void
test_token_is_shared(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	s = source_imds_new(&deps);
	start_fetch(s);
	give_token("TOK1");
	s->free(s);
	assert_int_equal(fake_http_open(), 0);
	s = source_imds_new(&deps);
	start_fetch(s);
	expect_get(ROLES, "TOK1");
	s->cancel(s);
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "nonsense", 1);
	start_fetch(s);
	assert_failed("nonsense");
	setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", "http://h:1", 1);
	start_fetch(s);
	expect_url("PUT", "http://h:1/latest/api/token");
	s->free(s);
	world_end();
}

static void
test_settings(void **state)
{
	static const struct {
		const char *url, *mode, *disabled;
		const char *wanted; /* of the first request; NULL: none */
		const char *error;
	} rows[] = {
	    {NULL, "IPv6", NULL, "http://[fd00:ec2::254]/latest/api/token", 0},
	    {NULL, "ipv4", NULL, TOKEN_URL, NULL},
	    {NULL, "IPv5", NULL, NULL, "IPv5"},
	    {"http://127.0.0.1:1338/", NULL, "false",
		"http://127.0.0.1:1338/latest/api/token", NULL},
	    {"http://h:1", "IPv6", NULL, "http://h:1/latest/api/token", NULL},
	    {"h:1", NULL, NULL, NULL, "AWS_EC2_METADATA_SERVICE_ENDPOINT"},
	    {NULL, NULL, "TRUE", NULL, "AWS_EC2_METADATA_DISABLED"},
	};
	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct creds_source *s;

		clear_environment();
		if (rows[i].url != NULL)
			setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT", rows[i].url,
			    1);
		if (rows[i].mode != NULL)
			setenv("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
			    rows[i].mode, 1);
		if (rows[i].disabled != NULL)
			setenv(
			    "AWS_EC2_METADATA_DISABLED", rows[i].disabled, 1);
		s = source_imds_new(&deps);
		start_fetch(s);
		if (rows[i].wanted != NULL)
			expect_url("PUT", rows[i].wanted);
		else
			assert_failed(rows[i].error);
		s->free(s);
	}
	world_end();
}

/* The same from the profile, where nothing of it is in the environment. */
static void
test_settings_of_a_profile(void **state)
{
	static const struct {
		const char *config;
		const char *wanted; /* of the first request; NULL: none */
		const char *error;
		int timeout_ms;
	} rows[] = {
	    {"ec2_metadata_service_endpoint = http://h:1\n",
		"http://h:1/latest/api/token", NULL, 2000},
	    {"ec2_metadata_service_endpoint_mode = ipv6\n"
	     "metadata_service_timeout = 60\n",
		"http://[fd00:ec2::254]/latest/api/token", NULL, 60000},
	    {"ec2_metadata_service_endpoint = h:1\n", NULL,
		"ec2_metadata_service_endpoint|h:1|HOST", 0},
	    {"ec2_metadata_service_endpoint_mode = 6\n", NULL,
		"ec2_metadata_service_endpoint_mode|neither", 0},
	    {"metadata_service_timeout = 61\n", NULL,
		"metadata_service_timeout|61|1 to 60", 0},
	    {"metadata_service_num_attempts = 0\n", NULL,
		"metadata_service_num_attempts|1 to 100", 0},
	};
	char text[256];
	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct creds_source *s;

		clear_environment();
		snprintf(text, sizeof text, "[default]\n%s", rows[i].config);
		put_file(".aws/config", text);
		s = source_imds_new(&deps);
		start_fetch(s);
		if (rows[i].wanted != NULL) {
			expect_url("PUT", rows[i].wanted);
			assert_int_equal(
			    fake_spec(fake_http_expect())->total_timeout_ms,
			    rows[i].timeout_ms);
		} else {
			assert_failed(rows[i].error);
		}
		s->free(s);
	}
	/* The environment counts more. */
	setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "1", 1);
	setenv("AWS_METADATA_SERVICE_TIMEOUT", "1.5", 1);
	{
		struct creds_source *s = source_imds_new(&deps);

		start_fetch(s);
		assert_failed("AWS_METADATA_SERVICE_TIMEOUT|1.5|whole number");
		s->free(s);
	}
	world_end();
}

/* What is not answered, or by a service in trouble, is asked again; each get
 * has so many attempts. */
static void
test_attempts(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	setenv("AWS_METADATA_SERVICE_NUM_ATTEMPTS", "3", 1);
	setenv("AWS_METADATA_SERVICE_TIMEOUT", "7", 1);
	s = source_imds_new(&deps);
	start_fetch(s);
	assert_int_equal(fake_spec(fake_http_expect())->total_timeout_ms, 7000);
	fake_fail(fake_http_expect(), ERR_TIMEOUT);
	fake_run();
	assert_int_equal(fake_http_open(), 0);
	fake_advance(250);
	expect_url("PUT", TOKEN_URL);
	answer(503, "");
	fake_advance(250);
	give_token("TOK");
	expect_get(ROLES, "TOK");
	answer(200, "role");
	for (int i = 0; i < 2; i++) {
		expect_get(ROLES "role", "TOK");
		answer(500, "");
		assert_int_equal(ends, 0);
		fake_advance(250);
	}
	answer(500, "oops");
	assert_failed("instance metadata|500");
	assert_null(strstr(got_error, "oops"));
	assert_int_equal(got_failure.status, 500);
	assert_int_equal(fake_next_timer(), -1);
	/* An answer is an answer. */
	start_fetch(s);
	answer(403, "");
	assert_failed("403");
	/* One that waits can be cancelled. */
	start_fetch(s);
	answer(500, "");
	s->cancel(s);
	fake_advance(1000);
	assert_int_equal(ends, 0);
	assert_int_equal(fake_http_open(), 0);
	s->free(s);
	world_end();
}

static char found[64], found_error[1024];
static unsigned found_ends;

static void
on_region(void *arg, const char *region, const char *error)
{
	(void)arg;
	found_ends++;
	snprintf(found, sizeof found, "%s", region != NULL ? region : "");
	snprintf(
	    found_error, sizeof found_error, "%s", error != NULL ? error : "");
}

static void
test_region(void **state)
{
	static const struct {
		const char *region, *document;
		const char *wanted; /* NULL: asks again */
	} rows[] = {
	    {"eu-central-1\n", NULL, "eu-central-1"},
	    {NULL, "{\"region\":\"cn-north-1\"}", "cn-north-1"},
	    {"<html>", NULL, NULL},
	    {NULL, "{\"region\":\"\"}", NULL},
	    {NULL, "{}", NULL},
	    {NULL, "<html>", NULL},
	};
	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct region_lookup *l;

		found_ends = 0;
		l = region_lookup_start(
		    fake_http(), fake_timers(), on_region, NULL);
		assert_int_equal(found_ends, 0);
		fake_run();
		for (int tries = 0; tries < 3; tries++) {
			if (tries == 0)
				give_token("TOK");
			expect_get("http://169.254.169.254/latest/meta-data/"
				   "placement/region",
			    "TOK");
			answer(rows[i].region != NULL ? 200 : 404,
			    rows[i].region != NULL ? rows[i].region : "");
			if (rows[i].region == NULL)
				answer(200, rows[i].document);
			if (rows[i].wanted != NULL)
				break;
			assert_int_equal(found_ends, tries == 2);
			fake_advance(1000);
		}
		assert_int_equal(found_ends, 1);
		assert_string_equal(
		    found, rows[i].wanted != NULL ? rows[i].wanted : "");
		region_lookup_cancel(&l);
	}
	world_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_credentials),
	    cmocka_unit_test(test_token_expires),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_token_is_shared),
	    cmocka_unit_test(test_settings),
	    cmocka_unit_test(test_settings_of_a_profile),
	    cmocka_unit_test(test_attempts),
	    cmocka_unit_test(test_region),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
