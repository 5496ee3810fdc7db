/* Messages that we send: sqs_send, sqs_try_send. */
#include "aws/sqs_internal.h"
#include "base/enc.h"

/* Each byte of a body may take an escape. */
enum { SEND_BODY_MAX = 6 * SQS_SEND_MAX + 16 * 1024 };

static struct sqs_op *
start(struct sqs *s, const struct span *body, size_t n, const char *more,
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
		buf_printf(&b, "%s}", more);
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
	return start(s, body, n, "", fn, arg);
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

	return start(s, &body, 1, ",\"DelaySeconds\":901", fn, arg);
}
