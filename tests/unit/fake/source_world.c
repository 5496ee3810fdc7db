/*
 * What tests of sources of credentials share; included by each of them. A clean
 * environment, one fetch at a time, and what came of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "aws/imds.h"
#include "aws/source.h"
#include "base/log.h"
#include "base/mem.h"
#include "net/child.h"

#include "fake_http.c"

static struct source_deps deps;
static struct endpoint sts;
static struct creds got;
static char got_error[2048], got_advice[1024];
static struct creds_failure got_failure;
static unsigned ends;
static char home[64];

/* A stand-in for net/child.h: what was started, and its end. */
static char started[512];
static const struct child_spec *live;
static struct child_spec live_spec;

struct child *
child_start(struct timers *t, const struct child_spec *spec)
{
	(void)t;
	started[0] = '\0';
	for (size_t i = 0; spec->argv[i] != NULL; i++)
		snprintf(started + strlen(started),
		    sizeof started - strlen(started), "[%s]", spec->argv[i]);
	live_spec = *spec;
	live = &live_spec;
	return (struct child *)(void *)&live_spec;
}

void
child_cancel(struct child **c)
{
	if (*c != NULL)
		live = NULL;
	*c = NULL;
}

__attribute__((unused)) static void
end_child(const struct child_end *end)
{
	struct child_spec spec = *live;

	live = NULL;
	spec.fn(spec.arg, end);
}

static void
clear_environment(void)
{
	static const char *const names[] = {"AWS_ACCESS_KEY_ID",
	    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
	    "AWS_CREDENTIAL_EXPIRATION", "AWS_PROFILE", "AWS_DEFAULT_PROFILE",
	    "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_ROLE_ARN",
	    "AWS_ROLE_SESSION_NAME", "AWS_WEB_IDENTITY_TOKEN_FILE",
	    "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
	    "AWS_CONTAINER_CREDENTIALS_FULL_URI",
	    "AWS_CONTAINER_AUTHORIZATION_TOKEN",
	    "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
	    "AWS_EC2_METADATA_DISABLED", "AWS_EC2_METADATA_SERVICE_ENDPOINT",
	    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
	    "AWS_METADATA_SERVICE_TIMEOUT", "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
	    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS", "AWS_ENDPOINT_URL",
	    "AWS_ENDPOINT_URL_SSO", "AWS_ENDPOINT_URL_SSO_OIDC",
	    "INVOCATION_ID"};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		unsetenv(names[i]);
	setenv("HOME", home, 1);
}

/* A file in the test's own folder; its path is good until the next call. */
__attribute__((unused)) static const char *
put_file(const char *name, const char *text)
{
	static char path[128];
	FILE *f;

	snprintf(path, sizeof path, "%s/%s", home, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
	return path;
}

static void
remove_file(const char *name)
{
	char path[128];

	snprintf(path, sizeof path, "%s/%s", home, name);
	(void)remove(path);
}

static void
world_begin(void)
{
	char aws[80];

	snprintf(home, sizeof home, "/tmp/trailpost-test-XXXXXX");
	assert_non_null(mkdtemp(home));
	snprintf(aws, sizeof aws, "%s/.aws", home);
	assert_int_equal(mkdir(aws, 0700), 0);
	clear_environment();
	fake_begin();
	deps = (struct source_deps){.timers = fake_timers(),
	    .http = fake_http(),
	    .aws = aws_new(fake_http(), fake_timers(), NULL),
	    .imds = imds_new(fake_http(), fake_timers()),
	    .region = "eu-west-1",
	    .sts = &sts};
	assert_int_equal(endpoint_service("sts", "eu-west-1", &sts), ERR_OK);
	ends = 0;
}

/* One that has no token yet. */
__attribute__((unused)) static void
renew_imds(void)
{
	imds_free(&deps.imds);
	deps.imds = imds_new(fake_http(), fake_timers());
}

static void
world_end(void)
{
	creds_fini(&got);
	aws_free(&deps.aws);
	imds_free(&deps.imds);
	fake_end();
	remove_file(".aws/config");
	remove_file(".aws/credentials");
	remove_file(".aws");
	remove_file("token");
	remove_file("");
	clear_environment();
}

static void
on_got(void *arg, struct creds *c, const struct creds_failure *why)
{
	(void)arg;
	ends++;
	creds_fini(&got);
	got_error[0] = got_advice[0] = '\0';
	if (c != NULL) {
		assert_null(why);
		got = *c;
	} else {
		assert_non_null(why);
		got_failure = *why; /* but for what it points to */
		snprintf(got_error, sizeof got_error, "%.*s", (int)why->text.n,
		    why->text.p);
		snprintf(got_advice, sizeof got_advice, "%.*s",
		    (int)why->advice.n, why->advice.p);
	}
}

/* Starts a fetch; nothing comes from inside. */
static void
start_fetch(struct creds_source *s)
{
	ends = 0;
	s->fetch(s, on_got, NULL);
	assert_int_equal(ends, 0);
	fake_run();
}

static void
assert_got(const char *key_id)
{
	fake_run();
	assert_int_equal(ends, 1);
	assert_string_equal(got_error, "");
	assert_non_null(got.key_id);
	assert_string_equal(got.key_id, key_id);
}

/* Each word, parted by '|', must be in the text; no secret is. */
static void
assert_words(const char *text, const char *words)
{
	struct span rest = span_str(words);

	while (rest.p != NULL) {
		struct span w = span_cut(&rest, '|');

		if (memmem(text, strlen(text), w.p, w.n) == NULL)
			fail_msg("\"%.*s\" is not in: %s", (int)w.n, w.p, text);
	}
	assert_null(strstr(text, "S3CR3T"));
}

static void
assert_failed(const char *words)
{
	fake_run();
	assert_int_equal(ends, 1);
	assert_null(got.key_id);
	assert_words(got_error, words);
	assert_words(got_advice, "");
}

#define DOC(more)                                                              \
	"{\"AccessKeyId\":\"AKID\",\"SecretAccessKey\":\"S3CR3T\"," more "}"
#define DOC_WHOLE                                                              \
	DOC("\"Token\":\"TOKEN\",\"Expiration\":\"2026-11-22T13:00:00Z\"")

static void
answer(int status, const char *body)
{
	fake_reply(fake_http_expect(), status, NULL, span_str(body));
	fake_run();
}
