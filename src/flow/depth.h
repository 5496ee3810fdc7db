/*
 * How many messages of the queue are in flight, asked of SQS once a minute
 * while we have hidden many ourselves; not known where that is not allowed. It
 * tells for how long more may be hidden (flow/hidden.h).
 */
#ifndef FLOW_DEPTH_H
#define FLOW_DEPTH_H

#include "aws/sqs.h"
#include "flow/messages.h"
#include "net/timer.h"

struct depth;

/* All borrowed. */
struct depth *depth_new(struct timers *t, struct sqs *sqs, struct messages *ms);
void depth_free(struct depth **d);
/* Asks, if it is time to. */
void depth_look(struct depth *d);
void depth_stop(struct depth *d);

#endif
