/*
 * What an SQS message body says: which objects were created, or that there is
 * nothing to ship, or that it is not understood.
 *
 * Shapes, all recognised by content alone: S3 event notification, the same in
 * an SNS envelope, S3 through EventBridge (also in an envelope), a call of S3's
 * API that CloudTrail tells to EventBridge (likewise), CloudTrail's own
 * {"s3Bucket", "s3ObjectKey"} (string or array; also in an envelope). What is
 * known to create no object is NOTHING; whatever else names one is UNKNOWN.
 * Members that are not known are ignored. Keys of S3 event notifications are
 * form-encoded and decoded here, exactly once; the other shapes carry plain
 * keys. (S3 User Guide, "Event message structure", "EventBridge event message
 * structure"; CloudTrail User Guide, SNS notifications.)
 *
 * All or nothing: a body in which one record cannot be understood is UNKNOWN as
 * a whole, so that its message is kept.
 */
#ifndef TRAIL_NOTIFY_H
#define TRAIL_NOTIFY_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum notify_verdict {
	NOTIFY_OBJECTS, /* at least one object */
	NOTIFY_NOTHING, /* understood, nothing to ship: may be deleted */
	NOTIFY_UNKNOWN, /* kept for redelivery */
};

/* Why there is nothing to ship, or why it is unknown; names for counters. */
enum notify_reason {
	NOTIFY_R_NONE,
	NOTIFY_R_TEST_EVENT,   /* s3:TestEvent */
	NOTIFY_R_VALIDATION,   /* "CloudTrail validation message." */
	NOTIFY_R_SUBSCRIPTION, /* SNS asks for a confirmation */
	NOTIFY_R_UNSUBSCRIPTION,
	NOTIFY_R_AWS_CONFIG,  /* AWS Config's messages */
	NOTIFY_R_OTHER_EVENT, /* ObjectRemoved:*, GetObject, … */
	NOTIFY_R_EMPTY,	      /* an empty list of records or keys */
	NOTIFY_R_NOT_JSON,
	NOTIFY_R_UNKNOWN_SHAPE,
	NOTIFY_R_BAD_KEY, /* a key that cannot be decoded, or a missing
				 * or over-long bucket or key */
	NOTIFY_R_COUNT
};

struct notify_object {
	struct span bucket, key;
	struct span version; /* empty: unversioned, or the latest */
	struct span etag;    /* without quotes; empty if not given */
	struct span region;  /* of the bucket; empty if not given */
	int64_t size;	     /* bytes; −1 if not given */
	int64_t event_time;  /* s since 1970; −1 if not given */
};

/* A body, with the message in an envelope, may take so much memory while the
 * notification lives; more is UNKNOWN. */
enum { NOTIFY_TREE_MAX = 4 * 1024 * 1024 };

/* A body that names more objects is UNKNOWN, and so is a longer bucket (an
 * access point's ARN). */
enum { NOTIFY_OBJECTS_MAX = 10000, NOTIFY_BUCKET_MAX = 255 };

struct notify; /* owns all that its objects point to */

/* *out is set for every verdict and freed by the caller. */
enum notify_verdict notify_parse(struct span body, struct notify **out);
void notify_free(struct notify **n);
size_t notify_count(const struct notify *n);
const struct notify_object *notify_at(const struct notify *n, size_t i);
enum notify_reason notify_why(const struct notify *n);
/* For the log: "s3", "eventbridge", "cloudtrail", each also " in sns"; "" if it
 * is none of them. */
const char *notify_shape(const struct notify *n);
/* Which member is missing or wrong: "s3Bucket is missing"; "" if none is. */
const char *notify_fault(const struct notify *n);
/* Of an (un)subscription: the topic's ARN, and the link that makes it one
 * (again); they live as long as n. */
struct span notify_topic(const struct notify *n);
struct span notify_link(const struct notify *n);
/* "test_event"; for counters and logs. */
const char *notify_reason_name(enum notify_reason r);

#endif
