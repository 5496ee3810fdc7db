#include "flow/objects.h"

#include <search.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/objects_internal.h"
#include "flow/slots.h"
#include "flow/story.h"

static void
forget_name(struct objects *os, struct object *o)
{
	if (!o->loose)
		(void)tdelete(o, &os->tree, object_cmp);
}

void
object_move(struct objects *os, struct object *o, enum object_state to)
{
	os->stats.waiting -= o->state == OBJECT_READY;
	os->stats.active -= o->state == OBJECT_ACTIVE;
	os->stats.waiting += to == OBJECT_READY;
	os->stats.active += to == OBJECT_ACTIVE;
	line_move(&os->line, o, to);
}

/* ---- ends ---- */

static void
close_page(struct objects *os, struct object *o)
{
	if (ledger_reader(o->page) == o)
		ledger_set_reader(o->page, NULL);
	ledger_close(os->ledger, &o->page);
}

/* Nobody wants it any more. */
void
object_drop(struct objects *os, struct object *o)
{
	os->stats.waiting -= o->state == OBJECT_READY;
	os->stats.active -= o->state == OBJECT_ACTIVE;
	forget_name(os, o);
	TAILQ_REMOVE(&os->all, o, link);
	close_page(os, o);
	object_free(o);
}

static void
count_end(struct objects *os, const struct object *o, bool good)
{
	os->stats.sliced += o->sliced;
	os->stats.skipped += o->skipped;
	os->stats.ruled_out += o->ruled_out;
	if (good) {
		os->stats.done++;
	} else if (o->tried) {
		os->stats.failed++;
		os->stats.failed_by[object_fault(o)]++;
	}
}

/* What is known of an object that is delivered, so that it is not forgotten
 * before the message is gone. */
struct pin {
	SLIST_ENTRY(pin) link;
	struct ledger_page *page;
};

static void
pin(struct message *m, struct ledger_page *page)
{
	struct pin *p;

	if (page == NULL)
		return;
	p = mem_zalloc(sizeof *p);
	p->page = ledger_hold(page);
	SLIST_INSERT_HEAD(&m->pins, p, link);
}

void
objects_unpin(struct objects *os, struct message *m)
{
	struct pin *p;

	while ((p = SLIST_FIRST(&m->pins)) != NULL) {
		SLIST_REMOVE_HEAD(&m->pins, link);
		ledger_close(os->ledger, &p->page);
		mem_free(p);
	}
}

void
object_settle(struct objects *os, struct object *o)
{
	bool good = object_is_good(o);
	struct want *w;

	count_end(os, o, good);
	if (good) {
		lag_delivered(&os->lag, o);
		ledger_complete(o->page);
		doubt_over(os, o);
	}
	story_settled(o, good);
	while ((w = TAILQ_FIRST(&o->wants)) != NULL) {
		struct message *m = w->message;
		bool last = message_open(m) == 1;

		line_unwant(&os->line, w);
		if (last) {
			lot_leave(&os->lot, m);
			objects_unpin(os, m);
		} else if (good) {
			pin(m, o->page);
		}
		message_ended(os->conf.messages, m, good);
		if (!last && !os->draining)
			doubt_look(os, m);
	}
	object_drop(os, o);
	os->conf.changed(os->conf.arg);
}

void
objects_disown(struct objects *os, struct message *m)
{
	struct want *w;

	while ((w = TAILQ_FIRST(&m->turn.wants)) != NULL) {
		struct object *o = w->object;
		bool last =
		    TAILQ_NEXT(TAILQ_FIRST(&o->wants), of_object) == NULL;

		if (last)
			count_end(os, o, false);
		line_unwant(&os->line, w);
		if (last)
			object_drop(os, o);
	}
	objects_unpin(os, m);
}

void
object_settle_if_over(struct objects *os, struct object *o)
{
	if (o->state != OBJECT_ENDED || o->settled != o->sliced)
		return;
	if (os->suspect == o)
		doubt_suspect_over(os);
	if (object_is_good(o)) {
		object_settle(os, o);
	} else if (os->draining) {
		if (o->evicted)
			object_back_off(o, BACK_OFF_NONE);
		else if (o->doubt != DOUBT_NONE)
			object_back_off(o, BACK_OFF_STOP);
		object_settle(os, o);
	} else if (o->evicted) {
		object_put_back(os, o);
	} else if (o->doubt == DOUBT_S3 ||
		   (o->whole && o->doubt != DOUBT_NONE)) {
		object_move(os, o, OBJECT_PARKED);
		doubt_park(os, o);
	} else {
		object_settle(os, o);
	}
	os->conf.changed(os->conf.arg);
}

static bool
is_read_by(const struct object *other, const struct object *o)
{
	return other != NULL && other != o && other->answered &&
	       (other->state == OBJECT_ACTIVE || other->state == OBJECT_ENDED);
}

/* Whoever wants o gets what becomes of the other. */
static void
merge(struct objects *os, struct object *o, struct object *other)
{
	struct want *w;

	slots_cancel_one(os->slots, o);
	os->repeats -= o->repeat;
	if (os->suspect == o)
		doubt_suspect_over(os);
	while ((w = TAILQ_FIRST(&o->wants)) != NULL) {
		struct message *m = w->message;

		line_unwant(&os->line, w);
		line_want(&os->line, m, other);
		os->stats.joined++;
		story_wanted(other, m, true);
	}
	object_drop(os, o);
}

/* What is one object to S3 is read once, whatever the notifications say of its
 * region or contents. */
static void
on_opened(void *arg, struct object *o, const struct s3_head *h, uint64_t rules)
{
	struct objects *os = arg;
	struct ledger_page *page;
	struct object *other;

	/* It would be in the way of one with other rules. */
	if (!ledger_follows(o->page, rules))
		close_page(os, o);
	page = object_page(o, os->ledger, h, rules);
	other = ledger_reader(page);
	story_opened(o, h);
	close_page(os, o);
	o->page = page;
	o->answered = true;
	doubt_opened(os, o);
	if (is_read_by(other, o)) {
		merge(os, o, other);
		objects_start(os);
	} else {
		ledger_set_reader(page, o);
	}
	os->conf.changed(os->conf.arg);
}

static void
on_left_out(
    void *arg, struct object *o, uint64_t index, enum slicer_cause cause)
{
	struct objects *os = arg;

	os->stats.left_out[cause]++;
	object_log_left_out(o, index, cause);
}

static void
on_ended(void *arg, struct object *o, const struct object_end *e)
{
	struct objects *os = arg;
	bool in_doubt = e->aws != NULL && doubt_get(os, o, e->aws);

	/* It has shown nothing: another may probe in its place. */
	if (o->repeat && e->evicted && !o->answered)
		doubt_cancelled(os, o);
	os->repeats -= o->repeat;
	object_get_ended(o, e);
	os->stats.bytes += e->bytes;
	os->stats.json_bytes += e->json_bytes;
	if (e->whole) {
		doubt_read(os, o);
		story_read(o, e);
		os->stats.empty += object_is_empty(o);
	} else if (!e->evicted && !in_doubt) {
		object_log_failure(o, e);
	}
	if (o->suspect)
		batcher_seal(os->conf.lane);
	object_move(os, o, OBJECT_ENDED);
	object_settle_if_over(os, o);
	objects_start(os);
	os->conf.changed(os->conf.arg);
}

void
objects_settled(struct objects *os, const struct delivery_settled *s)
{
	struct object *o = s->run.owner;
	uint64_t from = s->run.first - s->run.lead;

	object_count_settled(o, s->run.count, s->outcome == DELIVERY_TAKEN);
	if (s->outcome == DELIVERY_TAKEN) {
		os->stats.delivered += s->run.count;
		ledger_note(o->page, from, batch_run_end(&s->run) - from);
		story_delivered(o, &s->run);
	}
	doubt_settled(os, o, s);
	object_settle_if_over(os, o);
}

/* ---- beginnings ---- */

/* A notification that names no contents may be about newer ones than those that
 * are being read; and what is read may leave out what is wanted by now. */
static bool
may_join(const struct objects *os, const struct object *o)
{
	if (o->state == OBJECT_READY || o->state == OBJECT_PARKED)
		return true;
	return (o->etag.n > 0 || o->version.n > 0) &&
	       o->rules == events_now(os->conf.events);
}

/* Who comes anew may have better luck. */
static void
join(struct objects *os, struct message *m, struct object *o)
{
	os->stats.joined++;
	if (o->state == OBJECT_PARKED && !o->suspect)
		object_move(os, o, OBJECT_READY);
	if (o->state == OBJECT_PARKED)
		lot_wait_for(m, DOUBT_DASSANA);
	else if (o->state != OBJECT_READY)
		message_begun(m);
}

void
objects_want(
    struct objects *os, struct message *m, const struct notify_object *n)
{
	struct object *o, **at;
	bool joined;

	if (ledger_knows(os->ledger, n->bucket, n->key, n->etag, n->version,
		events_now(os->conf.events))) {
		os->stats.known++;
		LOG_DEBUG("object.known", F_SPAN("bucket", n->bucket),
		    F_SPAN("key", n->key), F_STR("message_id", m->id));
		return;
	}
	o = object_new(n);
	at = tsearch(o, &os->tree, object_cmp);
	CHECK(at != NULL);
	joined = *at != o && may_join(os, *at);
	if (joined) {
		object_free(o);
		o = *at;
		join(os, m, o);
	} else {
		o->loose = *at != o;
		TAILQ_INSERT_TAIL(&os->all, o, link);
		doubt_wanted(os, m, o);
		os->stats.waiting += o->state == OBJECT_READY;
	}
	story_wanted(o, m, joined);
	line_want(&os->line, m, o);
	message_expect(m);
}

static void
on_retry(void *arg)
{
	objects_start(arg);
}

static void
on_release(void *arg)
{
	struct objects *os = arg;

	doubt_release(os);
	objects_start(os);
	os->conf.changed(os->conf.arg);
}

struct objects *
objects_new(const struct objects_conf *conf)
{
	struct objects *os = mem_zalloc(sizeof *os);
	struct slots_conf sc = {
	    .timers = conf->timers,
	    .s3 = conf->s3,
	    .batcher = conf->batcher,
	    .lane = conf->lane,
	    .delivery = conf->delivery,
	    .n = conf->concurrency,
	    .max_record_bytes = conf->max_record_bytes,
	    .events = conf->events,
	    .opened = on_opened,
	    .left_out = on_left_out,
	    .ended = on_ended,
	    .arg = os,
	};

	os->conf = *conf;
	TAILQ_INIT(&os->all);
	line_init(&os->line, conf->concurrency);
	lot_init(&os->lot, conf->max_parked);
	lag_init(&os->lag);
	os->s3.well_ms = os->dassana.well_ms = -1;
	os->s3_own_ms = -1;
	os->slots = slots_new(&sc);
	os->ledger = ledger_new(conf->remember);
	os->suspects = suspects_new();
	os->outages = outages_new(conf->timers);
	os->retry = timer_new(conf->timers, on_retry, os);
	os->release = timer_new(conf->timers, on_release, os);
	return os;
}
