/*
 * One SQS queue: receive, delete, change visibility, send, ask for its
 * attributes.
 * AWS JSON 1.0 protocol.
 * (SQS Developer Guide, "Making requests (JSON)".)
 */
#ifndef AWS_SQS_H
#define AWS_SQS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/call.h"
#include "base/buf.h"
#include "base/span.h"

enum {
	SQS_BATCH_MAX = 10,
	SQS_WAIT_S = 20,
	/* Two of the longest messages fit, even if all of their bytes are
	 * escaped. */
	SQS_REPLY_MAX = 4 * 1024 * 1024 + 64 * 1024,
	SQS_MESSAGE_MAX = 1024 * 1024,
	/* What a reply takes once parsed, beside as much as its text. */
	SQS_TREE_MORE = 512 * 1024,
	SQS_VISIBILITY_MAX_S = 12 * 3600,
	SQS_TIMEOUT_MS = 30 * 1000,
	SQS_HANDLE_MAX = 1024,
	SQS_ID_MAX = 100,
	SQS_SEND_MAX = 256 * 1024, /* bytes of all bodies of one call */
};

struct json_node;
struct sqs;
struct sqs_op; /* one operation under way; gone when its fn is called */

struct sqs_conf {
	const char *queue_url; /* all copied */
	const char *region;
	struct endpoint endpoint;
	int64_t timeout_ms; /* of all but receives; 0: SQS_TIMEOUT_MS */
};

struct sqs *sqs_new(struct aws *a, const struct sqs_conf *conf);
void sqs_free(struct sqs **s);

struct sqs_message {
	struct span id, handle, body; /* borrowed for the callback */
	unsigned receive_count;	      /* 0 if not told */
	int64_t sent_ms;	      /* −1 if not told */
	/* Of whoever sent it; of a queue of dead letters alone. May be NULL. */
	const struct json_node *attributes;
};

/* r->class AWS_OK: n messages (0 … 10). A message without id, handle or body
 * makes the reply unreadable: AWS_TRANSIENT with ERR_SHAPE; more bytes than
 * there are: AWS_TRANSIENT with ERR_LIMIT. */
typedef void sqs_received_fn(void *arg, const struct aws_result *r,
    const struct sqs_message *m, size_t n);

struct sqs_ask {
	unsigned max;		     /* messages, 1 … 10 */
	unsigned wait_s;	     /* for them, 0 … 20 */
	unsigned visibility_s;	     /* so long nobody else sees them */
	struct http_budget *replies; /* borrowed; NULL: up to SQS_REPLY_MAX */
};
/* One attempt: the poll loop retries. */
struct sqs_op *sqs_receive(
    struct sqs *s, const struct sqs_ask *ask, sqs_received_fn *fn, void *arg);

/* How one entry of a batch came out. */
struct sqs_entry_result {
	bool ok;
	bool sender_fault; /* trying again as it is makes no sense */
	struct span code, message;
};
/* What an entry that is not ok says, as a refusal of the whole call would say
 * it: worth another try unless the fault is the sender's. */
void sqs_entry_refusal(const struct sqs_entry_result *e, struct aws_result *r);
/* entry has n elements in the order of the call if r->class is AWS_OK; an entry
 * that the reply does not mention is not ok with code "Missing". */
typedef void sqs_batch_fn(void *arg, const struct aws_result *r,
    const struct sqs_entry_result *entry, size_t n);

/* n = 1 … SQS_BATCH_MAX; handles are copied. */
struct sqs_op *sqs_delete(struct sqs *s, const struct span *handle, size_t n,
    sqs_batch_fn *fn, void *arg);
/* visibility_s: 0 … SQS_VISIBILITY_MAX_S, one for each handle. */
struct sqs_op *sqs_change_visibility(struct sqs *s, const struct span *handle,
    const unsigned *visibility_s, size_t n, sqs_batch_fn *fn, void *arg);

/* n = 1 … SQS_BATCH_MAX messages of together SQS_SEND_MAX bytes at most, which
 * are copied. One attempt: it may have been obeyed although no answer came. */
struct sqs_op *sqs_send(struct sqs *s, const struct span *body, size_t n,
    sqs_batch_fn *fn, void *arg);

/* One message with the attributes that it had, as sqs_copy_attributes has
 * written them; may be empty. Otherwise as sqs_send. */
struct sqs_op *sqs_send_again(struct sqs *s, struct span body,
    struct span attributes, sqs_batch_fn *fn, void *arg);
void sqs_copy_attributes(struct buf *out, const struct json_node *attributes);

/* Sends a message that SQS takes from nobody, since it is to be delayed for too
 * long and holds what no message may: so an entry that is refused shows that
 * sending is allowed. Where something takes it nevertheless it is a test
 * message in S3's shape, which daemons delete. */
struct sqs_op *sqs_try_send(struct sqs *s, sqs_batch_fn *fn, void *arg);

/* What the queue says of itself. Numbers are −1 and texts empty where it does
 * not say. (SQS API Reference, "GetQueueAttributes".) */
struct sqs_attributes {
	struct span arn;
	int64_t visibility_s;
	int64_t waiting, in_flight; /* messages, approximately */
	int64_t delayed;
	int64_t created_s;    /* wall clock */
	int64_t retention_s;  /* after which a message is dropped */
	int64_t max_receives; /* of the redrive policy; −1: none */
	struct span dead_letter_arn;
	struct span kms_key; /* empty: not encrypted with a KMS key */
	bool sqs_encrypted;  /* with SQS's own key */
	bool fifo;
};
/* a is borrowed, and NULL unless r->class is AWS_OK. */
typedef void sqs_attributes_fn(
    void *arg, const struct aws_result *r, const struct sqs_attributes *a);
struct sqs_op *
sqs_get_attributes(struct sqs *s, sqs_attributes_fn *fn, void *arg);

/* The dead-letter queue of that ARN, which is of the same account and region as
 * s; NULL if it has no name. To be freed. */
struct sqs *sqs_dead_letters(const struct sqs *s, struct span arn);

/* Lets SQS move all messages of a dead-letter queue back to where they came
 * from. (SQS API Reference, "StartMessageMoveTask".) */
typedef void sqs_moved_fn(void *arg, const struct aws_result *r);
struct sqs_op *
sqs_move(struct sqs *s, struct span source_arn, sqs_moved_fn *fn, void *arg);

/* For how long the oldest message that was received in the last minute had been
 * in the queue, in s; −1: none was. */
int64_t sqs_oldest_s(const struct sqs *s);

/* Silence. A cancelled receive may have taken messages, which then stay
 * invisible until their visibility timeout. */
void sqs_cancel(struct sqs_op **op);

#endif
