/*
 * What the shared configuration files (~/.aws/config, ~/.aws/credentials, or
 * AWS_CONFIG_FILE and AWS_SHARED_CREDENTIALS_FILE) say of the profile in force
 * (AWS_PROFILE, else "default"), credentials apart. Files that are not there
 * say nothing, also those that a variable names. (AWS SDKs and Tools Reference
 * Guide, "Shared config and credentials files".)
 */
#ifndef AWS_PROFILE_H
#define AWS_PROFILE_H

#include <stdbool.h>

#include "base/buf.h"

/* true: settings that somebody meant are not there, for the reason that is
 * appended: a file that cannot be read or understood; a profile that was named,
 * or a services section of it, that is in none. Begins with the place:
 * "FILE:12: …", "AWS_PROFILE: …". */
bool profile_fault(struct buf *why);

/* Appends the value of a key: "region", "s3.addressing_style" for one that is
 * nested. false if it has none. */
bool profile_setting(const char *key, struct buf *out);

/* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, else ignore_configured_endpoint_urls, is
 * "true": endpoints of variables and profiles are to be overlooked. */
bool profile_ignores_endpoints(void);

/* Appends the endpoint_url for a service ("sqs", "s3", "sts"): of the services
 * section that the profile names, else its own. false if there is none, or
 * they are overlooked. */
bool profile_endpoint(const char *service, struct buf *out);

#endif
