#include "fake/source_world.c"

#include "base/clock.h"

static struct creds_source *
chain_new(const char *role)
{
	struct creds_conf conf = {.timers = fake_timers(),
	    .http = fake_http(),
	    .region = deps.region,
	    .sts = deps.sts,
	    .role_arn = role};
	struct creds_source *s;
	struct buf why;

	buf_init(&why, 1024);
	s = creds_chain_new(&conf, &why);
	if (s == NULL) {
		assert_non_null(strstr(buf_cstr(&why), "AWS_ACCESS_KEY_ID"));
		assert_non_null(strstr(buf_cstr(&why), ".aws/config"));
	}
	buf_fini(&why);
	return s;
}

/* Everything is configured; one after the other is taken away. */
static void
test_order(void **state)
{
	char path[128];
	struct creds_source *s;
	(void)state;
	world_begin();
	setenv("AWS_ACCESS_KEY_ID", "K", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "S3CR3T", 1);
	snprintf(path, sizeof path, "%s", put_file("token", "JWT"));
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", path, 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
	put_file(".aws/credentials", "[default]\naws_access_key_id = K\n"
				     "aws_secret_access_key = S3CR3T\n");
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
	for (int i = 0; i < 5; i++) {
		static const char *const names[] = {"environment",
		    "web identity", "profile", "container",
		    "instance metadata"};
		static const char *const variables[] = {"AWS_ACCESS_KEY_ID",
		    "AWS_WEB_IDENTITY_TOKEN_FILE", NULL,
		    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "X"};

		s = chain_new(NULL);
		assert_string_equal(s->name, names[i]);
		s->free(s);
		if (variables[i] != NULL)
			unsetenv(variables[i]);
		else
			remove_file(".aws/credentials");
		unsetenv("AWS_SECRET_ACCESS_KEY");
	}
	setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
	assert_null(chain_new(NULL));
	world_end();
}

/* What is configured but broken is an error; nothing after it is asked. */
static void
test_broken_is_not_skipped(void **state)
{
	static const struct {
		const char *variable, *value, *error;
	} rows[] = {
	    {"AWS_ACCESS_KEY_ID", "K", "environment|secret access key"},
	    {"AWS_SECRET_ACCESS_KEY", "S3CR3T", "environment|access key id"},
	    {"AWS_WEB_IDENTITY_TOKEN_FILE", "/nonexistent",
		"web identity|AWS_ROLE_ARN"},
	    {"AWS_PROFILE", "gone", "profile|\"gone\""},
	    {"AWS_CONFIG_FILE", "/", "profile|/: Is a directory"},
	    {"AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "c", "container"},
	    {"AWS_CONTAINER_CREDENTIALS_FULL_URI", "c", "container"},
	};
	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct creds_source *s;

		clear_environment();
		setenv(rows[i].variable, rows[i].value, 1);
		s = chain_new(NULL);
		for (int n = 0; n < 3; n++) {
			start_fetch(s);
			assert_failed(rows[i].error);
			assert_int_equal(fake_http_open(), 0);
		}
		s->free(s);
	}
	world_end();
}

/* In a pod the role of a profile is assumed with the pod's own; a profile
 * without a role changes nothing. */
static void
test_role_of_profile_and_pod(void **state)
{
	char text[512];
	struct creds_source *s;
	(void)state;
	world_begin();
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", put_file("token", "JWT"), 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod", 1);
	snprintf(text, sizeof text,
	    "[profile chained]\nrole_arn = arn:aws:iam::2:role/far\n"
	    "source_profile = pod\n[profile pod]\n"
	    "role_arn = arn:aws:iam::1:role/near\n"
	    "web_identity_token_file = %s\n[profile keys]\n"
	    "aws_access_key_id = K\naws_secret_access_key = S3CR3T\n",
	    getenv("AWS_WEB_IDENTITY_TOKEN_FILE"));
	put_file(".aws/config", text);
	setenv("AWS_PROFILE", "keys", 1);
	s = chain_new(NULL);
	assert_string_equal(s->name, "web identity");
	s->free(s);
	setenv("AWS_PROFILE", "chained", 1);
	s = chain_new(NULL);
	assert_string_equal(s->name, "profile");
	start_fetch(s);
	/* Of the second profile its own role counts. */
	assert_non_null(memmem(fake_body(fake_http_expect()).p,
	    fake_body(fake_http_expect()).n, "role%2Fnear&", 12));
	s->free(s);
	world_end();
}

/* A token alone is left over from something; it is in nobody's way. */
static void
test_lone_token(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	setenv("AWS_SESSION_TOKEN", "S3CR3T", 1);
	put_file(".aws/credentials", "[default]\naws_access_key_id = K\n"
				     "aws_secret_access_key = S3CR3T\n");
	s = chain_new(NULL);
	assert_string_equal(s->name, "profile");
	start_fetch(s);
	assert_got("K");
	assert_null(got.token);
	s->free(s);
	world_end();
}

/* With nothing configured the error names what was looked for, and what is
 * configured meanwhile is found. */
static void
test_last_resort(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	s = chain_new(NULL);
	start_fetch(s);
	fake_fail(fake_http_expect(), ERR_TIMEOUT);
	assert_failed("no credentials|AWS_ACCESS_KEY_ID|"
		      "AWS_WEB_IDENTITY_TOKEN_FILE|\"default\"|.aws/config|"
		      "AWS_CONTAINER_CREDENTIALS|instance metadata|hop limit");
	put_file(".aws/credentials", "[default]\naws_access_key_id = K\n"
				     "aws_secret_access_key = S3CR3T\n");
	start_fetch(s);
	assert_got("K");
	assert_string_equal(s->name, "profile");
	/* That one is stuck to. */
	remove_file(".aws/credentials");
	start_fetch(s);
	assert_failed("profile");
	s->free(s);
	world_end();
}

static void
test_role_on_top(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	setenv("AWS_ACCESS_KEY_ID", "BASE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "S3CR3T", 1);
	s = chain_new("arn:aws:iam::2:role/other");
	assert_string_equal(s->name, "assumed role");
	start_fetch(s);
	assert_string_equal(fake_url(fake_http_expect()),
	    "https://sts.eu-west-1.amazonaws.com/");
	assert_non_null(
	    strstr(fake_header(fake_http_expect(), "authorization"), "=BASE/"));
	answer(403, "<ErrorResponse><Error><Code>AccessDenied</Code>"
		    "<Message>no</Message></Error></ErrorResponse>");
	assert_failed("role/other|AccessDenied");
	assert_words(got_advice,
	    "sts:AssumeRole on arn:aws:iam::2:role/other|\"environment\"");
	assert_int_equal(got_failure.status, 403);
	s->free(s);
	world_end();
}

/* A region that is not known has no STS that we know of: nothing is sent to
 * another one's, least of all a token. */
static void
test_no_sts(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	deps.sts = NULL;
	deps.region = "moon";
	setenv("AWS_ACCESS_KEY_ID", "BASE", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "S3CR3T", 1);
	s = chain_new("arn:aws:iam::2:role/other");
	start_fetch(s);
	assert_failed("role/other|no STS|moon");
	assert_words(got_advice, "endpoint_url_sts");
	s->free(s);
	unsetenv("AWS_ACCESS_KEY_ID");
	unsetenv("AWS_SECRET_ACCESS_KEY");
	setenv("AWS_WEB_IDENTITY_TOKEN_FILE", put_file("token", "JWT"), 1);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/r", 1);
	s = chain_new(NULL);
	start_fetch(s);
	assert_failed("web identity|no STS|moon");
	assert_int_equal(fake_http_open(), 0);
	s->free(s);
	world_end();
}

/* A profile may be named for its region: what comes after it is asked then,
 * and in the end it is told that it was looked at. */
static void
test_profile_without_credentials(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	setenv("AWS_PROFILE", "p", 1);
	put_file(".aws/config", "[profile p]\nregion = eu-west-1\n");
	s = chain_new(NULL);
	start_fetch(s);
	fake_fail(fake_http_expect(), ERR_TIMEOUT);
	assert_failed("no credentials|none of profile \"p\"|hop limit");
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
	start_fetch(s);
	assert_string_equal(s->name, "container");
	s->free(s);
	put_file(".aws/config", "[profile q]\nregion = eu-west-1\n");
	s = chain_new(NULL);
	start_fetch(s);
	assert_failed("profile|\"p\"|none of that name");
	s->free(s);
	world_end();
}

/* A keeper on a source that is down: it asks, but not in a tight loop, and
 * logs little of it. */
static unsigned lines;

static void
count_line(void *arg, struct span line)
{
	(void)arg;
	if (memmem(line.p, line.n, "level=error", 11) != NULL)
		lines++;
}

static void
test_no_busy_loop(void **state)
{
	struct creds_keeper *k;
	unsigned asked = 0;
	(void)state;
	world_begin();
	log_set_sink(count_line, NULL);
	lines = 0;
	k = creds_keeper_new(fake_timers(), chain_new(NULL), NULL, NULL);
	for (int i = 0; i < 36000; i++) {
		struct request *r = fake_http_next();

		if (r != NULL) {
			asked++;
			fake_fail(r, ERR_CONNECT);
		}
		fake_advance(100);
	}
	assert_in_range(asked, 50, 400);
	assert_in_range(lines, 1, 1 + asked / 16);
	assert_non_null(strstr(creds_error(k), "no credentials"));
	while (fake_http_next() == NULL)
		fake_advance(100);
	answer(200, "TOK");
	answer(200, "role");
	answer(200, DOC_WHOLE);
	assert_string_equal(creds_get(k)->key_id, "AKID");
	assert_int_equal(creds_stats(k).left_s, 0); /* of an hour ago */
	creds_keeper_free(&k);
	log_set_sink(NULL, NULL);
	world_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_broken_is_not_skipped),
	    cmocka_unit_test(test_role_of_profile_and_pod),
	    cmocka_unit_test(test_lone_token),
	    cmocka_unit_test(test_last_resort),
	    cmocka_unit_test(test_role_on_top),
	    cmocka_unit_test(test_no_sts),
	    cmocka_unit_test(test_profile_without_credentials),
	    cmocka_unit_test(test_no_busy_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
