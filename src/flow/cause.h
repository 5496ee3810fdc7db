/*
 * What a refusal of AWS comes from, so that the log can say what helps
 * (base/advice.h).
 */
#ifndef FLOW_CAUSE_H
#define FLOW_CAUSE_H

#include "aws/call.h"
#include "base/advice.h"

enum cause cause_of_receive(const struct aws_result *r); /* of the queue */
enum cause cause_of_get(const struct aws_result *r);	 /* of an object */
/* AWS's error code, or our word for what kept it from giving one. */
const char *cause_code(const struct aws_result *r);

#endif
