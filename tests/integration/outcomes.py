"""Which test shows which row of docs/outcomes.md. What stands after :: may be
cut: every test that begins so is meant, and there must be one."""

DASSANA, FAILURES = "test_dassana.py::", "test_s3_failures.py::"
SET_UP = "test_faults_dassana.py::test_the_set_up_spends_no_receives"
POLLS = "test_stop.py::test_a_failing_queue_is_asked_again"
SQS, S3 = "test_faults_sqs.py::", "test_faults_s3.py::"
RECORDS = "test_records.py::"
POSTS, LEASE = "test_faults_dassana.py::", "test_lease.py::"
DOWN, ALONE = S3 + "test_no_object_can_be_had", S3 + "test_who_fails_alone"
PARKED = FAILURES + "test_what_may_be_everybodys_is_parked"

TESTS = {
    "sqs-throttling": POLLS + "[com.amazon.coral.service#Throttling",
    "sqs-5xx": POLLS + "[com.amazonaws.sqs#InternalFailure",
    "sqs-over-limit": SQS + "test_polls_that_are_refused_for_a_while[OverLim",
    "sqs-reset": SQS + "test_a_receive_that_is_lost[reset",
    "sqs-timeout": SQS + "test_calls_that_are_never_answered_time_out",
    "sqs-rubbish": SQS + "test_a_receive_that_is_lost[html]",
    "sqs-large-reply": SQS + "test_a_reply_that_is_too_large",
    "sqs-rubbish-batch":
        SQS + "test_a_batch_answered_with_rubbish_is_sent_again",
    "sqs-unreachable": SQS + "test_a_queue_that_cannot_be_reached",
    "sqs-hasty": SQS + "test_a_queue_that_does_not_wait",
    "sqs-queue-gone": POLLS + "[com.amazonaws.sqs#QueueDoesNotExist",
    "sqs-denied": POLLS + "[com.amazon.coral.service#AccessDenied",
    "sqs-batch-5xx": "test_stop.py::test_deletes_that_fail_are_tried_again",
    "sqs-batch-partial":
        SQS + "test_a_batch_that_fails_in_part_is_sent_again_one_by_one",
    "sqs-handle-invalid":
        SQS + "test_a_handle_that_is_no_good_is_not_looped_on",
    "sqs-delete-late": SQS + "test_deletes_that_fail_beyond_the_lease",
    "sqs-lease-lost": LEASE + "test_a_lost_lease_is_noticed",
    "sqs-lease-held-up": LEASE + "test_an_object_paused_for_three_timeouts",
    "creds-expired": SQS + "test_credentials_that_expire_in_mid_flight",
    "creds-none": "test_creds_life.py::"
                  "test_source_that_is_down_for_longer_than_they_live",
    "creds-then-forbidden":
        S3 + "test_credentials_lapse_and_then_one_key_is_f",
    "clock-skew": SQS + "test_the_host_clock_is_wrong",
    "s3-slowdown": ALONE + "_is_at_fault[503]",
    "s3-5xx": PARKED + "[500]",
    "s3-reset": ALONE + "_is_at_fault[reset]",
    "s3-reset-body": FAILURES + "test_broken_in_the_body_is_resumed[reset]",
    "s3-short-body": FAILURES + "test_broken_in_the_body_is_resumed[closed]",
    "s3-stall": FAILURES + "test_a_stall_is_given_up",
    "s3-changed": FAILURES + "test_an_object_that_changes_under_a_download",
    "s3-credentials": S3 + "test_refused_credentials_are_told_at_once",
    "s3-broken": PARKED + "[reset in the body]",
    "s3-refused": S3 + "test_what_is_parked_stays_leased",
    "s3-forbidden-key": ALONE + "_is_at_fault[forbidden]",
    "s3-forbidden": DOWN + "[policy]",
    "s3-kms": DOWN + "[kms grant]",
    "s3-no-bucket": DOWN + "[bucket]",
    "s3-unreachable": DOWN + "[unreachable]",
    "s3-down": DOWN + "[500]",
    "s3-elsewhere": DOWN + "[another region]",
    "s3-crowd": S3 + "test_more_fail_than_there_is_room_for",
    "s3-probe": S3 + "test_a_probe_that_fails_otherwise_is_not_the_last",
    "s3-signature": ALONE + "_is_at_fault[signature]",
    "s3-404": FAILURES + "test_replies_that_are_its_own_fault[404]",
    "s3-archived": FAILURES + "test_replies_that_are_its_own_fault[arch",
    "s3-region": S3 + "test_the_region_of_a_bucket_is_learned",
    "s3-contents": FAILURES + "test_contents",
    "s3-record": RECORDS + "test_one_bad_record_among_many[too_long]",
    "s3-not-utf8": RECORDS + "test_what_is_no_utf8_is_passed_on",
    "s3-packed": RECORDS + "test_packed_otherwise",
    "s3-empty": RECORDS + "test_nothing_to_ship",
    "s3-endless-head": "test_hostile.py::test_headers_without_end",
    "s3-drip": "test_hostile.py::test_a_byte_a_second",
    "dassana-retry-after":
        POSTS + "test_retry_after_holds_back_every_post[429]",
    "dassana-busy": POSTS + "test_without_retry_after_it_backs_off[503]",
    "dassana-5xx": DASSANA + "test_a_passing_failure_is_tried_again[500]",
    "dassana-reset":
        DASSANA + "test_connection_refused_for_a_while_loses_nothing",
    "dassana-timeout":
        DASSANA + "test_a_hung_post_times_out_and_is_sent_again",
    "dassana-answer-lost":
        POSTS + "test_an_answer_lost_after_the_events_were_taken",
    "dassana-down": POSTS + "test_down_for_an_hour",
    "dassana-poison": POSTS + "test_a_batch_that_fails_for_ever",
    "dassana-413": POSTS + "test_413_is_halved_until_it_fits",
    "dassana-413-full":
        POSTS + "test_413_to_full_batches_with_the_buffer_full",
    "dassana-413-event": POSTS + "test_an_event_that_alone_is_too_large",
    "dassana-refused": POSTS + "test_the_refused_event_is_isolated",
    "dassana-refused-all": DASSANA + "test_a_refusal_of_everything_loses_nothing[4",
    "dassana-in-doubt": POSTS + "test_refused_events_fill_no_places",
    "dassana-never-taken": DASSANA + "test_who_has_never_taken_anything",
    "dassana-token": SET_UP + "[401]",
    "dassana-redirect": SET_UP + "[301]",
    "dassana-404": SET_UP + "[404]",
    "dassana-405": SET_UP + "[405]",
    "dassana-411": SET_UP + "[411]",
    "dassana-415": SET_UP + "[415]",
    "dassana-not-json": SET_UP + "[not JSON]",
    "dassana-count-zero":
        DASSANA + "test_a_refusal_of_everything_loses_nothing[doc",
    "dassana-count-missing": DASSANA + "test_a_reply_without_doc_count_pauses",
    "dassana-count-lost": DASSANA + "test_a_doc_count_that_is_missing_once",
    "dassana-tells-failure":
        DASSANA + "test_a_passing_failure_is_tried_again[error message]",
    "dassana-count-short":
        DASSANA + "test_a_short_doc_count_is_taken_and_told",
    "killed": "test_kill.py::test_killed_at_any_moment",
    "resolver-hangs":
        "test_hostile.py::test_a_resolver_that_hangs_stops_nothing_else",
}
