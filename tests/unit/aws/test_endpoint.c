#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "aws/endpoint.h"

#define ROWS(a) (sizeof(a) / sizeof(a)[0])

static void
assert_url(const struct endpoint *e, const char *want)
{
	struct buf b;

	buf_init(&b, 1024);
	endpoint_url(e, &b);
	assert_string_equal(buf_cstr(&b), want);
	buf_fini(&b);
}

static void
test_parse(void **state)
{
	static const struct {
		const char *url, *want; /* NULL: refused */
	} rows[] = {
	    {"https://a.example", "https://a.example"},
	    {"https://A.Example/", "https://a.example"},
	    {"HTTP://a:80", "http://a"},
	    {"https://a:443/", "https://a"},
	    {"http://a:443", "http://a:443"},
	    {"http://a:1", "http://a:1"},
	    {"http://a:65535", "http://a:65535"},
	    {"http://a:65536", NULL},
	    {"http://a:0", NULL},
	    {"http://a:", NULL},
	    {"http://a:+1", NULL},
	    {"http://127.0.0.1:9324", "http://127.0.0.1:9324"},
	    {"http://[::1]:9000", "http://[::1]:9000"},
	    {"http://[FD00::2]/", "http://[fd00::2]"},
	    {"http://[::1", NULL},
	    {"http://[::1]x", NULL},
	    {"http://[::1]:", NULL},
	    {"http://[zz]", NULL},
	    {"http://::1", NULL},
	    {"http://my_host", "http://my_host"},
	    {"http://", NULL},
	    {"http:///x", NULL},
	    {"http://a/x", NULL},
	    {"http://a?x", NULL},
	    {"http://a#x", NULL},
	    {"http://u@a", NULL},
	    {"http://u:p@a", NULL},
	    {"http://a b", NULL},
	    {"http://a..b", NULL},
	    {"http://.a", NULL},
	    {"http://a.", NULL},
	    {"http://a%2e", NULL},
	    {"ftp://a", NULL},
	    {"a", NULL},
	    {"", NULL},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct endpoint e;
		enum err err = endpoint_parse(span_str(rows[i].url), &e);

		if (rows[i].want == NULL) {
			if (err != ERR_SYNTAX)
				fail_msg("taken: %s", rows[i].url);
			continue;
		}
		assert_int_equal(err, ERR_OK);
		assert_url(&e, rows[i].want);
	}
}

static void
test_kinds_of_host(void **state)
{
	static const struct {
		const char *url;
		bool ip, loopback;
	} rows[] = {
	    {"http://127.0.0.1", true, true},
	    {"http://127.255.0.9", true, true},
	    {"http://128.0.0.1", true, false},
	    {"http://10.0.0.1:9000", true, false},
	    {"http://[::1]", true, true},
	    {"http://[::2]", true, false},
	    {"http://localhost:4566", false, true},
	    {"http://s3.localhost", false, false},
	    {"http://notlocalhost", false, false},
	    {"http://localhost.example", false, false},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct endpoint e;

		assert_int_equal(
		    endpoint_parse(span_str(rows[i].url), &e), ERR_OK);
		assert_int_equal(endpoint_is_ip(&e), rows[i].ip);
		assert_int_equal(endpoint_is_loopback(&e), rows[i].loopback);
	}
}

static void
test_regions(void **state)
{
	static const struct {
		const char *region, *suffix;
	} rows[] = {
	    {"us-east-1", "amazonaws.com"},
	    {"ap-southeast-12", "amazonaws.com"},
	    {"mx-central-1", "amazonaws.com"},
	    {"us-gov-west-1", "amazonaws.com"},
	    {"cn-north-1", "amazonaws.com.cn"},
	    {"eusc-de-east-1", "amazonaws.eu"},
	    {"us-iso-east-1", "c2s.ic.gov"},
	    {"us-isob-east-1", "sc2s.sgov.gov"},
	    {"eu-isoe-west-1", "cloud.adc-e.uk"},
	    {"us-isof-south-1", "csp.hci.ic.gov"},
	    {"us-east-", NULL},
	    {"us-east", NULL},
	    {"us--1", NULL},
	    {"us-east-1a", NULL},
	    {"us-east-1-2", NULL},
	    {"US-EAST-1", NULL},
	    /* Newer than this program. */
	    {"zz-east-1", "amazonaws.com"},
	    {"eusc-fr-east-1", "amazonaws.com"},
	    {"zz-moon-far-12", "amazonaws.com"},
	    {"zz-1", NULL},
	    {"zz-9th-1", NULL},
	    {"zz--1", NULL},
	    {"-zz-east-1", NULL},
	    {"zz-east-1-", NULL},
	    {"zz-EAST-1", NULL},
	    {"zz-ea.st-1", NULL},
	    {"cn-far-north-1", NULL},
	    {"us-isob-far-east-1", NULL},
	    {"us-ea.evil.example/-1", NULL},
	    {"us-east-1.evil", NULL},
	    {"us-aaaaaaaaaaaaaaaaaaaaaaaaaa-1", "amazonaws.com"}, /* 31 */
	    {"us-aaaaaaaaaaaaaaaaaaaaaaaaaaa-1", NULL},		  /* 32 */
	    {"", NULL},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		const char *got = endpoint_dns_suffix(rows[i].region);

		if (rows[i].suffix == NULL && got != NULL)
			fail_msg("a region: %s", rows[i].region);
		if (rows[i].suffix != NULL) {
			assert_non_null(got);
			assert_string_equal(got, rows[i].suffix);
		}
	}
	assert_true(endpoint_same_partition("us-east-1", "eu-west-3"));
	assert_false(endpoint_same_partition("us-east-1", "us-gov-west-1"));
	assert_false(endpoint_same_partition("us-east-1", "cn-north-1"));
	assert_false(endpoint_same_partition("us-east-1", ""));
	assert_false(endpoint_same_partition("garage", "garage"));
}

static void
test_queue_urls(void **state)
{
	static const struct {
		const char *url, *endpoint, *region; /* NULL: refused */
	} rows[] = {
	    {"https://sqs.eu-west-1.amazonaws.com/111122223333/q",
		"https://sqs.eu-west-1.amazonaws.com", "eu-west-1"},
	    {"https://eu-west-1.queue.amazonaws.com/111122223333/q",
		"https://sqs.eu-west-1.amazonaws.com", "eu-west-1"},
	    {"https://queue.amazonaws.com/111122223333/q",
		"https://sqs.us-east-1.amazonaws.com", "us-east-1"},
	    {"https://cn-north-1.queue.amazonaws.com.cn/111122223333/q",
		"https://sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"},
	    {"https://sqs-fips.us-west-2.amazonaws.com/111122223333/q",
		"https://sqs-fips.us-west-2.amazonaws.com", "us-west-2"},
	    {"https://sqs.us-west-2.api.aws/111122223333/q",
		"https://sqs.us-west-2.api.aws", "us-west-2"},
	    {"https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q",
		"https://sqs.cn-north-1.amazonaws.com.cn", "cn-north-1"},
	    {"https://sqs.cn-north-1.api.amazonwebservices.com.cn/1/q",
		"https://sqs.cn-north-1.api.amazonwebservices.com.cn",
		"cn-north-1"},
	    {"https://vpce-0a-b1.sqs.us-east-1.vpce.amazonaws.com/1/q",
		"https://vpce-0a-b1.sqs.us-east-1.vpce.amazonaws.com",
		"us-east-1"},
	    {"https://sqs.eusc-de-east-1.amazonaws.eu/1/q",
		"https://sqs.eusc-de-east-1.amazonaws.eu", "eusc-de-east-1"},
	    {"https://sqs.us-gov-west-1.amazonaws.com/1/q.fifo",
		"https://sqs.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
	    {"http://localhost:4566/000000000000/q", "http://localhost:4566",
		""},
	    {"http://sqs.us-east-1.localhost.localstack.cloud:4566/0/q",
		"http://sqs.us-east-1.localhost.localstack.cloud:4566", ""},
	    {"http://elasticmq:9324/queue/q", "http://elasticmq:9324", ""},
	    {"https://sqs.cn-north-1.amazonaws.com/1/q",
		"https://sqs.cn-north-1.amazonaws.com", ""},
	    {"https://sqs.us-east-1.amazonaws.com.evil.example/1/q",
		"https://sqs.us-east-1.amazonaws.com.evil.example", ""},
	    {"https://sqs.us-east-1.amazonaws.com", NULL, NULL},
	    {"https://sqs.us-east-1.amazonaws.com/", NULL, NULL},
	    {"https://sqs.us-east-1.amazonaws.com/1/q?x=1", NULL, NULL},
	    {"https://sqs.us-east-1.amazonaws.com/1/q#x", NULL, NULL},
	    {"https://sqs.us-east-1.amazonaws.com/1/q\n", NULL, NULL},
	    {"arn:aws:sqs:us-east-1:111122223333:q", NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct endpoint e;
		char region[REGION_MAX];
		enum err err;

		err = endpoint_queue_url(span_str(rows[i].url), &e, region);
		if (rows[i].endpoint == NULL) {
			assert_int_equal(err, ERR_SYNTAX);
			continue;
		}
		assert_int_equal(err, ERR_OK);
		assert_url(&e, rows[i].endpoint);
		assert_string_equal(region, rows[i].region);
	}
}

static void
test_service(void **state)
{
	struct endpoint e;
	(void)state;
	assert_int_equal(endpoint_service("sts", "cn-north-1", &e), ERR_OK);
	assert_url(&e, "https://sts.cn-north-1.amazonaws.com.cn");
	assert_int_equal(endpoint_service("sts", "x", &e), ERR_SHAPE);
}

#define A63 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffff123"

static void
test_buckets(void **state)
{
	static const struct {
		const char *bucket, *region, *custom;
		enum path_style style;
		enum err err;
		const char *url, *path;
	} rows[] = {
	    {"logs", "us-east-1", NULL, PATH_STYLE_AUTO, ERR_OK,
		"https://logs.s3.us-east-1.amazonaws.com", ""},
	    {"logs", "cn-north-1", NULL, PATH_STYLE_AUTO, ERR_OK,
		"https://logs.s3.cn-north-1.amazonaws.com.cn", ""},
	    {"logs", "us-east-1", NULL, PATH_STYLE_YES, ERR_OK,
		"https://s3.us-east-1.amazonaws.com", "/logs"},
	    {"my.logs", "us-east-1", NULL, PATH_STYLE_AUTO, ERR_OK,
		"https://s3.us-east-1.amazonaws.com", "/my.logs"},
	    {"my.logs", "us-east-1", NULL, PATH_STYLE_NO, ERR_OK,
		"https://my.logs.s3.us-east-1.amazonaws.com", ""},
	    {A63, "us-east-1", NULL, PATH_STYLE_AUTO, ERR_OK,
		"https://" A63 ".s3.us-east-1.amazonaws.com", ""},
	    {A63 "4", "us-east-1", NULL, PATH_STYLE_AUTO, ERR_OK,
		"https://s3.us-east-1.amazonaws.com", "/" A63 "4"},
	    {"ab", "us-east-1", NULL, PATH_STYLE_AUTO, ERR_OK,
		"https://s3.us-east-1.amazonaws.com", "/ab"},
	    {"Legacy_Bucket", "us-east-1", NULL, PATH_STYLE_NO, ERR_OK,
		"https://s3.us-east-1.amazonaws.com", "/Legacy_Bucket"},
	    {"-abc", "us-east-1", NULL, PATH_STYLE_AUTO, ERR_OK,
		"https://s3.us-east-1.amazonaws.com", "/-abc"},
	    {"abc-", "us-east-1", NULL, PATH_STYLE_NO, ERR_OK,
		"https://s3.us-east-1.amazonaws.com", "/abc-"},
	    {"evil.example#", "us-east-1", NULL, PATH_STYLE_NO, ERR_OK,
		"https://s3.us-east-1.amazonaws.com", "/evil.example%23"},
	    {"a@evil.example:1?", "us-east-1", NULL, PATH_STYLE_AUTO, ERR_OK,
		"https://s3.us-east-1.amazonaws.com",
		"/a%40evil.example%3A1%3F"},
	    {"a..b", "us-east-1", NULL, PATH_STYLE_NO, ERR_OK,
		"https://s3.us-east-1.amazonaws.com", "/a..b"},
	    {"logs", "us-east-1", "http://localhost:4566", PATH_STYLE_AUTO,
		ERR_OK, "http://localhost:4566", "/logs"},
	    {"logs", "us-east-1", "http://localhost:4566", PATH_STYLE_NO,
		ERR_OK, "http://logs.localhost:4566", ""},
	    {"logs", "us-east-1", "http://127.0.0.1:1", PATH_STYLE_NO, ERR_OK,
		"http://127.0.0.1:1", "/logs"},
	    {"logs", "us-east-1", "http://[::1]:1", PATH_STYLE_AUTO, ERR_OK,
		"http://[::1]:1", "/logs"},
	    {"logs", "any-word", "https://minio.example", PATH_STYLE_AUTO,
		ERR_OK, "https://minio.example", "/logs"},
	    {"logs", "any-word", "https://minio.example", PATH_STYLE_NO, ERR_OK,
		"https://logs.minio.example", ""},
	    {"logs", "any-word", "http://minio:9000", PATH_STYLE_AUTO, ERR_OK,
		"http://minio:9000", "/logs"},
	    {"logs", "us-east-1",
		"https://bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com",
		PATH_STYLE_AUTO, ERR_OK,
		"https://logs.bucket.vpce-1.s3.us-east-1.vpce.amazonaws.com",
		""},
	    {"logs", "us-east-1", "https://s3.amazonaws.com.evil.example",
		PATH_STYLE_AUTO, ERR_OK,
		"https://s3.amazonaws.com.evil.example", "/logs"},
	    {"logs", "us-east-1", "https://notamazonaws.com", PATH_STYLE_AUTO,
		ERR_OK, "https://notamazonaws.com", "/logs"},
	    {"logs", "nowhere", NULL, PATH_STYLE_AUTO, ERR_SHAPE, NULL, NULL},
	    {"", "us-east-1", NULL, PATH_STYLE_AUTO, ERR_SYNTAX, NULL, NULL},
	    {"a/b", "us-east-1", NULL, PATH_STYLE_YES, ERR_SYNTAX, NULL, NULL},
	    {".", "us-east-1", NULL, PATH_STYLE_YES, ERR_SYNTAX, NULL, NULL},
	    {"..", "us-east-1", NULL, PATH_STYLE_YES, ERR_SYNTAX, NULL, NULL},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct endpoint custom, e;
		struct endpoint_s3 how;
		struct buf path;
		enum err err;

		if (rows[i].custom != NULL)
			assert_int_equal(
			    endpoint_parse(span_str(rows[i].custom), &custom),
			    ERR_OK);
		buf_init(&path, 1024);
		how = (struct endpoint_s3){.region = rows[i].region,
		    .custom = rows[i].custom != NULL ? &custom : NULL,
		    .path_style = rows[i].style};
		err =
		    endpoint_bucket(span_str(rows[i].bucket), &how, &e, &path);
		assert_int_equal(err, rows[i].err);
		if (err == ERR_OK) {
			assert_url(&e, rows[i].url);
			assert_string_equal(buf_cstr(&path), rows[i].path);
		}
		buf_fini(&path);
	}
}

static void
test_bucket_limits(void **state)
{
	char name[300];
	struct endpoint e, custom = {.tls = true};
	struct endpoint_s3 how = {.region = "us-east-1"};
	struct buf path;
	(void)state;
	memset(name, 'a', sizeof name);
	buf_init(&path, 1024);
	assert_int_equal(
	    endpoint_bucket((struct span){name, 255}, &how, &e, &path), ERR_OK);
	assert_int_equal(path.n, 256);
	assert_int_equal(
	    endpoint_bucket((struct span){name, 256}, &how, &e, &path),
	    ERR_SYNTAX);
	assert_int_equal(
	    endpoint_bucket((struct span){"a\0b", 3}, &how, &e, &path),
	    ERR_SYNTAX);
	/* 63 + 1 + 191 is all that fits. */
	memset(custom.host, 'h', 191);
	how.custom = &custom;
	how.path_style = PATH_STYLE_NO;
	assert_int_equal(
	    endpoint_bucket((struct span){name, 63}, &how, &e, &path), ERR_OK);
	assert_int_equal(strlen(e.host), 255);
	custom.host[191] = 'h';
	assert_int_equal(
	    endpoint_bucket((struct span){name, 63}, &how, &e, &path),
	    ERR_LIMIT);
	buf_fini(&path);
}

static void
test_variants(void **state)
{
	static const struct {
		const char *service, *region;
		bool fips, dual;
		const char *url; /* NULL: there is none */
	} rows[] = {
	    {"sqs", "us-east-1", false, false,
		"https://sqs.us-east-1.amazonaws.com"},
	    {"sqs", "us-east-1", true, false,
		"https://sqs-fips.us-east-1.amazonaws.com"},
	    {"sqs", "us-east-1", false, true, "https://sqs.us-east-1.api.aws"},
	    {"sts", "us-east-1", true, true,
		"https://sts-fips.us-east-1.api.aws"},
	    {"sqs", "us-gov-west-1", true, false,
		"https://sqs.us-gov-west-1.amazonaws.com"},
	    {"sts", "us-gov-west-1", true, true,
		"https://sts-fips.us-gov-west-1.api.aws"},
	    {"s3", "us-gov-west-1", true, false,
		"https://s3-fips.us-gov-west-1.amazonaws.com"},
	    {"s3", "eu-west-1", false, true,
		"https://s3.dualstack.eu-west-1.amazonaws.com"},
	    {"s3", "eu-west-1", true, true,
		"https://s3-fips.dualstack.eu-west-1.amazonaws.com"},
	    {"s3", "cn-north-1", false, true,
		"https://s3.dualstack.cn-north-1.amazonaws.com.cn"},
	    {"sqs", "cn-north-1", false, true,
		"https://sqs.cn-north-1.api.amazonwebservices.com.cn"},
	    {"sqs", "cn-north-1", true, false, NULL},
	    {"s3", "cn-north-1", true, true, NULL},
	    {"sts", "us-iso-east-1", false, true,
		"https://sts.us-iso-east-1.api.aws.ic.gov"},
	    {"sqs", "moon-1", true, false, NULL},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct endpoint_variant v = {rows[i].fips, rows[i].dual};
		struct endpoint e;
		enum err err =
		    endpoint_choose(rows[i].service, rows[i].region, v, &e);

		assert_int_equal(err, rows[i].url ? ERR_OK : ERR_SHAPE);
		if (rows[i].url != NULL)
			assert_url(&e, rows[i].url);
	}
}

#define ARN "arn:aws:s3:us-east-1:111122223333:accesspoint"
#define A50 "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeee"

static void
test_access_points(void **state)
{
	static const struct {
		const char *bucket, *custom;
		bool fips, dual;
		enum err err;
		const char *url;
	} rows[] = {
	    {ARN "/logs", NULL, false, false, ERR_OK,
		"https://logs-111122223333.s3-accesspoint.us-east-1."
		"amazonaws.com"},
	    {ARN ":logs", NULL, true, true, ERR_OK,
		"https://logs-111122223333.s3-accesspoint-fips.dualstack."
		"us-east-1.amazonaws.com"},
	    {ARN "/logs", "https://accesspoint.vpce-1.example", false, false,
		ERR_OK, "https://logs-111122223333.accesspoint.vpce-1.example"},
	    {ARN "/logs", "http://127.0.0.1:1", false, false, ERR_SHAPE, NULL},
	    {ARN "/" A50, NULL, false, false, ERR_OK,
		"https://" A50
		"-111122223333.s3-accesspoint.us-east-1.amazonaws.com"},
	    {ARN "/" A50 "f", NULL, false, false, ERR_LIMIT, NULL},
	    {"logs-abcdefs3alias", NULL, false, false, ERR_OK,
		"https://logs-abcdefs3alias.s3.us-east-1.amazonaws.com"},
	    /* Another region than the one it is to be signed for. */
	    {"arn:aws:s3:us-west-2:111122223333:accesspoint/logs", NULL, false,
		false, ERR_SYNTAX, NULL},
	    {"arn:aws-cn:s3:us-east-1:111122223333:accesspoint/logs", NULL,
		false, false, ERR_SYNTAX, NULL},
	    {"arn:aws:s3:us-east-1:11112222333:accesspoint/logs", NULL, false,
		false, ERR_SYNTAX, NULL},
	    {"arn:aws:s3:us-east-1:1111222233334:accesspoint/logs", NULL, false,
		false, ERR_SYNTAX, NULL},
	    {"arn:aws:s3:us-east-1:11112222333x:accesspoint/logs", NULL, false,
		false, ERR_SYNTAX, NULL},
	    {"arn:aws:s3::111122223333:accesspoint/logs.mrap", NULL, false,
		false, ERR_SYNTAX, NULL},
	    {"arn:aws:s3-object-lambda:us-east-1:111122223333:accesspoint/x",
		NULL, false, false, ERR_SYNTAX, NULL},
	    {"arn:aws:s3:::logs", NULL, false, false, ERR_SYNTAX, NULL},
	    {ARN "/a.b", NULL, false, false, ERR_SYNTAX, NULL},
	    {ARN "/a/b", NULL, false, false, ERR_SYNTAX, NULL},
	    {ARN "/logs@evil", NULL, false, false, ERR_SYNTAX, NULL},
	    {ARN, NULL, false, false, ERR_SYNTAX, NULL},
	    {ARN "/", NULL, false, false, ERR_SYNTAX, NULL},
	    {"arn:", NULL, false, false, ERR_SYNTAX, NULL},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		struct endpoint custom, e;
		struct endpoint_s3 how = {.region = "us-east-1",
		    .variant = {rows[i].fips, rows[i].dual}};
		struct buf path;

		if (rows[i].custom != NULL) {
			assert_int_equal(
			    endpoint_parse(span_str(rows[i].custom), &custom),
			    ERR_OK);
			how.custom = &custom;
		}
		buf_init(&path, 1024);
		assert_int_equal(
		    endpoint_bucket(span_str(rows[i].bucket), &how, &e, &path),
		    rows[i].err);
		assert_int_equal(path.n, 0);
		if (rows[i].err == ERR_OK)
			assert_url(&e, rows[i].url);
		buf_fini(&path);
	}
}

static void
test_arn_regions(void **state)
{
	static const struct {
		const char *bucket;
		bool arn;
		const char *region;
	} rows[] = {
	    {ARN "/logs", true, "us-east-1"},
	    {"arn:aws-us-gov:s3:us-gov-west-1:111122223333:accesspoint:x12",
		true, "us-gov-west-1"},
	    {"arn:aws:s3:::logs", true, ""},
	    {"arn-logs", false, ""},
	    {"", false, ""},
	};
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		char region[REGION_MAX];

		assert_int_equal(
		    endpoint_bucket_arn(span_str(rows[i].bucket), region),
		    rows[i].arn);
		assert_string_equal(region, rows[i].region);
	}
}

static void
test_vpc_endpoints(void **state)
{
	static const struct {
		const char *url;
		bool vpce;
	} rows[] = {
	    {"https://vpce-1-2.sqs.us-east-1.vpce.amazonaws.com", true},
	    {"https://bucket.vpce-1-2.s3.us-east-1.vpce.amazonaws.com", true},
	    {"https://sqs.us-east-1.amazonaws.com", false},
	    {"https://vpce.example", false},
	};
	struct endpoint e;
	(void)state;
	for (size_t i = 0; i < ROWS(rows); i++) {
		assert_int_equal(
		    endpoint_parse(span_str(rows[i].url), &e), ERR_OK);
		assert_int_equal(endpoint_is_vpce(&e), rows[i].vpce);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parse),
	    cmocka_unit_test(test_kinds_of_host),
	    cmocka_unit_test(test_regions),
	    cmocka_unit_test(test_queue_urls),
	    cmocka_unit_test(test_service),
	    cmocka_unit_test(test_buckets),
	    cmocka_unit_test(test_bucket_limits),
	    cmocka_unit_test(test_variants),
	    cmocka_unit_test(test_access_points),
	    cmocka_unit_test(test_arn_regions),
	    cmocka_unit_test(test_vpc_endpoints),
	};

	return cmocka_run_group_tests_name("endpoint", tests, NULL, NULL);
}
