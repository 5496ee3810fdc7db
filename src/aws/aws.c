/* What all calls share. */
#include "aws/call.h"
#include "aws/priv.h"
#include "base/clock.h"

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

int64_t
aws_now_s(const struct aws *a)
{
	return clock_wall_s() + aws_offset_s(a);
}
