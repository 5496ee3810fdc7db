/*
 * The open polls of the queue: how many, for how many messages each, and for
 * how long each waits.
 *
 * One while the queue is idle. Each that comes back full lets one more be open,
 * up to POLLS_MAX; each that is not half full takes one away, and an empty or
 * failed one all but one. The first, and those after a failure, wait only a
 * second, so that it is soon known whether the queue can be read.
 *
 * All of them share one budget of bytes for their replies, since what does not
 * fit is hidden and has spent a receive. Together they ask for as many messages
 * as fit if each is as large as the largest of the last hundred; at first that
 * is as large as SQS lets one be. After a reply that was too large or
 * unreadable messages are asked for one by one, until a hundred came.
 */
#ifndef FLOW_POLLS_H
#define FLOW_POLLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/sqs.h"
#include "net/http.h"
#include "net/timer.h"

struct polls;

/* So many that SQS may be 200 ms away and still give 300 messages a second. */
enum { POLLS_MAX = 8 };

struct poll_end {
	const struct aws_result *result;
	const struct sqs_message *message;
	size_t n;
	unsigned ticket;
	bool hasty; /* back in less than half of the time it was to wait */
};
typedef void polls_ended_fn(void *arg, const struct poll_end *e);

struct polls_conf {
	struct timers *timers;
	struct sqs *sqs;
	struct http_budget *replies;
	unsigned visibility_s;
	unsigned wait_max_s; /* 0: SQS_WAIT_S */
	polls_ended_fn *ended;
	void (*vain)(void *vain_arg); /* now they are drained: all wait */
	void *vain_arg;
	void *arg;
};

struct polls *polls_new(const struct polls_conf *conf);
void polls_free(struct polls **p); /* cancels them */

unsigned polls_open(const struct polls *p);
unsigned polls_asked(const struct polls *p); /* messages they may bring */
/* For how many the next one may ask; 0: there are as many as may be. A probe
 * may be one more. */
unsigned polls_next(const struct polls *p, bool probe);
/* For n messages; ticket is handed back. */
void polls_begin(struct polls *p, unsigned n, unsigned ticket, bool brief);
void polls_cancel(struct polls *p);
/* The queue has no more: one brought fewer than it asked for, and none that
 * began after it has brought as many; or all that are open wait, 100 ms longer
 * than twice the time that the last full one took. */
bool polls_drained(const struct polls *p);

#endif
