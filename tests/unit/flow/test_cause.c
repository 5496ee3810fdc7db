#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "flow/cause.h"

struct row {
	enum aws_class class;
	const char *code;
	const char *word; /* stands in the advice; "" if there is none */
};

static struct aws_result
result(const struct row *row)
{
	struct aws_result r = {.class = row->class};

	memcpy(r.code, row->code, strlen(row->code) + 1);
	return r;
}

static void
test_receive(void **state)
{
	static const struct row rows[] = {
	    {AWS_DENIED, "AccessDeniedException", "sqs:ReceiveMessage"},
	    {AWS_DENIED, "KmsAccessDenied", "kms:Decrypt"},
	    {AWS_NOT_FOUND, "QueueDoesNotExist", "queue_url"},
	    {AWS_THROTTLED, "OverLimit", "in flight"},
	    {AWS_BAD_CREDS, "ExpiredTokenException", "clock"},
	    {AWS_TRANSIENT, "InternalFailure", "passes"},
	    {AWS_OTHER, "UnsupportedOperation", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct aws_result r = result(&rows[i]);
		const char *said = advice_of(cause_of_receive(&r));

		assert_non_null(strstr(said, rows[i].word));
		assert_int_equal(said[0] == '\0', rows[i].word[0] == '\0');
	}
}

static void
test_get(void **state)
{
	static const struct row rows[] = {
	    {AWS_DENIED, "AccessDenied", "s3:GetObject"},
	    {AWS_DENIED, "KMS.DisabledException", "kms:Decrypt"},
	    {AWS_NOT_FOUND, "NoSuchKey", "life-cycle"},
	    {AWS_NOT_FOUND, "NoSuchBucket", "bucket"},
	    {AWS_OTHER, "InvalidObjectState", "restore"},
	    {AWS_WRONG_REGION, "PermanentRedirect", "region"},
	    {AWS_THROTTLED, "SlowDown", "s3_concurrency"},
	    {AWS_TRANSIENT, "InternalError", "passes"},
	    {AWS_OTHER, "MethodNotAllowed", ""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct aws_result r = result(&rows[i]);
		const char *said = advice_of(cause_of_get(&r));

		assert_non_null(strstr(said, rows[i].word));
		assert_int_equal(said[0] == '\0', rows[i].word[0] == '\0');
	}
}

static void
test_too_large(void **state)
{
	struct aws_result r = {.class = AWS_TRANSIENT, .err = ERR_LIMIT};

	(void)state;
	assert_non_null(strstr(advice_of(cause_of_receive(&r)), "one by one"));
}

static void
test_not_reached(void **state)
{
	static const enum err errs[] = {ERR_RESOLVE, ERR_CONNECT, ERR_TLS};

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		struct aws_result r = {.class = AWS_TRANSIENT, .err = errs[i]};

		assert_non_null(
		    strstr(advice_of(cause_of_get(&r)), "cannot be reached"));
		assert_non_null(strstr(
		    advice_of(cause_of_receive(&r)), "cannot be reached"));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_receive),
	    cmocka_unit_test(test_get),
	    cmocka_unit_test(test_too_large),
	    cmocka_unit_test(test_not_reached),
	};

	return cmocka_run_group_tests_name("cause", tests, NULL, NULL);
}
