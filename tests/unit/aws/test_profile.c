#include "fake/source_world.c"

#include <pwd.h>

#include "aws/profile.h"
#include "aws/profiles.h"

#define KEYS "aws_access_key_id = AKID\naws_secret_access_key = S3CR3T\n"
#define ROLE "role_arn = arn:aws:iam::1:role/"

static void
write_files(const char *config, const char *credentials)
{
	remove_file(".aws/config");
	remove_file(".aws/credentials");
	if (config != NULL)
		put_file(".aws/config", config);
	if (credentials != NULL)
		put_file(".aws/credentials", credentials);
}

#define ASSUMED                                                                \
	"<AssumeRoleResponse><AssumeRoleResult><Credentials><AccessKeyId>%s"   \
	"</AccessKeyId><SecretAccessKey>S3CR3T</"                              \
	"SecretAccessKey><SessionToken>"                                       \
	"T</SessionToken><Expiration>2026-11-22T13:00:00Z</Expiration>"        \
	"</Credentials></AssumeRoleResult></AssumeRoleResponse>"

/* Answers the STS call for that role, signed with that key. */
static void
assume(const char *name, const char *signer, const char *gives)
{
	struct request *r = fake_http_expect();
	char text[1024];

	snprintf(text, sizeof text, "role%%2F%s&", name);
	assert_non_null(
	    memmem(fake_body(r).p, fake_body(r).n, text, strlen(text)));
	snprintf(text, sizeof text, "Credential=%s/", signer);
	assert_non_null(strstr(fake_header(r, "authorization"), text));
	snprintf(text, sizeof text, ASSUMED, gives);
	answer(200, text);
}

/* What fetching the profile ends in, without a request or child. */
static void
test_files(void **state)
{
	static const struct {
		const char *config, *credentials, *profile;
		const char *key_id; /* NULL: an error */
		const char *error;  /* NULL too: not configured */
	} rows[] = {
	    {NULL, NULL, NULL, NULL, NULL},
	    {"", "", NULL, NULL, NULL},
	    {"[default]\nregion = r\n", NULL, NULL, NULL, NULL},
	    {"[profile x]\n" KEYS, NULL, NULL, NULL, NULL},
	    {NULL, "[default]\n" KEYS, NULL, "AKID", NULL},
	    {"[default]\n" KEYS, NULL, NULL, "AKID", NULL},
	    {"[profile x]\n" KEYS, NULL, "x", "AKID", NULL},
	    {"[profile \"x y\"]\n" KEYS, NULL, "x y", "AKID", NULL},
	    {NULL, "[x]\n" KEYS, "x", "AKID", NULL},
	    {NULL, "\xef\xbb\xbf[x]\r\n" KEYS, "x", "AKID", NULL},
	    {NULL,
		"[x]\naws_access_key_id=AKID # mine\n"
		"aws_secret_access_key=S3CR3T#; \n",
		"x", "AKID", NULL},
	    /* The credentials file wins, key by key. */
	    {"[profile x]\naws_access_key_id = C\naws_secret_access_key = "
	     "S3CR3T\n",
		"[x]\naws_access_key_id = AKID\n", "x", "AKID", NULL},
	    /* As people have them: indented, and with other things inside. */
	    {"[profile y]\n  s3 =\n    aws_access_key_id = no\n"
	     "[default]\n  region = r\n  s3 =\n    addressing_style = path\n"
	     "    aws_access_key_id = no\n"
	     "  aws_access_key_id = AKID\n  aws_secret_access_key = S3CR3T\n",
		NULL, NULL, "AKID", NULL},
	    {NULL,
		"[default]\n\tAWS_ACCESS_KEY_ID = AKID\n"
		"\tAws_Secret_Access_Key = S3CR3T\n",
		NULL, "AKID", NULL},
	    /* More of the region. */
	    {"[default]\nregion = r\n  aws_access_key_id = A\n", NULL, NULL,
		NULL, NULL},
	    {"[default]\nregion = r\n# of\n  aws_access_key_id = A\n", NULL,
		NULL, NULL, ".aws/config:4|indented deeper"},
	    /* As botocore has it: what counts more than what. */
	    {"[default]\n" KEYS "credential_process = \"a\n", NULL, NULL, NULL,
		"credential process|quote"},
	    {"[default]\ncredential_process = \"a\n", "[default]\n" KEYS, NULL,
		"AKID", NULL},
	    {"[default]\n" KEYS "login_session = a\n", NULL, NULL, NULL,
		"login_session|aws login"},
	    {"[default]\nlogin_session = a\n", "[default]\n" KEYS, NULL, "AKID",
		NULL},
	    {"[default]\nweb_identity_token_file = /t\n" KEYS, NULL, NULL, NULL,
		"web_identity_token_file|role_arn"},
	    {"[x]\n" KEYS, NULL, "x", NULL, "profile|\"x\"|none of that name"},
	    {NULL, "[profile x]\n" KEYS, "x", NULL, "none of that name"},
	    {NULL, NULL, "x", NULL, "\"x\"|.aws/config|.aws/credentials"},
	    {"[profile x]\nregion = r\n", NULL, "x", NULL, NULL},
	    {NULL, "[default]\naws_access_key_id = A\n", NULL, NULL,
		"profile|secret access key"},
	    {NULL, "[default]\naws_secret_access_key = S3CR3T\n", NULL, NULL,
		"profile|access key id"},
	    {NULL, "[default\n" KEYS, NULL, NULL,
		".aws/credentials:1|without ']'"},
	    {NULL, "[default]\n\nS3CR3T\n", NULL, NULL,
		".aws/credentials:3|key = value"},
	    {"[profile x]\nsso_session = s\n[sso-session s]\n", NULL, "x", NULL,
		NULL},
	    {"[profile x]\n" ROLE "r\nsource_profile = y\n[profile y]\n"
	     "sso_session = s\n[sso-session s]\n",
		NULL, "x", NULL, "\"y\"|SSO|sso_account_id"},
	    {"[default]\n" KEYS "sso_session = s\n", NULL, NULL, "AKID", NULL},
	    {"[default]\nsso_role_name = s\n", "[default]\n" KEYS, NULL, NULL,
		"SSO|sso_account_id is missing"},
	    {"[default]\nsso_start_url = s\n", NULL, NULL, NULL, NULL},
	    {"[default]\n" ROLE "r\n", NULL, NULL, NULL,
		"role_arn needs one of"},
	    {"[default]\n" ROLE "r\nsource_profile = a\ncredential_source = "
	     "Environment\n",
		NULL, NULL, NULL, "role_arn needs one of"},
	    {"[default]\n" ROLE "r\ncredential_source = Moon\n", NULL, NULL,
		NULL, "credential_source must be"},
	    {"[default]\n" ROLE "r\ncredential_source = Environment\n", NULL,
		NULL, NULL, "credential_source|not set"},
	    {"[default]\n" ROLE "r\ncredential_source = EcsContainer\n", NULL,
		NULL, NULL, "credential_source|not set"},
	    {"[default]\n" ROLE "r\nsource_profile = gone\n", NULL, NULL, NULL,
		"\"default\"|\"gone\"|none of that name"},
	    {"[default]\n" ROLE "r\nsource_profile = default\n", NULL, NULL,
		NULL, "itself|no keys"},
	    {"[default]\n" ROLE "r\nsource_profile = a\nmfa_serial = m\n", NULL,
		NULL, NULL, "\"default\"|mfa_serial"},
	    {"[default]\n" ROLE "r\nsource_profile = a\n[profile a]\n" ROLE
	     "a\nsource_profile = b\n[profile b]\n" ROLE
	     "b\nsource_profile = a\n",
		NULL, NULL, NULL, "\"a\"|\"b\"|circle|back to \"a\""},
	    {"[default]\ncredential_process = \"a\n", NULL, NULL, NULL,
		"credential process|quote"},
	};
	(void)state;
	world_begin();
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct creds_source *s;

		write_files(rows[i].config, rows[i].credentials);
		if (rows[i].profile != NULL)
			setenv("AWS_PROFILE", rows[i].profile, 1);
		else
			unsetenv("AWS_PROFILE");
		s = source_profile_new(&deps);
		if (rows[i].key_id == NULL && rows[i].error == NULL) {
			assert_null(s);
			continue;
		}
		assert_non_null(s);
		start_fetch(s);
		if (rows[i].key_id != NULL) {
			assert_got(rows[i].key_id);
			assert_true(
			    span_starts(span_str(got.secret), "S3CR3T"));
		} else {
			assert_failed(rows[i].error);
		}
		s->free(s);
	}
	world_end();
}

/* The old name of a session token counts where the new one is not. */
static void
test_old_token(void **state)
{
	static const char *const rows[][2] = {
	    {KEYS "aws_security_token = OLD\n", "OLD"},
	    {KEYS "aws_security_token = OLD\naws_session_token = NEW\n", "NEW"},
	};
	char text[256];
	(void)state;
	world_begin();
	for (size_t i = 0; i < 2; i++) {
		struct creds_source *s;

		snprintf(text, sizeof text, "[default]\n%s", rows[i][0]);
		write_files(NULL, text);
		s = source_profile_new(&deps);
		start_fetch(s);
		assert_got("AKID");
		assert_string_equal(got.token, rows[i][1]);
		s->free(s);
	}
	world_end();
}

/* The files are read anew each time, so what is put right is found. */
static void
test_read_again(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	setenv("AWS_PROFILE", "x", 1);
	write_files(NULL, "[x]\naws_access_key_id = A\n");
	s = source_profile_new(&deps);
	start_fetch(s);
	assert_failed("profile");
	write_files(NULL, "[x]\n" KEYS);
	start_fetch(s);
	assert_got("AKID");
	s->free(s);
	world_end();
}

static void
test_other_paths(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	setenv("AWS_SHARED_CREDENTIALS_FILE", "~/token", 1);
	put_file("token", "[default]\n" KEYS);
	s = source_profile_new(&deps);
	start_fetch(s);
	assert_got("AKID");
	/* One that is not there says nothing; where it is missed it is told. */
	remove_file("token");
	start_fetch(s);
	assert_failed("none of that name|"
		      "/token (which AWS_SHARED_CREDENTIALS_FILE names, and is "
		      "not there)");
	s->free(s);
	assert_null(source_profile_new(&deps));
	world_end();
}

/* Where nobody says which home is ours, passwd does. */
static void
test_home(void **state)
{
	const struct passwd *user = getpwuid(getuid());
	char want[256];
	struct buf b;
	(void)state;
	world_begin();
	assert_non_null(user);
	snprintf(want, sizeof want, "%s/.aws/config, %s/.aws/credentials",
	    user->pw_dir, user->pw_dir);
	unsetenv("HOME");
	buf_init(&b, 1024);
	profiles_say_files(&b);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
	world_end();
}

static void
fetch_role_of(const char *signer)
{
	struct creds_source *s = source_profile_new(&deps);

	start_fetch(s);
	assume("one", signer, "ONE");
	assert_got("ONE");
	s->free(s);
}

/* Of a profile that another one names its own keys count more than its role;
 * of the profile in force they do not. */
static void
test_keys_beside_a_role(void **state)
{
	(void)state;
	world_begin();
	write_files("[default]\n" ROLE "one\nsource_profile = two\n"
		    "[profile two]\n" ROLE "two\nsource_profile = three\n" KEYS
		    "[profile three]\n",
	    NULL);
	fetch_role_of("AKID");
	write_files(
	    "[default]\n" ROLE "one\nsource_profile = default\n" KEYS, NULL);
	fetch_role_of("AKID");
	world_end();
}

/* What only a person can do is told with what does it for us. */
static void
test_bridges(void **state)
{
	static const char *const rows[] = {"[profile x]\nlogin_session = a\n",
	    "[profile x]\n" ROLE "r\nsource_profile = a\nmfa_serial = m\n"};
	(void)state;
	world_begin();
	setenv("AWS_PROFILE", "x", 1);
	for (size_t i = 0; i < 2; i++) {
		struct creds_source *s;

		write_files(rows[i], NULL);
		s = source_profile_new(&deps);
		start_fetch(s);
		assert_failed("profile \"x\"");
		assert_words(got_advice,
		    "credential_process = aws configure export-credentials "
		    "--profile x --format process");
		s->free(s);
	}
	world_end();
}

/* The pod's variables name another session, and another role. */
static void
test_web_identity_of_both(void **state)
{
	struct creds_source *s;
	char text[256];
	(void)state;
	world_begin();
	snprintf(text, sizeof text,
	    "[default]\n" ROLE "r\nrole_session_name = s\n"
	    "web_identity_token_file = %s\nsource_profile = gone\n",
	    put_file("token", "JWT"));
	write_files(text, NULL);
	s = source_profile_new(&deps);
	setenv("AWS_ROLE_ARN", "arn:aws:iam::1:role/pod", 1);
	setenv("AWS_ROLE_SESSION_NAME", "pod", 1);
	start_fetch(s);
	assert_true(span_ends(fake_body(fake_http_expect()),
	    "role%2Fpod&RoleSessionName=pod&WebIdentityToken=JWT"));
	s->free(s);
	world_end();
}

static void
test_chain_of_roles(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	write_files("[default]\n" ROLE "one\nsource_profile = two\n"
		    "external_id = E\nrole_session_name = me\n"
		    "duration_seconds = 900\n"
		    "[profile two]\n" ROLE "two\nsource_profile = three\n"
		    "[profile three]\n" ROLE "three\nsource_profile = four\n",
	    "[four]\n" KEYS);
	s = source_profile_new(&deps);
	start_fetch(s);
	assume("three", "AKID", "THREE");
	assume("two", "THREE", "TWO");
	assert_true(span_ends(fake_body(fake_http_expect()),
	    "&RoleSessionName=me&ExternalId=E&DurationSeconds=900"));
	assume("one", "TWO", "ONE");
	assert_got("ONE");
	/* Stopped in the middle. */
	start_fetch(s);
	assume("three", "AKID", "THREE");
	s->cancel(s);
	assert_int_equal(fake_http_open(), 0);
	s->free(s);
	world_end();
}

static void
test_named_sources(void **state)
{
	struct creds_source *s;
	char text[256];
	(void)state;
	world_begin();
	setenv("AWS_ACCESS_KEY_ID", "ENV", 1);
	setenv("AWS_SECRET_ACCESS_KEY", "S3CR3T", 1);
	write_files(
	    "[default]\n" ROLE "r\ncredential_source = Environment\n", NULL);
	s = source_profile_new(&deps);
	start_fetch(s);
	assume("r", "ENV", "ONE");
	assert_got("ONE");
	write_files("[default]\n" ROLE
		    "r\ncredential_source = Ec2InstanceMetadata\n",
	    NULL);
	start_fetch(s);
	answer(200, "TOK");
	answer(200, "role");
	answer(200, DOC_WHOLE);
	assume("r", "AKID", "TWO");
	assert_got("TWO");
	/* With the token that it has. */
	start_fetch(s);
	assert_string_equal(
	    fake_header(fake_http_expect(), "x-aws-ec2-metadata-token"), "TOK");
	answer(200, "role");
	answer(200, DOC_WHOLE);
	assume("r", "AKID", "TWO");
	assert_got("TWO");
	setenv("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/c", 1);
	write_files(
	    "[default]\n" ROLE "r\ncredential_source = EcsContainer\n", NULL);
	start_fetch(s);
	answer(200, DOC_WHOLE);
	assume("r", "AKID", "THREE");
	assert_got("THREE");
	snprintf(text, sizeof text,
	    "[default]\n" ROLE "r\nweb_identity_token_file = %s\n",
	    put_file("token", "JWT"));
	write_files(text, NULL);
	start_fetch(s);
	assert_true(
	    span_ends(fake_body(fake_http_expect()), "&WebIdentityToken=JWT"));
	s->free(s);
	world_end();
}

#define JSON(more)                                                             \
	"{\"Version\":1,\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":"         \
	"\"S3CR3T\"" more "}"

static void
test_process(void **state)
{
	static const struct {
		struct child_end end;
		const char *out, *error; /* NULL: it is fine */
	} rows[] = {
	    {{0}, JSON(""), NULL},
	    {{0},
		JSON(",\"SessionToken\":\"T\","
		     "\"Expiration\":\"2026-11-22T13:00:00Z\""),
		NULL},
	    {{0}, "", "Version"},
	    {{0}, "S3CR3T", "Version"},
	    {{0}, "{}", "Version"},
	    {{0}, "{\"Version\":2,\"AccessKeyId\":\"S3CR3T\"}", "Version"},
	    {{0}, "{\"Version\":1,\"AccessKeyId\":\"A\"}",
		"no SecretAccessKey"},
	    {{0}, JSON(",\"Expiration\":\"now\""), "Expiration"},
	    {{.status = 3, .error = {"denied\nTraceback", 16}}, JSON(""),
		"/bin/x|status 3|denied"},
	    {{.status = -1, .signal = 11}, "", "signal 11"},
	    {{.err = ERR_TIMEOUT}, "", "killed|60 s"},
	    {{.err = ERR_LIMIT}, "", "killed|64 KiB"},
	    {{.err = ERR_SYSTEM, .sys = 2}, "", "could not be run|No such"},
	};
	struct creds_source *s;
	(void)state;
	world_begin();
	write_files(
	    "[default]\n"
	    "credential_process = /bin/x 'a b' \"c\\\"\" d\\ e # $HOME\n",
	    NULL);
	s = source_profile_new(&deps);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct child_end end = rows[i].end;

		start_fetch(s);
		assert_string_equal(
		    started, "[/bin/x][a b][c\"][d e][#][$HOME]");
		assert_true(live->timeout_ms > 0);
		assert_int_equal(live->output_max, 64 * 1024);
		end.out = span_str(rows[i].out);
		end_child(&end);
		if (rows[i].error != NULL) {
			assert_failed("credential process|/bin/x");
			assert_failed(rows[i].error);
		} else {
			assert_got("AKID");
		}
	}
	start_fetch(s);
	assert_non_null(live);
	s->cancel(s);
	assert_null(live);
	start_fetch(s);
	s->free(s);
	assert_null(live);
	world_end();
}

static void
test_settings(void **state)
{
	struct buf b;
	(void)state;
	world_begin();
	buf_init(&b, 256);
	assert_false(profile_setting("region", &b));
	assert_false(profile_endpoint("sqs", &b));
	write_files("[default]\nregion = eu-west-3 ; there\nservices = s\n"
		    "endpoint_url = http://all\ns3 =\n  region = no\n"
		    "[services s]\nsqs =\n  endpoint_url = http://sqs\n"
		    "  region = no\n",
	    NULL);
	assert_true(profile_setting("region", &b));
	assert_string_equal(buf_cstr(&b), "eu-west-3");
	buf_reset(&b);
	assert_true(profile_endpoint("sqs", &b));
	assert_string_equal(buf_cstr(&b), "http://sqs");
	buf_reset(&b);
	assert_true(profile_endpoint("s3", &b));
	assert_string_equal(buf_cstr(&b), "http://all");
	buf_reset(&b);
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
	assert_false(profile_endpoint("s3", &b));
	unsetenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");
	assert_true(profile_setting("s3.region", &b));
	assert_string_equal(buf_cstr(&b), "no");
	buf_reset(&b);
	write_files("[default]\nendpoint_url = http://all\n"
		    "ignore_configured_endpoint_urls = TRUE\n",
	    NULL);
	assert_false(profile_endpoint("s3", &b));
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", 1);
	assert_true(profile_endpoint("s3", &b));
	buf_reset(&b);
	setenv("AWS_PROFILE", "other", 1);
	assert_false(profile_setting("region", &b));
	assert_int_equal(b.n, 0);
	buf_fini(&b);
	world_end();
}

/* Of these nothing may be dropped in silence. */
static void
test_fault(void **state)
{
	static const struct {
		const char *config, *profile, *variable, *path;
		const char *words; /* NULL: all is well */
	} rows[] = {
	    {NULL, NULL, NULL, NULL, NULL},
	    {"[default]\nregion = r\n", NULL, NULL, NULL, NULL},
	    {"[profile x]\nregion = r\n", "x", NULL, NULL, NULL},
	    {NULL, NULL, "AWS_CONFIG_FILE", "/dev/null", NULL},
	    {"[profile x]\nregion = r\n", "y", NULL, NULL,
		"AWS_PROFILE: |\"y\"|.aws/config|.aws/credentials"},
	    {"[profile x]\n", "x", NULL, NULL, NULL},
	    {NULL, "default", NULL, NULL, NULL},
	    {NULL, "y", NULL, NULL, "\"y\"|.aws/config"},
	    {"[default]\nuse_fips_endpoint\n", NULL, NULL, NULL,
		".aws/config:2: |key = value"},
	    {NULL, NULL, "AWS_CONFIG_FILE", "/nonexistent/c", NULL},
	    {NULL, "y", "AWS_SHARED_CREDENTIALS_FILE", "/nonexistent/c",
		"\"y\"|/nonexistent/c (which AWS_SHARED_CREDENTIALS_FILE"},
	    {NULL, NULL, "AWS_CONFIG_FILE", "/", "/: |directory"},
	    {"[default]\nservices = s\n[services s]\ns3 =\n"
	     "  endpoint_url = http://h\n",
		NULL, NULL, NULL, NULL},
	    {"[default]\nservices = s\n[services t]\ns3 =\n"
	     "  endpoint_url = http://h\n",
		NULL, NULL, NULL, "services|\"s\""},
	};
	struct buf why;
	(void)state;
	world_begin();
	buf_init(&why, 2048);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		bool fault;

		clear_environment();
		write_files(rows[i].config, NULL);
		if (rows[i].profile != NULL)
			setenv("AWS_PROFILE", rows[i].profile, 1);
		if (rows[i].variable != NULL)
			setenv(rows[i].variable, rows[i].path, 1);
		buf_reset(&why);
		fault = profile_fault(&why);
		if (fault != (rows[i].words != NULL))
			fail_msg("row %zu: %s", i, buf_cstr(&why));
		if (fault) {
			snprintf(
			    got_error, sizeof got_error, "%s", buf_cstr(&why));
			ends = 1;
			assert_failed(rows[i].words);
		}
	}
	buf_fini(&why);
	world_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_files),
	    cmocka_unit_test(test_old_token),
	    cmocka_unit_test(test_read_again),
	    cmocka_unit_test(test_other_paths),
	    cmocka_unit_test(test_home),
	    cmocka_unit_test(test_keys_beside_a_role),
	    cmocka_unit_test(test_bridges),
	    cmocka_unit_test(test_web_identity_of_both),
	    cmocka_unit_test(test_chain_of_roles),
	    cmocka_unit_test(test_named_sources),
	    cmocka_unit_test(test_process),
	    cmocka_unit_test(test_settings),
	    cmocka_unit_test(test_fault),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
