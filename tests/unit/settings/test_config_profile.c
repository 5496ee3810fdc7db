#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "settings/config.h"
#include "settings/hosts.h"

#define QUEUE "TRAILPOST_QUEUE_URL=http://127.0.0.1:1/1/q"
#define TOKEN "DASSANA_TOKEN=t"

/* What the profile says, as "key=value" lines; endpoints by service. */
static const char *const *profile;

static bool
find(const char *key, struct buf *out)
{
	size_t n = strlen(key);

	for (const char *const *p = profile; *p != NULL; p++) {
		if (strncmp(*p, key, n) == 0 && (*p)[n] == '=') {
			buf_str(out, *p + n + 1);
			return true;
		}
	}
	return false;
}

static const char *fault; /* NULL: none */

static bool
find_fault(struct buf *why)
{
	if (fault != NULL)
		buf_str(why, fault);
	return fault != NULL;
}

static struct buf notes;

static void
note(void *arg, bool fatal, const char *text)
{
	(void)arg;
	buf_printf(&notes, "%s%s\n", fatal ? "!" : "~", text);
}

static unsigned
load(struct config *c, const char *const *env, bool region_later)
{
	struct config_sources src = {.env = env,
	    .profile_fault = find_fault,
	    .profile_setting = find,
	    .profile_endpoint = find,
	    .region_later = region_later};

	buf_init(&notes, 4096);
	return config_load(c, &src, note, NULL);
}

static void
unload(struct config *c)
{
	buf_fini(&notes);
	config_fini(c);
}

/* The region: configuration, queue URL, environment, profile, instance. */
static void
test_region(void **state)
{
	static const char *const with_region[] = {"region=eu-west-3", NULL};
	static const char *const without[] = {NULL};
	static const char *const url =
	    "TRAILPOST_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/1/q";
	const struct {
		const char *const *profile;
		const char *env[5];
		bool later;
		const char *region; /* NULL: a mistake */
	} rows[] = {
	    {with_region, {TOKEN, url, "AWS_REGION=us-west-1"}, false,
		"eu-west-1"},
	    {with_region,
		{TOKEN, QUEUE, "AWS_REGION=us-west-1",
		    "TRAILPOST_REGION=us-west-2"},
		false, "us-west-2"},
	    {with_region,
		{TOKEN, QUEUE, "AWS_DEFAULT_REGION=us-east-2",
		    "AWS_REGION=us-west-1"},
		false, "us-west-1"},
	    {with_region, {TOKEN, QUEUE, "AWS_DEFAULT_REGION=us-east-2"}, false,
		"us-east-2"},
	    {with_region, {TOKEN, QUEUE}, false, "eu-west-3"},
	    {without, {TOKEN, QUEUE}, false, NULL},
	    {without, {TOKEN, QUEUE}, true, ""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct config c;
		unsigned mistakes;

		profile = rows[i].profile;
		mistakes = load(&c, rows[i].env, rows[i].later);
		assert_int_equal(mistakes, rows[i].region == NULL);
		if (rows[i].region != NULL)
			assert_string_equal(c.region, rows[i].region);
		else
			assert_non_null(strstr(buf_cstr(&notes), "region"));
		unload(&c);
	}
}

/* It counts where nobody else has set anything. */
static void
test_settings(void **state)
{
	static const char *const said[] = {"region=eu-west-3",
	    "ca_bundle=/proc/self/exe", "use_fips_endpoint=false",
	    "use_dualstack_endpoint=false", "sqs=http://sqs:1",
	    "s3=http://s3:1", "sts=http://sts:1", NULL};
	static const char *const wrong[] = {
	    "region=eu-west-3", "sqs=http://sqs:1/path", NULL};
	const char *env[] = {TOKEN, QUEUE, NULL, NULL};
	struct config c;
	(void)state;
	profile = said;
	assert_int_equal(load(&c, env, false), 0);
	assert_string_equal(c.ca_file, "/proc/self/exe");
	assert_string_equal(c.endpoint_url_sqs, "http://sqs:1");
	assert_string_equal(c.endpoint_url_s3, "http://s3:1");
	assert_string_equal(c.endpoint_url_sts, "http://sts:1");
	unload(&c);
	env[2] = "AWS_ENDPOINT_URL_S3=http://other:1";
	assert_int_equal(load(&c, env, false), 0);
	assert_string_equal(c.endpoint_url_sqs, "http://sqs:1");
	assert_string_equal(c.endpoint_url_s3, "http://other:1");
	unload(&c);
	/* One for all services is nearer than the profile's for one. */
	env[2] = "AWS_ENDPOINT_URL=http://all:1";
	assert_int_equal(load(&c, env, false), 0);
	assert_string_equal(c.endpoint_url, "http://all:1");
	assert_string_equal(c.endpoint_url_sqs, "");
	unload(&c);
	profile = wrong;
	env[2] = NULL;
	assert_int_equal(load(&c, env, false), 1);
	assert_non_null(strstr(buf_cstr(&notes), "AWS profile"));
	unload(&c);
}

/* Whoever asks for FIPS in a profile must not get less for a typing error. */
static void
test_fault(void **state)
{
	static const char *const none[] = {NULL};
	const char *env[] = {TOKEN, QUEUE, "AWS_REGION=us-west-1", NULL};
	struct config c;
	(void)state;
	profile = none;
	fault = "AWS_PROFILE: there is none";
	assert_int_equal(load(&c, env, false), 1);
	assert_string_equal(buf_cstr(&notes), "!AWS_PROFILE: there is none\n");
	unload(&c);
	fault = NULL;
	assert_int_equal(load(&c, env, false), 0);
	unload(&c);
}

/* What the profile has in "s3 =", in our words. */
static void
test_addressing(void **state)
{
	static const struct {
		const char *style, *env;
		uint64_t want;
		unsigned mistakes;
	} rows[] = {
	    {"s3.addressing_style=path", NULL, PATH_STYLE_YES, 0},
	    {"s3.addressing_style=virtual", NULL, PATH_STYLE_NO, 0},
	    {"s3.addressing_style=auto", NULL, PATH_STYLE_AUTO, 0},
	    {"s3.addressing_style=round", NULL, PATH_STYLE_AUTO, 1},
	    {"s3.addressing_style=path", "TRAILPOST_S3_PATH_STYLE=no",
		PATH_STYLE_NO, 0},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		const char *const said[] = {rows[i].style, NULL};
		const char *const env[] = {
		    TOKEN, QUEUE, "AWS_REGION=us-west-1", rows[i].env, NULL};
		struct config c;

		profile = said;
		assert_int_equal(load(&c, env, false), rows[i].mistakes);
		assert_int_equal(c.s3_path_style, rows[i].want);
		unload(&c);
	}
}

/* The variable has the last word over the profile's key. */
static void
test_ignored_endpoints(void **state)
{
	static const char *const said[] = {
	    "ignore_configured_endpoint_urls=True", NULL};
	const char *env[] = {TOKEN, QUEUE, "AWS_REGION=us-west-1",
	    "AWS_ENDPOINT_URL_S3=http://s3:1", NULL, NULL};
	struct config c;
	(void)state;
	profile = said;
	assert_int_equal(load(&c, env, false), 0);
	assert_string_equal(c.endpoint_url_s3, "");
	unload(&c);
	env[4] = "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS=False";
	assert_int_equal(load(&c, env, false), 0);
	assert_string_equal(c.endpoint_url_s3, "http://s3:1");
	unload(&c);
}

#define AWS_QUEUE "TRAILPOST_QUEUE_URL=https://sqs.eu-west-1.amazonaws.com/1/q"

/* Which region STS is asked in, and through which hosts. */
static void
test_hosts(void **state)
{
	static const char *const with_region[] = {"region=eu-west-3", NULL};
	static const char *const fips_region[] = {
	    "region=FIPS-EU-WEST-3", NULL};
	static const char *const none[] = {NULL};
	const struct {
		const char *const *profile;
		const char *env[4];
		const char *sqs, *sts, *sts_region;
		bool fips_s3;
	} rows[] = {
	    {none, {TOKEN, AWS_QUEUE}, "sqs.eu-west-1.amazonaws.com",
		"sts.eu-west-1.amazonaws.com", "eu-west-1", false},
	    {with_region, {TOKEN, AWS_QUEUE}, "sqs.eu-west-1.amazonaws.com",
		"sts.eu-west-3.amazonaws.com", "eu-west-3", false},
	    {with_region, {TOKEN, AWS_QUEUE, "AWS_REGION=US-EAST-2"},
		"sqs.eu-west-1.amazonaws.com", "sts.us-east-2.amazonaws.com",
		"us-east-2", false},
	    /* What another partition gives is no good in this one. */
	    {with_region, {TOKEN, AWS_QUEUE, "AWS_REGION=cn-north-1"},
		"sqs.eu-west-1.amazonaws.com", "sts.eu-west-1.amazonaws.com",
		"eu-west-1", false},
	    {none, {TOKEN, AWS_QUEUE, "AWS_REGION=us-east-2-fips"},
		"sqs-fips.eu-west-1.amazonaws.com",
		"sts-fips.us-east-2.amazonaws.com", "us-east-2", true},
	    {fips_region, {TOKEN, AWS_QUEUE},
		"sqs-fips.eu-west-1.amazonaws.com",
		"sts-fips.eu-west-3.amazonaws.com", "eu-west-3", true},
	    /* Not in force. */
	    {fips_region, {TOKEN, AWS_QUEUE, "AWS_REGION=us-east-2"},
		"sqs.eu-west-1.amazonaws.com", "sts.us-east-2.amazonaws.com",
		"us-east-2", false},
	    /* One service alone has a host of its own. */
	    {fips_region,
		{TOKEN, AWS_QUEUE, "AWS_ENDPOINT_URL_SQS=https://own.example"},
		"own.example", "sts-fips.eu-west-3.amazonaws.com", "eu-west-3",
		true},
	    {fips_region,
		{TOKEN, AWS_QUEUE, "AWS_ENDPOINT_URL_STS=https://own.example"},
		"sqs-fips.eu-west-1.amazonaws.com", "own.example", "eu-west-3",
		true},
	    {fips_region,
		{TOKEN, "TRAILPOST_QUEUE_URL=https://"
			"vpce-1.sqs.eu-west-1.vpce.amazonaws.com/1/q"},
		"vpce-1.sqs.eu-west-1.vpce.amazonaws.com",
		"sts-fips.eu-west-3.amazonaws.com", "eu-west-3", true},
	};
	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct config c;
		struct hosts h;

		profile = rows[i].profile;
		assert_int_equal(load(&c, rows[i].env, false), 0);
		hosts_find(&c, &h);
		assert_string_equal(h.sqs.host, rows[i].sqs);
		assert_string_equal(h.sts.host, rows[i].sts);
		assert_string_equal(h.sts_region, rows[i].sts_region);
		assert_int_equal(h.variant.fips, rows[i].fips_s3);
		assert_false(h.s3_custom);
		unload(&c);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_region),
	    cmocka_unit_test(test_settings),
	    cmocka_unit_test(test_fault),
	    cmocka_unit_test(test_addressing),
	    cmocka_unit_test(test_ignored_endpoints),
	    cmocka_unit_test(test_hosts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
