#include "base/clock.h"
#include "flow/objects_internal.h"
#include "flow/slots.h"

bool
objects_idle(const struct objects *os)
{
	return os->stats.active == 0 && os->stats.waiting == 0;
}

struct objects_stats
objects_stats(const struct objects *os)
{
	struct objects_stats s = os->stats;

	s.parked = os->lot.n;
	return s;
}

const struct lag *
objects_lag(const struct objects *os)
{
	return &os->lag;
}

int64_t
objects_oldest_s(const struct objects *os)
{
	int64_t oldest = -1;
	struct object *o;

	TAILQ_FOREACH(o, &os->all, link)
	{
		if (o->put_s >= 0 && (oldest < 0 || o->put_s < oldest))
			oldest = o->put_s;
	}
	return oldest;
}

bool
objects_choked(const struct objects *os)
{
	return slots_choked(os->slots);
}

int64_t
objects_choked_ms(const struct objects *os)
{
	return slots_choked_ms(os->slots);
}

struct part
objects_part(const struct objects *os)
{
	return outages_part(os->outages);
}

unsigned
objects_parked(const struct objects *os)
{
	return os->lot.n;
}

size_t
objects_parked_bytes(const struct objects *os)
{
	return os->lot.bytes;
}

bool
objects_lack_creds(const struct objects *os)
{
	return os->lack_creds;
}

void
objects_retry(struct objects *os)
{
	os->lack_creds = false;
	doubt_hurry(os);
	objects_start(os);
}

void
objects_wanted(struct objects *os, struct message *m)
{
	doubt_look(os, m);
}

void
objects_wake(struct objects *os)
{
	slots_wake(os->slots);
}
