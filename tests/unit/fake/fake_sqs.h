/*
 * A stand-in for aws/sqs.h: keeps what it is asked until the test answers.
 * Include fake_sqs.c, beside fake_http.c for the clock and the timers.
 */
#ifndef FAKE_SQS_H
#define FAKE_SQS_H

#include "aws/sqs.h"

enum fake_sqs_kind { FAKE_RECEIVE, FAKE_DELETE, FAKE_HIDE };

struct sqs_op {
	struct sqs_op *next;
	enum fake_sqs_kind kind;
	char *handle[SQS_BATCH_MAX];
	unsigned seconds[SQS_BATCH_MAX];
	size_t n; /* entries, or messages asked for */
	unsigned wait_s, visibility_s;
	struct http_budget *replies;
	sqs_received_fn *received;
	sqs_batch_fn *batch;
	void *arg;
};

/* Runs, then gives the i-th of those open, the oldest first; NULL past the
 * last. */
struct sqs_op *fake_sqs_nth(size_t i);
/* There must be one. */
struct sqs_op *fake_sqs_at(size_t i) __attribute__((returns_nonnull));
struct sqs_op *fake_sqs_expect(enum fake_sqs_kind kind, size_t n)
    __attribute__((returns_nonnull));
/* All entries but those in bad (bits) came out well; those have this code. */
void fake_sqs_answer(struct sqs_op *op, unsigned bad, const char *code);
/* The whole call failed. */
void fake_sqs_fail(struct sqs_op *op, enum aws_class class, enum err err);
void fake_sqs_result(struct sqs_op *op, const struct aws_result *r);
void
fake_sqs_messages(struct sqs_op *op, const struct sqs_message *m, size_t n);

#endif
