/*
 * What events are made of: how many there are of each eventSource and
 * eventName, and how many bytes those take as they are sent, so that one sees
 * what to leave out. Of at most SUMMARY_KINDS_MAX kinds; the rest is one more.
 */
#ifndef COMMANDS_SUMMARY_H
#define COMMANDS_SUMMARY_H

#include "base/buf.h"
#include "base/span.h"

enum {
	SUMMARY_KINDS_MAX = 20000,
	SUMMARY_NAME_MAX = 128, /* bytes of either name; more is cut off */
	/* A line of the table, every byte of both names escaped. */
	SUMMARY_BYTES_MAX =
	    (SUMMARY_KINDS_MAX + 3) * (2 * 6 * SUMMARY_NAME_MAX + 64),
};

struct summary;

struct summary *summary_new(void);
void summary_free(struct summary **s);
/* An event as the slicer hands it over. */
void summary_add(struct summary *s, struct span head, struct span tail);
/* A table, those that take the most bytes first. */
void summary_write(const struct summary *s, struct buf *out);

#endif
