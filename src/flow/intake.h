/*
 * When and how much to receive, and what the received messages ask for.
 *
 * Long polls, as many as flow/polls.h wants and as there are places for what
 * they may bring, each begun when all that came is taken in: what a poll
 * brought is never given back for want of room, since that would spend a
 * receive, but waits here, leased. No poll while as many messages are worked on
 * as may be, or while backing off after an error: from 1 s to 30 s with jitter,
 * for ever. One a minute at the most while the gate function wants little.
 * After an empty reply that came in less than half of the time to wait there is
 * a second's rest.
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

enum {
	/* The messages worked on take at most so many bytes, give or take one.
	 */
	INTAKE_BYTES_MAX = 3 * 1024 * 1024,
	/* All replies of open polls and what of them is unread. One of the
	 * longest messages fits, even if all of its bytes are escaped. */
	INTAKE_REPLIES_MAX = 2 * SQS_MESSAGE_MAX + 64 * 1024,
};

enum intake_gate {
	INTAKE_SHUT,
	INTAKE_LITTLE, /* ten messages a minute, to find out */
	INTAKE_OPEN,
};

struct intake_conf {
	struct timers *timers;
	struct sqs *sqs;
	const struct filter *filter;
	struct messages *messages;
	struct objects *objects;
	unsigned max_messages;
	unsigned visibility_s;
	unsigned wait_max_s; /* of a poll; 0: SQS_WAIT_S */
	enum intake_gate (*gate)(void *arg);
	void (*changed)(void *arg); /* look again */
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
/* No more polls. What the open ones bring is released at once. */
void intake_stop(struct intake *in);
void intake_cancel(struct intake *in); /* the open polls too */
bool intake_polling(const struct intake *in);
/* The queue had no more to give. */
bool intake_drained(const struct intake *in);
bool intake_full(const struct intake *in); /* no place for more */
/* It would ask for more if there were places for all that might come. */
bool intake_starved(const struct intake *in);
/* What the last receive says of the queue. */
struct part intake_part(const struct intake *in);
struct intake_stats intake_stats(const struct intake *in);

#endif
