/* Those that take long, and those that are too slow. */
#include <string.h>

#include "base/clock.h"
#include "flow/slots_internal.h"

enum {
	LARGE_BYTES = 8 * 1024 * 1024,
	LARGE_MS = 10 * 1000,
	SLOW_MS = 2 * 1000,
	SLOW_BYTES = 16 * 1024,
	RATE_MS = 60 * 1000,
	RATE_BYTES = 60 * 1024,
};

bool
slots_take_large(const struct slots *s)
{
	return s->large < s->conf.n - s->conf.n / 4;
}

/* False: it had to go. */
static bool
turn_large(struct slot *s)
{
	object_turn_large(s->object);
	if (!slots_take_large(s->all)) {
		s->all->large++; /* as release sees it */
		slot_end(s, END_EVICTED, ERR_OK, NULL);
		return false;
	}
	s->all->large++;
	return true;
}

static void
end_too_slow(struct slot *s)
{
	struct aws_result r = {.class = AWS_TRANSIENT, .err = ERR_STALL};
	static const char code[] = "TooSlow",
			  message[] = "less than 1 KiB/s for a minute";

	memcpy(r.code, code, sizeof code);
	memcpy(r.message, message, sizeof message);
	memcpy(r.request_id, s->request_id, sizeof r.request_id);
	slot_end(s, END_BROKEN, ERR_OK, &r);
}

/* One that brings nothing shows it soon; else those that come first could have
 * all slots for 10 s. */
static bool
brings_nothing(const struct slot *s, int64_t now)
{
	if (s->block == BLOCK_CARRY || s->block == BLOCK_LAYER)
		return now - s->blocked_ms >= SLOW_MS;
	return s->rate_ms >= SLOW_MS && s->rate_bytes < SLOW_BYTES;
}

static bool
takes_long(const struct slot *s, int64_t now)
{
	return now - s->began_ms >= LARGE_MS ||
	       decode_stats(s->decode).bytes_out >= LARGE_BYTES ||
	       brings_nothing(s, now);
}

static void
look_at(struct slot *s, int64_t now)
{
	bool slow;

	if (!s->object->large && takes_long(s, now) && !turn_large(s))
		return;
	if (s->block != BLOCK_NONE || s->get == NULL)
		return;
	s->rate_ms += SLOTS_TICK_MS;
	if (s->rate_ms < RATE_MS)
		return;
	slow = s->rate_bytes < RATE_BYTES;
	s->rate_ms = 0;
	s->rate_bytes = 0;
	if (slow)
		end_too_slow(s);
}

/* And there is none: it does not only leave it to others, since batches pile up
 * before Dassana. */
static bool
lacks_room(const struct slot *s)
{
	const struct delivery *d = s->all->conf.delivery;

	if (s->block != BLOCK_ROOM)
		return false;
	return d == NULL || !delivery_crowded(d) ||
	       !batcher_has_quarter(slot_batcher(s));
}

/* All second gunzips are taken for long, and not for want of room: the one that
 * was taken last is for those who wait; the others may need theirs. */
static void
pass_layer_on(struct slots *all, int64_t now)
{
	struct slot *last = NULL;

	if (TAILQ_EMPTY(&all->blocked[BLOCK_LAYER]))
		return;
	for (unsigned i = 0; i < all->conf.n; i++) {
		struct slot *s = &all->slot[i];

		if (!s->has_layer)
			continue;
		if (now - s->layer_ms < LARGE_MS || lacks_room(s))
			return;
		if (last == NULL || s->layer_ms > last->layer_ms)
			last = s;
	}
	if (last != NULL)
		slot_end(last, END_EVICTED, ERR_OK, NULL);
}

void
slots_tick(void *arg)
{
	struct slots *all = arg;
	int64_t now = clock_mono_ms();

	for (unsigned i = 0; i < all->conf.n; i++) {
		if (all->slot[i].object != NULL)
			look_at(&all->slot[i], now);
	}
	pass_layer_on(all, now);
	if (all->busy > 0)
		timer_after(all->tick, SLOTS_TICK_MS);
}
