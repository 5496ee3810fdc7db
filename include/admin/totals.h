/*
 * What is counted since the start and told to people: one table says where each
 * number shows. /metrics has more of them, with labels (admin/metrics.h).
 */
#ifndef ADMIN_TOTALS_H
#define ADMIN_TOTALS_H

#include <stddef.h>
#include <stdint.h>

#include "flow/shipper.h"
#include "sink/delivery.h"

/* Where a row shows. */
enum {
	TOTAL_LINE = 1,	  /* the stats line, unless it is 0 */
	TOTAL_ALWAYS = 2, /* there even if it is 0 */
	TOTAL_STATUS = 4, /* /status */
	TOTAL_IDLE = 8,	  /* grows though nothing happens: no news by itself */
};

enum total_group { /* of tables on the page */
	TOTAL_NOWHERE,
	TOTAL_MESSAGES,
	TOTAL_OBJECTS,
	TOTAL_EVENTS,
};

struct totals_values {
	struct shipper_stats flow;
	struct delivery_stats sink;
};

struct total {
	const char *name;
	size_t at, size; /* of the numbers that are added up, in bytes */
	unsigned shows;
	enum total_group group;
	const char *words; /* on the page */
	unsigned per;	   /* there so many are one; 0: one */
};

/* In the order in which they are told; the last one has no name. */
extern const struct total totals_table[];

struct totals_values totals_read(const struct shipper *s);
uint64_t totals_value(const struct totals_values *v, const struct total *t);

#endif
