/*
 * Which hosts of AWS the settings lead to. An endpoint that was spelled out
 * wins; then the queue URL's own host, if it is not one of AWS's public ones;
 * then AWS's host of the region, in the variant that was asked for.
 */
#ifndef SETTINGS_HOSTS_H
#define SETTINGS_HOSTS_H

#include "aws/endpoint.h"
#include "settings/config.h"
#include "settings/notes.h"

struct hosts {
	struct endpoint sqs, sts;
	struct endpoint s3; /* if s3_custom */
	bool s3_custom;
	bool has_sts; /* false: the region has none that we know */
	char sts_region[REGION_MAX];
	struct endpoint_variant variant;
};

/* Makes region, env_region and profile_region what AWS calls them: in lower
 * case, and "fips-us-east-1", as older SDKs had it, becomes us-east-1 with
 * use_fips_endpoint. */
void hosts_read_regions(struct config *c);

/* c is without mistakes. */
void hosts_find(const struct config *c, struct hosts *out);
/* Tells of variants that cannot be had. */
void hosts_check(struct notes *n, const struct config *c);

#endif
