/*
 * The totals, as one log line a minute while they change and one at the end.
 */
#ifndef DAEMON_STATS_H
#define DAEMON_STATS_H

#include "flow/shipper.h"
#include "net/timer.h"

struct stats;

/* Both borrowed. */
struct stats *stats_new(struct timers *t, const struct shipper *s);
/* Stops the line a minute. */
void stats_free(struct stats **s);
/* One line now. */
void stats_log(const struct stats *s);

#endif
