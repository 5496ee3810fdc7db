/*
 * When and how much to receive, and what the received messages ask for.
 *
 * One long poll at a time, for as many messages as there is room, and another
 * at once when it returns. The first, and those after an error, wait only a
 * second, so that it is soon known whether the queue can be read. No poll while
 * messages are at their maximum, while the gate function says so (Dassana or S3
 * refuses everything, credentials are missing), or while backing off after an
 * error: from 1 s to 30 s with full jitter, for ever. After an empty reply that
 * came in less than half of the time to wait there is a second's rest.
 *
 * After a reply that was too large or unreadable, messages are asked for one by
 * one until a hundred in a row were of ordinary size, since what does not fit
 * is hidden and has spent a receive. A trial asks for one as well, and may go
 * beyond the maximum (flow/grant.h).
 */
#ifndef FLOW_INTAKE_H
#define FLOW_INTAKE_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/sqs.h"
#include "base/part.h"
#include "flow/messages.h"
#include "flow/objects.h"
#include "net/timer.h"
#include "trail/filter.h"
#include "trail/notify.h"

struct intake;

/* Messages together take at most so many bytes, give or take one receive. */
enum { INTAKE_BYTES_MAX = 4 * 1024 * 1024 };

struct intake_conf {
	struct timers *timers;
	struct sqs *sqs;
	const struct filter *filter;
	struct messages *messages;
	struct objects *objects;
	unsigned max_messages;
	unsigned visibility_s;
	/* For how many messages a poll makes sense now; 0: none; 1: a trial,
	 * also beyond max_messages. */
	unsigned (*gate)(void *arg);
	void (*changed)(void *arg); /* after each poll */
	void *arg;
};

struct intake_stats {
	uint64_t receives, errors, received, unknown;
	uint64_t filtered, other_folder; /* the latter of the former */
	uint64_t nothing[NOTIFY_R_COUNT], unknown_by[NOTIFY_R_COUNT];
};

struct intake *intake_new(const struct intake_conf *conf);
void intake_free(struct intake **in);
void intake_look(struct intake *in); /* polls if all is right for it */
/* No more polls. What the open one brings is released at once. */
void intake_stop(struct intake *in);
void intake_cancel(struct intake *in); /* the open poll too */
bool intake_polling(const struct intake *in);
bool intake_full(const struct intake *in);
/* What the last receive says of the queue. */
struct part intake_part(const struct intake *in);
struct intake_stats intake_stats(const struct intake *in);

#endif
