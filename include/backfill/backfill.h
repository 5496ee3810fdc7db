/*
 * One pass over the objects of a work: it counts them, or sends their
 * notifications too.
 *
 * Sending is in the order of keys, one batch unanswered at most; what SQS did
 * not take of a batch is sent again before anything else. So all before the
 * last key that is told was acknowledged, and whoever is killed has sent one
 * batch twice at most. It never lets more than so many messages wait in the
 * queue, as far as SQS tells.
 */
#ifndef BACKFILL_BACKFILL_H
#define BACKFILL_BACKFILL_H

#include "aws/sqs.h"
#include "backfill/lister.h"
#include "backfill/tally.h"

enum { BACKFILL_WAITING = 200 };

struct backfill;

struct backfill_conf { /* all borrowed */
	struct s3 *s3;
	struct sqs *sqs;
	struct timers *timers;
	const struct work *work;
	const struct filter *filter;
	struct span after;    /* go on behind this key; may be empty */
	int64_t since_s;      /* when the queue was made; −1: not known */
	bool sends;	      /* else it only counts */
	uint64_t max_waiting; /* messages in the queue */
	/* A batch was taken: all up to key is in the queue. false: stop. */
	bool (*on_sent)(void *arg, struct span key, uint64_t objects,
	    uint64_t bytes, uint64_t messages);
	void (*on_end)(void *arg); /* see backfill_view */
	void *arg;
};

/* Ends in one on_end, or in silence after backfill_free. */
struct backfill *backfill_new(const struct backfill_conf *conf);
void backfill_free(struct backfill **b);
/* No new batch: on_end comes as soon as the one under way is answered. */
void backfill_stop(struct backfill *b);

enum backfill_end {
	BACKFILL_RUNS,
	BACKFILL_DONE,
	BACKFILL_STOPPED,
	BACKFILL_NO_LIST,  /* refused: failure, on the prefix at */
	BACKFILL_NO_SEND,  /* refused: failure */
	BACKFILL_NO_QUEUE, /* it does not say how much waits: failure */
};

struct backfill_view {
	enum backfill_end end;
	struct tally tally; /* of what was seen */
	struct lister_view listed;
	uint64_t sent_objects, sent_bytes, sent_messages;
	uint64_t sent_again; /* messages: no answer came, or not taken */
	bool is_held;	     /* the queue is full enough */
	const struct aws_result *trouble; /* tried again; NULL: none */
	const struct aws_result *failure;
	struct span at;
	struct span first; /* key of the first object to be sent; copied */
};
struct backfill_view backfill_view(const struct backfill *b);

#endif
