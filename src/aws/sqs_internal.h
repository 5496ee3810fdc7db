/*
 * What the files of sqs share: sqs.c, sqs_attributes.c, sqs_send.c.
 */
#ifndef AWS_SQS_INTERNAL_H
#define AWS_SQS_INTERNAL_H

#include "aws/priv.h"
#include "aws/sqs.h"
#include "base/json.h"

enum { SQS_BODY_MAX = 256 * 1024, SQS_AGE_SLOTS = 6 };

struct sqs {
	struct aws *aws;
	char *queue_url, *region;
	struct endpoint endpoint;
	int64_t timeout_ms;
	bool wants_attributes; /* of those who sent the messages */
	struct sqs_age {
		int64_t slot; /* of time */
		int64_t ms;   /* the oldest message that came in it */
		bool used;
	} age[SQS_AGE_SLOTS];
};

struct sqs_op {
	struct sqs *sqs;
	struct call *call;
	size_t n; /* messages asked for, or entries sent */
	sqs_received_fn *received;
	sqs_batch_fn *batch;
	sqs_attributes_fn *attributes;
	sqs_moved_fn *moved;
	void *arg;
};

/* A message came that was sent then; −1: it does not say when. (sqs_age.c) */
void sqs_note_sent(struct sqs *s, int64_t sent_ms);

/* Begins the body of a request: an object, left open after its QueueUrl. */
void sqs_open_body(const struct sqs *s, struct buf *body);
/* The on_done of a call for op->n entries, whose Ids are their numbers. */
void sqs_on_batch(void *arg, const struct aws_result *r);
/* Sends it; spec says the rest. */
void sqs_start(struct sqs_op *op, struct call_spec *spec, const char *target,
    const struct buf *body);
/* *root is NULL for an empty body, which says nothing went wrong. */
enum err sqs_parse_reply(
    const struct reply *r, struct json **j, const struct json_node **root);
void sqs_make_unreadable(struct aws_result *r, enum err err);

#endif
