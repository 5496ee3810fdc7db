/*
 * The slots in which objects are read: one GET each, decoded as it arrives,
 * its events handed to the batcher, and held back while there is no room.
 *
 *   FREE --start--> RUNNING <--wake--> BLOCKED --> FREE, ended(…)
 *
 * A slot's memory is allocated when it is first used, and kept. A blocked slot
 * waits for one of: its next turn (TURN_BYTES inflated in this one), room in
 * the batcher, the one large carry, or, if what it reads was stored with gzip
 * twice, one of the few second gunzips. Those who wait for any of these are
 * served in the order in which they came.
 *
 * An object is large once more than 8 MiB of it were inflated or it has had its
 * slot for 10 s, or for 2 s in which it got next to nothing from S3 or waited
 * for the carry or a gunzip. Large ones have three quarters of the slots at
 * most: one that turns large when they have is evicted. So is one of those who
 * have had all second gunzips for 10 s while others wait for one. Large ones,
 * and all of which more than 1 MiB was inflated, leave a quarter of the buffer
 * to others and add nothing while batches pile up before Dassana. Less than 1
 * KiB/s for a minute, while we were willing to read, is a failure
 * (AWS_TRANSIENT, "TooSlow").
 */
#ifndef FLOW_SLOTS_H
#define FLOW_SLOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/s3.h"
#include "flow/object.h"
#include "net/timer.h"
#include "sink/batcher.h"
#include "sink/delivery.h"
#include "trail/slicer.h"

/* So many may read what was stored with gzip twice at the same time. */
enum { SLOTS_LAYERS_MAX = 4 };

struct slots;

struct slots_conf {
	struct timers *timers;
	struct s3 *s3;
	struct batcher *batcher;
	struct batcher *lane;	   /* for the events of suspects */
	struct delivery *delivery; /* of both; NULL: never crowded */
	unsigned n;
	size_t max_record_bytes;
	struct events *events; /* what is in force as a GET begins is its own */
	/* S3 has answered; before the first event. rules: their number. */
	void (*opened)(void *arg, struct object *o, const struct s3_head *h,
	    uint64_t rules);
	/* One of its records is left out. */
	void (*left_out)(void *arg, struct object *o, uint64_t index,
	    enum slicer_cause cause);
	/* The object is read to its end, or cannot be; its slot is free. */
	void (*ended)(
	    void *arg, struct object *o, const struct object_end *end);
	void *arg;
};

struct slots *slots_new(const struct slots_conf *conf);
void slots_free(struct slots **s);

bool slots_vacant(const struct slots *s);
bool slots_take_large(const struct slots *s);	     /* or only others */
void slots_start(struct slots *s, struct object *o); /* needs a vacant one */
void slots_wake(struct slots *s);
/* ended stays silent. */
void slots_cancel(struct slots *s);			  /* all of them */
void slots_cancel_one(struct slots *s, struct object *o); /* it is active */

bool slots_choked(const struct slots *s); /* one waits for room */
/* For how long, in all, at least one waited for room in the batcher. */
int64_t slots_choked_ms(const struct slots *s);

#endif
