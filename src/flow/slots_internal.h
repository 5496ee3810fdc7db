/*
 * What the files of slots share: slots.c (the life of a slot), slots_wait.c
 * (who waits for what), slots_pace.c (who takes long).
 */
#ifndef FLOW_SLOTS_INTERNAL_H
#define FLOW_SLOTS_INTERNAL_H

#include <sys/queue.h>

#include "base/stopwatch.h"
#include "flow/slots.h"
#include "trail/decode.h"
#include "trail/record.h"

enum ending { END_WHOLE, END_BROKEN, END_EVICTED };
enum block {
	BLOCK_NONE,
	BLOCK_TURN,
	BLOCK_ROOM,
	BLOCK_CARRY,
	BLOCK_LAYER,
	BLOCK_COUNT
};

struct slot {
	TAILQ_ENTRY(slot) link;
	struct slots *all;
	struct object *object; /* NULL: free */
	struct decode *decode;
	struct events_rules *rules; /* held; NULL: none */
	struct s3_get *get;	    /* NULL once the GET has ended */
	enum block block;
	bool more;    /* the decoder can go on without new bytes */
	bool arrived; /* the GET has ended well */
	bool has_carry, has_layer;
	int64_t began_ms, blocked_ms, layer_ms; /* and when it got that */
	bool is_small;	 /* had not had much when it was blocked */
	unsigned pumped; /* the turn of the pump that has looked at it */
	bool called;	 /* it has its turn, and waits for bytes alone */
	/* Of the last minute or so, time that we were not willing to read in
	 * left out. */
	int64_t rate_ms;
	uint64_t rate_bytes;
	char request_id[96];
	struct record_head *last; /* owned; of the records so far */
};

TAILQ_HEAD(slot_list, slot);

struct slots {
	struct slots_conf conf;
	struct slot *slot;
	unsigned busy, large;
	struct timer *tick;
	struct slot_list vacant;
	/* The blocked ones, by what blocks them, in order. Whoever has the
	 * carry never waits behind one who wants it. */
	struct slot_list blocked[BLOCK_COUNT];
	unsigned nturns; /* on blocked[BLOCK_TURN] */
	unsigned nsmall; /* on blocked[BLOCK_ROOM], and small */
	unsigned pumps;
	struct slot *owner; /* of the carry, while it waits for room */
	struct timer *pump;
	void *carry; /* lent to one slot at a time; NULL until first needed */
	bool carry_lent;
	unsigned layers; /* second gunzips, of those who have one */
	struct stopwatch choked;
};

/* ---- slots.c ---- */

struct batcher *slot_batcher(const struct slot *s);
/* Frees it; aws: of a GET that failed. */
void slot_end(struct slot *s, enum ending how, enum err err,
    const struct aws_result *aws);
/* It waits no longer, and decodes what it may. */
void slot_carry_on(struct slot *s, bool newcomer);

/* ---- slots_wait.c ---- */

void slot_block(struct slot *s, enum block why);
void slot_unblock(struct slot *s);
/* What keeps this slot from its next step, if anything. */
enum block slot_obstacle(struct slot *s);
/* Who comes to it anew stands back behind those of its kind who wait. */
bool slot_stands_back(const struct slot *s);
void slot_return_carry(struct slot *s, bool force);
void slot_return_layer(struct slot *s);
timer_fn slots_pump;

/* ---- slots_pace.c ---- */

enum { SLOTS_TICK_MS = 1000 };
timer_fn slots_tick;

#endif
