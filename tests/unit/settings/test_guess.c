/* What somebody probably meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "settings/guess.h"
#include "settings/similar.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static const char *
nth(const void *arg, size_t i)
{
	return ((const char *const *)arg)[i];
}

static void
test_similar(void **state)
{
	static const char *const names[] = {
	    "", "check", "health", "log_format", "log_level"};
	static const struct {
		const char *typed;
		size_t is;
	} rows[] = {
	    {"check", 1},
	    {"chekc", 1},
	    {"chck", 1},
	    {"checks", 1},
	    {"CHECK", 1},
	    {"heath", 2},
	    {"log-format", 3},
	    {"logformat", 3},
	    {"loglevel", 4},
	    {"", 5},
	    {"x", 5},
	    {"queue", 5},
	    {"healthhealthhealthhealthhealthhealthhealth", 5},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		if (similar(span_str(rows[i].typed), nth, names,
			COUNT(names)) != rows[i].is)
			fail_msg("%s", rows[i].typed);
	}
}

/* Each is a mistake, and what is proposed is none. */
static void
test_values(void **state)
{
	static const struct {
		const char *key, *typed, *meant;
	} rows[] = {
	    {"batch_max_bytes", "5M", "5MiB"},
	    {"batch_max_bytes", "5m", "5MiB"},
	    {"batch_max_bytes", "5 mb", "5MB"},
	    {"batch_max_bytes", "100000", "100000B"},
	    {"batch_max_bytes", "5", NULL}, /* 5B is too little */
	    {"batch_max_bytes", "5T", NULL},
	    {"batch_max_bytes", "\"5MiB\"", "5MiB"},
	    {"batch_max_bytes", "M", NULL},
	    {"post_timeout", "60", "60s"},
	    {"post_timeout", "2 min", "2m"},
	    {"post_timeout", "2M", "2m"},
	    {"post_timeout", "60sec", "60s"},
	    {"post_timeout", "99h", NULL},
	    {"visibility_timeout", "1hour", "1h"},
	    {"visibility_timeout", "2000msec", "2000ms"},
	    {"accept_any_2xx", "1", "yes"},
	    {"accept_any_2xx", "ON", "yes"},
	    {"accept_any_2xx", "off", "no"},
	    {"accept_any_2xx", "maybe", NULL},
	    {"log_level", "warning", "warn"},
	    {"log_level", "DEBUG", "debug"},
	    {"log_level", "loud", NULL},
	    {"gzip_level", "'3'", "3"},
	    {"gzip_level", "\"30\"", NULL},
	    {"gzip_level", "ten", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct option_row *o =
		    option_at(option_find(span_str(rows[i].key)));
		struct buf got, want;
		uint64_t v;

		buf_init(&got, 256);
		buf_init(&want, 256);
		if (option_read(o, span_str(rows[i].typed), &v))
			fail_msg("%s = %s", rows[i].key, rows[i].typed);
		guess_value(o, span_str(rows[i].typed), &got);
		if (rows[i].meant != NULL)
			buf_printf(&want, "; did you mean %s?", rows[i].meant);
		assert_string_equal(buf_cstr(&got), buf_cstr(&want));
		assert_true(rows[i].meant == NULL ||
			    option_read(o, span_str(rows[i].meant), &v));
		buf_fini(&got);
		buf_fini(&want);
	}
}

static void
test_keys(void **state)
{
	struct buf b;

	(void)state;
	buf_init(&b, 256);
	guess_key(SPAN("que_url"), &b);
	assert_string_equal(buf_cstr(&b), "; did you mean queue_url?");
	buf_reset(&b);
	guess_key(SPAN("something"), &b);
	assert_string_equal(buf_cstr(&b), "");
	buf_fini(&b);
}

static void
test_queues(void **state)
{
	static const struct {
		const char *url, *guess;
	} rows[] = {
	    {"arn:aws:sqs:eu-west-1:111122223333:q",
		"; did you mean "
		"https://sqs.eu-west-1.amazonaws.com/111122223333/q?"},
	    {"arn:aws-cn:sqs:cn-north-1:111122223333:q",
		"; did you mean "
		"https://sqs.cn-north-1.amazonaws.com.cn/111122223333/q?"},
	    {"arn:aws:sns:eu-west-1:111122223333:q", ""},
	    {"arn:aws:sqs:eu-west-1:111122223333", ""},
	    {"sqs.eu-west-1.amazonaws.com/111122223333/q",
		"; did you mean "
		"https://sqs.eu-west-1.amazonaws.com/111122223333/q?"},
	    {"https://sqs.eu-west-1.amazonaws.com/",
		"; is the queue's name missing?"},
	    {"q", ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct buf b;

		buf_init(&b, 512);
		guess_queue(span_str(rows[i].url), &b);
		assert_string_equal(buf_cstr(&b), rows[i].guess);
		buf_fini(&b);
	}
	assert_true(guess_lacks_name(
	    "https://sqs.eu-west-1.amazonaws.com/111122223333"));
	assert_false(guess_lacks_name(
	    "https://sqs.eu-west-1.amazonaws.com/111122223333/q"));
	assert_false(guess_lacks_name("http://localhost:9324/queue"));
	assert_false(guess_lacks_name("http://localhost:9324"));
	assert_false(guess_lacks_name("x"));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_similar),
	    cmocka_unit_test(test_values),
	    cmocka_unit_test(test_keys),
	    cmocka_unit_test(test_queues),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
