/*
 * The ways to AWS and Dassana: what the daemon and the check both need. Each
 * thing borrows those made before it, so they go in reverse order.
 */
#ifndef DAEMON_WAYS_H
#define DAEMON_WAYS_H

#include "aws/call.h"
#include "aws/creds.h"
#include "aws/s3.h"
#include "aws/sqs.h"
#include "net/http.h"
#include "net/timer.h"
#include "settings/config.h"
#include "settings/hosts.h"
#include "sink/dassana.h"

struct ev_loop;

struct ways {
	struct ev_loop *loop;
	struct log_drain *log;
	struct timers *timers;
	struct http *http;
	struct creds_keeper *keeper;
	struct aws *aws;
	struct sqs *sqs;
	struct s3 *s3;
	struct dassana *dassana;
	struct hosts hosts;
	const char *lacks; /* what could not be had: "credentials", or NULL */
	char why[1024];	   /* and the reason */
	int status;	   /* of exit, where something is lacking */
};

/* Cores and debuggers would show the secrets; from here on they do not. */
void ways_protect(void);
/* In this order; false: it cannot be had, which is logged, and in lacks and
 * status. ways_close in any case. */
/* The loop, the log's outlet, timers and http. */
bool ways_begin(struct ways *w, const struct config *c);
/* Looks a region up that the configuration leaves open, and puts it into it.
 * Runs the loop meanwhile: for some seconds, or (patient) until it is found.
 * Whoever breaks the loop ends it too: false, nothing lacks, status is
 * EXIT_OK. */
bool ways_find_region(struct ways *w, struct config *c, bool patient);
bool ways_open(struct ways *w, const struct config *c,
    creds_changed_fn *changed, void *arg);
/* How long a poll may last, in s. Whoever presses Ctrl-C waits for the open
 * one, since one that is cut off may have taken messages with it; so on a
 * terminal it is short. */
unsigned ways_poll_s(void);
void ways_close(struct ways *w);
/* c has changed: what is asked of Dassana from now on follows it. */
void ways_change_sink(struct ways *w, const struct config *c);

#endif
