/*
 * What the daemon is doing, in one line for people; `systemctl status` shows
 * it. The most urgent thing wins: what stands still, and why, before how fast
 * it goes.
 */
#ifndef DAEMON_HEADLINE_H
#define DAEMON_HEADLINE_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/creds.h"
#include "base/buf.h"
#include "base/part.h"
#include "daemon/service.h"
#include "flow/shipper.h"
#include "net/timer.h"

struct headline;

/* All borrowed. Every few seconds the line is made anew. Without anybody who
 * listens it does nothing. */
struct headline *headline_new(struct timers *t, struct service *n,
    const struct shipper *s, const struct creds_keeper *k);
void headline_free(struct headline **h);
/* Something changed that should be seen at once. */
void headline_now(struct headline *h);

struct headline_facts {
	bool stopping;
	const char *creds_wanted; /* the source; NULL: there are some */
	const char *creds_error;
	bool paused;	    /* nothing is polled, as Dassana refuses all */
	bool token_refused; /* the last time that it was used */
	struct part dassana, queue, s3;
	unsigned messages;
	double events, bytes; /* taken by Dassana, per second */
	int64_t lag_s;	      /* age of the oldest object held; 0: not known */
};

void headline_write(const struct headline_facts *f, struct buf *out);

#endif
