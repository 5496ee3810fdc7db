#include "fake/source_world.c"

#define ARN "arn:aws:iam::111122223333:role/r"
#define ASSUMED(action)                                                        \
	"<" action "Response xmlns=\"https://sts.amazonaws.com/doc/"           \
	"2011-06-15/\"><" action "Result><AssumedRoleUser><Arn>a</Arn>"        \
	"</AssumedRoleUser><Credentials><AccessKeyId>ASIA</AccessKeyId>"       \
	"<SecretAccessKey>S3CR3T</SecretAccessKey><SessionToken>TOK"           \
	"</SessionToken><Expiration>2026-11-22T13:00:00Z</Expiration>"         \
	"</Credentials></" action "Result></" action "Response>"

static char arn[] = ARN, external[] = "x/1", session[] = "me@host";
static char duration[] = "900";
static struct role_conf role = {.arn = arn};

static struct creds_source *
on_keys(const struct role_conf *r)
{
	return source_role_new(
	    &deps, r, creds_static_new(fake_timers(), "BASE", "S3CR3T", "T"));
}

static void
test_assume_role(void **state)
{
	struct role_conf full = {.arn = arn,
	    .external_id = external,
	    .session_name = session,
	    .duration = duration};
	struct creds_source *s;
	struct request *r;
	(void)state;
	world_begin();
	s = on_keys(&role);
	start_fetch(s);
	r = fake_http_expect();
	assert_string_equal(fake_method(r), "POST");
	assert_string_equal(
	    fake_url(r), "https://sts.eu-west-1.amazonaws.com/");
	assert_string_equal(fake_header(r, "content-type"),
	    "application/x-www-form-urlencoded; charset=utf-8");
	assert_true(span_is(fake_body(r),
	    "Action=AssumeRole&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A"
	    "%3A111122223333%3Arole%2Fr&RoleSessionName=trailpost"));
	assert_non_null(strstr(fake_header(r, "authorization"),
	    "Credential=BASE/20261122/eu-west-1/sts/aws4_request"));
	assert_string_equal(fake_header(r, "x-amz-security-token"), "T");
	answer(200, ASSUMED("AssumeRole"));
	assert_got("ASIA");
	assert_string_equal(got.secret, "S3CR3T");
	assert_string_equal(got.token, "TOK");
	assert_int_equal(got.expires_s, FAKE_WALL_S + 3600);
	s->free(s);
	s = on_keys(&full);
	start_fetch(s);
	assert_true(span_ends(fake_body(fake_http_expect()),
	    "&RoleSessionName=me%40host&ExternalId=x%2F1&DurationSeconds=900"));
	s->cancel(s);
	assert_int_equal(fake_http_open(), 0);
	s->free(s);
	world_end();
}

static void
test_web_identity(void **state)
{
	struct role_conf r = {.arn = arn, .session_name = session};
	struct creds_source *s;
	char path[128];
	(void)state;
	world_begin();
	snprintf(path, sizeof path, "%s", put_file("token", "JWT.1+\n"));
	r.token_file = path;
	s = source_webid_new(&deps, &r);
	assert_string_equal(s->name, "web identity");
	start_fetch(s);
	assert_true(span_is(fake_body(fake_http_expect()),
	    "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3A"
	    "aws%3Aiam%3A%3A111122223333%3Arole%2Fr&RoleSessionName=me%40host"
	    "&WebIdentityToken=JWT.1%2B"));
	assert_null(fake_header(fake_http_expect(), "authorization"));
	assert_null(fake_header(fake_http_expect(), "x-amz-date"));
	answer(200, ASSUMED("AssumeRoleWithWebIdentity"));
	assert_got("ASIA");
	/* Read again at each call; kubelet changes it. */
	put_file("token", "JWT.2");
	start_fetch(s);
	assert_true(span_ends(
	    fake_body(fake_http_expect()), "&WebIdentityToken=JWT.2"));
	answer(200, ASSUMED("AssumeRoleWithWebIdentity"));
	assert_got("ASIA");
	put_file("token", "");
	start_fetch(s);
	assert_failed("web identity|" ARN "|/token is empty");
	assert_string_equal(got_advice, "");
	remove_file("token");
	start_fetch(s);
	assert_failed("web identity|/token: No such file");
	assert_words(got_advice, "whether the path is right");
	s->free(s);
	world_end();
}

#define REFUSED(code, message)                                                 \
	"<ErrorResponse><Error><Type>Sender</Type><Code>" code "</Code>"       \
	"<Message>" message "</Message></Error><RequestId>REQ-1</RequestId>"   \
	"</ErrorResponse>"

/* What is told of it: text, advice and, apart, what AWS has called it. */
static void
assert_refused(
    int status, const char *body, const char *error, const char *advice)
{
	assert_failed(error);
	assert_words(got_advice, advice);
	assert_int_equal(*advice == '\0', *got_advice == '\0');
	assert_int_equal(got_failure.status, status);
	if (strstr(body, "<Code>") != NULL) {
		assert_non_null(strstr(body, got_failure.code));
		assert_true(strlen(got_failure.code) > 5);
		assert_string_equal(got_failure.request_id, "REQ-1");
	} else {
		assert_string_equal(got_failure.code, "");
	}
	assert_int_equal(fake_http_open(), 0);
}

static void
test_failures(void **state)
{
	static const struct {
		int status; /* 0: no answer */
		unsigned attempts;
		const char *body, *error, *advice;
	} rows[] = {
	    {403, 1,
		REFUSED("AccessDenied", "User: x is not authorized to perform"),
		"assuming " ARN "|AccessDenied|not authorized",
		"grant sts:AssumeRole on " ARN "|trust policy|\"static\""},
	    {403, 1, REFUSED("RegionDisabledException", "m"),
		"RegionDisabledException", "switch STS on"},
	    {400, 1, REFUSED("ValidationError", "RoleArn is too short"),
		"ValidationError|RoleArn is too short", ""},
	    {400, 1, REFUSED("ExpiredToken", "The token is expired"),
		"ExpiredToken", "from \"static\" are wrong, expired"},
	    {400, 3, REFUSED("Throttling", "Rate exceeded"), "Throttling", ""},
	    {404, 1, "<html>no</html>", "404", ""},
	    {500, 3, "", "500", ""},
	    {503, 3, "<html>", "503", ""},
	    {0, 3, "", "no answer|timeout",
		"firewall|HTTPS_PROXY|https://sts.eu-west-1.amazonaws"},
	    {200, 1, "", "no credentials", ""},
	    {200, 1, "<html>S3CR3T</html>", "no credentials", ""},
	    {200, 1, "{\"AccessKeyId\":\"S3CR3T\"}", "no credentials", ""},
	    {200, 1, ASSUMED("AssumeRoleWithWebIdentity"), "no credentials",
		""},
	    {200, 1,
		"<AssumeRoleResponse><AssumeRoleResult><Credentials>"
		"<AccessKeyId>A</AccessKeyId><SecretAccessKey>S3CR3T"
		"</SecretAccessKey><SessionToken>T</SessionToken>"
		"</Credentials></AssumeRoleResult></AssumeRoleResponse>",
		"no credentials", ""},
	};
	struct creds_source *s;
	(void)state;
	world_begin();
	s = on_keys(&role);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		start_fetch(s);
		for (unsigned n = 0; n < rows[i].attempts; n++) {
			assert_int_equal(ends, 0);
			if (rows[i].status == 0)
				fake_fail(fake_http_expect(), ERR_TIMEOUT);
			else
				answer(rows[i].status, rows[i].body);
			fake_run();
			fake_advance(5000);
		}
		assert_refused(rows[i].status, rows[i].body, rows[i].error,
		    rows[i].advice);
	}
	s->free(s);
	world_end();
}

/* A web identity is refused for other reasons. */
static void
test_token_failures(void **state)
{
	static const struct {
		int status;
		const char *body, *error, *advice;
	} rows[] = {
	    {403, REFUSED("AccessDenied", "Not authorized"),
		"web identity for " ARN "|AccessDenied",
		"trust policy of " ARN "|sts:AssumeRoleWithWebIdentity"},
	    {400, REFUSED("ExpiredTokenException", "it was of yesterday"),
		"ExpiredTokenException|yesterday", "whether it is still"},
	    {400, REFUSED("InvalidIdentityToken", "No OpenIDConnect provider"),
		"InvalidIdentityToken", "identity provider (OIDC)"},
	    {400, REFUSED("IDPRejectedClaim", "no"), "IDPRejectedClaim",
		"issuer does not stand by it"},
	};
	struct role_conf r = {.arn = arn};
	struct creds_source *s;
	char path[128];
	(void)state;
	world_begin();
	snprintf(path, sizeof path, "%s", put_file("token", "JWT"));
	r.token_file = path;
	s = source_webid_new(&deps, &r);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		start_fetch(s);
		answer(rows[i].status, rows[i].body);
		assert_refused(rows[i].status, rows[i].body, rows[i].error,
		    rows[i].advice);
	}
	s->free(s);
	world_end();
}

/* What STS is asked with fails: that is the error, with its source. */
static void
test_base_fails(void **state)
{
	struct creds_source *s;
	(void)state;
	world_begin();
	s = source_role_new(&deps, &role,
	    source_failing_new(fake_timers(), "x", "container: it is down"));
	start_fetch(s);
	assert_failed("assuming " ARN ": container: it is down");
	assert_int_equal(fake_http_open(), 0);
	s->free(s);
	world_end();
}

/* A clock that is two hours ahead: STS tells, and what it gives is not taken
 * for expired. */
static void
test_clock(void **state)
{
	static const char date[] = "Date: Sun, 22 Nov 2026 10:00:00 GMT\r\n";
	struct role_conf web = {.arn = arn};
	struct creds_source *s;
	char path[128];
	(void)state;
	world_begin();
	snprintf(path, sizeof path, "%s", put_file("token", "JWT"));
	s = on_keys(&role);
	start_fetch(s);
	fake_reply(fake_http_expect(), 403, date,
	    span_str(
		REFUSED("SignatureDoesNotMatch", "Signature not yet current")));
	fake_run();
	assert_string_equal(
	    fake_header(fake_http_expect(), "x-amz-date"), "20261122T100000Z");
	fake_reply(
	    fake_http_expect(), 200, date, span_str(ASSUMED("AssumeRole")));
	assert_got("ASIA");
	assert_int_equal(got.offset_s, -7200);
	s->free(s);
	/* A call that is not signed is not refused for it, but tells too. */
	web.token_file = path;
	s = source_webid_new(&deps, &web);
	start_fetch(s);
	fake_reply(fake_http_expect(), 200, date,
	    span_str(ASSUMED("AssumeRoleWithWebIdentity")));
	assert_got("ASIA");
	assert_int_equal(got.offset_s, -7200);
	s->free(s);
	world_end();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_assume_role),
	    cmocka_unit_test(test_web_identity),
	    cmocka_unit_test(test_failures),
	    cmocka_unit_test(test_token_failures),
	    cmocka_unit_test(test_base_fails),
	    cmocka_unit_test(test_clock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
