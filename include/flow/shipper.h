/*
 * The whole flow: receive messages, GET their objects, slice, batch, deliver,
 * delete. Starts polling when started; everything else happens on the loop.
 */
#ifndef FLOW_SHIPPER_H
#define FLOW_SHIPPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/s3.h"
#include "aws/sqs.h"
#include "base/histogram.h"
#include "base/part.h"
#include "flow/failure.h"
#include "net/timer.h"
#include "sink/dassana.h"
#include "trail/events.h"
#include "trail/filter.h"
#include "trail/notify.h"
#include "trail/slicer.h"

struct shipper;

/* Durations in ms unless named otherwise; sizes in bytes. */
struct shipper_conf {
	unsigned s3_concurrency;
	unsigned max_messages; /* worked on, those that are parked apart */
	unsigned max_parked;
	unsigned visibility_timeout_s;
	unsigned redeliver_after_s;
	unsigned poll_wait_s; /* the longest; 0: SQS_WAIT_S */
	size_t batch_max_bytes;
	size_t batch_max_events;
	int64_t batch_max_delay_ms;
	size_t buffer_max_bytes;
	unsigned delivery_concurrency;
	int gzip_level;
	size_t max_record_bytes;
	size_t remember_objects; /* whose acknowledged events are remembered */
	/* See sink/delivery.h. */
	const char *(*reload_token)(void *arg);
	void *reload_arg;
};

/* What it works with; all borrowed for as long as it lives. */
struct shipper_deps {
	struct timers *timers;
	struct sqs *sqs;
	struct s3 *s3;
	struct dassana *dassana;
	const struct filter *filter;
	struct events *events; /* which events are shipped */
	/* Whether there are credentials to poll with; may be NULL. */
	bool (*ready)(void *arg);
	void *ready_arg;
};

/* The most memory that the flow takes with this configuration, in bytes. */
size_t shipper_memory_bound(const struct shipper_conf *conf);

struct shipper *
shipper_new(const struct shipper_conf *conf, const struct shipper_deps *deps);
/* Cancels what is under way; callbacks stay silent. */
void shipper_free(struct shipper **s);

void shipper_start(struct shipper *s);
/* Credentials have come or gone: look again whether to poll. */
void shipper_wake(struct shipper *s);
/* The way to Dassana, or its token, was changed: try again if it was closed. */
void shipper_retry(struct shipper *s);

/*
 * Orderly end: no more polls, what is in flight is finished within timeout_ms,
 * the rest is made visible again. done is called once, from the loop. The open
 * poll may end by itself until 5 s before the end; what it brings is released.
 */
typedef void shipper_drained_fn(void *arg);
void shipper_drain(
    struct shipper *s, int64_t timeout_ms, shipper_drained_fn *done, void *arg);

/* Why nothing is received. */
enum shipper_pause {
	SHIPPER_P_CREDS,   /* there are none */
	SHIPPER_P_QUEUE,   /* the last receive failed */
	SHIPPER_P_S3,	   /* it lets nothing be read */
	SHIPPER_P_TOKEN,   /* refused by Dassana */
	SHIPPER_P_DASSANA, /* it takes nothing, for another reason */
	SHIPPER_P_FULL,	   /* as many messages are held as may be */
	SHIPPER_PAUSES
};
const char *shipper_pause_name(enum shipper_pause p);

struct shipper_stats {
	uint64_t receives, receive_errors;
	uint64_t messages_received, messages_deleted, messages_failed,
	    messages_released, messages_duplicate, messages_unknown;
	uint64_t nothing[NOTIFY_R_COUNT]; /* deleted with nothing to ship */
	uint64_t keys_filtered;
	uint64_t keys_other_folder; /* of those, in AWS's other folders */
	uint64_t objects_done, objects_failed, objects_joined, objects_known;
	uint64_t objects_empty; /* deleted with nothing to ship */
	uint64_t records_left_out[SLICER_CAUSES];
	uint64_t events_refused;   /* for good, each sent alone */
	uint64_t events_skipped;   /* acknowledged before, not sent again */
	uint64_t events_ruled_out; /* left out by rules */
	uint64_t object_bytes, json_bytes, events_sliced, events_delivered;
	uint64_t leases_extended, leases_lost, delete_failures;
	unsigned messages_held, objects_active, objects_waiting;
	unsigned messages_parked;	  /* of those held */
	size_t buffer_bytes, buffer_used; /* the pool of events */
	uint64_t unknown[NOTIFY_R_COUNT]; /* messages_unknown, by reason */
	uint64_t objects_failed_by[FAILURES];
	struct histogram
	    receive_counts; /* how often SQS gave each out so far */
	struct histogram
	    object_lag_s; /* from S3's put to the last event taken */
	struct histogram event_lag_s; /* the same from the last eventTime */
	int64_t oldest_s; /* since S3 had the oldest object held; 0: none */
	int64_t paused_ms[SHIPPER_PAUSES];
	bool paused[SHIPPER_PAUSES];
	int64_t choked_ms; /* objects waited for room in the buffer */
};
struct shipper_stats shipper_stats(const struct shipper *s);
struct delivery;
const struct delivery *shipper_delivery(const struct shipper *s);
const struct events *shipper_events(const struct shipper *s);

/* The other sides that it works with, as it has found them. */
enum shipper_part { SHIPPER_QUEUE, SHIPPER_S3, SHIPPER_DASSANA };
struct part shipper_part(const struct shipper *s, enum shipper_part which);
bool shipper_stopping(const struct shipper *s); /* drain was called */

#endif
