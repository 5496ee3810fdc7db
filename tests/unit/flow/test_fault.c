/* Whose fault a GET's failure is, and whether a permission may be missing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "flow/fault.h"

static void
test_each(void **state)
{
	static const struct {
		enum aws_class class;
		const char *code;
		enum fault fault;
		bool may_be_grant;
	} rows[] = {
	    /* What S3 says of one object. */
	    {AWS_NOT_FOUND, "NoSuchKey", FAULT_OWN, false},
	    {AWS_NOT_FOUND, "NoSuchVersion", FAULT_OWN, false},
	    {AWS_DENIED, "InvalidObjectState", FAULT_OWN, true},
	    {AWS_OTHER, "InvalidRange", FAULT_OWN, false},
	    {AWS_OTHER, "InvalidName", FAULT_OWN, false},
	    {AWS_OTHER, "ObjectChanged", FAULT_OWN, false},
	    {AWS_OTHER, "PreconditionFailed", FAULT_OWN, false},
	    /* What it may say of everything. */
	    {AWS_DENIED, "AccessDenied", FAULT_ANYBODYS, true},
	    {AWS_DENIED, "KMS.DisabledException", FAULT_ANYBODYS, true},
	    {AWS_NOT_FOUND, "NoSuchBucket", FAULT_ANYBODYS, true},
	    {AWS_NOT_FOUND, "", FAULT_ANYBODYS, false},
	    {AWS_OTHER, "InvalidRequest", FAULT_ANYBODYS, false},
	    {AWS_TRANSIENT, "InternalError", FAULT_ANYBODYS, false},
	    {AWS_THROTTLED, "SlowDown", FAULT_ANYBODYS, false},
	    {AWS_WRONG_REGION, "PermanentRedirect", FAULT_ANYBODYS, false},
	    /* A proxy may rewrite one key. */
	    {AWS_BAD_CREDS, "SignatureDoesNotMatch", FAULT_ANYBODYS, true},
	    {AWS_BAD_CREDS, "InvalidSignatureException", FAULT_ANYBODYS, true},
	    {AWS_BAD_CREDS, "IncompleteSignature", FAULT_ANYBODYS, true},
	    {AWS_BAD_CREDS, "AuthorizationHeaderMalformed", FAULT_ANYBODYS,
		true},
	    {AWS_BAD_CREDS, "MissingSecurityHeader", FAULT_ANYBODYS, true},
	    /* No key can be read so. */
	    {AWS_BAD_CREDS, "InvalidAccessKeyId", FAULT_SETUP, true},
	    {AWS_BAD_CREDS, "ExpiredToken", FAULT_SETUP, true},
	    {AWS_NO_CREDS, "", FAULT_SETUP, true},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct aws_result r = {.class = rows[i].class};

		snprintf(r.code, sizeof r.code, "%s", rows[i].code);
		if (fault_of_get(&r) != rows[i].fault ||
		    fault_may_be_grant(&r) != rows[i].may_be_grant)
			fail_msg("row %zu: %s", i, rows[i].code);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_each),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
