#include "fake_sqs.h"

#include "base/mem.h"
#include "fake_http.h"

static struct sqs_op *sqs_ops;

static struct sqs_op *
new_op(enum fake_sqs_kind kind, size_t n, void *arg)
{
	struct sqs_op *op = mem_zalloc(sizeof *op), **at = &sqs_ops;

	op->kind = kind;
	op->n = n;
	op->arg = arg;
	while (*at != NULL)
		at = &(*at)->next;
	*at = op;
	return op;
}

static void
free_op(struct sqs_op *op)
{
	struct sqs_op **at = &sqs_ops;

	while (*at != op) {
		CHECK(*at != NULL);
		at = &(*at)->next;
	}
	*at = op->next;
	for (size_t i = 0; i < SQS_BATCH_MAX; i++)
		mem_free(op->handle[i]);
	mem_free(op);
}

struct sqs_op *
sqs_receive(
    struct sqs *s, const struct sqs_ask *ask, sqs_received_fn *fn, void *arg)
{
	struct sqs_op *op = new_op(FAKE_RECEIVE, ask->max, arg);

	(void)s;
	CHECK(ask->max >= 1 && ask->max <= SQS_BATCH_MAX);
	op->wait_s = ask->wait_s;
	op->replies = ask->replies;
	op->visibility_s = ask->visibility_s;
	op->received = fn;
	return op;
}

static struct sqs_op *
new_batch(enum fake_sqs_kind kind, const struct span *handle, size_t n,
    sqs_batch_fn *fn, void *arg)
{
	struct sqs_op *op = new_op(kind, n, arg);

	CHECK(n >= 1 && n <= SQS_BATCH_MAX);
	op->batch = fn;
	for (size_t i = 0; i < n; i++)
		op->handle[i] = mem_strndup(handle[i].p, handle[i].n);
	return op;
}

struct sqs_op *
sqs_delete(struct sqs *s, const struct span *handle, size_t n, sqs_batch_fn *fn,
    void *arg)
{
	(void)s;
	return new_batch(FAKE_DELETE, handle, n, fn, arg);
}

struct sqs_op *
sqs_change_visibility(struct sqs *s, const struct span *handle,
    const unsigned *visibility_s, size_t n, sqs_batch_fn *fn, void *arg)
{
	struct sqs_op *op = new_batch(FAKE_HIDE, handle, n, fn, arg);

	(void)s;
	for (size_t i = 0; i < n; i++) {
		CHECK(visibility_s[i] <= SQS_VISIBILITY_MAX_S);
		op->seconds[i] = visibility_s[i];
	}
	return op;
}

void
sqs_cancel(struct sqs_op **op)
{
	if (*op != NULL)
		free_op(*op);
	*op = NULL;
}

struct sqs_op *
fake_sqs_nth(size_t i)
{
	struct sqs_op *op;

	fake_run();
	for (op = sqs_ops; op != NULL && i > 0; i--)
		op = op->next;
	return op;
}

struct sqs_op *
fake_sqs_at(size_t i)
{
	struct sqs_op *op = fake_sqs_nth(i);

	CHECK(op != NULL);
	return op;
}

struct sqs_op *
fake_sqs_expect(enum fake_sqs_kind kind, size_t n)
{
	struct sqs_op *op = fake_sqs_nth(0);

	CHECK(op != NULL && op->kind == kind && op->n == n);
	return op;
}

void
fake_sqs_answer(struct sqs_op *op, unsigned bad, const char *code)
{
	struct sqs_entry_result e[SQS_BATCH_MAX] = {0};
	struct aws_result r = {.class = AWS_OK, .status = 200};

	CHECK(op->kind != FAKE_RECEIVE);
	for (size_t i = 0; i < op->n; i++) {
		e[i].ok = (bad & (1u << i)) == 0;
		if (!e[i].ok)
			e[i].code = span_str(code);
	}
	op->batch(op->arg, &r, e, op->n);
	free_op(op);
}

void
fake_sqs_result(struct sqs_op *op, const struct aws_result *r)
{
	if (op->kind == FAKE_RECEIVE)
		op->received(op->arg, r, NULL, 0);
	else
		op->batch(op->arg, r, NULL, 0);
	free_op(op);
}

void
fake_sqs_fail(struct sqs_op *op, enum aws_class class, enum err err)
{
	struct aws_result r = {.class = class, .err = err};

	fake_sqs_result(op, &r);
}

void
fake_sqs_messages(struct sqs_op *op, const struct sqs_message *m, size_t n)
{
	struct aws_result r = {.class = AWS_OK, .status = 200};

	CHECK(op->kind == FAKE_RECEIVE && n <= op->n);
	op->received(op->arg, &r, m, n);
	free_op(op);
}
