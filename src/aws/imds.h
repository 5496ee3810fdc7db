/*
 * The metadata service of an EC2 instance, version 2 and no other: each GET
 * carries a session token, which is kept and renewed. (EC2 User Guide, "Use the
 * Instance Metadata Service".)
 *
 * Each get reads AWS_EC2_METADATA_DISABLED and, each else from the profile by
 * the key behind it:
 *	AWS_EC2_METADATA_SERVICE_ENDPOINT	ec2_metadata_service_endpoint
 *	AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE	…_endpoint_mode
 *	AWS_METADATA_SERVICE_TIMEOUT		metadata_service_timeout
 *	AWS_METADATA_SERVICE_NUM_ATTEMPTS	metadata_service_num_attempts
 * What is wrong with one of them is the end of the get. Never through a proxy.
 */
#ifndef AWS_IMDS_H
#define AWS_IMDS_H

#include <stdbool.h>

#include "base/buf.h"
#include "net/http.h"
#include "net/timer.h"

struct imds;

/* r: a reply with any status but 401; or error: why there is none, and what to
 * do, with the reply that was no good, or NULL. Both are borrowed. */
typedef void imds_fn(void *arg, const struct reply *r, const char *error);

bool imds_is_disabled(void);

struct imds *imds_new(struct http *h, struct timers *t);
void imds_free(struct imds **i); /* cancels */
/* One at a time; ends in one call of fn, or in silence after imds_cancel. fn
 * may free the imds, or get again. */
void imds_get(struct imds *i, const char *path, imds_fn *fn, void *arg);
void imds_cancel(struct imds *i);

#endif
