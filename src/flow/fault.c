#include "flow/fault.h"

#include <stddef.h>
#include <string.h>

static bool
is_own(const struct aws_result *r)
{
	static const char *const codes[] = {"InvalidName", "InvalidObjectState",
	    "InvalidRange", "NoSuchKey", "NoSuchVersion", "ObjectChanged",
	    "PreconditionFailed"};

	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
		if (strcmp(r->code, codes[i]) == 0)
			return true;
	}
	return false;
}

/* That a signature is wrong may be said of one key that a proxy rewrites. */
static bool
is_of_the_request(const struct aws_result *r)
{
	return strncmp(r->code, "Signature", 9) == 0 ||
	       strncmp(r->code, "InvalidSignature", 16) == 0 ||
	       strncmp(r->code, "IncompleteSignature", 19) == 0 ||
	       strcmp(r->code, "AuthorizationHeaderMalformed") == 0 ||
	       strcmp(r->code, "MissingSecurityHeader") == 0;
}

enum fault
fault_of_get(const struct aws_result *r)
{
	if (r->class == AWS_NO_CREDS ||
	    (r->class == AWS_BAD_CREDS && !is_of_the_request(r)))
		return FAULT_SETUP;
	return is_own(r) ? FAULT_OWN : FAULT_ANYBODYS;
}

bool
fault_may_be_grant(const struct aws_result *r)
{
	return r->class == AWS_DENIED || r->class == AWS_BAD_CREDS ||
	       r->class == AWS_NO_CREDS || strcmp(r->code, "NoSuchBucket") == 0;
}
