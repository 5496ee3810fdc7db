/* What all calls share. */
#include "aws/call.h"
#include "aws/priv.h"
#include "base/clock.h"
#include "base/log.h"

struct aws *
aws_new(struct http *h, struct timers *t, struct creds_keeper *k)
{
	struct aws *a = mem_zalloc(sizeof *a);

	a->http = h;
	a->timers = t;
	a->keeper = k;
	a->cache = sigv4_cache_new();
	stats_init(&a->stats);
	return a;
}

void
aws_free(struct aws **ap)
{
	struct aws *a = *ap;

	if (a == NULL)
		return;
	sigv4_cache_free(&a->cache);
	mem_free(a);
	*ap = NULL;
}

int64_t
aws_offset_s(const struct aws *a)
{
	return clock_offset_s(&a->offset);
}

void
aws_set_offset(struct aws *a, enum aws_operation o, int64_t offset_s)
{
	clock_offset_learn(&a->offset, offset_s);
	if (a->keeper != NULL)
		creds_set_offset(a->keeper, offset_s);
	if (offset_s == 0)
		LOG_INFO("aws.clock", F_STR("operation", aws_operation_name(o)),
		    F_STR("outcome", "this host's clock is right again"));
	else
		LOG_WARN("aws.clock", F_STR("operation", aws_operation_name(o)),
		    F_INT("offset_s", offset_s),
		    F_STR("advice", "this host's clock is wrong; requests are "
				    "signed with AWS's time until it is set"));
}

int64_t
aws_now_s(const struct aws *a)
{
	return clock_wall_s() + aws_offset_s(a);
}
