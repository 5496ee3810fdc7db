#include "admin/totals.h"

#define WHERE(field)                                                           \
	.at = offsetof(struct totals_values, field),                           \
	.size = sizeof((struct totals_values *)0)->field

enum {
	LINE = TOTAL_LINE,
	ALWAYS = TOTAL_LINE | TOTAL_ALWAYS,
	STATUS = TOTAL_STATUS,
	IDLE = TOTAL_IDLE,
};

/* What arrived, what did not, then the rest. */
const struct total totals_table[] = {
    {"events_delivered", WHERE(flow.events_delivered), ALWAYS | STATUS,
	TOTAL_EVENTS, "delivered", 0},
    {"messages_deleted", WHERE(flow.messages_deleted), ALWAYS | STATUS,
	TOTAL_MESSAGES, "deleted: delivered or nothing to ship", 0},
    {"messages_failed", WHERE(flow.messages_failed), LINE | STATUS,
	TOTAL_MESSAGES, "failed, left for another try", 0},
    {"messages_unknown", WHERE(flow.messages_unknown), LINE | STATUS,
	TOTAL_MESSAGES, "not understood, kept", 0},
    {"objects_failed", WHERE(flow.objects_failed), LINE | STATUS, TOTAL_OBJECTS,
	"failed", 0},
    {"records_left_out", WHERE(flow.records_left_out), LINE | STATUS,
	TOTAL_EVENTS, "faulty, left out", 0},
    {"events_left_out", WHERE(flow.events_ruled_out), LINE | STATUS,
	TOTAL_EVENTS, "left out by rules", 0},
    {"events_refused", WHERE(flow.events_refused), LINE | STATUS, TOTAL_EVENTS,
	"refused by Dassana", 0},
    {"leases_lost", WHERE(flow.leases_lost), LINE | STATUS, TOTAL_MESSAGES,
	"leases lost", 0},
    {"delete_failures", WHERE(flow.delete_failures), LINE | STATUS,
	TOTAL_NOWHERE, NULL, 0},
    {"receive_errors", WHERE(flow.receive_errors), LINE | STATUS, TOTAL_NOWHERE,
	NULL, 0},
    {"post_retries", WHERE(sink.retries), LINE | STATUS, TOTAL_EVENTS,
	"requests tried again", 0},
    {"token_faults", WHERE(sink.token_faults), LINE | STATUS, TOTAL_NOWHERE,
	NULL, 0},
    {"setup_faults", WHERE(sink.setup_faults), LINE | STATUS, TOTAL_NOWHERE,
	NULL, 0},
    {"doc_count_short", WHERE(sink.doc_count_short), LINE | STATUS,
	TOTAL_NOWHERE, NULL, 0},
    {"events_short", WHERE(sink.events_short), LINE | STATUS, TOTAL_NOWHERE,
	NULL, 0},
    {"doc_count_missing", WHERE(sink.doc_count_missing), LINE | STATUS,
	TOTAL_NOWHERE, NULL, 0},

    {"messages_received", WHERE(flow.messages_received), LINE | STATUS,
	TOTAL_MESSAGES, "received", 0},
    {"messages_nothing", WHERE(flow.nothing), LINE | STATUS, TOTAL_NOWHERE,
	NULL, 0},
    {"messages_duplicate", WHERE(flow.messages_duplicate), LINE | STATUS,
	TOTAL_NOWHERE, NULL, 0},
    {"messages_released", WHERE(flow.messages_released), LINE | STATUS,
	TOTAL_NOWHERE, NULL, 0},
    {"keys_filtered", WHERE(flow.keys_filtered), LINE | STATUS, TOTAL_OBJECTS,
	"left out by the filter", 0},
    {"objects_done", WHERE(flow.objects_done), LINE | STATUS, TOTAL_OBJECTS,
	"delivered whole", 0},
    {"objects_joined", WHERE(flow.objects_joined), LINE | STATUS, TOTAL_NOWHERE,
	NULL, 0},
    {"objects_known", WHERE(flow.objects_known), LINE | STATUS, TOTAL_NOWHERE,
	NULL, 0},
    {"objects_empty", WHERE(flow.objects_empty), LINE | STATUS, TOTAL_NOWHERE,
	NULL, 0},
    {"events_sliced", WHERE(flow.events_sliced), LINE | STATUS, TOTAL_EVENTS,
	"found in log files", 0},
    {"events_skipped", WHERE(flow.events_skipped), LINE | STATUS, TOTAL_EVENTS,
	"delivered before, not sent again", 0},
    {"object_bytes", WHERE(flow.object_bytes), LINE | STATUS, TOTAL_OBJECTS,
	"KiB fetched", 1024},
    {"json_bytes", WHERE(flow.json_bytes), LINE | STATUS, TOTAL_NOWHERE, NULL,
	0},
    {"posts", WHERE(sink.posts), LINE | STATUS, TOTAL_EVENTS, "requests", 0},
    {"post_bytes", WHERE(sink.taken_body_bytes), LINE | STATUS, TOTAL_NOWHERE,
	NULL, 0},
    {"rate_limited_ms", WHERE(sink.held_ms), LINE | STATUS, TOTAL_NOWHERE, NULL,
	0},
    {"splits", WHERE(sink.splits), LINE | STATUS, TOTAL_NOWHERE, NULL, 0},
    {"receives", WHERE(flow.receives), LINE | STATUS | IDLE, TOTAL_NOWHERE,
	NULL, 0},
    {"leases_extended", WHERE(flow.leases_extended), LINE | STATUS | IDLE,
	TOTAL_NOWHERE, NULL, 0},
    {0},
};

struct totals_values
totals_read(const struct shipper *s)
{
	return (struct totals_values){
	    .flow = shipper_stats(s),
	    .sink = delivery_stats(shipper_delivery(s)),
	};
}

uint64_t
totals_value(const struct totals_values *v, const struct total *t)
{
	const uint64_t *of =
	    (const uint64_t *)(const void *)((const char *)v + t->at);
	uint64_t sum = 0;

	for (size_t i = 0; i < t->size / sizeof *of; i++)
		sum += of[i];
	return sum;
}
