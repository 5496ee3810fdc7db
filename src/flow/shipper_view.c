#include "base/clock.h"
#include "base/mem.h"
#include "flow/intake.h"
#include "flow/lag.h"
#include "flow/messages.h"
#include "flow/objects.h"
#include "flow/pause.h"
#include "flow/shipper_internal.h"
#include "sink/delivery.h"
#include "sink/pool.h"

static void
add_objects(const struct shipper *s, const struct objects_stats *os,
    struct shipper_stats *st)
{
	int64_t oldest_s = objects_oldest_s(s->objects);
	int64_t now_s = clock_wall_s();

	for (int i = 0; i < FAILURES; i++)
		st->objects_failed_by[i] = os->failed_by[i];
	for (int i = 0; i < SLICER_CAUSES; i++)
		st->records_left_out[i] = os->left_out[i];
	st->object_lag_s = objects_lag(s->objects)->object_s;
	st->event_lag_s = objects_lag(s->objects)->event_s;
	st->choked_ms = objects_choked_ms(s->objects);
	if (oldest_s >= 0 && oldest_s < now_s)
		st->oldest_s = now_s - oldest_s;
}

static void
add_pauses(const struct shipper *s, struct shipper_stats *st)
{
	int64_t now = clock_mono_ms();

	for (int i = 0; i < SHIPPER_PAUSES; i++) {
		st->paused[i] = pause_holds(s, (enum shipper_pause)i);
		st->paused_ms[i] = stopwatch_ms(&s->paused[i], now);
	}
}

struct shipper_stats
shipper_stats(const struct shipper *s)
{
	struct intake_stats in = intake_stats(s->intake);
	struct messages_stats ms = messages_stats(s->messages);
	struct objects_stats os = objects_stats(s->objects);
	struct shipper_stats st = {
	    .receives = in.receives,
	    .receive_errors = in.errors,
	    .messages_received = in.received,
	    .messages_deleted = ms.deleted,
	    .messages_failed = ms.failed,
	    .messages_released = ms.released,
	    .messages_duplicate = ms.duplicate,
	    .messages_unknown = in.unknown,
	    .keys_filtered = in.filtered,
	    .keys_other_folder = in.other_folder,
	    .objects_done = os.done,
	    .objects_failed = os.failed,
	    .objects_joined = os.joined,
	    .objects_known = os.known,
	    .objects_empty = os.empty,
	    .events_refused = os.refused,
	    .events_skipped = os.skipped,
	    .events_ruled_out = os.ruled_out,
	    .object_bytes = os.bytes,
	    .json_bytes = os.json_bytes,
	    .events_sliced = os.sliced,
	    .events_delivered = os.delivered,
	    .leases_extended = ms.leases_extended,
	    .leases_lost = ms.leases_lost,
	    .delete_failures = ms.delete_failures,
	    .receive_counts = ms.receives,
	    .messages_held = (unsigned)messages_held(s->messages),
	    .objects_active = os.active,
	    .objects_waiting = os.waiting,
	    .messages_parked = os.parked,
	    .buffer_bytes = pool_total(s->pool) * POOL_PIECE,
	    .buffer_used =
		(pool_total(s->pool) - pool_left(s->pool)) * POOL_PIECE,
	};

	for (int i = 0; i < NOTIFY_R_COUNT; i++) {
		st.nothing[i] = in.nothing[i];
		st.unknown[i] = in.unknown_by[i];
	}
	add_objects(s, &os, &st);
	add_pauses(s, &st);
	return st;
}

const struct delivery *
shipper_delivery(const struct shipper *s)
{
	return s->delivery;
}

const struct events *
shipper_events(const struct shipper *s)
{
	return s->deps.events;
}

struct part
shipper_part(const struct shipper *s, enum shipper_part which)
{
	switch (which) {
	case SHIPPER_QUEUE:
		return intake_part(s->intake);
	case SHIPPER_S3:
		return objects_part(s->objects);
	case SHIPPER_DASSANA:
		break;
	}
	return delivery_part(s->delivery);
}

bool
shipper_stopping(const struct shipper *s)
{
	return s->state > SHIPPER_RUNNING;
}
