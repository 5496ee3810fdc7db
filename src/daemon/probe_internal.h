/*
 * What the steps of the check share. Each step starts something, waits for its
 * end on the loop, and adds what came of it to the report.
 */
#ifndef DAEMON_PROBE_INTERNAL_H
#define DAEMON_PROBE_INTERNAL_H

#include "daemon/probe.h"
#include "daemon/report.h"
#include "daemon/ways.h"

struct probe {
	struct config *c;
	const struct probe_args *args;
	struct report report;
	struct ways ways;
	struct report_step step; /* the one under way */
	bool done;		 /* what is waited for has ended */
	bool has_creds;
	struct buf queue_arn;
	struct buf bucket, key, version, region; /* of the object to read */
	struct buf handle; /* of the message that was peeked at */
};

/* probe.c */
/* Runs the loop until probe_wake. */
void probe_wait(struct probe *p);
void probe_wake(struct probe *p);
void probe_skip(struct probe *p, const char *name, const char *why);
/* Takes over what a refusal says; the step has failed. */
void probe_refused(struct probe *p, const struct aws_result *r);

/* probe_advice.c */
/* What to do about a refusal: which action to grant on what. */
void probe_advise(const struct aws_result *r, const char *action,
    const char *resource, const struct endpoint *host, struct buf *out);

/* Whether it is a key of KMS that stands in the way. */
bool probe_is_kms(const struct aws_result *r);

/* probe_creds.c */
void probe_creds(struct probe *p);
void probe_identity(struct probe *p);

/* probe_queue.c */
void probe_queue(struct probe *p);
void probe_permissions(struct probe *p);

/* probe_object.c */
/* Receives a message, and finds an object in it unless one was named. */
void probe_peek(struct probe *p);
void probe_object(struct probe *p);

/* probe_sink.c */
void probe_sink(struct probe *p);

#endif
