#include "sink/rate.h"

enum { PARTS = 1000, BURST_MS = 200 };

static void
fill(struct rate *r, int64_t now_ms)
{
	int64_t most = (int64_t)r->per_s * BURST_MS, ms = now_ms - r->at_ms;
	/* More than it takes to fill it may be more than a number holds. */
	int64_t full_ms = (most - r->level) / (int64_t)r->per_s + 1;

	r->at_ms = now_ms;
	if (ms >= full_ms)
		r->level = most;
	else if (ms > 0)
		r->level += (int64_t)r->per_s * ms;
	if (r->level > most)
		r->level = most;
}

void
rate_set(struct rate *r, uint64_t per_s, int64_t now_ms)
{
	if (r->per_s == per_s)
		return;
	r->per_s = per_s;
	r->level = 0;
	r->at_ms = now_ms;
}

int64_t
rate_due(struct rate *r, int64_t now_ms)
{
	int64_t per_s = (int64_t)r->per_s;

	if (r->per_s == 0)
		return 0;
	fill(r, now_ms);
	return r->level >= 0 ? 0 : now_ms + (-r->level + per_s - 1) / per_s;
}

void
rate_take(struct rate *r, uint64_t bytes, int64_t now_ms)
{
	if (r->per_s == 0)
		return;
	fill(r, now_ms);
	r->level -= (int64_t)bytes * PARTS;
}
