#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

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

	    {"AWSLogs/210987654321/CloudTrail/", false},
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
	};
	struct filter *f = filter_new(NULL, filter_default_exclude);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		if (filter_takes(f, span_str(cases[i].key)) != cases[i].takes)
			fail_msg("%s", cases[i].key);
	}
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
	    {NULL, NULL, "a/", false},
	    {"*", NULL, "/", false},
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
		    filter_new(cases[i].include, cases[i].exclude);

		if (filter_takes(f, span_str(cases[i].key)) != cases[i].takes)
			fail_msg("case %zu", i);
		filter_free(&f);
	}
}

/* A key is as long as its span, not up to some NUL behind it. */
static void
test_span(void **state)
{
	struct filter *f = filter_new("*.gz", NULL);

	(void)state;
	assert_true(filter_takes(f, (struct span){"a.gz.bak", 4}));
	assert_false(filter_takes(f, (struct span){"a.gz.bak", 8}));
	filter_free(&f);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_default),
	    cmocka_unit_test(test_patterns),
	    cmocka_unit_test(test_span),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
