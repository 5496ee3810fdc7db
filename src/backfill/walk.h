/*
 * Which folders of a bucket to list, in the order of their keys:
 * [prefix/]AWSLogs/[o-…/]ACCOUNT/CloudTrail…/REGION/YYYY/MM/DD/, never the
 * whole bucket. Days are those of the work, and one more on each side, since a
 * file lies in the folder of the day on which it was written. Knows nothing of
 * S3.
 *
 * A folder that walk_next gives as WALK_FOLDERS is to be listed and answered
 * (walk_add for each folder in it, in order; then walk_answered) before the
 * next one.
 */
#ifndef BACKFILL_WALK_H
#define BACKFILL_WALK_H

#include "backfill/work.h"

struct walk;

enum walk_step {
	WALK_FOLDERS, /* list the folders in it */
	WALK_OBJECTS, /* list the objects in it */
	WALK_END,
};

/* after: folders with nothing behind this key are left out; may be empty. Both
 * are borrowed. */
struct walk *walk_new(const struct work *w, struct span after);
void walk_free(struct walk **w);

/* prefix is valid until the next call. */
enum walk_step walk_next(struct walk *w, struct span *prefix);
/* The whole prefix of a folder, as S3 lists it. ERR_SHAPE: it is not in the one
 * that was asked for, or not in order. What is no part of the layout is
 * overlooked. */
enum err walk_add(struct walk *w, struct span folder);
void walk_answered(struct walk *w);

/* How many folders of days there are in all, as far as it is known. */
struct walk_view {
	uint64_t accounts, regions, days; /* begun */
};
struct walk_view walk_view(const struct walk *w);

#endif
