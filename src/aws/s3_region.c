/* Where S3 says that a bucket is. */
#include "aws/s3_internal.h"

enum { TIMEOUT_MS = 10 * 1000, REPLY_MAX = 64 * 1024 };

struct call *
s3_ask_region(struct s3 *s, struct span bucket, const char *region,
    s3_done_fn *on_done, void *arg)
{
	struct endpoint endpoint;
	struct call_spec spec = {.operation = AWS_S3_HEAD_BUCKET,
	    .service = "s3",
	    .region = region,
	    .dialect = AWS_DIALECT_XML,
	    .method = "HEAD",
	    .endpoint = &endpoint,
	    .total_timeout_ms = TIMEOUT_MS,
	    .reply_max = REPLY_MAX,
	    .on_done = on_done,
	    .arg = arg};
	struct call *c = NULL;
	struct buf path;

	buf_init(&path, S3_PATH_MAX);
	if (s3_place(s, bucket, region, &endpoint, &path) == ERR_OK) {
		buf_char(&path, '/');
		spec.path = buf_view(&path);
		c = call_start(s->aws, &spec);
	}
	buf_fini(&path);
	return c;
}

void
s3_read_region(
    const struct aws_result *r, const char *ours, char out[REGION_MAX])
{
	out[0] = '\0';
	if (r->reply != NULL)
		aws_copy_text(out, REGION_MAX,
		    reply_header(r->reply, "x-amz-bucket-region"));
	if (!endpoint_same_partition(out, ours))
		out[0] = '\0';
}
