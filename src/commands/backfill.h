/*
 * `trailpost backfill`: announces the files of a time that is past to the queue
 * that the daemons read, so that these deliver them.
 */
#ifndef COMMANDS_BACKFILL_H
#define COMMANDS_BACKFILL_H

#include <stdbool.h>
#include <stddef.h>

#include "settings/config.h"

struct args;

/* As they were given; NULL or 0 for what was not. */
struct backfill_args {
	const char *place; /* "s3://BUCKET[/PREFIX]" */
	const char *from, *to;
	const char **accounts, **regions; /* owned by args */
	size_t naccounts, nregions;
	const char *organization;
	const char *max_waiting;
	const char *after, *state;
	bool any_key, dry_run, yes, json;
};

/* Returns the exit status: EXIT_OK also after a signal; EXIT_TROUBLE if it was
 * refused something; EXIT_USAGE. */
int backfill_command(const struct config_sources *src, const struct args *a);

#endif
