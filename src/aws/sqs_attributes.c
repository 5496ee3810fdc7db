/* What a queue says of itself: sqs_get_attributes. */
#include "aws/sqs_internal.h"

#include <string.h>

enum { POLICY_TREE_MAX = 16 * 1024 };

/* Emulators write times with a fraction. */
static int64_t
number(const struct json_node *attributes, const char *name)
{
	const struct json_node *node = json_get(attributes, name);
	struct span text = SPAN("");
	uint64_t n;

	if (json_is(node, JSON_NUMBER) || json_is(node, JSON_STRING))
		text = node->text;
	if (span_u64(span_cut(&text, '.'), 0, INT64_MAX, &n) != ERR_OK)
		return -1;
	return (int64_t)n;
}

static bool
is_true(const struct json_node *attributes, const char *name)
{
	return span_is(json_str(json_get(attributes, name)), "true");
}

static void
read_attributes(const struct json_node *n, const struct json_node *policy,
    struct sqs_attributes *out)
{
	*out = (struct sqs_attributes){
	    .arn = json_str(json_get(n, "QueueArn")),
	    .visibility_s = number(n, "VisibilityTimeout"),
	    .waiting = number(n, "ApproximateNumberOfMessages"),
	    .in_flight = number(n, "ApproximateNumberOfMessagesNotVisible"),
	    .delayed = number(n, "ApproximateNumberOfMessagesDelayed"),
	    .created_s = number(n, "CreatedTimestamp"),
	    .retention_s = number(n, "MessageRetentionPeriod"),
	    .max_receives = number(policy, "maxReceiveCount"),
	    .dead_letter_arn =
		json_str(json_get(policy, "deadLetterTargetArn")),
	    .kms_key = json_str(json_get(n, "KmsMasterKeyId")),
	    .sqs_encrypted = is_true(n, "SqsManagedSseEnabled"),
	    .fifo = is_true(n, "FifoQueue"),
	};
}

static void
on_attributes(void *arg, const struct aws_result *r)
{
	struct sqs_op *op = arg;
	sqs_attributes_fn *fn = op->attributes;
	struct aws_result res = *r;
	struct sqs_attributes a;
	const struct json_node *root = NULL, *list, *policy = NULL;
	struct json *doc = NULL, *policy_doc = NULL;
	struct span text;
	enum err err = ERR_OK;

	arg = op->arg;
	mem_free(op);
	if (res.class == AWS_OK)
		err = sqs_parse_reply(r->reply, &doc, &root);
	list = json_get(root, "Attributes");
	if (err == ERR_OK && res.class == AWS_OK && !json_is(list, JSON_OBJECT))
		err = ERR_SHAPE;
	if (err != ERR_OK)
		sqs_make_unreadable(&res, err);
	/* A document within the document. */
	text = json_str(json_get(list, "RedrivePolicy"));
	if (text.n > 0 &&
	    json_parse(text, POLICY_TREE_MAX, &policy_doc, &policy) != ERR_OK)
		policy = NULL;
	read_attributes(list, policy, &a);
	fn(arg, &res, res.class == AWS_OK ? &a : NULL);
	json_free(&policy_doc);
	json_free(&doc);
}

struct sqs_op *
sqs_get_attributes(struct sqs *s, sqs_attributes_fn *fn, void *arg)
{
	struct sqs_op *op = mem_zalloc(sizeof *op);
	struct call_spec spec = {.operation = AWS_SQS_ATTRIBUTES,
	    .total_timeout_ms = s->timeout_ms,
	    .on_done = on_attributes};
	struct buf body;

	op->sqs = s;
	op->attributes = fn;
	op->arg = arg;
	sqs_open_body(s, &body);
	buf_str(&body, ",\"AttributeNames\":[\"All\"]}");
	sqs_start(op, &spec, "AmazonSQS.GetQueueAttributes", &body);
	buf_fini(&body);
	return op;
}

struct sqs *
sqs_dead_letters(const struct sqs *s, struct span arn)
{
	const char *slash = strrchr(s->queue_url, '/');
	const char *colon = memrchr(arn.p, ':', arn.n);
	struct span name = SPAN("");
	struct sqs_conf conf = {.region = s->region,
	    .endpoint = s->endpoint,
	    .timeout_ms = s->timeout_ms};
	struct sqs *made = NULL;
	struct buf url;

	if (colon != NULL)
		name = (struct span){
		    colon + 1, (size_t)(arn.p + arn.n - colon - 1)};
	buf_init(&url, 4096);
	if (slash != NULL && name.n > 0) {
		buf_add(&url, s->queue_url, (size_t)(slash + 1 - s->queue_url));
		buf_span(&url, name);
		conf.queue_url = buf_cstr(&url);
		if (url.err == ERR_OK)
			made = sqs_new(s->aws, &conf);
		if (made != NULL)
			made->wants_attributes = true;
	}
	buf_fini(&url);
	return made;
}
