/*
 * What trailpost can be asked to do; each returns the exit status.
 */
#ifndef COMMANDS_COMMAND_H
#define COMMANDS_COMMAND_H

#include "daemon/run.h"

/* Asks the daemon that runs with these settings, of which only admin_listen has
 * to be right, whether it lives or (ready) can do its work. EXIT_TROUBLE: it
 * does not, which was printed, or does not answer within 3 s. */
int ask_health(const struct config_sources *sources, bool ready);

struct cat_args {
	const char *const *files; /* "-", or no file at all, is stdin */
	size_t n;
	const char *const *options; /* "KEY=VALUE": rules for events alone */
	size_t noptions;
	bool summary; /* only what they are made of */
};
/* Writes the events of log files to stdout, one a line, but for those that the
 * rules leave out. */
int cat_files(const struct cat_args *how);

#endif
