/*
 * What trailpost can be asked to do; each returns the exit status.
 */
#ifndef DAEMON_COMMAND_H
#define DAEMON_COMMAND_H

#include "daemon/config.h"

enum {
	EXIT_OK = 0,
	EXIT_TROUBLE = 1, /* some of the work could not be done */
	EXIT_USAGE = 2,	  /* a mistake in the command line or settings */
	EXIT_SECOND_SIGNAL = 130,
};

/* The daemon: until SIGTERM or SIGINT. SIGHUP reads the sources again. */
int run_daemon(const struct config_sources *sources);

/* Asks the daemon that runs with these settings, of which only admin_listen has
 * to be right, whether it lives or (ready) can do its work. EXIT_TROUBLE: it
 * does not, which was printed, or does not answer within 3 s. */
int ask_health(const struct config_sources *sources, bool ready);

/* Writes the events of log files to stdout, one a line. "-", or no file at all,
 * is stdin. */
int cat_files(const char *const *files, size_t n);

#endif
