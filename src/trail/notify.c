#include "trail/notify.h"

#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/mem.h"

enum {
	OBJECTS_MAX = 10000,
	BUCKET_MAX = 255, /* an access point's ARN */
	KEY_MAX = 1024,
	VERSION_MAX = KEY_MAX,
	ETAG_MAX = 255,
	REGION_MAX = 32,
};

struct entry {
	struct notify_object object;
	char *key; /* owned: a decoded key; else NULL */
};

struct notify {
	enum notify_reason why;
	const char *shape;	    /* NULL: none that names objects */
	struct json *outer, *inner; /* body, and message in an envelope */
	struct entry *entries;
	size_t count, cap;
};

static bool
is_text(struct span s, size_t max)
{
	return s.n > 0 && s.n <= max && memchr(s.p, '\0', s.n) == NULL;
}

/* It becomes part of a host name. */
static bool
is_region(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];

		if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9') &&
		    c != '-')
			return false;
	}
	return s.n > 0 && s.n <= REGION_MAX;
}

static struct span
unquote(struct span s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return (struct span){s.p + 1, s.n - 2};
	return s;
}

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

/* What can do without is left out if it makes no sense; what names the object
 * cannot: another one would be read. */
static enum notify_reason
add_object(struct notify *n, struct notify_object o, char *key)
{
	if (n->count == OBJECTS_MAX || !is_text(o.bucket, BUCKET_MAX) ||
	    !is_text(o.key, KEY_MAX) ||
	    (o.version.n > 0 && !is_text(o.version, VERSION_MAX))) {
		mem_free(key);
		return n->count == OBJECTS_MAX ? NOTIFY_R_UNKNOWN_SHAPE
					       : NOTIFY_R_BAD_KEY;
	}
	o.etag = unquote(o.etag);
	if (!is_text(o.etag, ETAG_MAX))
		o.etag = SPAN("");
	if (!is_region(o.region))
		o.region = SPAN("");
	if (n->count == n->cap) {
		n->cap = n->cap > 0 ? n->cap * 2 : 4;
		n->entries =
		    mem_realloc(n->entries, n->cap * sizeof *n->entries);
	}
	n->entries[n->count++] = (struct entry){.object = o, .key = key};
	return NOTIFY_R_NONE;
}

static enum notify_reason
add_encoded(struct notify *n, struct notify_object o, struct span encoded)
{
	char *key = NULL;
	struct buf b;

	/* An escape is three bytes for one. */
	buf_init(&b, KEY_MAX);
	if (enc_form_decode(&b, encoded) == ERR_OK) {
		key = mem_strndup(buf_cstr(&b), b.n);
		o.key = (struct span){key, b.n};
	}
	buf_fini(&b);
	return key != NULL ? add_object(n, o, key) : NOTIFY_R_BAD_KEY;
}

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
	struct span name = json_str(json_get(r, "eventName"));

	if (!span_ends(json_str(json_get(r, "eventSource")), ":s3") ||
	    !is_version_2(json_str(json_get(r, "eventVersion"))) || name.n == 0)
		return NOTIFY_R_UNKNOWN_SHAPE;
	if (!span_starts(name, "ObjectCreated:") &&
	    !span_starts(name, "s3:ObjectCreated:"))
		return NOTIFY_R_OTHER_EVENT;
	return add_encoded(n,
	    (struct notify_object){
		.bucket = json_str(json_path(s3, "bucket", "name", NULL)),
		.version = json_str(json_get(object, "versionId")),
		.etag = json_str(json_get(object, "eTag")),
		.region = json_str(json_get(r, "awsRegion")),
		.size = size_of(json_get(object, "size")),
		.event_time = time_of(json_get(r, "eventTime")),
	    },
	    json_str(json_get(object, "key")));
}

static enum notify_reason
read_s3(struct notify *n, const struct json_node *root)
{
	const struct json_node *records = json_get(root, "Records");

	if (!json_is(records, JSON_ARRAY))
		return NOTIFY_R_UNKNOWN_SHAPE;
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

/* Keys in EventBridge's events are not encoded. */
static enum notify_reason
read_eventbridge(struct notify *n, const struct json_node *root)
{
	const struct json_node *detail = json_get(root, "detail");
	const struct json_node *object = json_get(detail, "object");
	struct span type = json_str(json_get(root, "detail-type"));

	/* Events of other services on the bus may announce objects in ways that
	 * are not known here. */
	if (!span_is(json_str(json_get(root, "source")), "aws.s3") ||
	    type.n == 0 || !json_is(detail, JSON_OBJECT))
		return NOTIFY_R_UNKNOWN_SHAPE;
	if (!span_is(type, "Object Created"))
		return NOTIFY_R_OTHER_EVENT;
	return add_object(n,
	    (struct notify_object){
		.bucket = json_str(json_path(detail, "bucket", "name", NULL)),
		.key = json_str(json_get(object, "key")),
		.version = json_str(json_get(object, "version-id")),
		.etag = json_str(json_get(object, "etag")),
		.region = json_str(json_get(root, "region")),
		.size = size_of(json_get(object, "size")),
		.event_time = time_of(json_get(root, "time")),
	    },
	    NULL);
}

/* CloudTrail's own notification: plain keys, one or several. */
static enum notify_reason
read_cloudtrail(struct notify *n, const struct json_node *root)
{
	const struct json_node *keys = json_get(root, "s3ObjectKey");
	struct notify_object o = {
	    .bucket = json_str(json_get(root, "s3Bucket")),
	    .size = -1,
	    .event_time = -1,
	};

	if (json_is(keys, JSON_STRING)) {
		o.key = keys->text;
		return add_object(n, o, NULL);
	}
	if (!json_is(keys, JSON_ARRAY))
		return NOTIFY_R_UNKNOWN_SHAPE;
	if (keys->child == NULL)
		return NOTIFY_R_EMPTY;
	for (const struct json_node *k = keys->child; k != NULL; k = k->next) {
		enum notify_reason why;

		o.key = json_str(k);
		why = add_object(n, o, NULL);
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
	    "OversizedConfiguration", "ComplianceChange", "ConfigRules"};
	struct span type = json_str(json_get(root, "messageType"));

	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (span_starts(type, types[i]))
			return true;
	}
	return json_is(json_get(root, "configurationItem"), JSON_OBJECT) ||
	       json_is(
		   json_get(root, "configurationItemSummary"), JSON_OBJECT) ||
	       json_str(json_get(root, "configSnapshotId")).n > 0;
}

/* The first whose mark is a member of the message. */
static const struct {
	const char *mark, *name[2]; /* bare, and in an envelope */
	enum notify_reason (*read)(struct notify *, const struct json_node *);
} shapes[] = {
    {"Records", {"s3", "s3 in sns"}, read_s3},
    {"detail-type", {"eventbridge", "eventbridge in sns"}, read_eventbridge},
    {"s3Bucket", {"cloudtrail", "cloudtrail in sns"}, read_cloudtrail},
};

static enum notify_reason
read_object(struct notify *n, const struct json_node *root)
{
	if (span_is(json_str(json_get(root, "Event")), "s3:TestEvent"))
		return NOTIFY_R_TEST_EVENT;
	if (is_aws_config(root))
		return NOTIFY_R_AWS_CONFIG;
	/* A message of a type that is not known, whatever else it holds. */
	if (json_get(root, "messageType") != NULL)
		return NOTIFY_R_UNKNOWN_SHAPE;
	for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
		if (json_get(root, shapes[i].mark) == NULL)
			continue;
		n->shape = shapes[i].name[n->inner != NULL];
		return shapes[i].read(n, root);
	}
	return NOTIFY_R_UNKNOWN_SHAPE;
}

static enum notify_reason
read_text(struct span text, struct json **tree, const struct json_node **root)
{
	enum err e;

	if (span_is(span_trim(text), "CloudTrail validation message."))
		return NOTIFY_R_VALIDATION;
	e = json_parse(text, NOTIFY_TREE_MAX, tree, root);
	if (e == ERR_SYNTAX || e == ERR_TRUNCATED)
		return NOTIFY_R_NOT_JSON;
	if (e != ERR_OK || !json_is(*root, JSON_OBJECT))
		return NOTIFY_R_UNKNOWN_SHAPE;
	return NOTIFY_R_NONE;
}

/* SNS puts no envelope into an envelope. */
static enum notify_reason
read_body(struct notify *n, struct span body)
{
	const struct json_node *root;
	enum notify_reason why = read_text(body, &n->outer, &root);
	struct span type;

	if (why != NOTIFY_R_NONE)
		return why;
	if (json_get(root, "TopicArn") == NULL)
		return read_object(n, root);
	type = json_str(json_get(root, "Type"));
	if (span_is(type, "SubscriptionConfirmation") ||
	    span_is(type, "UnsubscribeConfirmation"))
		return NOTIFY_R_SUBSCRIPTION;
	if (!span_is(type, "Notification") ||
	    !json_is(json_get(root, "Message"), JSON_STRING))
		return NOTIFY_R_UNKNOWN_SHAPE;
	why = read_text(json_str(json_get(root, "Message")), &n->inner, &root);
	return why != NOTIFY_R_NONE ? why : read_object(n, root);
}

static enum notify_verdict
verdict_of(enum notify_reason why)
{
	switch (why) {
	case NOTIFY_R_NONE:
		return NOTIFY_OBJECTS;
	case NOTIFY_R_TEST_EVENT:
	case NOTIFY_R_VALIDATION:
	case NOTIFY_R_SUBSCRIPTION:
	case NOTIFY_R_AWS_CONFIG:
	case NOTIFY_R_OTHER_EVENT:
	case NOTIFY_R_EMPTY:
		return NOTIFY_NOTHING;
	case NOTIFY_R_NOT_JSON:
	case NOTIFY_R_UNKNOWN_SHAPE:
	case NOTIFY_R_BAD_KEY:
	case NOTIFY_R_COUNT:
		break;
	}
	return NOTIFY_UNKNOWN;
}

static void
drop_objects(struct notify *n)
{
	for (size_t i = 0; i < n->count; i++)
		mem_free(n->entries[i].key);
	n->count = 0;
}

enum notify_verdict
notify_parse(struct span body, struct notify **out)
{
	struct notify *n = mem_zalloc(sizeof *n);

	n->why = read_body(n, body);
	if (n->why != NOTIFY_R_NONE)
		drop_objects(n);
	*out = n;
	return verdict_of(n->why);
}

void
notify_free(struct notify **np)
{
	struct notify *n = *np;

	if (n == NULL)
		return;
	drop_objects(n);
	mem_free(n->entries);
	json_free(&n->inner);
	json_free(&n->outer);
	mem_free(n);
	*np = NULL;
}

size_t
notify_count(const struct notify *n)
{
	return n->count;
}

const struct notify_object *
notify_at(const struct notify *n, size_t i)
{
	CHECK(i < n->count);
	return &n->entries[i].object;
}

const char *
notify_shape(const struct notify *n)
{
	return n->shape != NULL ? n->shape : "";
}

enum notify_reason
notify_why(const struct notify *n)
{
	return n->why;
}
