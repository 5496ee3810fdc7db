#include "flow/intake.h"
#include "flow/messages.h"
#include "flow/objects.h"
#include "flow/shipper_internal.h"
#include "sink/delivery.h"
#include "sink/pool.h"

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
	    .objects_done = os.done,
	    .objects_failed = os.failed,
	    .objects_joined = os.joined,
	    .objects_known = os.known,
	    .events_skipped = os.skipped,
	    .object_bytes = os.bytes,
	    .json_bytes = os.json_bytes,
	    .events_sliced = os.sliced,
	    .events_delivered = os.delivered,
	    .leases_extended = ms.leases_extended,
	    .leases_lost = ms.leases_lost,
	    .delete_failures = ms.delete_failures,
	    .messages_held = (unsigned)messages_held(s->messages),
	    .objects_active = os.active,
	    .objects_waiting = os.waiting,
	    .buffer_bytes = pool_total(s->pool) * POOL_PIECE,
	    .buffer_used =
		(pool_total(s->pool) - pool_left(s->pool)) * POOL_PIECE,
	};

	for (int i = 0; i < NOTIFY_R_COUNT; i++)
		st.nothing[i] = in.nothing[i];
	return st;
}

const struct delivery *
shipper_delivery(const struct shipper *s)
{
	return s->delivery;
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
