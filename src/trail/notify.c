#include "trail/notify_internal.h"

#include "base/mem.h"

static enum notify_reason
read_text(struct span text, size_t max, struct json **tree,
    const struct json_node **root)
{
	enum err e;

	if (span_is(span_trim(text), "CloudTrail validation message."))
		return NOTIFY_R_VALIDATION;
	e = json_parse(text, max, tree, root);
	if (e == ERR_SYNTAX || e == ERR_TRUNCATED)
		return NOTIFY_R_NOT_JSON;
	if (e != ERR_OK || !json_is(*root, JSON_OBJECT))
		return NOTIFY_R_UNKNOWN_SHAPE;
	return NOTIFY_R_NONE;
}

static enum notify_reason
read_subscription(
    struct notify *n, const struct json_node *root, enum notify_reason why)
{
	n->topic = json_str(json_get(root, "TopicArn"));
	n->link = json_str(json_get(root, "SubscribeURL"));
	return why;
}

/* SNS puts no envelope into an envelope. */
static enum notify_reason
read_body(struct notify *n, struct span body)
{
	const struct json_node *root, *type, *message;
	enum notify_reason why =
	    read_text(body, NOTIFY_TREE_MAX, &n->outer, &root);

	if (why != NOTIFY_R_NONE)
		return why;
	if (json_get(root, "TopicArn") == NULL)
		return notify_read_shape(n, root);
	type = json_get(root, "Type");
	message = json_get(root, "Message");
	if (span_is(json_str(type), "SubscriptionConfirmation"))
		return read_subscription(n, root, NOTIFY_R_SUBSCRIPTION);
	if (span_is(json_str(type), "UnsubscribeConfirmation"))
		return read_subscription(n, root, NOTIFY_R_UNSUBSCRIPTION);
	if (!span_is(json_str(type), "Notification"))
		return notify_unknown(n, "Type", type);
	if (!json_is(message, JSON_STRING))
		return notify_unknown(n, "Message", message);
	why = read_text(json_str(message),
	    NOTIFY_TREE_MAX - json_bytes(n->outer), &n->inner, &root);
	return why != NOTIFY_R_NONE ? why : notify_read_shape(n, root);
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
	case NOTIFY_R_UNSUBSCRIPTION:
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

enum notify_verdict
notify_parse(struct span body, struct notify **out)
{
	struct notify *n = mem_zalloc(sizeof *n);

	n->why = read_body(n, body);
	if (n->why != NOTIFY_R_NONE)
		notify_drop(n);
	*out = n;
	return verdict_of(n->why);
}

void
notify_free(struct notify **np)
{
	struct notify *n = *np;

	if (n == NULL)
		return;
	notify_drop(n);
	json_free(&n->inner);
	json_free(&n->outer);
	mem_free(n);
	*np = NULL;
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

const char *
notify_fault(const struct notify *n)
{
	return n->fault;
}

struct span
notify_topic(const struct notify *n)
{
	return n->topic;
}

struct span
notify_link(const struct notify *n)
{
	return n->link;
}
