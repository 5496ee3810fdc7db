/* The ceiling: what the configuration lets the process take. */
#include "aws/sqs.h"
#include "flow/intake.h"
#include "flow/ledger.h"
#include "flow/lot.h"
#include "flow/object.h"
#include "flow/shipper.h"
#include "flow/slots.h"
#include "flow/suspects.h"
#include "net/http.h"
#include "sink/batcher.h"
#include "sink/delivery.h"
#include "trail/gunzip.h"
#include "trail/notify.h"
#include "trail/record.h"
#include "trail/slicer.h"

enum {
	/* Beside its gunzip: yajl's, and our own buffers. */
	YAJL_BYTES = 2 * SLICER_CARRY,
	SLOT_BYTES =
	    HTTP_STASH_BYTES + YAJL_BYTES + SLICER_CARRY + RECORD_HEAD_BYTES,
	/* What the program and its libraries take beside the flow, with their
	 * connections and a loaded CA bundle. */
	BASE_BYTES = 11 * 1024 * 1024,
	/* The replies of SQS, the tree of the one that is read, and what yajl
	 * takes for a message of that length. When it is gone, the messages
	 * that are unread, and one that is read, with its objects' names. */
	RECEIVE_BYTES = 5 * INTAKE_REPLIES_MAX + SQS_TREE_MORE,
	UNREAD_BYTES =
	    INTAKE_REPLIES_MAX + NOTIFY_TREE_MAX + 3 * SQS_MESSAGE_MAX,
	/* event_include and event_exclude, whatever a reload makes them. */
	RULES_BYTES =
	    2 * EVENTS_SETS_MAX * (EVENTS_BYTES_MAX + 2 * EVENTS_TEXT_MAX),
	/* A message's own; what its objects take is INTAKE_BYTES_MAX. */
	MESSAGE_BYTES = 1536,
};

_Static_assert((int)UNREAD_BYTES <= (int)RECEIVE_BYTES,
    "a notification must fit in the place of its reply");

size_t
shipper_memory_bound(const struct shipper_conf *c)
{
	size_t large = 3 * c->max_record_bytes; /* the carry, and yajl's copy */
	struct delivery_conf dc = {.gzip_level = c->gzip_level,
	    .batch_max_bytes = c->batch_max_bytes,
	    .event_max_bytes = c->max_record_bytes + 1};
	/* What compresses, and the scratch buffers for parts of batches. */
	size_t sink = 2 * batcher_memory(c->gzip_level) + delivery_memory(&dc);

	size_t slots = c->s3_concurrency * (SLOT_BYTES + gunzip_memory()) +
		       SLOTS_LAYERS_MAX * gunzip_memory();

	size_t messages = 2 * c->max_messages + SQS_BATCH_MAX + c->max_parked;

	return c->buffer_max_bytes + sink + slots + large + INTAKE_BYTES_MAX +
	       LOT_BYTES + objects_widest() + RECEIVE_BYTES +
	       messages * (size_t)MESSAGE_BYTES +
	       ledger_bytes(c->remember_objects) + SUSPECTS_BYTES +
	       RULES_BYTES + BASE_BYTES;
}
