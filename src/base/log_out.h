/*
 * Where lines of the log leave: a descriptor that somebody reads, or does not.
 *
 * A line waits for its reader, but only for a moment: a loop that stands still
 * for the sake of its log lets leases lapse and feeds no watchdog. After that
 * lines are left out, whole and counted, without waiting again until there is
 * room. Whether the descriptor blocks is its owner's affair (others may share
 * it): poll(2) is asked first, and what is written then fits.
 */
#ifndef BASE_LOG_OUT_H
#define BASE_LOG_OUT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/span.h"

struct log_out {
	int fd;
	int wait_ms;	  /* for one piece of a line, of up to PIPE_BUF */
	uint64_t dropped; /* lines; the caller tells it, and sets it to 0 */
	bool torn;	  /* the last line that was begun has no end */
};

/* A whole line with its end. A descriptor that is broken takes it silently. */
void log_out_line(struct log_out *o, struct span line);
/* Whether a line that is short would not have to wait. */
bool log_out_ready(const struct log_out *o);

#endif
