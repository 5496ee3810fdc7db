/*
 * What waits in the queue and among its dead letters: asked once a minute. If
 * GetQueueAttributes is not allowed it is asked once an hour whether it is by
 * now.
 */
#ifndef ADMIN_BACKLOG_H
#define ADMIN_BACKLOG_H

#include "aws/sqs.h"
#include "net/timer.h"

struct backlog;

/* −1: not known. */
struct backlog_view {
	int64_t waiting, in_flight; /* messages of the queue */
	int64_t dead;		    /* of its dead-letter queue */
	bool has_dead_letters;
	bool forbidden;
};

/* sqs is borrowed while it lives. */
struct backlog *backlog_new(struct timers *timers, struct sqs *sqs);
void backlog_free(struct backlog **b);
struct backlog_view backlog_view(const struct backlog *b);

#endif
