/*
 * What becomes of each object of a listing, how many there are of each kind,
 * and what it takes to bring them. Pure.
 */
#ifndef BACKFILL_TALLY_H
#define BACKFILL_TALLY_H

#include "aws/list.h"
#include "backfill/work.h"
#include "trail/filter.h"

enum choice {
	CHOICE_SEND,
	CHOICE_TIME,	 /* of another time */
	CHOICE_FILTER,	 /* the daemon's settings leave it out */
	CHOICE_ARCHIVED, /* cannot be read before it is restored */
	CHOICES
};

/* The time in the name counts, or LastModified if there is none or the layout
 * is lifted. */
enum choice choose(
    const struct work *w, const struct filter *f, const struct list_object *o);

struct tally {
	uint64_t objects[CHOICES];
	uint64_t bytes[CHOICES];
	uint64_t recent; /* to be sent, but newer than the queue: may have been
			  * announced already */
};
/* since_s: when the queue was made; −1: not known. */
void tally_add(struct tally *t, enum choice c, const struct list_object *o,
    int64_t since_s);

enum { LETTER_OBJECTS = 25 }; /* named by one message */

/* What it takes: AWS's list prices of us-east-1, and Dassana's limit of 50 GB
 * an hour for what is ESTIMATE_GROWTH times as large as the objects. */
enum { ESTIMATE_GROWTH = 10 };
struct estimate {
	uint64_t messages;
	uint64_t lists, gets, sqs; /* requests: ours, and the daemons' */
	double dollars;
	double hours;
};
struct estimate tally_estimate(const struct tally *t, uint64_t lists);

#endif
