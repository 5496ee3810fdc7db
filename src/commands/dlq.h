/*
 * `trailpost dlq list` says why each message is in the dead-letter queue: what
 * its objects are, and what a GET and a parse of them say now. `trailpost dlq
 * redrive` puts them back.
 *
 * Looking spends a receive of each message. They are held until the end, since
 * a shorter visibility would show the same ones again, and then released, also
 * after a signal.
 */
#ifndef COMMANDS_DLQ_H
#define COMMANDS_DLQ_H

#include "settings/config.h"

struct args;

/* Returns the exit status. */
int dlq_command(const struct config_sources *src, const struct args *a);

#endif
