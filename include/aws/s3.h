/*
 * GET of one S3 object as a stream.
 *
 * A stream that breaks is continued where it broke (Range and If-Match), unseen
 * by the caller, up to three times in a row without a byte of progress. An
 * object that was replaced meanwhile ends in AWS_OTHER with code
 * "ObjectChanged". The region of a bucket is learned from AWS's reply to a
 * wrong guess, and remembered.
 */
#ifndef AWS_S3_H
#define AWS_S3_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/call.h"
#include "base/span.h"

struct s3;
struct s3_get;

struct s3_conf {
	const char *region;	       /* default where a notification names
					* none; copied */
	const struct endpoint *custom; /* NULL: S3's own hosts; copied */
	enum path_style path_style;
	struct endpoint_variant variant; /* of S3's own hosts */
	int64_t stall_timeout_ms;
};

struct s3 *s3_new(struct aws *a, const struct s3_conf *conf);
void s3_free(struct s3 **s);

struct s3_object {
	/* Copied. A bucket may be an access point's ARN (endpoint_bucket);
	 * version may be empty. */
	struct span bucket, key, version;
	struct span region; /* of the bucket, a guess; may be empty. Not used
			     * if it is of another partition than ours */
};

/* The host that is asked for it, by what is known of its bucket by now. As
 * endpoint_bucket. */
enum err
s3_host(const struct s3 *s, const struct s3_object *o, struct endpoint *out);

/* The region that the bucket is in, as far as it is known by now. */
void
s3_bucket_region(const struct s3 *s, struct span bucket, char out[REGION_MAX]);

/* What a GET's reply said of the object; before the first byte. Borrowed. */
struct s3_head {
	struct span etag, version, storage_class, request_id;
	int64_t size; /* of the whole object; −1 if not told */
};

struct s3_events {
	void (*on_head)(void *arg, const struct s3_head *h); /* may be NULL */
	/* As request_data_fn: fewer than offered pauses. */
	size_t (*on_data)(void *arg, struct span bytes);
	/* AWS_OK: every byte of the object went through on_data. */
	void (*on_done)(void *arg, const struct aws_result *r);
	void *arg;
};

/* Ends in one on_done, when the get is gone already, or in silence after
 * s3_get_cancel. A name that cannot exist ends in AWS_OTHER, "InvalidName". */
struct s3_get *s3_get_start(
    struct s3 *s, const struct s3_object *o, const struct s3_events *ev);
void s3_get_resume(struct s3_get *g);
void s3_get_cancel(struct s3_get **g);

#endif
