/*
 * Messages that name objects, in the shape of S3's own notifications, so that
 * whoever reads the queue understands them. One batch: up to SQS_BATCH_MAX
 * messages of LETTER_OBJECTS objects, SQS_SEND_MAX bytes in all. Pure.
 * (S3 User Guide, "Event message structure", version 2.1.)
 *
 * There is no eventTime: it would be that of an object put months ago, and the
 * daemons tell by it how far they are behind.
 */
#ifndef BACKFILL_LETTERS_H
#define BACKFILL_LETTERS_H

#include "aws/list.h"
#include "aws/sqs.h"
#include "backfill/tally.h"

struct letters {
	struct buf text; /* the messages, one after the other */
	struct {
		size_t at, n;
	} letter[SQS_BATCH_MAX];
	size_t n, max;
	unsigned objects;  /* in the last message */
	struct buf record; /* under construction */
	struct buf before; /* of the key: the same for all records */
	struct buf last;   /* the key that was added last */
	uint64_t total;	   /* objects of the batch */
	uint64_t bytes;	   /* of them */
};

/* max: messages of a batch, SQS_BATCH_MAX at most. */
void letters_init(
    struct letters *l, struct span bucket, const char *region, uint64_t max);
void letters_fini(struct letters *l);
void letters_reset(struct letters *l); /* an empty batch */
/* false: the batch is full, and has to go first. One object always fits. */
bool letters_add(struct letters *l, const struct list_object *o);
/* Body of message i; valid until the next change. */
struct span letters_at(const struct letters *l, size_t i);

#endif
