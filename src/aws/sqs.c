#include "aws/sqs.h"

#include <string.h>

#include "aws/sqs_internal.h"
#include "base/enc.h"

enum { RECEIVE_EXTRA_MS = 15 * 1000 }; /* on top of the wait */

struct sqs *
sqs_new(struct aws *a, const struct sqs_conf *conf)
{
	struct sqs *s = mem_zalloc(sizeof *s);

	s->aws = a;
	s->queue_url = mem_strndup(conf->queue_url, strlen(conf->queue_url));
	s->region = mem_strndup(conf->region, strlen(conf->region));
	s->endpoint = conf->endpoint;
	s->timeout_ms =
	    conf->timeout_ms > 0 ? conf->timeout_ms : SQS_TIMEOUT_MS;
	return s;
}

void
sqs_free(struct sqs **sp)
{
	struct sqs *s = *sp;

	if (s == NULL)
		return;
	mem_free(s->queue_url);
	mem_free(s->region);
	mem_free(s);
	*sp = NULL;
}

void
sqs_start(struct sqs_op *op, struct call_spec *spec, const char *target,
    const struct buf *body)
{
	const struct http_header headers[] = {
	    {"content-type", "application/x-amz-json-1.0"},
	    {"x-amz-target", target},
	    {"x-amzn-query-mode", "true"}, /* asks for the older codes too */
	};

	CHECK(body->err == ERR_OK);
	spec->service = "sqs";
	spec->region = op->sqs->region;
	spec->dialect = AWS_DIALECT_JSON;
	spec->method = "POST";
	spec->endpoint = &op->sqs->endpoint;
	spec->path = SPAN("/");
	spec->headers = headers;
	spec->nheaders = sizeof headers / sizeof headers[0];
	spec->body = buf_view(body);
	spec->reply_max = SQS_REPLY_MAX;
	spec->arg = op;
	op->call = call_start(op->sqs->aws, spec);
}

void
sqs_open_body(const struct sqs *s, struct buf *body)
{
	buf_init(body, SQS_BODY_MAX);
	buf_str(body, "{\"QueueUrl\":");
	enc_json_string(body, span_str(s->queue_url));
}

enum err
sqs_parse_reply(
    const struct reply *r, struct json **j, const struct json_node **root)
{
	struct span body = span_trim(r->body);
	enum err err;

	*j = NULL;
	*root = NULL;
	if (body.n == 0)
		return ERR_OK;
	err = json_parse(body, body.n + SQS_TREE_MORE, j, root);
	if (err == ERR_OK && !json_is(*root, JSON_OBJECT))
		err = ERR_SHAPE;
	return err;
}

void
sqs_make_unreadable(struct aws_result *r, enum err err)
{
	r->class = AWS_TRANSIENT;
	r->err = err;
	aws_copy_text(r->message, sizeof r->message,
	    SPAN("the reply is not what SQS answers; is this its endpoint?"));
}

static enum err
read_message(const struct json_node *n, struct sqs_message *m)
{
	const struct json_node *body = json_get(n, "Body");
	const struct json_node *attr = json_get(n, "Attributes");
	uint64_t v;

	*m = (struct sqs_message){.id = json_str(json_get(n, "MessageId")),
	    .handle = json_str(json_get(n, "ReceiptHandle")),
	    .body = json_str(body),
	    .sent_ms = -1};
	m->attributes = json_get(n, "MessageAttributes");
	if (m->id.n == 0 || m->id.n > SQS_ID_MAX || m->handle.n == 0 ||
	    m->handle.n > SQS_HANDLE_MAX || !json_is(body, JSON_STRING))
		return ERR_SHAPE;
	if (json_u64(json_get(attr, "ApproximateReceiveCount"), &v) == ERR_OK)
		m->receive_count = v < UINT32_MAX ? (unsigned)v : UINT32_MAX;
	if (json_u64(json_get(attr, "SentTimestamp"), &v) == ERR_OK &&
	    v <= INT64_MAX)
		m->sent_ms = (int64_t)v;
	return ERR_OK;
}

static enum err
read_messages(const struct json_node *root, struct sqs_message *m, size_t *n)
{
	const struct json_node *list = json_get(root, "Messages");

	*n = 0;
	if (list == NULL || json_is(list, JSON_NULL))
		return ERR_OK;
	if (!json_is(list, JSON_ARRAY))
		return ERR_SHAPE;
	for (list = list->child; list != NULL; list = list->next) {
		if (*n == SQS_BATCH_MAX || read_message(list, &m[*n]) != ERR_OK)
			return ERR_SHAPE;
		++*n;
	}
	return ERR_OK;
}

static void
on_received(void *arg, const struct aws_result *r)
{
	struct sqs_op *op = arg;
	sqs_received_fn *fn = op->received;
	struct sqs *s = op->sqs;
	struct sqs_message m[SQS_BATCH_MAX];
	struct aws_result res = *r;
	const struct json_node *root;
	struct json *j = NULL;
	size_t n = 0;
	enum err err;

	arg = op->arg;
	mem_free(op);
	if (res.class == AWS_OK) {
		err = sqs_parse_reply(r->reply, &j, &root);
		if (err == ERR_OK)
			err = read_messages(root, m, &n);
		if (err != ERR_OK) {
			sqs_make_unreadable(&res, err);
			n = 0;
		}
	}
	for (size_t i = 0; i < n; i++)
		sqs_note_sent(s, m[i].sent_ms);
	fn(arg, &res, m, n);
	json_free(&j);
}

struct sqs_op *
sqs_receive(
    struct sqs *s, const struct sqs_ask *ask, sqs_received_fn *fn, void *arg)
{
	struct sqs_op *op = mem_zalloc(sizeof *op);
	struct call_spec spec = {.operation = AWS_SQS_RECEIVE,
	    .total_timeout_ms = (int64_t)ask->wait_s * 1000 + RECEIVE_EXTRA_MS,
	    .reply_budget = ask->replies,
	    .attempts = 1,
	    .on_done = on_received};
	struct buf body;

	CHECK(ask->max >= 1 && ask->max <= SQS_BATCH_MAX &&
	      ask->wait_s <= SQS_WAIT_S &&
	      ask->visibility_s <= SQS_VISIBILITY_MAX_S);
	op->sqs = s;
	op->n = ask->max;
	op->received = fn;
	op->arg = arg;
	sqs_open_body(s, &body);
	buf_printf(&body,
	    ",\"MaxNumberOfMessages\":%u,\"WaitTimeSeconds\":%u,"
	    "\"VisibilityTimeout\":%u",
	    ask->max, ask->wait_s, ask->visibility_s);
	/* The second name is the older one, which some emulators know only. */
	buf_str(&body, ",\"MessageSystemAttributeNames\":"
		       "[\"ApproximateReceiveCount\",\"SentTimestamp\"],"
		       "\"AttributeNames\":"
		       "[\"ApproximateReceiveCount\",\"SentTimestamp\"]");
	if (op->sqs->wants_attributes)
		buf_str(&body, ",\"MessageAttributeNames\":[\"All\"]");
	buf_char(&body, '}');
	sqs_start(op, &spec, "AmazonSQS.ReceiveMessage", &body);
	buf_fini(&body);
	return op;
}

enum { MESSAGE_MAX = 256 };

struct batch_reply {
	struct sqs_entry_result entry[SQS_BATCH_MAX];
	char message[SQS_BATCH_MAX][MESSAGE_MAX];
	size_t n;
};

static void
read_failed(struct batch_reply *b, size_t i, const struct json_node *n)
{
	const struct json_node *fault = json_get(n, "SenderFault");

	aws_copy_message(
	    b->message[i], MESSAGE_MAX, json_str(json_get(n, "Message")));
	b->entry[i] = (struct sqs_entry_result){
	    .sender_fault = json_is(fault, JSON_BOOL) && fault->boolean,
	    .code = json_str(json_get(n, "Code")),
	    .message = span_str(b->message[i])};
}

/* Entries were sent with their index as Id. Others are not ours. */
static enum err
read_entries(struct batch_reply *b, const struct json_node *root,
    const char *list_name, bool ok)
{
	const struct json_node *list = json_get(root, list_name);
	uint64_t i;

	if (list == NULL || json_is(list, JSON_NULL))
		return ERR_OK;
	if (!json_is(list, JSON_ARRAY))
		return ERR_SHAPE;
	for (list = list->child; list != NULL; list = list->next) {
		if (span_u64(json_str(json_get(list, "Id")), 0, b->n - 1, &i) !=
		    ERR_OK)
			continue;
		if (ok)
			b->entry[i] = (struct sqs_entry_result){.ok = true};
		else
			read_failed(b, i, list);
	}
	return ERR_OK;
}

void
sqs_on_batch(void *arg, const struct aws_result *r)
{
	struct sqs_op *op = arg;
	sqs_batch_fn *fn = op->batch;
	struct batch_reply b = {.n = op->n};
	struct aws_result res = *r;
	const struct json_node *root;
	struct json *j = NULL;
	enum err err;

	arg = op->arg;
	mem_free(op);
	for (size_t i = 0; i < b.n; i++)
		b.entry[i].code = SPAN("Missing");
	if (res.class == AWS_OK) {
		err = sqs_parse_reply(r->reply, &j, &root);
		if (err == ERR_OK)
			err = read_entries(&b, root, "Successful", true);
		if (err == ERR_OK)
			err = read_entries(&b, root, "Failed", false);
		if (err != ERR_OK)
			sqs_make_unreadable(&res, err);
	}
	fn(arg, &res, b.entry, res.class == AWS_OK ? b.n : 0);
	json_free(&j);
}

static struct sqs_op *
start_batch(struct sqs *s, const struct span *handle,
    const unsigned *visibility_s, size_t n, sqs_batch_fn *fn, void *arg)
{
	bool is_delete = visibility_s == NULL;
	struct sqs_op *op = mem_zalloc(sizeof *op);
	struct call_spec spec = {
	    .operation = is_delete ? AWS_SQS_DELETE : AWS_SQS_VISIBILITY,
	    .total_timeout_ms = s->timeout_ms,
	    .attempts = 1, /* the caller knows how long it is of use */
	    .on_done = sqs_on_batch};
	struct buf body;

	CHECK(n >= 1 && n <= SQS_BATCH_MAX);
	op->sqs = s;
	op->n = n;
	op->batch = fn;
	op->arg = arg;
	sqs_open_body(s, &body);
	buf_str(&body, ",\"Entries\":[");
	for (size_t i = 0; i < n; i++) {
		CHECK(handle[i].n <= SQS_HANDLE_MAX);
		buf_printf(&body,
		    "%s{\"Id\":\"%zu\",\"ReceiptHandle\":", i > 0 ? "," : "",
		    i);
		enc_json_string(&body, handle[i]);
		if (!is_delete) {
			CHECK(visibility_s[i] <= SQS_VISIBILITY_MAX_S);
			buf_printf(&body, ",\"VisibilityTimeout\":%u",
			    visibility_s[i]);
		}
		buf_char(&body, '}');
	}
	buf_str(&body, "]}");
	sqs_start(op, &spec,
	    is_delete ? "AmazonSQS.DeleteMessageBatch"
		      : "AmazonSQS.ChangeMessageVisibilityBatch",
	    &body);
	buf_fini_wipe(&body);
	return op;
}

void
sqs_entry_refusal(const struct sqs_entry_result *e, struct aws_result *r)
{
	r->class = e->sender_fault ? AWS_OTHER : AWS_TRANSIENT;
	aws_copy_text(r->code, sizeof r->code, e->code);
	aws_copy_text(r->message, sizeof r->message, e->message);
}

struct sqs_op *
sqs_delete(struct sqs *s, const struct span *handle, size_t n, sqs_batch_fn *fn,
    void *arg)
{
	return start_batch(s, handle, NULL, n, fn, arg);
}

struct sqs_op *
sqs_change_visibility(struct sqs *s, const struct span *handle,
    const unsigned *visibility_s, size_t n, sqs_batch_fn *fn, void *arg)
{
	CHECK(visibility_s != NULL);
	return start_batch(s, handle, visibility_s, n, fn, arg);
}

void
sqs_cancel(struct sqs_op **op)
{
	if (*op == NULL)
		return;
	call_cancel(&(*op)->call);
	mem_free(*op);
	*op = NULL;
}
