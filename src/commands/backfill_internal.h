/*
 * What the files of the backfill command share: backfill.c goes from step to
 * step, backfill_plan.c reads what is asked, backfill_tell.c says what was
 * found and how it ended, backfill_progress.c how far it is.
 */
#ifndef COMMANDS_BACKFILL_INTERNAL_H
#define COMMANDS_BACKFILL_INTERNAL_H

#include <stdio.h>

#include "backfill/backfill.h"
#include "backfill/state.h"
#include "commands/args.h"
#include "commands/check_internal.h"

struct progress;

struct fill {
	struct check check; /* the steps before the first message */
	const struct args *args;
	const struct backfill_args *asked;
	struct work work;
	struct state state; /* how far it has come, also without a file */
	uint64_t max_waiting;
	struct filter *filter;
	struct backfill *pass;		    /* the one under way */
	struct progress *progress;	    /* of it */
	struct backfill_view counted, sent; /* what came of them */
	struct aws_result failure;
	struct buf at, first; /* what views point to, kept */
	int64_t began_ms;
	bool signalled;
	char why[512]; /* the state could not be written; or "" */
};

/* backfill_plan.c */
/* What the command line asks; false: a mistake, which was told. */
bool plan_read(struct fill *f);
/* The end of the time, and what the state's file says; once the queue is
 * known. false: told. */
bool plan_settle(struct fill *f);
/* The command that goes on where this one ends, in a shell's words. */
void plan_command(const struct fill *f, struct buf *out);

/* backfill_tell.c */
/* "1.2 GB" */
void tell_bytes(struct buf *b, uint64_t bytes);
/* What was counted, as steps; false: it could not be listed. */
bool tell_listing(struct fill *f);
/* What it will take. */
void tell_work(struct fill *f);
/* How it ended: lines, and with --json the document. */
void tell_end(struct fill *f, const char *how);
/* The last step that failed, if the sending did. */
void tell_refusal(struct fill *f);

/* backfill_progress.c */
/* Says every second (on a terminal) or every minute how far p is; total: what
 * was counted, or NULL while it counts. */
struct progress *progress_new(struct timers *t, const struct backfill *b,
    const struct backfill_view *total);
void progress_free(struct progress **p);

#endif
