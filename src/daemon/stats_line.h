/*
 * The log's own clock: the rates of the last minute and the totals, as one line
 * a minute while they change and one at the end, without those that are zero;
 * and repetitions that are due (log_tick).
 */
#ifndef DAEMON_STATS_LINE_H
#define DAEMON_STATS_LINE_H

#include "flow/shipper.h"
#include "net/timer.h"

struct stats;

/* Both borrowed. */
struct stats *stats_new(struct timers *t, const struct shipper *s);
/* Stops both. */
void stats_free(struct stats **s);
/* One line now. */
void stats_log(const struct stats *s);

#endif
