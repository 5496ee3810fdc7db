/*
 * `trailpost check`: proves a set-up, step by step, and changes nothing, except
 * that it sends an event if asked to.
 *
 * Permissions to delete and to hide messages are tried with a receipt handle
 * that cannot exist. Reading from the queue costs a message one of its receives
 * and is left out unless asked for.
 */
#ifndef COMMANDS_CHECK_H
#define COMMANDS_CHECK_H

#include <stdbool.h>

#include "settings/config.h"

struct check_args {
	const char *object;   /* "s3://BUCKET/KEY"; NULL: none */
	const char *backfill; /* "s3://BUCKET[/PREFIX]"; NULL: none */
	bool peek;	      /* look for one in a notification */
	bool send;	      /* its first event to Dassana */
	bool json;
};

/* Returns the exit status: EXIT_OK if nothing failed, else EXIT_TROUBLE. */
int check_setup(const struct config_sources *src, const struct check_args *a);

#endif
