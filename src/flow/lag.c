#include "flow/lag.h"

#include "base/clock.h"
#include "flow/objects_internal.h"

void
lag_init(struct lag *l)
{
	histogram_init(&l->object_s, &histogram_lag_s);
	histogram_init(&l->event_s, &histogram_lag_s);
}

void
lag_delivered(struct lag *l, const struct object *o)
{
	int64_t now_s = clock_wall_s();

	if (o->skipped == o->sliced)
		return;
	if (o->put_s >= 0)
		histogram_observe(&l->object_s, now_s - o->put_s);
	if (o->event_s >= 0)
		histogram_observe(&l->event_s, now_s - o->event_s);
}

static int64_t
oldest_of(const struct object_list *list)
{
	int64_t oldest = -1;
	struct object *o;

	TAILQ_FOREACH(o, list, link)
	{
		if (o->put_s >= 0 && (oldest < 0 || o->put_s < oldest))
			oldest = o->put_s;
	}
	return oldest;
}

int64_t
lag_oldest_s(const struct objects *os)
{
	int64_t a = oldest_of(&os->waiting), b = oldest_of(&os->begun);

	return a < 0 || (b >= 0 && b < a) ? b : a;
}
