/*
 * How many bytes of NDJSON a POST may have, learned from 413. It is set when
 * all of a part that was too large was taken in smaller ones: if a single event
 * of it is too large by itself, that says nothing about the others.
 */
#include "base/clock.h"
#include "base/log.h"
#include "sink/delivery_internal.h"

enum { LIMIT_MIN = 64 * 1024, GROW_AFTER_MS = 10 * 60 * 1000 };

void
limit_grow(struct delivery *d, int64_t now)
{
	while (d->limit.bytes != SIZE_MAX && now >= d->limit.grow_ms) {
		d->limit.bytes += d->limit.bytes / 4;
		d->limit.grow_ms += GROW_AFTER_MS;
		if (d->limit.bytes >= d->conf.batch_max_bytes)
			d->limit.bytes = SIZE_MAX;
		d->changed = true;
	}
}

void
limit_too_large(struct delivery *d, struct item *it)
{
	d->limit.grow_ms = clock_mono_ms() + GROW_AFTER_MS;
	it->large_end = 0;
	if (it->part.events == 1) {
		it->events_max = SIZE_MAX;
		return;
	}
	d->stats.splits++;
	it->events_max = it->part.events / 2;
	/* Or it was sent before the limit was learned: no news. */
	if (it->part.plain_bytes <= d->limit.bytes) {
		it->large_end = it->part.first + it->part.events;
		it->large_taken = 0;
	}
}

void
limit_taken(struct delivery *d, struct item *it)
{
	size_t bytes = it->part.plain_bytes;

	if (it->large_end == 0)
		return;
	if (it->large_taken < bytes)
		it->large_taken = bytes;
	if (it->part.first + it->part.events < it->large_end)
		return;
	it->large_end = 0;
	bytes = it->large_taken > LIMIT_MIN ? it->large_taken : LIMIT_MIN;
	if (bytes >= d->limit.bytes)
		return;
	d->limit.bytes = bytes;
	d->changed = true;
	LOG_WARN("dassana.limit_learned", F_INT("bytes", bytes),
	    F_STR("why", "larger requests are answered with 413"),
	    F_STR("advice", "raise the limit of the proxy that answers so, or "
			    "lower batch_max_bytes"));
}
