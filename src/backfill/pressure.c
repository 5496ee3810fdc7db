#include "backfill/pressure.h"

void
pressure_init(struct pressure *p, uint64_t max)
{
	*p = (struct pressure){.max = max, .seen_ms = -1};
}

void
pressure_sent(struct pressure *p, int64_t now_ms, uint64_t n)
{
	int64_t second = now_ms / 1000;
	uint64_t i = (uint64_t)second % PRESSURE_SLOTS;

	if (p->sent[i].second != second) {
		p->sent[i].second = second;
		p->sent[i].n = 0;
	}
	p->sent[i].n += n;
}

void
pressure_seen(struct pressure *p, int64_t now_ms, uint64_t waiting)
{
	p->seen_ms = now_ms;
	p->waiting = waiting;
}

uint64_t
pressure_room(const struct pressure *p, int64_t now_ms)
{
	int64_t since = p->seen_ms / 1000 - PRESSURE_STALE_S;
	uint64_t n = p->waiting;

	if (p->seen_ms < 0 || now_ms - p->seen_ms > PRESSURE_STALE_S * 1000)
		return 0;
	for (unsigned i = 0; i < PRESSURE_SLOTS; i++) {
		if (p->sent[i].n > 0 && p->sent[i].second >= since)
			n += p->sent[i].n;
	}
	return n < p->max ? p->max - n : 0;
}
