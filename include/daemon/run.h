/* The daemon itself. */
#ifndef DAEMON_RUN_H
#define DAEMON_RUN_H

#include "daemon/exit.h"
#include "settings/config.h"

/* The daemon: until SIGTERM or SIGINT. SIGHUP reads the sources again. */
int run_daemon(const struct config_sources *sources);

#endif
