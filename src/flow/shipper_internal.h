/*
 * The shipper's insides, for shipper.c, which drives it, and shipper_view.c,
 * which only looks.
 */
#ifndef FLOW_SHIPPER_INTERNAL_H
#define FLOW_SHIPPER_INTERNAL_H

#include "base/judge.h"
#include "base/stopwatch.h"
#include "flow/shipper.h"

enum shipper_state {
	SHIPPER_IDLE,
	SHIPPER_RUNNING,
	SHIPPER_DRAINING,
	SHIPPER_RELEASING,
	SHIPPER_DONE,
};

struct shipper {
	struct shipper_conf conf;
	struct shipper_deps deps;
	enum shipper_state state;
	struct pool *pool;
	struct delivery *delivery;
	struct batcher *batcher;
	struct batcher *lane; /* for what Dassana has refused before */
	struct judge judge;
	struct messages *messages;
	struct objects *objects;
	struct intake *intake;
	struct depth *depth;
	struct timer *look;	/* something changed: look what follows */
	struct timer *deadline; /* of the state */
	struct timer *poll_end; /* the open poll is cancelled */
	int64_t release_ms;
	struct stopwatch paused[SHIPPER_PAUSES];
	shipper_drained_fn *drained;
	void *drained_arg;
};

#endif
