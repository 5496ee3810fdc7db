/*
 * What the daemon tells of itself. One row is one metric; /metrics, the
 * dashboard's check and docs/metrics.md come from here. Base units only, and
 * _total on what only grows.
 */
#include "admin/metrics_row.h"

enum { MS = 1000, US = 1000 * 1000 };

const struct metric metrics_table[] = {
    /* ---- the whole ---- */

    {.name = "trailpost_build_info",
	.type = METRIC_GAUGE,
	.help = "Always 1; the label tells the version.",
	AT(always),
	.label[0] = {"version", label_version, 0, 1, 0}},
    {.name = "trailpost_ready",
	.type = METRIC_GAUGE,
	.help = "1 if nothing keeps it from working: what /readyz answers.",
	AT(ready)},
    {.name = "trailpost_trouble",
	.type = METRIC_GAUGE,
	.help = "1 for each part that keeps it from being ready; why is at "
		"/readyz.",
	AT(trouble[0]),
	EACH(0, "part", label_part, 0, HEALTH_PARTS, trouble[0])},
    {.name = "trailpost_paused",
	.type = METRIC_GAUGE,
	.help = "1 for each cause for which no messages are received at the "
		"moment. full is no fault: as many messages are held as "
		"max_messages allows.",
	AT(flow.paused[0]),
	EACH(0, "cause", label_pause, 0, SHIPPER_PAUSES, flow.paused[0])},
    {.name = "trailpost_paused_seconds_total",
	.type = METRIC_COUNTER,
	.help = "For how long it was so, by cause; several may hold at a "
		"time.",
	AT(flow.paused_ms[0]),
	.per = MS,
	EACH(0, "cause", label_pause, 0, SHIPPER_PAUSES, flow.paused_ms[0])},
    {.name = "trailpost_loop_turn_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "How long the event loop was busy before it waited again; all "
		"else stands still meanwhile.",
	AT(turns),
	.per = US},

    /* ---- lag ---- */

    {.name = "trailpost_object_lag_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "From when S3 had an object, as its notification says, until "
		"Dassana had taken the last of its events.",
	AT(flow.object_lag_s)},
    {.name = "trailpost_event_lag_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "From the eventTime of an object's last record until Dassana "
		"had taken the last of its events. CloudTrail itself takes "
		"about 5 minutes of it.",
	AT(flow.event_lag_s)},
    {.name = "trailpost_oldest_object_age_seconds",
	.type = METRIC_GAUGE,
	.help = "How long ago S3 had the oldest object that is held and not "
		"delivered; 0 if none is.",
	AT(flow.oldest_s)},

    /* ---- events and bytes ---- */

    {.name = "trailpost_events_read_total",
	.type = METRIC_COUNTER,
	.help = "Events found in objects.",
	AT(flow.events_sliced)},
    {.name = "trailpost_events_delivered_total",
	.type = METRIC_COUNTER,
	.help = "Events that Dassana has taken.",
	AT(flow.events_delivered)},
    {.name = "trailpost_events_skipped_total",
	.type = METRIC_COUNTER,
	.help = "Events that were not sent again, since Dassana had "
		"acknowledged them before.",
	AT(flow.events_skipped)},
    {.name = "trailpost_events_refused_total",
	.type = METRIC_COUNTER,
	.help = "Events that Dassana refused for good, each by itself; their "
		"messages are not deleted.",
	AT(flow.events_refused)},
    {.name = "trailpost_records_left_out_total",
	.type = METRIC_COUNTER,
	.help = "Records of log files that cannot be events: longer than "
		"max_record_bytes, nested too deep, or no object. Each time "
		"that their object is read; its message is not deleted.",
	AT(flow.records_left_out[0]),
	EACH(0, "cause", label_left_out, 0, SLICER_CAUSES,
	    flow.records_left_out[0])},
    {.name = "trailpost_events_left_out_total",
	.type = METRIC_COUNTER,
	.help = "Events that are not sent, since a rule of event_exclude, or "
		"none of event_include, holds for them. Each time that their "
		"object is read.",
	.each_rule = true},
    {.name = "trailpost_messages_parked",
	.type = METRIC_GAUGE,
	.help = "Messages of those held that are parked: an object of theirs "
		"cannot be read, or is refused, and it is not known whose "
		"fault that is.",
	AT(flow.messages_parked)},
    {.name = "trailpost_object_bytes_total",
	.type = METRIC_COUNTER,
	.help = "Bytes read from S3, as they are stored: mostly gzip.",
	AT(flow.object_bytes)},
    {.name = "trailpost_json_bytes_total",
	.type = METRIC_COUNTER,
	.help = "The same bytes inflated.",
	AT(flow.json_bytes)},
    {.name = "trailpost_delivered_bytes_total",
	.type = METRIC_COUNTER,
	.help = "Bytes of NDJSON that Dassana has taken.",
	AT(sink.taken_plain_bytes)},
    {.name = "trailpost_delivered_body_bytes_total",
	.type = METRIC_COUNTER,
	.help = "The same bytes as they were sent: gzip, unless gzip_level is "
		"0.",
	AT(sink.taken_body_bytes)},

    /* ---- objects ---- */

    {.name = "trailpost_objects_delivered_total",
	.type = METRIC_COUNTER,
	.help = "Objects of which Dassana has every event.",
	AT(flow.objects_done)},
    {.name = "trailpost_objects_failed_total",
	.type = METRIC_COUNTER,
	.help = "Objects that were not delivered whole: refused (Dassana did "
		"not take all of it), unread (its GET failed), damaged (no "
		"log file, or broken), in_part (records of it were left out, "
		"all others taken). Their messages are not deleted.",
	AT(flow.objects_failed_by[0]),
	EACH(0, "cause", label_fault, 0, SHIPPER_FAULTS,
	    flow.objects_failed_by[0])},
    {.name = "trailpost_objects_empty_total",
	.type = METRIC_COUNTER,
	.help = "Objects without any record, which is no fault: of no bytes, "
		"or with an empty list. They count as delivered too.",
	AT(flow.objects_empty)},
    {.name = "trailpost_objects_filtered_total",
	.type = METRIC_COUNTER,
	.help = "Keys that are left out, so that their messages are deleted: "
		"by key_include, key_exclude and cloudtrail_folders_only.",
	AT(flow.keys_filtered)},
    {.name = "trailpost_objects_other_folder_total",
	.type = METRIC_COUNTER,
	.help = "Those of them that lie in folders of other services, or of "
		"digests, below AWSLogs/.",
	AT(flow.keys_other_folder)},
    {.name = "trailpost_objects_joined_total",
	.type = METRIC_COUNTER,
	.help = "Objects named once more while they were held.",
	AT(flow.objects_joined)},
    {.name = "trailpost_objects_known_total",
	.type = METRIC_COUNTER,
	.help = "Objects that were not even read again, since all of their "
		"events had been acknowledged.",
	AT(flow.objects_known)},
    {.name = "trailpost_objects_active",
	.type = METRIC_GAUGE,
	.help = "Objects that are being read.",
	AT(flow.objects_active)},
    {.name = "trailpost_objects_waiting",
	.type = METRIC_GAUGE,
	.help = "Objects that wait for their turn to be read.",
	AT(flow.objects_waiting)},

    /* ---- messages ---- */

    {.name = "trailpost_messages_received_total",
	.type = METRIC_COUNTER,
	.help = "Messages received from the queue, those received again "
		"included.",
	AT(flow.messages_received)},
    {.name = "trailpost_messages_oldest_received_seconds",
	.type = METRIC_GAUGE,
	.help = "For how long the oldest message that was received in the last "
		"minute had been in the queue; 0 if none was.",
	AT(oldest_received_s)},
    {.name = "trailpost_messages_deleted_total",
	.type = METRIC_COUNTER,
	.help = "Messages deleted: all that they name was delivered, or there "
		"was nothing to ship.",
	AT(flow.messages_deleted)},
    {.name = "trailpost_messages_failed_total",
	.type = METRIC_COUNTER,
	.help = "Messages put back because something that they name was not "
		"delivered, or they are not understood.",
	AT(flow.messages_failed)},
    {.name = "trailpost_messages_released_total",
	.type = METRIC_COUNTER,
	.help = "Messages made visible again, the failed ones and those given "
		"up at a shutdown.",
	AT(flow.messages_released)},
    {.name = "trailpost_messages_duplicate_total",
	.type = METRIC_COUNTER,
	.help = "Messages received again while they were held.",
	AT(flow.messages_duplicate)},
    {.name = "trailpost_messages_nothing_total",
	.type = METRIC_COUNTER,
	.help = "Messages with nothing to ship, by what they are.",
	AT(flow.nothing[0]),
	EACH(0, "reason", label_reason, NOTIFY_R_TEST_EVENT, NOTIFY_R_NOT_JSON,
	    flow.nothing[0])},
    {.name = "trailpost_messages_unknown_total",
	.type = METRIC_COUNTER,
	.help = "Messages that are not understood, by why. They are never "
		"deleted.",
	AT(flow.unknown[0]),
	EACH(0, "reason", label_reason, NOTIFY_R_NOT_JSON, NOTIFY_R_COUNT,
	    flow.unknown[0])},
    {.name = "trailpost_messages_delete_failures_total",
	.type = METRIC_COUNTER,
	.help = "Messages that could not be deleted before their lease was "
		"lost; they come again.",
	AT(flow.delete_failures)},
    {.name = "trailpost_messages_held",
	.type = METRIC_GAUGE,
	.help = "Messages that are being worked on.",
	AT(flow.messages_held)},
    {.name = "trailpost_message_receives",
	.type = METRIC_HISTOGRAM,
	.help = "How often SQS had given out a message that was received, "
		"this time included. Those near the queue's maxReceiveCount "
		"are about to go to the dead-letter queue.",
	AT(flow.receive_counts)},
    {.name = "trailpost_leases_extended_total",
	.type = METRIC_COUNTER,
	.help = "Times that a message's visibility timeout was extended.",
	AT(flow.leases_extended)},
    {.name = "trailpost_leases_lost_total",
	.type = METRIC_COUNTER,
	.help = "Messages whose visibility timeout ended while they were "
		"held; they may be delivered twice.",
	AT(flow.leases_lost)},

    /* ---- the buffer ---- */

    {.name = "trailpost_buffer_bytes",
	.type = METRIC_GAUGE,
	.help = "Memory for events on their way: buffer_max_bytes.",
	AT(flow.buffer_bytes)},
    {.name = "trailpost_buffer_used_bytes",
	.type = METRIC_GAUGE,
	.help = "How much of it is in use.",
	AT(flow.buffer_used)},
    {.name = "trailpost_buffer_full_seconds_total",
	.type = METRIC_COUNTER,
	.help = "For how long at least one object had to wait for room in it.",
	AT(flow.choked_ms),
	.per = MS},

    /* ---- Dassana ---- */

    {.name = "trailpost_posts_total",
	.type = METRIC_COUNTER,
	.help = "Answered POSTs, by what the answer was. After rate_limited, "
		"server_error and no_answer the same is sent again.",
	AT(sink.answers[0]),
	EACH(0, "answer", label_answer, 0, DELIVERY_ANSWERS, sink.answers[0])},
    {.name = "trailpost_post_duration_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "From the start of a POST until its answer, or its failure.",
	AT(sink.post_us),
	.per = US},
    {.name = "trailpost_post_retries_total",
	.type = METRIC_COUNTER,
	.help = "POSTs that are sent again as they were.",
	AT(sink.retries)},
    {.name = "trailpost_posts_in_flight",
	.type = METRIC_GAUGE,
	.help = "POSTs that wait for their answer.",
	AT(sink.in_flight)},
    {.name = "trailpost_batches_waiting",
	.type = METRIC_GAUGE,
	.help = "Batches that are ready to be sent and wait for their turn.",
	AT(sink.waiting)},
    {.name = "trailpost_batch_splits_total",
	.type = METRIC_COUNTER,
	.help = "Batches, or parts of them, that were halved to find what "
		"Dassana refuses.",
	AT(sink.splits)},
    {.name = "trailpost_rate_limited_seconds_total",
	.type = METRIC_COUNTER,
	.help = "Time in which a batch could have been sent, and waited for "
		"dassana_rate_limit.",
	.per = 1000,
	AT(sink.held_ms)},
    {.name = "trailpost_batch_limit_bytes",
	.type = METRIC_GAUGE,
	.help = "What Dassana's refusals of large batches have taught, in "
		"bytes of NDJSON; 0: nothing.",
	AT(sink.learned_limit_bytes)},
    {.name = "trailpost_doc_count_short_total",
	.type = METRIC_COUNTER,
	.help = "Batches of which Dassana says that it kept too few events.",
	AT(sink.doc_count_short)},
    {.name = "trailpost_events_short_total",
	.type = METRIC_COUNTER,
	.help = "Events that are missing from those counts.",
	AT(sink.events_short)},
    {.name = "trailpost_doc_count_missing_total",
	.type = METRIC_COUNTER,
	.help = "Batches taken with an answer that has no docCount.",
	AT(sink.doc_count_missing)},
    {.name = "trailpost_token",
	.type = METRIC_GAUGE,
	.help = "1 for what is known of the token.",
	AT(token[0]),
	EACH(0, "state", label_token, 0, TOKEN_REFUSED + 1, token[0])},

    /* ---- AWS ---- */

    {.name = "trailpost_aws_requests_total",
	.type = METRIC_COUNTER,
	.help = "Requests sent to AWS, each attempt by itself, as they are "
		"billed: SQS's are those of ReceiveMessage, "
		"DeleteMessageBatch, ChangeMessageVisibilityBatch and "
		"GetQueueAttributes.",
	AT(aws.operation[0].requests),
	EACH(0, "operation", label_operation, 0, AWS_OPERATIONS,
	    aws.operation[0])},
    {.name = "trailpost_aws_errors_total",
	.type = METRIC_COUNTER,
	.help = "Requests that failed, and calls for which there were no "
		"credentials, by class of error.",
	AT(aws.operation[0].errors[0]),
	EACH(0, "operation", label_operation, 0, AWS_OPERATIONS,
	    aws.operation[0]),
	EACH(1, "class", label_class, AWS_OK + 1, AWS_CLASSES,
	    aws.operation[0].errors[0])},
    {.name = "trailpost_aws_request_duration_seconds",
	.type = METRIC_HISTOGRAM,
	.help = "From the start of a request until its reply was there, or it "
		"failed. Of GetObject, until the head of the reply (time to "
		"first byte). ReceiveMessage waits up to 20 s for messages.",
	AT(aws.operation[0].latency_us),
	.per = US,
	EACH(0, "operation", label_operation, 0, AWS_OPERATIONS,
	    aws.operation[0])},
    {.name = "trailpost_aws_retries_total",
	.type = METRIC_COUNTER,
	.help = "Requests that were sent again, by why.",
	AT(aws.retries[0]),
	EACH(0, "cause", label_retry, 0, AWS_RETRIES, aws.retries[0])},
    {.name = "trailpost_credentials_valid",
	.type = METRIC_GAUGE,
	.help = "1 while there are AWS credentials to work with.",
	AT(creds_valid)},
    {.name = "trailpost_credentials_expiry_seconds",
	.type = METRIC_GAUGE,
	.help = "How long the AWS credentials last; +Inf: for ever, 0: there "
		"are none.",
	AT(creds_left_s)},
    {.name = "trailpost_credentials_fetches_total",
	.type = METRIC_COUNTER,
	.help = "Times that the source of credentials was asked.",
	AT(creds.fetches)},
    {.name = "trailpost_credentials_fetch_failures_total",
	.type = METRIC_COUNTER,
	.help = "Times that it gave none, or none that are valid.",
	AT(creds.failures)},
    {.name = "trailpost_clock_offset_seconds",
	.type = METRIC_GAUGE,
	.help = "By how much AWS's clock is ahead of this host's, as far as "
		"it mattered.",
	AT(clock_offset_s)},

    /* ---- HTTP and the process ---- */

    {.name = "trailpost_http_connections_total",
	.type = METRIC_COUNTER,
	.help = "Connections opened, to all hosts.",
	AT(http.connections)},
    {.name = "trailpost_http_received_bytes_total",
	.type = METRIC_COUNTER,
	.help = "Bytes of reply bodies.",
	AT(http.bytes_in)},
    {.name = "trailpost_http_sent_bytes_total",
	.type = METRIC_COUNTER,
	.help = "Bytes of request bodies.",
	AT(http.bytes_out)},
    {.name = "trailpost_log_lines_dropped_total",
	.type = METRIC_COUNTER,
	.help = "Lines of the log left out because nobody read stderr fast "
		"enough.",
	AT(log_dropped)},
    {.name = "process_cpu_seconds_total",
	.type = METRIC_COUNTER,
	.help = "Time of user and system that the process has used.",
	AT(process.cpu_seconds)},
    {.name = "process_start_time_seconds",
	.type = METRIC_GAUGE,
	.help = "When the process began, since 1970.",
	AT(start_seconds)},
    {.name = "process_resident_memory_bytes",
	.type = METRIC_GAUGE,
	.help = "Memory of the process that is in RAM.",
	AT(process.resident_bytes)},
    {.name = "process_virtual_memory_bytes",
	.type = METRIC_GAUGE,
	.help = "Its address space, most of which is never touched.",
	AT(process.virtual_bytes)},
    {.name = "process_open_fds",
	.type = METRIC_GAUGE,
	.help = "Open file descriptors.",
	AT(process.open_fds)},
    {.name = "process_max_fds",
	.type = METRIC_GAUGE,
	.help = "As many as there may be.",
	AT(process.max_fds)},
};

const size_t metrics_table_n = sizeof metrics_table / sizeof metrics_table[0];
