#include "aws/s3_internal.h"

#include <string.h>

struct s3 *
s3_new(struct aws *a, const struct s3_conf *conf)
{
	struct s3 *s = mem_zalloc(sizeof *s);

	s->aws = a;
	s->region = mem_strndup(conf->region, strlen(conf->region));
	s->how.path_style = conf->path_style;
	s->how.variant = conf->variant;
	if (conf->custom != NULL) {
		s->custom = *conf->custom;
		s->how.custom = &s->custom;
	}
	s->stall_timeout_ms = conf->stall_timeout_ms;
	return s;
}

void
s3_free(struct s3 **sp)
{
	struct s3 *s = *sp;

	if (s == NULL)
		return;
	regions_fini(&s->regions);
	mem_free(s->region);
	mem_free(s);
	*sp = NULL;
}

enum err
s3_place(const struct s3 *s, struct span bucket, const char *region,
    struct endpoint *e, struct buf *path)
{
	struct endpoint_s3 how = s->how;

	how.region = region;
	return endpoint_bucket(bucket, &how, e, path);
}

void
s3_bucket_region(const struct s3 *s, struct span bucket, char out[REGION_MAX])
{
	regions_choose(&s->regions, bucket, SPAN(""), s->region, out);
}

enum err
s3_host(const struct s3 *s, const struct s3_object *o, struct endpoint *out)
{
	char region[REGION_MAX];
	struct buf path;
	enum err err;

	regions_choose(&s->regions, o->bucket, o->region, s->region, region);
	buf_init(&path, S3_PATH_MAX);
	err = s3_place(s, o->bucket, region, out, &path);
	buf_fini(&path);
	return err;
}
