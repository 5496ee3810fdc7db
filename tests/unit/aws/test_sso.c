#include "fake/source_world.c"

#include <signal.h>
#include <sys/resource.h>

#include "aws/sso_cache.h"
#include "base/clock.h"

#define PROFILE                                                                \
	"[default]\nsso_session = corp\nsso_account_id = 111122223333\n"       \
	"sso_role_name = Read Only\n"
#define SESSION                                                                \
	"[sso-session corp]\nsso_region = eu-west-1\n"                         \
	"sso_start_url = https://corp.example/start\n"
#define LEGACY                                                                 \
	"[default]\nsso_account_id = 111122223333\nsso_role_name = Reader\n"   \
	"sso_region = us-gov-west-1\nsso_start_url = https://corp.example/\n"
#define TOKEN(access, end)                                                     \
	"{\"accessToken\": \"" access "\", \"expiresAt\": \"" end "\"}"
#define RENEWABLE(access, end)                                                 \
	"{\"startUrl\": \"u\", \"region\": \"r\", \"accessToken\": \"" access  \
	"\", \"expiresAt\": \"" end "\", \"clientId\": \"CID\", "              \
	"\"clientSecret\": \"S3CR3T-c\", \"registrationExpiresAt\": "          \
	"\"2027-01-01T00:00:00Z\", \"refreshToken\": \"S3CR3T-r\"}"
#define SOON  "2026-11-22T12:14:59Z"
#define LATER "2026-11-22T20:00:00Z"
#define PAST  "2026-11-22T11:59:59UTC"
#define ROLE_DOC                                                               \
	"{\"roleCredentials\": {\"accessKeyId\": \"AKID\", "                   \
	"\"secretAccessKey\": \"S3CR3T\", \"sessionToken\": \"T\", "           \
	"\"expiration\": 1795352400000}}"
#define NEXT                                                                   \
	"{\"accessToken\": \"S3CR3T-new\", \"expiresIn\": 28800, "             \
	"\"refreshToken\": \"S3CR3T-r2\", \"tokenType\": \"Bearer\"}"

static char cache_file[256];

/* Of a session or start URL; text NULL: there is none. */
static void
put_cache(const char *name, const char *text)
{
	struct buf path;
	FILE *f;

	buf_init(&path, sizeof cache_file);
	assert_true(sso_cache_path(name, &path));
	snprintf(cache_file, sizeof cache_file, "%s", buf_cstr(&path));
	buf_fini(&path);
	(void)remove(cache_file);
	if (text == NULL)
		return;
	f = fopen(cache_file, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(cache_file, 0600), 0);
}

static void
make_folders(mode_t mode)
{
	static const char *const names[] = {".aws/sso", ".aws/sso/cache"};
	char path[128];

	for (size_t i = 0; i < 2; i++) {
		snprintf(path, sizeof path, "%s/%s", home, names[i]);
		(void)mkdir(path, 0700);
	}
	assert_int_equal(chmod(path, mode), 0);
}

static struct creds_source *
begin(const char *config, const char *name, const char *cache)
{
	struct creds_source *s;

	world_begin();
	make_folders(0700);
	put_file(".aws/config", config);
	put_cache(name, cache);
	s = source_profile_new(&deps);
	assert_non_null(s);
	return s;
}

static void
end(struct creds_source **s)
{
	(*s)->free(*s);
	(void)remove(cache_file);
	remove_file(".aws/sso/cache");
	remove_file(".aws/sso");
	world_end();
}

static void
expect_portal(const char *host, const char *role, const char *token)
{
	struct request *r = fake_http_expect();
	char url[256];

	snprintf(url, sizeof url,
	    "https://%s/federation/credentials?role_name=%s"
	    "&account_id=111122223333",
	    host, role);
	assert_string_equal(fake_method(r), "GET");
	assert_string_equal(fake_url(r), url);
	assert_string_equal(fake_header(r, "x-amz-sso_bearer_token"), token);
	assert_null(fake_header(r, "authorization"));
}

static void
expect_renewal(void)
{
	struct request *r = fake_http_expect();

	assert_string_equal(fake_method(r), "POST");
	assert_string_equal(
	    fake_url(r), "https://oidc.eu-west-1.amazonaws.com/token");
	assert_true(span_is(fake_body(r),
	    "{\"grantType\":\"refresh_token\",\"clientId\":\"CID\","
	    "\"clientSecret\":\"S3CR3T-c\",\"refreshToken\":\"S3CR3T-r\"}"));
	assert_null(fake_header(r, "authorization"));
}

static void
answer_role(const char *token)
{
	expect_portal(
	    "portal.sso.eu-west-1.amazonaws.com", "Read%20Only", token);
	answer(200, ROLE_DOC);
	assert_got("AKID");
	assert_string_equal(got.token, "T");
	assert_int_equal(got.expires_s, FAKE_WALL_S + 3600);
}

static void
test_names(void **state)
{
	struct buf path;
	(void)state;
	world_begin();
	buf_init(&path, 256);
	assert_true(sso_cache_path("my-sso", &path));
	assert_true(span_ends(buf_view(&path),
	    "/.aws/sso/cache/"
	    "0ad374308c5a4e22f723adf10145eafad7c4031c.json"));
	buf_fini(&path);
	world_end();
}

static void
test_session(void **state)
{
	struct creds_source *s =
	    begin(PROFILE SESSION, "corp", RENEWABLE("S3CR3T-a", LATER));
	(void)state;
	start_fetch(s);
	answer_role("S3CR3T-a");
	/* Read anew each time; a token that cannot be renewed will do. */
	put_cache("corp", TOKEN("S3CR3T-b", SOON));
	start_fetch(s);
	answer_role("S3CR3T-b");
	start_fetch(s);
	s->cancel(s);
	assert_int_equal(fake_http_open(), 0);
	end(&s);
}

/* Without a session: by the start URL, in its own partition, never renewed. */
static void
test_legacy(void **state)
{
	struct creds_source *s =
	    begin(LEGACY, "https://corp.example/", RENEWABLE("S3CR3T-a", SOON));
	(void)state;
	start_fetch(s);
	expect_portal(
	    "portal.sso.us-gov-west-1.amazonaws.com", "Reader", "S3CR3T-a");
	answer(200, ROLE_DOC);
	assert_got("AKID");
	put_cache("https://corp.example/", RENEWABLE("S3CR3T-a", PAST));
	start_fetch(s);
	assert_failed("SSO|Reader|111122223333|has expired");
	assert_words(got_advice, "aws sso login --profile default");
	assert_true(got_failure.again_ms > 0 && got_failure.again_ms < 30000);
	end(&s);
}

static void
read_cache(char *out, size_t size)
{
	FILE *f = fopen(cache_file, "r");
	size_t n;

	assert_non_null(f);
	n = fread(out, 1, size - 1, f);
	out[n] = '\0';
	assert_int_equal(fclose(f), 0);
}

static void
test_renewed(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct creds_source *s = begin(PROFILE SESSION, "corp",
		    i == 0 ? RENEWABLE("S3CR3T-a", SOON)
			   : RENEWABLE("S3CR3T-a", PAST));
		char text[1024];
		struct stat st;

		start_fetch(s);
		expect_renewal();
		answer(200, NEXT);
		answer_role("S3CR3T-new");
		read_cache(text, sizeof text);
		assert_string_equal(text,
		    "{\"startUrl\": \"https://corp.example/start\", "
		    "\"region\": \"eu-west-1\", "
		    "\"accessToken\": \"S3CR3T-new\", "
		    "\"expiresAt\": \"2026-11-22T20:00:00Z\", "
		    "\"clientId\": \"CID\", \"clientSecret\": \"S3CR3T-c\", "
		    "\"registrationExpiresAt\": \"2027-01-01T00:00:00Z\", "
		    "\"refreshToken\": \"S3CR3T-r2\"}");
		assert_int_equal(stat(cache_file, &st), 0);
		assert_int_equal(st.st_mode & 0777, 0600);
		/* Good for hours now. */
		start_fetch(s);
		answer_role("S3CR3T-new");
		end(&s);
	}
}

/* Where it cannot be renewed the old one is used as long as it lives. */
static void
test_renewal_refused(void **state)
{
	struct creds_source *s =
	    begin(PROFILE SESSION, "corp", RENEWABLE("S3CR3T-a", SOON));
	(void)state;
	start_fetch(s);
	expect_renewal();
	fake_reply(fake_http_expect(), 400,
	    "x-amzn-errortype: InvalidGrantException\r\n",
	    SPAN("{\"error\":\"invalid_grant\"}"));
	fake_run();
	answer_role("S3CR3T-a");
	put_cache("corp", RENEWABLE("S3CR3T-a", PAST));
	start_fetch(s);
	expect_renewal();
	fake_reply(fake_http_expect(), 400,
	    "x-amzn-errortype: InvalidGrantException\r\n",
	    SPAN("{\"error\":\"invalid_grant\"}"));
	assert_failed("expired and could not be renewed|InvalidGrantException");
	assert_words(got_advice, "aws sso login --profile default");
	/* A body that is no token, and no answer at all. */
	start_fetch(s);
	expect_renewal();
	answer(200, "{\"accessToken\": \"a b\", \"expiresIn\": 1}");
	assert_failed("could not be renewed");
	start_fetch(s);
	fake_fail(fake_http_expect(), ERR_TIMEOUT);
	assert_failed("could not be renewed|no answer");
	end(&s);
}

/* The AWS CLI renews it while we do: what is in the cache afterwards counts,
 * and stays there. */
static void
test_race(void **state)
{
	static const int statuses[] = {200, 400};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct creds_source *s =
		    begin(PROFILE SESSION, "corp", RENEWABLE("S3CR3T-a", PAST));
		char text[1024];

		start_fetch(s);
		expect_renewal();
		put_cache("corp", RENEWABLE("S3CR3T-cli", LATER));
		answer(statuses[i], NEXT);
		answer_role("S3CR3T-cli");
		read_cache(text, sizeof text);
		assert_string_equal(text, RENEWABLE("S3CR3T-cli", LATER));
		end(&s);
	}
}

static bool told;

static void
look_for_store(void *arg, struct span line)
{
	(void)arg;
	told |= memmem(line.p, line.n, "event=sso.store", 15) != NULL;
	assert_null(memmem(line.p, line.n, "S3CR3T", 6));
}

/* What was renewed is used all the same. */
static void
test_cannot_be_stored(void **state)
{
	struct creds_source *s =
	    begin(PROFILE SESSION, "corp", RENEWABLE("S3CR3T-a", PAST));
	struct rlimit was, none;
	char text[1024];
	(void)state;
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	none = (struct rlimit){0, was.rlim_max};
	(void)signal(SIGXFSZ, SIG_IGN);
	told = false;
	log_set_sink(look_for_store, NULL);
	start_fetch(s);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
	answer(200, NEXT);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	answer_role("S3CR3T-new");
	log_set_sink(NULL, NULL);
	assert_true(told);
	read_cache(text, sizeof text);
	assert_string_equal(text, RENEWABLE("S3CR3T-a", PAST));
	end(&s); /* removes the folder, which holds nothing else */
}

static void
test_registration_over(void **state)
{
	struct creds_source *s = begin(PROFILE SESSION, "corp",
	    "{\"accessToken\": \"S3CR3T-a\", \"expiresAt\": \"" PAST "\", "
	    "\"clientId\": \"CID\", \"clientSecret\": \"S3CR3T-c\", "
	    "\"registrationExpiresAt\": \"2026-11-22T12:00:00Z\", "
	    "\"refreshToken\": \"S3CR3T-r\"}");
	(void)state;
	start_fetch(s);
	assert_failed("has expired");
	assert_int_equal(fake_http_open(), 0);
	end(&s);
}

static void
test_portal_refuses(void **state)
{
	static const struct {
		int status;
		const char *header, *words, *advice;
	} rows[] = {
	    {401, "x-amzn-errortype: UnauthorizedException\r\n",
		"UnauthorizedException", "aws sso login --profile default"},
	    {403, "x-amzn-errortype: ForbiddenException\r\n",
		"ForbiddenException", "sso_account_id|sso_role_name|assigned"},
	    {404, "x-amzn-errortype: ResourceNotFoundException\r\n",
		"ResourceNotFoundException", "assigned"},
	    {200, NULL, "no credentials|portal", ""},
	};
	struct creds_source *s =
	    begin(PROFILE SESSION, "corp", TOKEN("S3CR3T-a", LATER));
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		start_fetch(s);
		fake_reply(fake_http_expect(), rows[i].status, rows[i].header,
		    SPAN("{\"message\": \"no\"}"));
		assert_failed("Read Only|111122223333");
		assert_failed(rows[i].words);
		assert_words(got_advice, rows[i].advice);
		assert_true(
		    (got_failure.again_ms > 0) == (rows[i].status == 401));
	}
	end(&s);
}

/* What somebody else may have put there is not used, and neither is what is no
 * file of the CLI's. */
static void
test_cache_refused(void **state)
{
	struct creds_source *s =
	    begin(PROFILE SESSION, "corp", TOKEN("S3CR3T-a", LATER));
	static char large[70 * 1024];
	(void)state;
	assert_int_equal(chmod(cache_file, 0620), 0);
	start_fetch(s);
	assert_failed(".json: others can write to it");
	assert_words(got_advice, "chmod 600");
	assert_int_equal(chmod(cache_file, 0602), 0);
	start_fetch(s);
	assert_failed(".json: others can write to it");
	/* That others can read it is for others to know. */
	assert_int_equal(chmod(cache_file, 0644), 0);
	start_fetch(s);
	answer_role("S3CR3T-a");
	make_folders(0770);
	start_fetch(s);
	assert_failed("sso/cache: others can write to this folder");
	assert_words(got_advice, "chmod go-w");
	make_folders(0700);
	memset(large, ' ', sizeof large - 1);
	put_cache("corp", large);
	start_fetch(s);
	assert_failed("File too large");
	put_cache("corp", NULL);
	start_fetch(s);
	assert_failed(".json: No such file");
	assert_words(got_advice, "aws sso login --profile default");
	setenv("INVOCATION_ID", "x", 1);
	start_fetch(s);
	assert_words(got_advice, "aws sso login|service|a role or keys");
	assert_int_equal(mkdir(cache_file, 0700), 0);
	start_fetch(s);
	assert_failed("it is no file");
	end(&s);
}

static void
test_texts(void **state)
{
	static const struct {
		const char *text, *error; /* NULL: it is fine */
	} rows[] = {
	    {TOKEN("a", LATER), NULL},
	    {TOKEN("a", "2026-11-22T12:00:00UTC"), NULL},
	    {"", "no JSON"},
	    {"{", "no JSON"},
	    {"[]", "no accessToken"},
	    {"{}", "no accessToken"},
	    {"{\"accessToken\": \"a\"}", "no accessToken"},
	    {TOKEN("", LATER), "no accessToken"},
	    {TOKEN("a b", LATER), "no accessToken"},
	    {TOKEN("a\\r\\nx: y", LATER), "no accessToken"},
	    {TOKEN("a", "soon"), "no accessToken"},
	    {"{\"accessToken\": 1, \"expiresAt\": \"" LATER "\"}",
		"no accessToken"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct sso_token t;
		struct buf why;

		buf_init(&why, 256);
		assert_int_equal(
		    sso_cache_parse(span_str(rows[i].text), &t, &why),
		    rows[i].error == NULL);
		if (rows[i].error == NULL)
			assert_string_equal(t.access, "a");
		else
			assert_words(buf_cstr(&why), rows[i].error);
		assert_true((t.access != NULL) == (rows[i].error == NULL));
		sso_token_fini(&t);
		buf_fini(&why);
	}
}

static void
test_settings(void **state)
{
	static const struct {
		const char *config, *error;
	} rows[] = {
	    {"[default]\nsso_role_name = r\n", "sso_account_id is missing"},
	    {PROFILE, "no section [sso-session corp]"},
	    {PROFILE "[sso-session corp]\nsso_region = eu-west-1\n",
		"sso_start_url is missing"},
	    {PROFILE "sso_region = eu-west-2\n" SESSION,
		"sso_region is another one"},
	    {PROFILE "[sso-session corp]\nsso_region = moon\n"
		     "sso_start_url = u\n",
		"sso_region: 'moon' is no AWS region"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct creds_source *s =
		    begin(rows[i].config, "corp", TOKEN("S3CR3T-a", LATER));

		start_fetch(s);
		assert_failed(rows[i].error);
		assert_int_equal(fake_http_open(), 0);
		end(&s);
	}
}

static void
test_endpoints(void **state)
{
	struct creds_source *s =
	    begin(PROFILE "services = s\n" SESSION "[services s]\nsso =\n"
			  "  endpoint_url = http://portal:1\nsso_oidc =\n"
			  "  endpoint_url = http://oidc:1\n",
		"corp", RENEWABLE("S3CR3T-a", SOON));
	(void)state;
	start_fetch(s);
	assert_string_equal(
	    fake_url(fake_http_expect()), "http://oidc:1/token");
	answer(200, NEXT);
	assert_true(span_starts(span_str(fake_url(fake_http_expect())),
	    "http://portal:1/federation/"));
	s->cancel(s);
	setenv("AWS_ENDPOINT_URL", "http://all:1", 1);
	setenv("AWS_ENDPOINT_URL_SSO", "http://own:1", 1);
	start_fetch(s);
	assert_true(span_starts(
	    span_str(fake_url(fake_http_expect())), "http://own:1/"));
	s->cancel(s);
	unsetenv("AWS_ENDPOINT_URL_SSO");
	start_fetch(s);
	assert_true(span_starts(
	    span_str(fake_url(fake_http_expect())), "http://all:1/"));
	s->cancel(s);
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "true", 1);
	start_fetch(s);
	answer_role("S3CR3T-new");
	setenv("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "false", 1);
	setenv("AWS_ENDPOINT_URL_SSO", "portal", 1);
	start_fetch(s);
	assert_failed("AWS_ENDPOINT_URL_SSO");
	end(&s);
}

/* As the source of a role. */
static void
test_below_a_role(void **state)
{
	struct creds_source *s =
	    begin("[profile top]\nrole_arn = arn:aws:iam::1:role/r\n"
		  "source_profile = default\n" PROFILE SESSION,
		"corp", TOKEN("S3CR3T-a", PAST));
	(void)state;
	setenv("AWS_PROFILE", "top", 1);
	start_fetch(s);
	assert_failed("\"top\"|\"default\"|has expired");
	assert_true(got_failure.again_ms > 0);
	put_cache("corp", TOKEN("S3CR3T-a", LATER));
	start_fetch(s);
	expect_portal(
	    "portal.sso.eu-west-1.amazonaws.com", "Read%20Only", "S3CR3T-a");
	answer(200, ROLE_DOC);
	assert_non_null(
	    strstr(fake_header(fake_http_expect(), "authorization"), "=AKID/"));
	end(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_session),
	    cmocka_unit_test(test_legacy),
	    cmocka_unit_test(test_renewed),
	    cmocka_unit_test(test_renewal_refused),
	    cmocka_unit_test(test_race),
	    cmocka_unit_test(test_cannot_be_stored),
	    cmocka_unit_test(test_registration_over),
	    cmocka_unit_test(test_portal_refuses),
	    cmocka_unit_test(test_cache_refused),
	    cmocka_unit_test(test_texts),
	    cmocka_unit_test(test_settings),
	    cmocka_unit_test(test_endpoints),
	    cmocka_unit_test(test_below_a_role),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
