/*
 * What is read out of a record itself, for lag and summaries: nothing that is
 * sent depends on it. (CloudTrail User Guide, "CloudTrail record contents".)
 */
#ifndef TRAIL_RECORD_H
#define TRAIL_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* In CloudTrail's records eventTime comes third, after the identity. */
enum { RECORD_HEAD_BYTES = 4096 };

/* How a record begins. */
struct record_head {
	char bytes[RECORD_HEAD_BYTES];
	size_t n;
};

/* Keeps the beginning of a record as the slicer hands it over. */
void record_keep(struct record_head *r, struct span head, struct span tail);

/*
 * The value of the record's own "eventTime" (not of what is nested in it).
 * false if it is not there, not in the beginning, or no time. The first counts.
 */
bool record_time(const struct record_head *r, int64_t *wall_s);

/*
 * The value of the record's own member `key`, as it stands between its quotes.
 * false if it is not there, or the first one is no string.
 */
bool record_text(struct span record, const char *key, struct span *value);

#endif
