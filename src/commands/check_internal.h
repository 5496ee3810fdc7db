/*
 * What the steps of the check share. Each step starts something, waits for its
 * end on the loop, and adds what came of it to the report.
 */
#ifndef COMMANDS_CHECK_INTERNAL_H
#define COMMANDS_CHECK_INTERNAL_H

#include "commands/check.h"
#include "commands/report.h"
#include "daemon/ways.h"

struct check {
	struct config *c;
	const struct check_args *args;
	struct report report;
	struct ways ways;
	struct report_step step; /* the one under way */
	bool done;		 /* what is waited for has ended */
	bool has_creds;
	struct buf queue_arn;
	struct check_queue_facts {
		bool known, fifo, has_kms;
		int64_t created_s, retention_s; /* −1: not told */
		struct buf dead_letter_arn;	/* empty: none */
	} queue;
	struct buf bucket, key, version, region; /* of the object to read */
	struct buf handle; /* of the message that was peeked at */
};

/* check.c */
void check_init(struct check *p, struct config *c, const struct check_args *a);
void check_fini(struct check *p);
/* The ways to AWS, and who we are there; false: not to be had, which was
 * told. */
bool check_open(struct check *p);
/* Of config_load: a mistake or warning becomes a step. */
void check_note(void *arg, bool fatal, const char *text);

/* check_step.c */
/* Runs the loop until check_wake. */
void check_wait(struct check *p);
void check_wake(struct check *p);
void check_skip(struct check *p, const char *name, const char *why);
/* Takes over what a refusal says; the step has failed. */
void check_refused(struct check *p, const struct aws_result *r);

/* check_advice.c */
/* What to do about a refusal: which action to grant on what. */
void check_advise(const struct aws_result *r, const char *action,
    const char *resource, const struct endpoint *host, struct buf *out);

/* What to grant listing on. */
void
check_bucket_arn(const struct check *p, struct span bucket, struct buf *out);

/* Whether it is a key of KMS that stands in the way. */
bool check_is_kms(const struct aws_result *r);

/* check_creds.c */
void check_creds(struct check *p);
void check_identity(struct check *p);

/* check_queue.c */
void check_queue(struct check *p);
void check_permissions(struct check *p);

/* check_object.c */
/* Receives a message, and finds an object in it unless one was named. */
void check_peek(struct check *p);
void check_object(struct check *p);
/* The same without a version; false: it cannot be read. */
bool check_read(struct check *p);
struct s3_object check_object_of(const struct check *p); /* borrowed */

/* check_backfill.c */
/* What a backfill takes besides, of the same credentials. */
void check_backfill(struct check *p);

/* check_sink.c */
void check_sink(struct check *p);

/* check_send.c */
/* Sends the first event of that object, if asked to. */
void check_send(struct check *p);

#endif
