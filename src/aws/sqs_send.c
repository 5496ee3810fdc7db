/* Messages that we send or have moved: sqs_send, sqs_send_again, sqs_try_send,
 * sqs_move. */
#include "aws/sqs_internal.h"
#include "base/enc.h"

/* Each byte of a body may take an escape; one that comes back may be of any
 * length that SQS has ever allowed, as far as a reply holds it. */
enum { SEND_BODY_MAX = 48 * SQS_SEND_MAX };

static struct sqs_op *
start(struct sqs *s, const struct span *body, size_t n, struct span more,
    sqs_batch_fn *fn, void *arg)
{
	struct sqs_op *op = mem_zalloc(sizeof *op);
	struct call_spec spec = {.operation = AWS_SQS_SEND,
	    .total_timeout_ms = s->timeout_ms,
	    .attempts = 1, /* another one may send it twice */
	    .on_done = sqs_on_batch};
	struct buf b;

	CHECK(n >= 1 && n <= SQS_BATCH_MAX);
	op->sqs = s;
	op->n = n;
	op->batch = fn;
	op->arg = arg;
	sqs_open_body(s, &b);
	b.max = SEND_BODY_MAX;
	buf_str(&b, ",\"Entries\":[");
	for (size_t i = 0; i < n; i++) {
		buf_printf(&b,
		    "%s{\"Id\":\"%zu\",\"MessageBody\":", i > 0 ? "," : "", i);
		enc_json_string(&b, body[i]);
		buf_span(&b, more);
		buf_char(&b, '}');
	}
	buf_str(&b, "]}");
	sqs_start(op, &spec, "AmazonSQS.SendMessageBatch", &b);
	buf_fini(&b);
	return op;
}

struct sqs_op *
sqs_send(struct sqs *s, const struct span *body, size_t n, sqs_batch_fn *fn,
    void *arg)
{
	return start(s, body, n, SPAN(""), fn, arg);
}

/* 15 minutes are the longest delay, and U+FFFF is in no message. (SQS API
 * Reference, "SendMessage".) */
struct sqs_op *
sqs_try_send(struct sqs *s, sqs_batch_fn *fn, void *arg)
{
	static const char test[] =
	    "{\"Service\":\"Amazon S3\",\"Event\":\"s3:TestEvent\","
	    "\"Bucket\":\"trailpost-check-\xef\xbf\xbf\"}";
	const struct span body = SPAN(test);

	return start(s, &body, 1, SPAN(",\"DelaySeconds\":901"), fn, arg);
}

/* ---- messages that come back ---- */

static void
copy_member(struct buf *out, const struct json_node *a, const char *name)
{
	if (!json_is(json_get(a, name), JSON_STRING))
		return;
	buf_printf(out, ",\"%s\":", name);
	enc_json_string(out, json_str(json_get(a, name)));
}

void
sqs_copy_attributes(struct buf *out, const struct json_node *attributes)
{
	const struct json_node *a;

	if (!json_is(attributes, JSON_OBJECT) || attributes->child == NULL)
		return;
	buf_str(out, ",\"MessageAttributes\":{");
	for (a = attributes->child; a != NULL; a = a->next) {
		if (a != attributes->child)
			buf_char(out, ',');
		enc_json_string(out, a->key);
		buf_str(out, ":{\"DataType\":");
		enc_json_string(out, json_str(json_get(a, "DataType")));
		copy_member(out, a, "StringValue");
		copy_member(out, a, "BinaryValue");
		buf_char(out, '}');
	}
	buf_char(out, '}');
}

struct sqs_op *
sqs_send_again(struct sqs *s, struct span body, struct span attributes,
    sqs_batch_fn *fn, void *arg)
{
	return start(s, &body, 1, attributes, fn, arg);
}

static void
on_moved(void *arg, const struct aws_result *r)
{
	struct sqs_op *op = arg;
	sqs_moved_fn *fn = op->moved;

	arg = op->arg;
	mem_free(op);
	fn(arg, r);
}

struct sqs_op *
sqs_move(struct sqs *s, struct span source_arn, sqs_moved_fn *fn, void *arg)
{
	struct sqs_op *op = mem_zalloc(sizeof *op);
	struct call_spec spec = {.operation = AWS_SQS_MOVE,
	    .total_timeout_ms = s->timeout_ms,
	    .on_done = on_moved};
	struct buf b;

	op->sqs = s;
	op->moved = fn;
	op->arg = arg;
	buf_init(&b, SQS_BODY_MAX);
	buf_str(&b, "{\"SourceArn\":");
	enc_json_string(&b, source_arn);
	buf_char(&b, '}');
	sqs_start(op, &spec, "AmazonSQS.StartMessageMoveTask", &b);
	buf_fini(&b);
	return op;
}
