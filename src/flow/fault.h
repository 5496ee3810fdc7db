/*
 * What a failed GET may say: of this object alone, of everything that is read
 * from there, or of the set-up.
 */
#ifndef FLOW_FAULT_H
#define FLOW_FAULT_H

#include <stdbool.h>

#include "aws/call.h"

enum fault {
	FAULT_OWN,	/* S3 itself says so of this one, or it was not asked */
	FAULT_ANYBODYS, /* it may be so for others too */
	FAULT_SETUP,	/* no key can be read with these credentials */
};

enum fault fault_of_get(const struct aws_result *r);
/* Refused as without a permission, which somebody has to grant. */
bool fault_may_be_grant(const struct aws_result *r);

#endif
