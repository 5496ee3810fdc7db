#include "flow/lag.h"

#include "base/clock.h"

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

	if (o->skipped + o->ruled_out == o->sliced)
		return;
	if (o->put_s >= 0)
		histogram_observe(&l->object_s, now_s - o->put_s);
	if (o->event_s >= 0)
		histogram_observe(&l->event_s, now_s - o->event_s);
}
