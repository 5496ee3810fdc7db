/*
 * The settings read anew while the daemon runs, from the same sources as at
 * start.
 *
 * They are checked as at start, and with one mistake none of them counts. Of
 * what has changed, what the table of options calls live moves into the
 * settings in force; the rest is named in the log, at each reload, until a
 * restart. A new endpoint of Dassana together with a new ca_file is of that
 * rest, and so are then the token and all else that belongs to the endpoint.
 * The environment is that of the start: nobody can give a process another one.
 */
#ifndef DAEMON_RELOAD_H
#define DAEMON_RELOAD_H

#include <stdbool.h>

#include "settings/config.h"

/* Returns whether c has changed; all that was made from it is to be looked
 * after then. */
bool reload_config(struct config *c, const struct config_sources *src);

/* The token alone, from its file, which is what rotates it: the one in force
 * now, in c. NULL: there is no such file, or no token in it, which was
 * logged. */
const char *reload_token(struct config *c);

#endif
