/*
 * What the daemon tells of itself. One row is one metric; /metrics, the
 * dashboard's check and docs/metrics.md come from here. Base units only, and
 * _total on what only grows.
 */
#include "admin/metrics_row.h"

enum { MS = 1000, US = 1000 * 1000 };

const struct metric metrics_table[] = {
    /* ---- the whole ---- */

    {GAUGE("trailpost_build_info"),
	.help = "Always 1; the label tells the version.", AT(always),
	.label[0] = {"version", label_version, 0, 1, 0}},
    {GAUGE("trailpost_ready"),
	.help = "1 if nothing keeps it from working: what /readyz answers.",
	AT(ready)},
    {GAUGE("trailpost_trouble"),
	.help = "1 for each part that keeps it from being ready; why is at "
		"/readyz.",
	AT(trouble[0]),
	EACH(0, "part", label_part, 0, HEALTH_PARTS, trouble[0])},
    {GAUGE("trailpost_paused"),
	.help = "1 for each cause for which no messages are received at the "
		"moment. full is no fault: as many messages are held as "
		"max_messages allows.",
	AT(flow.paused[0]),
	EACH(0, "cause", label_pause, 0, SHIPPER_PAUSES, flow.paused[0])},
    {COUNTER("trailpost_paused_seconds_total"),
	.help = "For how long it was so, by cause; several may hold at a "
		"time.",
	AT(flow.paused_ms[0]), .per = MS,
	EACH(0, "cause", label_pause, 0, SHIPPER_PAUSES, flow.paused_ms[0])},
    {HISTOGRAM("trailpost_loop_turn_seconds"),
	.help = "How long the event loop was busy before it waited again; all "
		"else stands still meanwhile.",
	AT(turns), .per = US},

    /* ---- lag ---- */

    {HISTOGRAM("trailpost_object_lag_seconds"),
	.help = "From when S3 had an object, as its notification says, until "
		"Dassana had taken the last of its events.",
	AT(flow.object_lag_s)},
    {HISTOGRAM("trailpost_event_lag_seconds"),
	.help = "From the eventTime of an object's last record until Dassana "
		"had taken the last of its events. CloudTrail itself takes "
		"about 5 minutes of it.",
	AT(flow.event_lag_s)},
    {GAUGE("trailpost_oldest_object_age_seconds"),
	.help = "How long ago S3 had the oldest object that is held and not "
		"delivered; 0 if none is.",
	AT(flow.oldest_s)},

    /* ---- events and bytes ---- */

    {COUNTER("trailpost_events_read_total"), .help = "Events found in objects.",
	AT(flow.events_sliced)},
    {COUNTER("trailpost_events_delivered_total"),
	.help = "Events that Dassana has taken.", AT(flow.events_delivered)},
    {COUNTER("trailpost_events_skipped_total"),
	.help = "Events that were not sent again, since Dassana had "
		"acknowledged them before.",
	AT(flow.events_skipped)},
    {COUNTER("trailpost_events_refused_total"),
	.help = "Events that Dassana refused for good, each by itself; their "
		"messages are not deleted.",
	AT(flow.events_refused)},
    {COUNTER("trailpost_records_left_out_total"),
	.help = "Records of log files that cannot be events: longer than "
		"max_record_bytes, nested too deep, or no object. Each time "
		"that their object is read; its message is not deleted.",
	AT(flow.records_left_out[0]),
	EACH(0, "cause", label_left_out, 0, SLICER_CAUSES,
	    flow.records_left_out[0])},
    {COUNTER("trailpost_events_left_out_total"),
	.help = "Events that are not sent, since a rule of event_exclude, or "
		"none of event_include, holds for them. Each time that their "
		"object is read.",
	.each_rule = true},
    {GAUGE("trailpost_messages_parked"),
	.help = "Messages of those held that are parked: an object of theirs "
		"cannot be read, or is refused, and it is not known whose "
		"fault that is.",
	AT(flow.messages_parked)},
    {COUNTER("trailpost_object_bytes_total"),
	.help = "Bytes read from S3, as they are stored: mostly gzip.",
	AT(flow.object_bytes)},
    {COUNTER("trailpost_json_bytes_total"), .help = "The same bytes inflated.",
	AT(flow.json_bytes)},
    {COUNTER("trailpost_delivered_bytes_total"),
	.help = "Bytes of NDJSON that Dassana has taken.",
	AT(sink.taken_plain_bytes)},
    {COUNTER("trailpost_delivered_body_bytes_total"),
	.help = "The same bytes as they were sent: gzip, unless gzip_level is "
		"0.",
	AT(sink.taken_body_bytes)},

    /* ---- objects ---- */

    {COUNTER("trailpost_objects_delivered_total"),
	.help = "Objects of which Dassana has every event.",
	AT(flow.objects_done)},
    {COUNTER("trailpost_objects_failed_total"),
	.help = "Objects that were not delivered whole: refused (Dassana did "
		"not take all of it), unread (its GET failed), damaged (no "
		"log file, or broken), in_part (records of it were left out, "
		"all others taken). Their messages are not deleted.",
	AT(flow.objects_failed_by[0]),
	EACH(0, "cause", label_fault, 0, FAILURES, flow.objects_failed_by[0])},
    {COUNTER("trailpost_objects_empty_total"),
	.help = "Objects without any record, which is no fault: of no bytes, "
		"or with an empty list. They count as delivered too.",
	AT(flow.objects_empty)},
    {COUNTER("trailpost_objects_filtered_total"),
	.help = "Keys that are left out, so that their messages are deleted: "
		"by key_include, key_exclude and cloudtrail_folders_only.",
	AT(flow.keys_filtered)},
    {COUNTER("trailpost_objects_other_folder_total"),
	.help = "Those of them that lie in folders of other services, or of "
		"digests, below AWSLogs/.",
	AT(flow.keys_other_folder)},
    {COUNTER("trailpost_objects_joined_total"),
	.help = "Objects named once more while they were held.",
	AT(flow.objects_joined)},
    {COUNTER("trailpost_objects_known_total"),
	.help = "Objects that were not even read again, since all of their "
		"events had been acknowledged.",
	AT(flow.objects_known)},
    {GAUGE("trailpost_objects_active"), .help = "Objects that are being read.",
	AT(flow.objects_active)},
    {GAUGE("trailpost_objects_waiting"),
	.help = "Objects that wait for their turn to be read.",
	AT(flow.objects_waiting)},

    /* ---- messages ---- */

    {COUNTER("trailpost_messages_received_total"),
	.help = "Messages received from the queue, those received again "
		"included.",
	AT(flow.messages_received)},
    {GAUGE("trailpost_messages_oldest_received_seconds"),
	.help = "For how long the oldest message that was received in the last "
		"minute had been in the queue; 0 if none was.",
	AT(oldest_received_s)},
    {COUNTER("trailpost_messages_deleted_total"),
	.help = "Messages deleted: all that they name was delivered, or there "
		"was nothing to ship.",
	AT(flow.messages_deleted)},
    {COUNTER("trailpost_messages_failed_total"),
	.help = "Messages put back because something that they name was not "
		"delivered, or they are not understood.",
	AT(flow.messages_failed)},
    {COUNTER("trailpost_messages_released_total"),
	.help = "Messages made visible again, the failed ones and those given "
		"up at a shutdown.",
	AT(flow.messages_released)},
    {COUNTER("trailpost_messages_duplicate_total"),
	.help = "Messages received again while they were held.",
	AT(flow.messages_duplicate)},
    {COUNTER("trailpost_messages_nothing_total"),
	.help = "Messages with nothing to ship, by what they are.",
	AT(flow.nothing[0]),
	EACH(0, "reason", label_reason, NOTIFY_R_TEST_EVENT, NOTIFY_R_NOT_JSON,
	    flow.nothing[0])},
    {COUNTER("trailpost_messages_unknown_total"),
	.help = "Messages that are not understood, by why. They are never "
		"deleted.",
	AT(flow.unknown[0]),
	EACH(0, "reason", label_reason, NOTIFY_R_NOT_JSON, NOTIFY_R_COUNT,
	    flow.unknown[0])},
    {COUNTER("trailpost_messages_delete_failures_total"),
	.help = "Messages that could not be deleted before their lease was "
		"lost; they come again.",
	AT(flow.delete_failures)},
    {GAUGE("trailpost_messages_held"),
	.help = "Messages that are being worked on.", AT(flow.messages_held)},
    {HISTOGRAM("trailpost_message_receives"),
	.help = "How often SQS had given out a message that was received, "
		"this time included. Those near the queue's maxReceiveCount "
		"are about to go to the dead-letter queue.",
	AT(flow.receive_counts)},
    {COUNTER("trailpost_leases_extended_total"),
	.help = "Times that a message's visibility timeout was extended.",
	AT(flow.leases_extended)},
    {COUNTER("trailpost_leases_lost_total"),
	.help = "Messages whose visibility timeout ended while they were "
		"held; they may be delivered twice.",
	AT(flow.leases_lost)},

    /* ---- the buffer ---- */

    {GAUGE("trailpost_buffer_bytes"),
	.help = "Memory for events on their way: buffer_max_bytes.",
	AT(flow.buffer_bytes)},
    {GAUGE("trailpost_buffer_used_bytes"), .help = "How much of it is in use.",
	AT(flow.buffer_used)},
    {COUNTER("trailpost_buffer_full_seconds_total"),
	.help = "For how long at least one object had to wait for room in it.",
	AT(flow.choked_ms), .per = MS},

    /* ---- Dassana ---- */

    {COUNTER("trailpost_posts_total"),
	.help = "Answered POSTs, by what the answer was. After rate_limited, "
		"server_error and no_answer the same is sent again.",
	AT(sink.answers[0]),
	EACH(0, "answer", label_answer, 0, DELIVERY_ANSWERS, sink.answers[0])},
    {HISTOGRAM("trailpost_post_duration_seconds"),
	.help = "From the start of a POST until its answer, or its failure.",
	AT(sink.post_us), .per = US},
    {COUNTER("trailpost_post_retries_total"),
	.help = "POSTs that are sent again as they were.", AT(sink.retries)},
    {GAUGE("trailpost_posts_in_flight"),
	.help = "POSTs that wait for their answer.", AT(sink.in_flight)},
    {GAUGE("trailpost_batches_waiting"),
	.help = "Batches that are ready to be sent and wait for their turn.",
	AT(sink.waiting)},
    {COUNTER("trailpost_batch_splits_total"),
	.help = "Batches, or parts of them, that were halved to find what "
		"Dassana refuses.",
	AT(sink.splits)},
    {COUNTER("trailpost_rate_limited_seconds_total"),
	.help = "Time in which a batch could have been sent, and waited for "
		"dassana_rate_limit.",
	.per = 1000, AT(sink.held_ms)},
    {GAUGE("trailpost_batch_limit_bytes"),
	.help = "What Dassana's refusals of large batches have taught, in "
		"bytes of NDJSON; 0: nothing.",
	AT(sink.learned_limit_bytes)},
    {COUNTER("trailpost_doc_count_short_total"),
	.help = "Batches of which Dassana says that it kept too few events.",
	AT(sink.doc_count_short)},
    {COUNTER("trailpost_events_short_total"),
	.help = "Events that are missing from those counts.",
	AT(sink.events_short)},
    {COUNTER("trailpost_doc_count_missing_total"),
	.help = "Batches taken with an answer that has no docCount.",
	AT(sink.doc_count_missing)},
    {GAUGE("trailpost_token"), .help = "1 for what is known of the token.",
	AT(token[0]),
	EACH(0, "state", label_token, 0, TOKEN_REFUSED + 1, token[0])},

    /* ---- AWS ---- */

    {COUNTER("trailpost_aws_requests_total"),
	.help = "Requests sent to AWS, each attempt by itself, as they are "
		"billed: SQS's are those of ReceiveMessage, "
		"DeleteMessageBatch, ChangeMessageVisibilityBatch and "
		"GetQueueAttributes.",
	AT(aws.operation[0].requests),
	EACH(0, "operation", label_operation, 0, AWS_OPERATIONS,
	    aws.operation[0])},
    {COUNTER("trailpost_aws_errors_total"),
	.help = "Requests that failed, and calls for which there were no "
		"credentials, by class of error.",
	AT(aws.operation[0].errors[0]),
	EACH(0, "operation", label_operation, 0, AWS_OPERATIONS,
	    aws.operation[0]),
	EACH(1, "class", label_class, AWS_OK + 1, AWS_CLASSES,
	    aws.operation[0].errors[0])},
    {HISTOGRAM("trailpost_aws_request_duration_seconds"),
	.help = "From the start of a request until its reply was there, or it "
		"failed. Of GetObject, until the head of the reply (time to "
		"first byte). ReceiveMessage waits up to 20 s for messages.",
	AT(aws.operation[0].latency_us), .per = US,
	EACH(0, "operation", label_operation, 0, AWS_OPERATIONS,
	    aws.operation[0])},
    {COUNTER("trailpost_aws_retries_total"),
	.help = "Requests that were sent again, by why.", AT(aws.retries[0]),
	EACH(0, "cause", label_retry, 0, AWS_RETRIES, aws.retries[0])},
    {GAUGE("trailpost_credentials_valid"),
	.help = "1 while there are AWS credentials to work with.",
	AT(creds_valid)},
    {GAUGE("trailpost_credentials_expiry_seconds"),
	.help = "How long the AWS credentials last; +Inf: for ever, 0: there "
		"are none.",
	AT(creds_left_s)},
    {COUNTER("trailpost_credentials_fetches_total"),
	.help = "Times that the source of credentials was asked.",
	AT(creds.fetches)},
    {COUNTER("trailpost_credentials_fetch_failures_total"),
	.help = "Times that it gave none, or none that are valid.",
	AT(creds.failures)},
    {GAUGE("trailpost_clock_offset_seconds"),
	.help = "By how much AWS's clock is ahead of this host's, as far as "
		"it mattered.",
	AT(clock_offset_s)},

    /* ---- HTTP and the process ---- */

    {COUNTER("trailpost_http_connections_total"),
	.help = "Connections opened, to all hosts.", AT(http.connections)},
    {COUNTER("trailpost_http_received_bytes_total"),
	.help = "Bytes of reply bodies.", AT(http.bytes_in)},
    {COUNTER("trailpost_http_sent_bytes_total"),
	.help = "Bytes of request bodies.", AT(http.bytes_out)},
    {COUNTER("trailpost_log_lines_dropped_total"),
	.help = "Lines of the log left out because nobody read stderr fast "
		"enough.",
	AT(log_dropped)},
    {COUNTER("process_cpu_seconds_total"),
	.help = "Time of user and system that the process has used.",
	AT(process.cpu_seconds)},
    {GAUGE("process_start_time_seconds"),
	.help = "When the process began, since 1970.", AT(start_seconds)},
    {GAUGE("process_resident_memory_bytes"),
	.help = "Memory of the process that is in RAM.",
	AT(process.resident_bytes)},
    {GAUGE("process_virtual_memory_bytes"),
	.help = "Its address space, most of which is never touched.",
	AT(process.virtual_bytes)},
    {GAUGE("process_open_fds"), .help = "Open file descriptors.",
	AT(process.open_fds)},
    {GAUGE("process_max_fds"), .help = "As many as there may be.",
	AT(process.max_fds)},
};

const size_t metrics_table_n = sizeof metrics_table / sizeof metrics_table[0];
