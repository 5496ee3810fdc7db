/*
 * Whose credentials these are. (STS API Reference, "GetCallerIdentity", which
 * needs no permission.)
 */
#ifndef AWS_IDENTITY_H
#define AWS_IDENTITY_H

#include "aws/call.h"

struct identity_get;

struct identity {
	struct span account, arn;
};
/* i is borrowed, and NULL unless r->class is AWS_OK. */
typedef void
identity_fn(void *arg, const struct aws_result *r, const struct identity *i);

/* Ends in one fn, when the get is gone already, or in silence after cancel. */
struct identity_get *identity_start(struct aws *a, const struct endpoint *sts,
    const char *region, identity_fn *fn, void *arg);
void identity_cancel(struct identity_get **g);

#endif
