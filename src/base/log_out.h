/*
 * Where lines of the log leave: a descriptor that somebody reads, or does not.
 *
 * A line never waits for its reader: a loop that stands still for the sake of
 * its log lets leases lapse and feeds no watchdog. What is not taken at once
 * stays here, in order, and goes out with the next line or when the loop finds
 * room (net/log_drain.h). When LOG_OUT_MAX bytes wait, lines are left out, each
 * whole and counted, until half of that has gone.
 *
 * Whether the descriptor blocks is its owner's affair (others may share it):
 * poll(2) is asked first, and what is written to a pipe or socket then fits. A
 * terminal that says that it has room may have it for one byte; it is opened
 * anew, not to block.
 */
#ifndef BASE_LOG_OUT_H
#define BASE_LOG_OUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

enum { LOG_OUT_MAX = 256 * 1024 };

struct log_out {
	int fd;
	char *text;	  /* room for LOG_OUT_MAX bytes; the caller's */
	int own_fd;	  /* the terminal, opened anew; 0: not looked yet */
	uint64_t dropped; /* lines; the caller tells it, and sets it to 0 */
	bool full;	  /* lines are being left out */
	size_t from, n;	  /* what waits, in text */
};

/* A whole line with its end. A descriptor that is broken takes it silently. */
void log_out_line(struct log_out *o, struct span line);
/* Writes what waits as far as it is taken. Whether some is left. */
bool log_out_drain(struct log_out *o);
/* The same, and waits for the reader up to that long in all. */
void log_out_wait(struct log_out *o, int wait_ms);
/* Whether a line would be left out. */
bool log_out_full(struct log_out *o);

#endif
