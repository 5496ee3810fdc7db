/*
 * Regions, partitions and hosts. Pure functions.
 * (botocore's partitions.json and endpoint rules are the reference.)
 */
#ifndef AWS_ENDPOINT_H
#define AWS_ENDPOINT_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* scheme://host[:port], without a path; what a request is sent to. */
struct endpoint {
	bool tls;
	char host[256]; /* lower case; IPv6 in brackets */
	unsigned port;	/* 0: the scheme's default */
};

enum { REGION_MAX = 32 };

/* An URL "http(s)://host[:port][/]". ERR_SYNTAX on anything else: a path, a
 * query, user info, a bad port or host. */
enum err endpoint_parse(struct span url, struct endpoint *out);
/* As the Host header has it: no port where it is the default. */
void endpoint_host(const struct endpoint *e, struct buf *out);
/* "https://host[:port]" */
void endpoint_url(const struct endpoint *e, struct buf *out);
bool endpoint_is_ip(const struct endpoint *e);
/* A host of AWS's own, of whatever partition. */
bool endpoint_is_aws(const struct endpoint *e);
/* Loopback by name ("localhost") or address. */
bool endpoint_is_loopback(const struct endpoint *e);

/* The DNS suffix of the partition of a region ("amazonaws.com"), or NULL for
 * what is no region's name. A region that is newer than this program is taken
 * for one of the partition aws. */
const char *endpoint_dns_suffix(const char *region);
/* Whether both are names of regions, and of one partition: credentials are
 * good in one only, and only there may a reply send us elsewhere. */
bool endpoint_same_partition(const char *a, const char *b);
/* "aws", "aws-cn", "aws-us-gov", …: what an ARN of that region begins with; or
 * NULL. */
const char *endpoint_partition(const char *region);

/* Which of a service's hosts, where it has several. */
struct endpoint_variant {
	bool fips;	 /* FIPS 140 validated cryptography */
	bool dual_stack; /* IPv6 as well as IPv4 */
};

/* "sqs.REGION.SUFFIX" over TLS. ERR_SHAPE for what is no region. */
enum err
endpoint_service(const char *service, const char *region, struct endpoint *out);
/* The same with a choice; also ERR_SHAPE for FIPS in China, which has no such
 * hosts. */
enum err endpoint_choose(const char *service, const char *region,
    struct endpoint_variant v, struct endpoint *out);

/*
 * A queue URL, https://sqs.REGION.amazonaws.com/ACCOUNT/NAME or one of its
 * older and private forms, or of another host altogether. The oldest forms
 * (REGION.queue.amazonaws.com) give today's host of that region. region becomes
 * "" if the URL does not tell. ERR_SYNTAX.
 */
enum err endpoint_queue_url(
    struct span url, struct endpoint *out, char region[REGION_MAX]);
/* Whether a host is a VPC endpoint, which is one of its own and has no
 * variants. */
bool endpoint_is_vpce(const struct endpoint *e);

enum path_style { PATH_STYLE_AUTO, PATH_STYLE_YES, PATH_STYLE_NO };

/* How buckets are reached. */
struct endpoint_s3 {
	const char *region;	       /* of the bucket */
	const struct endpoint *custom; /* NULL, or what replaces S3's hosts */
	enum path_style path_style;
	struct endpoint_variant variant; /* of S3's own hosts */
};

/* What kind of bucket or access point it is by its name, if it is one that
 * cannot be read by us: "a directory bucket (S3 Express One Zone)"; else NULL.
 * (S3 User Guide, "Directory bucket naming rules", "Access point aliases".) */
const char *endpoint_bucket_unsupported(struct span bucket);

/*
 * Where a bucket is: sets the endpoint and appends the path prefix to path (""
 * for virtual-hosted addressing, "/BUCKET" for path-style). auto is path-style
 * for names with dots, names that are no DNS labels, and hosts that are not
 * AWS's. What cannot be part of a host name never becomes one, whatever the
 * style. With a custom endpoint the region may be any word.
 *
 * A bucket may also be an access point: its alias, which is a name like any
 * other, or its ARN, arn:PARTITION:s3:REGION:ACCOUNT:accesspoint/NAME, whose
 * region must be the one given here.
 *
 * ERR_SHAPE for what is no region or has no such host, ERR_LIMIT, ERR_SYNTAX
 * for an impossible bucket name: empty, longer than 255 bytes, ".", "..", with
 * a '/' or NUL, or any other kind of ARN.
 */
enum err endpoint_bucket(struct span bucket, const struct endpoint_s3 *how,
    struct endpoint *out, struct buf *path);
/* Whether it is an ARN at all; then region becomes the access point's, or "" if
 * it is none of those. */
bool endpoint_bucket_arn(struct span bucket, char region[REGION_MAX]);

#endif
