#include "trail/notify_internal.h"

#include <string.h>

#include "base/clock.h"

static int64_t
size_of(const struct json_node *n)
{
	uint64_t size;

	if (json_u64(n, &size) != ERR_OK || size > INT64_MAX)
		return -1;
	return (int64_t)size;
}

static int64_t
time_of(const struct json_node *n)
{
	int64_t t;

	return clock_parse_iso(json_str(n), &t) == ERR_OK ? t : -1;
}

/* Whether s begins with one of the names; the last one is NULL. */
static bool
begins(struct span s, const char *const *names)
{
	while (*names != NULL && !span_starts(s, *names))
		names++;
	return *names != NULL;
}

static bool
is_one(struct span s, const char *const *names)
{
	while (*names != NULL && !span_is(s, *names))
		names++;
	return *names != NULL;
}

/* ---- S3's own ---- */

/* What is known to create nothing. Whatever else names an object is kept, since
 * a message that is deleted for a name that came later is lost. */
static const char *const s3_others[] = {"ObjectRemoved:", "ObjectRestore:",
    "ObjectTagging:", "ObjectAcl:", "ObjectAccessed:", "Replication:",
    "LifecycleExpiration:", "LifecycleTransition", "IntelligentTiering",
    "ReducedRedundancyLostObject", NULL};

static bool
is_version_2(struct span s)
{
	return span_is(s, "2") || span_starts(s, "2.");
}

/* One record of an S3 event notification. Other implementations of S3 write
 * their own name before ":s3", and some "s3:" before the event's. */
static enum notify_reason
read_s3_record(struct notify *n, const struct json_node *r)
{
	const struct json_node *s3 = json_get(r, "s3");
	const struct json_node *object = json_get(s3, "object");
	const struct json_node *source = json_get(r, "eventSource");
	const struct json_node *version = json_get(r, "eventVersion");
	const struct json_node *event = json_get(r, "eventName");
	struct span name = json_str(event);

	if (!span_ends(json_str(source), ":s3"))
		return notify_unknown(n, "eventSource in Records", source);
	if (!is_version_2(json_str(version)))
		return notify_unknown(n, "eventVersion in Records", version);
	if (span_starts(name, "s3:"))
		name = (struct span){name.p + 3, name.n - 3};
	if (begins(name, s3_others))
		return NOTIFY_R_OTHER_EVENT;
	if (!span_starts(name, "ObjectCreated:"))
		return notify_unknown(n, "eventName in Records", event);
	return notify_add(
	    n, (struct notify_found){
		   .bucket = json_path(s3, "bucket", "name", NULL),
		   .bucket_name = "s3.bucket.name in Records",
		   .key = json_get(object, "key"),
		   .key_name = "s3.object.key in Records",
		   .encoded = true,
		   .o.version = json_str(json_get(object, "versionId")),
		   .o.etag = json_str(json_get(object, "eTag")),
		   .o.region = json_str(json_get(r, "awsRegion")),
		   .o.size = size_of(json_get(object, "size")),
		   .o.event_time = time_of(json_get(r, "eventTime")),
	       });
}

static enum notify_reason
read_s3(struct notify *n, const struct json_node *root)
{
	const struct json_node *records = json_get(root, "Records");

	if (!json_is(records, JSON_ARRAY))
		return notify_unknown(n, "Records", records);
	if (records->child == NULL)
		return NOTIFY_R_EMPTY;
	for (const struct json_node *r = records->child; r != NULL;
	     r = r->next) {
		enum notify_reason why = read_s3_record(n, r);

		if (why != NOTIFY_R_NONE && why != NOTIFY_R_OTHER_EVENT)
			return why;
	}
	return n->count > 0 ? NOTIFY_R_NONE : NOTIFY_R_OTHER_EVENT;
}

/* ---- EventBridge ---- */

/* A call of S3's API that CloudTrail has recorded. (CloudTrail User Guide,
 * "Amazon S3 data events".) */
static enum notify_reason
read_call(struct notify *n, const struct json_node *root)
{
	static const char *const creating[] = {"PutObject", "CopyObject",
	    "CompleteMultipartUpload", "PostObject", NULL};
	static const char *const others[] = {"Get", "Head", "List", "Delete",
	    "Abort", "Select", "Restore", "Options", "CreateMultipartUpload",
	    "UploadPart", "PutObjectAcl", "PutObjectTagging",
	    "PutObjectRetention", "PutObjectLegalHold", NULL};
	const struct json_node *detail = json_get(root, "detail");
	const struct json_node *asked = json_get(detail, "requestParameters");
	const struct json_node *call = json_get(detail, "eventName");

	/* Refused, or about no object. */
	if (json_str(json_get(detail, "errorCode")).n > 0 ||
	    begins(json_str(call), others))
		return NOTIFY_R_OTHER_EVENT;
	if (!is_one(json_str(call), creating))
		return json_str(call).n > 0 && json_get(asked, "key") == NULL
			   ? NOTIFY_R_OTHER_EVENT
			   : notify_unknown(n, "detail.eventName", call);
	return notify_add(n,
	    (struct notify_found){
		.bucket = json_get(asked, "bucketName"),
		.bucket_name = "detail.requestParameters.bucketName",
		.key = json_get(asked, "key"),
		.key_name = "detail.requestParameters.key",
		.o.region = json_str(json_get(detail, "awsRegion")),
		.o.size = span_is(json_str(call), "PutObject")
			      ? size_of(json_path(detail, "additionalEventData",
				    "bytesTransferredIn", NULL))
			      : -1,
		.o.event_time = time_of(json_get(detail, "eventTime")),
	    });
}

/* Keys in EventBridge's events are not encoded. */
static enum notify_reason
read_eventbridge(struct notify *n, const struct json_node *root)
{
	static const char *const others[] = {"Object Deleted",
	    "Object Restore Initiated", "Object Restore Completed",
	    "Object Restore Expired", "Object Tags Added",
	    "Object Tags Deleted", "Object ACL Updated",
	    "Object Storage Class Changed", "Object Access Tier Changed", NULL};
	const struct json_node *detail = json_get(root, "detail");
	const struct json_node *object = json_get(detail, "object");
	const struct json_node *source = json_get(root, "source");
	const struct json_node *type = json_get(root, "detail-type");

	/* Events of other services on the bus may announce objects in ways that
	 * are not known here. */
	if (!span_is(json_str(source), "aws.s3"))
		return notify_unknown(n, "source", source);
	if (!json_is(detail, JSON_OBJECT))
		return notify_unknown(n, "detail", detail);
	if (span_ends(json_str(type), " API Call via CloudTrail"))
		return read_call(n, root);
	if (is_one(json_str(type), others))
		return NOTIFY_R_OTHER_EVENT;
	if (!span_is(json_str(type), "Object Created"))
		return notify_unknown(n, "detail-type", type);
	return notify_add(
	    n, (struct notify_found){
		   .bucket = json_path(detail, "bucket", "name", NULL),
		   .bucket_name = "detail.bucket.name",
		   .key = json_get(object, "key"),
		   .key_name = "detail.object.key",
		   .o.version = json_str(json_get(object, "version-id")),
		   .o.etag = json_str(json_get(object, "etag")),
		   .o.region = json_str(json_get(root, "region")),
		   .o.size = size_of(json_get(object, "size")),
		   .o.event_time = time_of(json_get(root, "time")),
	       });
}

/* ---- CloudTrail's own ---- */

/* Plain keys, one or several. */
static enum notify_reason
read_cloudtrail(struct notify *n, const struct json_node *root)
{
	const struct json_node *keys = json_get(root, "s3ObjectKey");
	struct notify_found f = {
	    .bucket = json_get(root, "s3Bucket"),
	    .bucket_name = "s3Bucket",
	    .key = keys,
	    .key_name = "s3ObjectKey",
	    .o.size = -1,
	    .o.event_time = -1,
	};

	if (json_is(keys, JSON_STRING))
		return notify_add(n, f);
	if (!json_is(keys, JSON_ARRAY))
		return notify_unknown(n, "s3ObjectKey", keys);
	if (keys->child == NULL)
		return NOTIFY_R_EMPTY;
	for (f.key = keys->child; f.key != NULL; f.key = f.key->next) {
		enum notify_reason why = notify_add(n, f);

		if (why != NOTIFY_R_NONE)
			return why;
	}
	return NOTIFY_R_NONE;
}

/* AWS Config also names an s3Bucket and an s3ObjectKey, of its own snapshots;
 * its messageType tells them apart. (AWS Config Developer Guide, "Notifications
 * that AWS Config sends to an Amazon SNS topic".) */
static bool
is_aws_config(const struct json_node *root)
{
	static const char *const types[] = {"Configuration",
	    "OversizedConfiguration", "ComplianceChange", "ConfigRules", NULL};

	return begins(json_str(json_get(root, "messageType")), types) ||
	       json_is(json_get(root, "configurationItem"), JSON_OBJECT) ||
	       json_is(
		   json_get(root, "configurationItemSummary"), JSON_OBJECT) ||
	       json_str(json_get(root, "configSnapshotId")).n > 0;
}

/* ---- which ---- */

/* The first whose mark is a member of the message. */
static const struct {
	const char *mark, *name[2]; /* bare, and in an envelope */
	enum notify_reason (*read)(struct notify *, const struct json_node *);
} shapes[] = {
    {"Records", {"s3", "s3 in sns"}, read_s3},
    {"detail-type", {"eventbridge", "eventbridge in sns"}, read_eventbridge},
    {"s3Bucket", {"cloudtrail", "cloudtrail in sns"}, read_cloudtrail},
};

enum notify_reason
notify_read_shape(struct notify *n, const struct json_node *root)
{
	const struct json_node *type = json_get(root, "messageType");

	if (span_is(json_str(json_get(root, "Event")), "s3:TestEvent"))
		return NOTIFY_R_TEST_EVENT;
	if (is_aws_config(root))
		return NOTIFY_R_AWS_CONFIG;
	/* A message of a type that is not known, whatever else it holds. */
	if (type != NULL)
		return notify_unknown(n, "messageType", type);
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		if (json_get(root, shapes[i].mark) == NULL)
			continue;
		n->shape = shapes[i].name[n->inner != NULL];
		return shapes[i].read(n, root);
	}
	return notify_unknown(n, "Records, detail-type or s3Bucket", NULL);
}
