/*
 * What an operator can do about a refusal of AWS, for the log. Static texts; ""
 * where there is nothing to say but to wait.
 */
#ifndef FLOW_ADVICE_H
#define FLOW_ADVICE_H

#include "aws/call.h"

const char *advice_receive(const struct aws_result *r); /* of the queue */
const char *advice_get(const struct aws_result *r);	/* of an object */
/* AWS's error code, or our word for what kept it from giving one. */
const char *advice_code(const struct aws_result *r);

#endif
