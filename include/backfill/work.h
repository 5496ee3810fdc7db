/*
 * What a backfill is asked to bring: which objects of which bucket, to which
 * queue. Two runs with equal work send the same objects in the same order.
 */
#ifndef BACKFILL_WORK_H
#define BACKFILL_WORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

struct work {
	struct span bucket;
	struct span prefix; /* of the trail, without '/' at its end; of all keys
			     * if any_key. May be empty */
	struct span queue;  /* its URL */
	int64_t from_s, to_s;	     /* wall clock; the latter is left out */
	struct span organization;    /* "o-…"; empty: all, and none */
	const char *const *accounts; /* none: all */
	size_t naccounts;
	const char *const *regions; /* none: all */
	size_t nregions;
	bool any_key; /* whatever the layout; LastModified counts */
};

/* Takes "s3://BUCKET[/PREFIX]"; the bucket may be an access point's ARN. The
 * spans point into s. false if it has another form. */
bool work_take_place(struct work *w, const char *s);

/*
 * Times. when_parse: "2026-01-31", "2026-01-31T12:00Z" or as clock_parse_iso;
 * ERR_SYNTAX also for a day that no month has.
 */
enum err when_parse(struct span s, int64_t *wall_s);
/* The time in the name of a log file, ACCOUNT_CloudTrail_REGION_
 * YYYYMMDDTHHMMZ_UNIQUE.json.gz; −1 if it has none. (CloudTrail User Guide,
 * "Log file name format".) */
int64_t when_of_key(struct span key);
enum { WHEN_DAY_S = 24 * 3600 };
/* Appends "2026/01/31/", of the day that many days after 1970-01-01. */
void when_day_folder(struct buf *b, int64_t day);

#endif
