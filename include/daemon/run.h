/*
 * The daemon itself, and what each command's exit status means.
 */
#ifndef DAEMON_RUN_H
#define DAEMON_RUN_H

#include "settings/config.h"

enum {
	EXIT_OK = 0,
	EXIT_TROUBLE = 1, /* some of the work could not be done */
	EXIT_USAGE = 2,	  /* a mistake in the command line or settings */
	EXIT_SECOND_SIGNAL = 130,
};

/* The daemon: until SIGTERM or SIGINT. SIGHUP reads the sources again. */
int run_daemon(const struct config_sources *sources);

#endif
