#include "aws/regions.h"

#include "aws/priv.h"

static size_t
row_of(const struct regions *r, struct span bucket)
{
	size_t i = 0;

	while (i < REGIONS_BUCKETS &&
	       (r->row[i].bucket == NULL || !span_is(bucket, r->row[i].bucket)))
		i++;
	return i;
}

void
regions_fini(struct regions *r)
{
	for (size_t i = 0; i < REGIONS_BUCKETS; i++)
		mem_free(r->row[i].bucket);
	*r = (struct regions){0};
}

const char *
regions_find(const struct regions *r, struct span bucket)
{
	size_t i = row_of(r, bucket);

	return i < REGIONS_BUCKETS ? r->row[i].region : NULL;
}

void
regions_learn(struct regions *r, struct span bucket, const char *region)
{
	size_t i = row_of(r, bucket);

	if (i == REGIONS_BUCKETS) {
		i = r->next;
		r->next = (r->next + 1) % REGIONS_BUCKETS;
		mem_free(r->row[i].bucket);
		r->row[i].bucket = mem_strndup(bucket.p, bucket.n);
	}
	aws_copy_text(
	    r->row[i].region, sizeof r->row[i].region, span_str(region));
}

void
regions_choose(const struct regions *r, struct span bucket, struct span guess,
    const char *ours, char out[REGION_MAX])
{
	const char *learned = regions_find(r, bucket);

	if (!endpoint_bucket_arn(bucket, out))
		aws_copy_text(out, REGION_MAX, guess);
	if (learned != NULL)
		aws_copy_text(out, REGION_MAX, span_str(learned));
	else if (!endpoint_same_partition(out, ours))
		aws_copy_text(out, REGION_MAX, span_str(ours));
}
