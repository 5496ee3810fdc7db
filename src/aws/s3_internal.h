/*
 * What the files of s3 share: s3.c, one GET; s3_place.c, where buckets are;
 * s3_region.c, what S3 says of that.
 */
#ifndef AWS_S3_INTERNAL_H
#define AWS_S3_INTERNAL_H

#include "aws/priv.h"
#include "aws/regions.h"
#include "aws/s3.h"

enum { S3_PATH_MAX = 8 * 1024 };

struct s3 {
	struct aws *aws;
	char *region;
	struct endpoint custom;
	struct endpoint_s3 how; /* but for the region */
	int64_t stall_timeout_ms;
	struct regions regions; /* of buckets, learned */
};

/* As endpoint_bucket. */
enum err s3_place(const struct s3 *s, struct span bucket, const char *region,
    struct endpoint *e, struct buf *path);

typedef void s3_done_fn(void *arg, const struct aws_result *r);

/* HeadBucket, which says where the bucket is whatever its status is. NULL: it
 * can have no such name. */
struct call *s3_ask_region(struct s3 *s, struct span bucket, const char *region,
    s3_done_fn *on_done, void *arg);
/* What it said; "" if nothing, or no region of the partition of ours. */
void s3_read_region(
    const struct aws_result *r, const char *ours, char out[REGION_MAX]);

#endif
