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

/*
 * Where the bucket of one request is. S3 may say that it is in another region:
 * the request begins anew there, once. Where S3 does not say which, HeadBucket
 * tells.
 */
struct s3_where {
	struct s3 *s3;
	const struct buf *bucket;
	char region[REGION_MAX];
	struct timer *timer; /* begins the request anew; the request's own */
	/* Nobody knows where: what refused the request. */
	void (*on_lost)(void *arg, const struct aws_result *refused);
	void *arg;

	bool moved;
	struct call *asked;
	struct aws_result refused;
};
/* It begins with the caller's region ("": none), or what was learned. */
void s3_where_init(struct s3_where *w, struct span region);
/* Whether a request that ended so goes on: by its timer, or by on_lost. */
bool s3_where_follow(struct s3_where *w, const struct aws_result *r);
void s3_where_fini(struct s3_where *w);

#endif
