/* Where S3 says that a bucket is. */
#include <string.h>

#include "aws/s3_internal.h"
#include "base/log.h"

enum { TIMEOUT_MS = 10 * 1000, REPLY_MAX = 64 * 1024 };

static void
go_to(struct s3_where *w, const char *region)
{
	stats_retry(w->s3->aws, AWS_RETRY_REGION);
	LOG_INFO("s3.region", F_SPAN("bucket", buf_view(w->bucket)),
	    F_STR("was", w->region), F_STR("is", region));
	regions_learn(&w->s3->regions, buf_view(w->bucket), region);
	aws_copy_text(w->region, sizeof w->region, span_str(region));
	timer_soon(w->timer);
}

/* Its status says nothing: a bucket that may not be read tells its region. */
static void
on_bucket(void *arg, const struct aws_result *r)
{
	struct s3_where *w = arg;
	char region[REGION_MAX] = "";

	w->asked = NULL;
	if (r->reply != NULL)
		aws_copy_text(region, sizeof region,
		    reply_header(r->reply, "x-amz-bucket-region"));
	if (strcmp(region, w->region) == 0 ||
	    !endpoint_same_partition(region, w->region))
		w->on_lost(w->arg, &w->refused);
	else
		go_to(w, region);
}

/* NULL: it can have no such name. */
static struct call *
ask(struct s3_where *w)
{
	struct endpoint endpoint;
	struct call_spec spec = {.operation = AWS_S3_HEAD_BUCKET,
	    .service = "s3",
	    .region = w->region,
	    .dialect = AWS_DIALECT_XML,
	    .method = "HEAD",
	    .endpoint = &endpoint,
	    .total_timeout_ms = TIMEOUT_MS,
	    .reply_max = REPLY_MAX,
	    .on_done = on_bucket,
	    .arg = w};
	struct call *c = NULL;
	struct buf path;

	buf_init(&path, S3_PATH_MAX);
	if (s3_place(w->s3, buf_view(w->bucket), w->region, &endpoint, &path) ==
	    ERR_OK) {
		buf_char(&path, '/');
		spec.path = buf_view(&path);
		c = call_start(w->s3->aws, &spec);
	}
	buf_fini(&path);
	return c;
}

void
s3_where_init(struct s3_where *w, struct span region)
{
	regions_choose(&w->s3->regions, buf_view(w->bucket), region,
	    w->s3->region, w->region);
}

bool
s3_where_follow(struct s3_where *w, const struct aws_result *r)
{
	char arn[REGION_MAX];

	if (r->class != AWS_WRONG_REGION || w->moved ||
	    strcmp(r->region, w->region) == 0 ||
	    endpoint_bucket_arn(buf_view(w->bucket), arn))
		return false;
	w->moved = true;
	if (r->region[0] != '\0') {
		go_to(w, r->region);
		return true;
	}
	w->refused = *r;
	w->refused.reply = NULL;
	w->asked = ask(w);
	return w->asked != NULL;
}

void
s3_where_fini(struct s3_where *w)
{
	call_cancel(&w->asked);
}
