/*
 *   idle --start--> running --drain--> draining --all settled--> done
 *                                         | out of time
 *                                         +--> releasing --told SQS--> done
 */
#include "flow/shipper_internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/depth.h"
#include "flow/intake.h"
#include "flow/messages.h"
#include "flow/objects.h"
#include "flow/pause.h"
#include "flow/slots.h"
#include "flow/story.h"
#include "sink/batcher.h"
#include "sink/delivery.h"
#include "sink/pool.h"

enum {
	DELIVERY_BACKOFF_MS = 500,
	DELIVERY_BACKOFF_MAX_MS = 30000,
	/* Of the time to shut down, at most so much and at most a quarter is
	 * kept for telling SQS what is given up. */
	RELEASE_MAX_MS = 3000,
	/* The open poll is given until this long before the end. */
	POLL_GRACE_MS = 5000,
};

/* ---- what follows from what happened ---- */

static void
on_changed(void *arg)
{
	struct shipper *s = arg;

	timer_soon(s->look);
}

static enum intake_gate
gate(void *arg)
{
	struct shipper *s = arg;

	if (s->deps.ready != NULL && !s->deps.ready(s->deps.ready_arg))
		return INTAKE_SHUT;
	if (!delivery_open(s->delivery))
		return delivery_wants_fresh(s->delivery) &&
			       objects_idle(s->objects)
			   ? INTAKE_LITTLE
			   : INTAKE_SHUT;
	return objects_stand_still(s->objects) ? INTAKE_LITTLE : INTAKE_OPEN;
}

/*
 * The open batch is sent before it is full or old when nothing will add to it:
 * no POST is under way, and either an object waits for room that only this
 * batch can give, or none waits for a slot and fewer can come than might,
 * because the messages take all places, or because we drain. And when nothing
 * is there that would add to it soon: no object, and none in the queue, since
 * the last poll brought fewer than it might, or waits.
 */
static void
seal_if_starved(struct shipper *s)
{
	struct objects_stats o = objects_stats(s->objects);
	bool draining = s->state == SHIPPER_DRAINING;
	bool ends = draining ? o.active == 0 : intake_starved(s->intake);
	bool quiet = o.active == 0 && intake_drained(s->intake);

	if (!draining && !delivery_idle(s->delivery))
		return;
	if (objects_choked(s->objects) || (o.waiting == 0 && (ends || quiet)))
		batcher_seal(s->batcher);
}

static bool
all_settled(const struct shipper *s)
{
	return objects_idle(s->objects) && delivery_idle(s->delivery) &&
	       batcher_open_events(s->batcher) == 0 &&
	       messages_count(s->messages) == 0 && !intake_polling(s->intake);
}

static void
drained(struct shipper *s, const char *how)
{
	s->state = SHIPPER_DONE;
	timer_stop(s->deadline);
	timer_stop(s->poll_end);
	LOG_INFO("drained", F_STR("outcome", how),
	    F_INT("messages_left", messages_count(s->messages)));
	s->drained(s->drained_arg);
}

static void
on_look(void *arg)
{
	struct shipper *s = arg;

	pause_look(s);
	switch (s->state) {
	case SHIPPER_RUNNING:
		objects_start(s->objects);
		intake_look(s->intake);
		depth_look(s->depth);
		seal_if_starved(s);
		return;
	case SHIPPER_DRAINING:
		seal_if_starved(s);
		messages_flush(s->messages);
		if (all_settled(s))
			drained(s, "everything settled");
		return;
	case SHIPPER_RELEASING:
		messages_flush(s->messages);
		if (messages_count(s->messages) == 0)
			drained(s, "the rest made visible again");
		return;
	case SHIPPER_IDLE:
	case SHIPPER_DONE:
		return;
	}
}

static void
on_sealed(void *arg, struct batch *b)
{
	struct shipper *s = arg;

	story_sealed(b);
	delivery_submit(s->delivery, b, false);
}

static void
on_lane_sealed(void *arg, struct batch *b)
{
	struct shipper *s = arg;

	story_sealed(b);
	delivery_submit(s->delivery, b, true);
}

static void
on_settled(void *arg, const struct delivery_settled *what)
{
	struct shipper *s = arg;

	objects_settled(s->objects, what);
}

static void
on_progress(void *arg)
{
	struct shipper *s = arg;

	batcher_limit(s->batcher, delivery_limit(s->delivery));
	objects_wake(s->objects);
	objects_start(s->objects);
	timer_soon(s->look);
}

static const char *
reload_token(void *arg)
{
	struct shipper *s = arg;

	if (s->conf.reload_token == NULL)
		return NULL;
	return s->conf.reload_token(s->conf.reload_arg);
}

/* ---- shutdown ---- */

/* Out of time: what is not delivered now goes back to the queue. */
static void
give_up(struct shipper *s)
{
	intake_cancel(s->intake);
	messages_put_back(s->messages);
	batcher_seal(s->batcher);
	batcher_seal(s->lane);
	delivery_give_up(s->delivery);
	objects_abandon(s->objects);
	messages_release_all(s->messages);
}

static void
on_deadline(void *arg)
{
	struct shipper *s = arg;

	if (s->state == SHIPPER_RELEASING) {
		drained(s, "SQS did not answer in time; the messages come back "
			   "after their visibility timeout");
		return;
	}
	LOG_WARN("drain.timeout",
	    F_STR("advice", "raise shutdown_timeout if this happens often; "
			    "nothing is lost"),
	    F_INT("messages", messages_held(s->messages)));
	s->state = SHIPPER_RELEASING;
	give_up(s);
	timer_after(s->deadline, s->release_ms);
	timer_soon(s->look);
}

static void
on_poll_end(void *arg)
{
	struct shipper *s = arg;

	intake_cancel(s->intake);
	timer_soon(s->look);
}

void
shipper_drain(
    struct shipper *s, int64_t timeout_ms, shipper_drained_fn *done, void *arg)
{
	CHECK(s->state != SHIPPER_DRAINING && s->state != SHIPPER_RELEASING);
	s->drained = done;
	s->drained_arg = arg;
	s->state = SHIPPER_DRAINING;
	intake_stop(s->intake);
	depth_stop(s->depth);
	objects_drain(s->objects);
	s->release_ms = timeout_ms / 4;
	if (s->release_ms > RELEASE_MAX_MS)
		s->release_ms = RELEASE_MAX_MS;
	timer_after(s->poll_end,
	    timeout_ms > POLL_GRACE_MS ? timeout_ms - POLL_GRACE_MS : 0);
	timer_after(s->deadline, timeout_ms - s->release_ms);
	timer_soon(s->look);
}

/* ---- life ---- */

static void
make_sink(struct shipper *s)
{
	struct delivery_conf dc = {
	    .concurrency = s->conf.delivery_concurrency,
	    .backoff_base_ms = DELIVERY_BACKOFF_MS,
	    .backoff_max_ms = DELIVERY_BACKOFF_MAX_MS,
	    .reload_token = reload_token,
	    .gzip_level = s->conf.gzip_level,
	    .batch_max_bytes = s->conf.batch_max_bytes,
	    .event_max_bytes = s->conf.max_record_bytes + 1,
	    .judge = &s->judge,
	    .settled = on_settled,
	    .progress = on_progress,
	    .arg = s,
	};
	struct batcher_conf bc = {
	    .batch_max_bytes = s->conf.batch_max_bytes,
	    .batch_max_events = s->conf.batch_max_events,
	    .batch_max_delay_ms = s->conf.batch_max_delay_ms,
	    .gzip_level = s->conf.gzip_level,
	};

	s->pool = pool_new(s->conf.buffer_max_bytes);
	s->delivery = delivery_new(s->deps.timers, s->deps.dassana, &dc);
	s->batcher = batcher_new(s->deps.timers, s->pool, &bc, on_sealed, s);
	batcher_limit(s->batcher, delivery_limit(s->delivery));
	s->lane = batcher_new(s->deps.timers, s->pool, &bc, on_lane_sealed, s);
}

static void
make_source(struct shipper *s)
{
	struct objects_conf oc = {
	    .timers = s->deps.timers,
	    .s3 = s->deps.s3,
	    .batcher = s->batcher,
	    .lane = s->lane,
	    .delivery = s->delivery,
	    .judge = &s->judge,
	    .events = s->deps.events,
	    .concurrency = s->conf.s3_concurrency,
	    .max_record_bytes = s->conf.max_record_bytes,
	    .remember = s->conf.remember_objects,
	    .max_parked = s->conf.max_parked,
	    .changed = on_changed,
	    .arg = s,
	};
	struct intake_conf ic = {
	    .timers = s->deps.timers,
	    .sqs = s->deps.sqs,
	    .filter = s->deps.filter,
	    .max_messages = s->conf.max_messages,
	    .visibility_s = s->conf.visibility_timeout_s,
	    .wait_max_s = s->conf.poll_wait_s,
	    .gate = gate,
	    .changed = on_changed,
	    .arg = s,
	};

	s->messages = messages_new(s->deps.timers, s->deps.sqs,
	    s->conf.visibility_timeout_s, s->conf.redeliver_after_s, on_changed,
	    s);
	oc.messages = s->messages;
	s->objects = objects_new(&oc);
	s->depth = depth_new(s->deps.timers, s->deps.sqs, s->messages);
	ic.messages = s->messages;
	ic.objects = s->objects;
	s->intake = intake_new(&ic);
}

struct shipper *
shipper_new(const struct shipper_conf *conf, const struct shipper_deps *deps)
{
	struct shipper *s = mem_zalloc(sizeof *s);

	s->conf = *conf;
	s->deps = *deps;
	s->look = timer_new(deps->timers, on_look, s);
	s->deadline = timer_new(deps->timers, on_deadline, s);
	s->poll_end = timer_new(deps->timers, on_poll_end, s);
	make_sink(s);
	make_source(s);
	return s;
}

/* Batches name objects and objects name messages, so they go in that order. */
void
shipper_free(struct shipper **sp)
{
	struct shipper *s = *sp;

	if (s == NULL)
		return;
	s->state = SHIPPER_DONE;
	give_up(s);
	batcher_free(&s->batcher);
	batcher_free(&s->lane);
	delivery_free(&s->delivery);
	intake_free(&s->intake);
	depth_free(&s->depth);
	objects_free(&s->objects);
	messages_free(&s->messages);
	pool_free(&s->pool);
	timer_free(&s->look);
	timer_free(&s->deadline);
	timer_free(&s->poll_end);
	mem_free(s);
	*sp = NULL;
}

void
shipper_start(struct shipper *s)
{
	CHECK(s->state == SHIPPER_IDLE);
	s->state = SHIPPER_RUNNING;
	timer_soon(s->look);
}

void
shipper_retry(struct shipper *s)
{
	delivery_retry(s->delivery);
	batcher_limit(s->batcher, delivery_limit(s->delivery));
	timer_soon(s->look);
}

void
shipper_wake(struct shipper *s)
{
	objects_retry(s->objects);
	timer_soon(s->look);
}
