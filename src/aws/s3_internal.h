/*
 * What the files of s3 share: s3.c, one GET; s3_place.c, where buckets are.
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

#endif
