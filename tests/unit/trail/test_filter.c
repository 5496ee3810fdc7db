#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fnmatch.h>

#include "base/clock.h"
#include "trail/filter.h"

#define LOG_NAME                                                               \
	"210987654321_CloudTrail_eu-west-1_20260214T0930Z_kQ3vYbT7nLx2WmPa."   \
	"json.gz"

static void
test_default(void **state)
{
	static const struct {
		const char *key;
		bool takes;
	} cases[] = {
	    {"AWSLogs/210987654321/CloudTrail/eu-west-1/2026/02/14/" LOG_NAME,
		true},
	    {"AWSLogs/o-ab12cd34ef/210987654321/CloudTrail/eu-west-1/2026/02/"
	     "14/" LOG_NAME,
		true},
	    {"o-ab12cd34ef/AWSLogs/o-ab12cd34ef/210987654321/CloudTrail/"
	     "eu-west-1/2026/02/14/" LOG_NAME,
		true},
	    {"AWSLogs/210987654321/CloudTrail-Insight/eu-west-1/x.json.gz",
		true},
	    {"AWSLogs/210987654321/CloudTrail-NetworkActivity/x.json.gz", true},
	    {"AWSLogs/210987654321/CloudTrail-Aggregated/x.json.gz", true},
	    {"Config/AWSLogs/210987654321/CloudTrail/eu-west-1/x.json.gz",
		true},
	    {"a/WAFLogs/b/CloudTrail-Digest/AWSLogs/210987654321/CloudTrail/x",
		true},
	    {"renamed.json", true},
	    {"AWSLogs/210987654321/CloudTrail/Config", true},

	    /* It only looks like AWS's. */
	    {"AWSLogs/2026/Config/x.json.gz", true},
	    {"AWSLogs/21098765432/Config/x", true},
	    {"AWSLogs/2109876543210/Config/x", true},
	    {"AWSLogs/21098765432x/Config/x", true},
	    {"AWSLogs/o-/210987654321/Config/x", true},
	    {"AWSLogs/O-AB/210987654321/Config/x", true},
	    {"AWSLogs/210987654321", true},
	    {"AWSLogs/210987654321/", true},
	    {"myAWSLogs/210987654321/Config/x", true},
	    {"AWSLogsOld/210987654321/Config/x", true},
	    /* The trail's own prefix does. */
	    {"AWSLogs/210987654321/Config/AWSLogs/210987654321/CloudTrail/x",
		true},
	    {"AWSLogs/AWSLogs/210987654321/CloudTrail/x", true},
	    {"AWSLogs/AWSLogs/210987654321/Config/x", false},
	    {"AWSLogs/210987654321/CloudTrail/AWSLogs/210987654321/Config/x",
		false},
	    {"AWSLogs/210987654321/CloudTrail-Digest/eu-west-1/2026/02/14/x",
		false},
	    {"AWSLogs/o-ab12cd34ef/210987654321/CloudTrail-Digest/x", false},
	    {"trails/a/AWSLogs/o-ab12cd34ef/210987654321/CloudTrail-Digest/x",
		false},
	    {"AWSLogs/210987654321/Config/eu-west-1/2026/2/14/ConfigHistory/x",
		false},
	    {"AWSLogs/210987654321/Config/ConfigWritabilityCheckFile", false},
	    {"p/AWSLogs/210987654321/elasticloadbalancing/eu-west-1/x", false},
	    {"AWSLogs/210987654321/vpcflowlogs/eu-west-1/x.log.gz", false},
	    {"AWSLogs/210987654321/vpcdnsquerylogs/vpc-1/x.log.gz", false},
	    {"AWSLogs/210987654321/WAFLogs/eu-west-1/acl/x.log.gz", false},
	    {"AWSLogs/210987654321/GuardDuty/eu-west-1/x.jsonl.gz", false},
	    {"AWSLogs/210987654321/network-firewall/flow/eu-west-1/x", false},
	    {"AWSLogs/210987654321/redshift/eu-west-1/x.gz", false},
	    {"AWSLogs/210987654321/globalaccelerator/eu-west-1/x.gz", false},
	    {"AWSLogs/210987654321/CloudFront/x.gz", false},
	    {"AWSLogs/210987654321/BedrockModelInvocationLogs/x.json.gz",
		false},
	    {"AWSLogs/210987654321/VpcLattice/Service/x.gz", false},
	    {"AWSLogs/210987654321/VerifiedAccess/eu-west-1/x.gz", false},
	    {"AWSLogs/210987654321/EventBusLogs/eu-west-1/x.gz", false},
	    {"AWSLogs/210987654321/ELBAccessLogTestFile", false},
	    {"AWSLogs/210987654321/CloudTrail-Lake/Query/2026/1/x.csv.gz",
		false},
	    {"AWSLogs/210987654321/CloudTrail-Aggregated-Digest/x", false},
	    {"AWSLogs/210987654321/CloudTrailX/x", false},
	    {"AWSLogs/210987654321/CloudTrail-Digest/eu-west-1/2026/11/26/"
	     "210987654321_CloudTrail-Digest_eu-west-1_t_eu-west-1_"
	     "20261126T1200Z_backfill.json.gz",
		false},
	    {"AWSLogs/aws-account-id=210987654321/aws-service=vpcflowlogs/x",
		false},
	};
	struct filter *f = filter_new(NULL, NULL, true);
	struct filter *all = filter_new(NULL, NULL, false);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct span key = span_str(cases[i].key);

		if (filter_judge(f, key, 9) !=
		    (cases[i].takes ? FILTER_TAKES : FILTER_FOLDER))
			fail_msg("%s", cases[i].key);
		assert_int_equal(filter_judge(all, key, 9), FILTER_TAKES);
	}
	filter_free(&all);
	filter_free(&f);
	assert_null(f);
	filter_free(&f);
}

static void
test_patterns(void **state)
{
	static const struct {
		const char *include, *exclude, *key;
		bool takes;
	} cases[] = {
	    {NULL, NULL, "a", true},
	    {"", "", "a", true},
	    {" , ,", " ,\t", "a", true},
	    {"a*", NULL, "a/b/c", true},
	    {"a*", NULL, "b/a", false},
	    {"x,a?c  y", NULL, "abc", true},
	    {"x,a?c  y", NULL, "a/c", true},
	    {"x,a?c  y", NULL, "y", true},
	    {"x,a?c  y", NULL, "x,a?c  y", false},
	    {"*.gz", "*Digest* z*", "a.gz", true},
	    {"*.gz", "*Digest* z*", "a/Digest/a.gz", false},
	    {"*.gz", "*Digest* z*", "z.gz", false},
	    {"*.gz", "*Digest* z*", ".hidden.gz", true},
	    {"[a-c]/\\*", NULL, "b/*", true},
	    {"[a-c]/\\*", NULL, "b/x", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct filter *f =
		    filter_new(cases[i].include, cases[i].exclude, true);

		if (filter_judge(f, span_str(cases[i].key), -1) !=
		    (cases[i].takes ? FILTER_TAKES : FILTER_PATTERN))
			fail_msg("case %zu", i);
		filter_free(&f);
	}
}

/* A key is as long as its span, not up to some NUL behind it. */
/* What is not left to fnmatch means the same. */
static void
test_as_fnmatch(void **state)
{
	static const char alphabet[] = "ab*?[]\\/";
	unsigned matched = 0;

	(void)state;
	for (int i = 0; i < 200000; i++) {
		char pattern[6] = "", key[6] = "k";
		size_t n = 1 + clock_random(sizeof pattern - 1);
		struct filter *f;
		bool wanted;

		for (size_t k = 0; k < n; k++)
			pattern[k] = alphabet[clock_random(
			    i % 2 ? 3 : sizeof alphabet - 1)];
		n = 1 + clock_random(sizeof key - 1);
		for (size_t k = 0; k < n; k++)
			key[k] = "ab*/"[clock_random(4)];
		wanted = fnmatch(pattern, key, 0) == 0;
		f = filter_new(pattern, NULL, false);
		if ((filter_judge(f, span_str(key), 1) == FILTER_TAKES) !=
		    wanted)
			fail_msg("'%s' and '%s'", pattern, key);
		filter_free(&f);
		matched += wanted;
	}
	assert_in_range(matched, 1000, 199000);
}

static void
test_span(void **state)
{
	struct filter *f = filter_new("*.gz", NULL, true);

	(void)state;
	assert_int_equal(
	    filter_judge(f, (struct span){"a.gz.bak", 4}, 9), FILTER_TAKES);
	assert_int_equal(
	    filter_judge(f, (struct span){"a.gz.bak", 8}, 9), FILTER_PATTERN);
	filter_free(&f);
}

/* Only an object of no bytes is one. */
static void
test_marker(void **state)
{
	static const struct {
		const char *key;
		int64_t size;
		enum filter_verdict is;
	} rows[] = {
	    {"a/", 0, FILTER_MARKER},
	    {"a/", -1, FILTER_MARKER},
	    {"a/", 1, FILTER_TAKES},
	    {"/", 0, FILTER_MARKER},
	    {"a", 0, FILTER_TAKES},
	    {"", 0, FILTER_TAKES},
	};
	struct filter *f = filter_new(NULL, NULL, true);

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
		assert_int_equal(
		    filter_judge(f, span_str(rows[i].key), rows[i].size),
		    rows[i].is);
	filter_free(&f);
}

static void
test_folder(void **state)
{
	(void)state;
	assert_true(span_is(
	    filter_other_folder(SPAN("p/AWSLogs/210987654321/Config/x")),
	    "Config"));
	assert_true(
	    span_is(filter_other_folder(SPAN("AWSLogs/210987654321/TestFile")),
		"TestFile"));
	assert_int_equal(
	    filter_other_folder(SPAN("AWSLogs/210987654321/CloudTrail/x")).n,
	    0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_default),
	    cmocka_unit_test(test_patterns),
	    cmocka_unit_test(test_as_fnmatch),
	    cmocka_unit_test(test_span),
	    cmocka_unit_test(test_marker),
	    cmocka_unit_test(test_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
