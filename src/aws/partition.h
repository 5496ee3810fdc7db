/*
 * AWS's partitions and the hosts that each has. (botocore's partitions.json and
 * endpoint rules.)
 */
#ifndef AWS_PARTITION_H
#define AWS_PARTITION_H

#include "aws/endpoint.h"

struct partition {
	const char *prefix; /* of its regions' names */
	const char *name, *dns, *dual_dns;
};

/* NULL for what is no region's name. */
const struct partition *partition_of(struct span region);
/* Sets the host of a service: "sqs", "sts", "s3", "s3-accesspoint". ERR_SHAPE
 * for what is no region, or has no such host; ERR_LIMIT. */
enum err partition_host(struct endpoint *out, const char *service,
    struct span region, struct endpoint_variant v);

#endif
