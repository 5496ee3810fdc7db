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
#include "daemon/config.h"
#include "daemon/hosts.h"
#include "net/http.h"
#include "net/timer.h"
#include "sink/dassana.h"

struct ev_loop;

struct ways {
	struct ev_loop *loop;
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
};

/* Cores and debuggers would show the secrets; from here on they do not. */
void ways_protect(void);
/* A region that the configuration leaves open is looked up, which may take
 * seconds, and put into it. false: some of it cannot be had; that is logged and
 * in lacks, the exit status in *status. ways_close in any case. */
bool ways_open(struct ways *w, struct config *c, creds_changed_fn *changed,
    void *arg, int *status);
void ways_close(struct ways *w);
/* c has changed: what is asked of Dassana from now on follows it. */
void ways_change_sink(struct ways *w, const struct config *c);

#endif
