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

/* Writes the events of log files to stdout, one a line. "-", or no file at all,
 * is stdin. */
int cat_files(const char *const *files, size_t n);

#endif
