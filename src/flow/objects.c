#include "flow/objects.h"

#include <search.h>
#include <string.h>

#include "base/log.h"
#include "base/mem.h"
#include "flow/grant.h"
#include "flow/objects_internal.h"
#include "flow/slots.h"
#include "flow/story.h"

static void
add_message(struct object *o, struct message *m)
{
	if (o->nmessages == o->cap) {
		o->cap = o->cap == 0 ? 1 : o->cap * 2;
		o->message = mem_realloc(o->message, o->cap * sizeof(void *));
	}
	o->message[o->nmessages++] = m;
	message_expect(m);
}

static void
forget_name(struct objects *os, struct object *o)
{
	if (!o->loose)
		(void)tdelete(o, &os->tree, object_cmp);
}

/* ---- ends ---- */

static void
count_failure(struct objects *os, const struct object *o)
{
	os->stats.failed++;
	os->stats.failed_by[object_fault(o)]++;
}

/* Off the books; its messages learn how it came out. */
static void
settle(struct objects *os, struct object *o)
{
	bool good = object_is_good(o);

	forget_name(os, o);
	if (o->state == OBJECT_WAITING) {
		hold_wait_ends(os, o);
	} else {
		TAILQ_REMOVE(&os->begun, o, link);
	}
	os->stats.sliced += o->sliced;
	os->stats.skipped += o->skipped;
	if (good)
		os->stats.done++;
	else if (o->state == OBJECT_ENDED && !o->held)
		count_failure(os, o);
	if (good) {
		lag_delivered(&os->lag, o);
		ledger_complete(o->page);
	}
	ledger_close(os->ledger, &o->page);
	story_settled(o, good);
	for (size_t i = 0; i < o->nmessages; i++)
		message_ended(os->messages, o->message[i], good);
	object_free(o);
	os->changed(os->arg);
}

/* Its messages are to be visible again at once. */
static void
put_back(struct object *o)
{
	for (size_t i = 0; i < o->nmessages; i++)
		o->message[i]->put_back = true;
}

static void
settle_if_over(struct objects *os, struct object *o)
{
	if (o->state != OBJECT_ENDED || o->settled != o->sliced)
		return;
	if (o->held && !os->draining) {
		hold(os, o);
		os->changed(os->arg);
		return;
	}
	if (o->held)
		put_back(o);
	settle(os, o);
}

static struct span
without_quotes(struct span s)
{
	if (s.n >= 2 && s.p[0] == '"' && s.p[s.n - 1] == '"')
		return (struct span){s.p + 1, s.n - 2};
	return s;
}

static void
on_opened(void *arg, struct object *o, const struct s3_head *h)
{
	struct objects *os = arg;

	story_opened(o, h);
	o->page = ledger_open(
	    os->ledger, o->bucket, o->key, without_quotes(h->etag), h->version);
	if (grant_read(os->grant, o->number))
		hold_proof(os, o->number, o->held);
	o->held = o->suspect = false;
	o->answered = true;
	objects_start(os);
	os->changed(os->arg);
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
on_ended(void *arg, struct object *o, const struct slots_end *e)
{
	struct objects *os = arg;
	bool again;

	os->stats.active--;
	again = o->refused_at > 0;
	o->held = e->aws != NULL && hold_is_due(os, o, e->aws);
	os->stats.bytes += e->bytes;
	os->stats.json_bytes += e->json_bytes;
	o->state = OBJECT_ENDED;
	o->whole = e->whole;
	o->event_s = e->event_s;
	o->fault = e->aws != NULL ? SHIPPER_F_UNREAD : SHIPPER_F_DAMAGED;
	if (o->held)
		object_log_held(o, e->aws, again);
	else if (!e->whole)
		object_log_failure(o, e);
	else
		story_read(o, e);
	os->stats.empty += e->whole && object_is_empty(o);
	hold_go_on(os);
	objects_start(os);
	settle_if_over(os, o);
	if (os->draining && !grant_open(os->grant))
		objects_drop_waiting(os);
	os->changed(os->arg);
}

void
objects_settled(struct objects *os, const struct batch_run *run,
    enum delivery_outcome outcome, const struct dassana_result *why)
{
	struct object *o = run->owner;

	o->settled += run->count;
	CHECK(o->settled <= o->sliced);
	if (outcome == DELIVERY_TAKEN) {
		o->delivered += run->count;
		os->stats.delivered += run->count;
		ledger_note(o->page, run->first, run->count);
		story_delivered(o, run);
	} else if (outcome == DELIVERY_REFUSED) {
		object_log_refusal(o, run, why);
	}
	settle_if_over(os, o);
}

/* ---- beginnings ---- */

void
objects_start(struct objects *os)
{
	struct object *o;
	uint64_t number;

	if (!grant_open(os->grant) && objects_idle(os) && !hold_is_near(os))
		grant_nothing_held(os->grant);
	while (slots_vacant(os->slots) && (o = hold_next(os)) != NULL &&
	       (number = grant_start(os->grant, o->held)) > 0) {
		hold_wait_ends(os, o);
		TAILQ_INSERT_TAIL(&os->begun, o, link);
		os->stats.active++;
		o->state = OBJECT_ACTIVE;
		o->number = number;
		for (size_t i = 0; i < o->nmessages; i++)
			o->message[i]->started = true;
		story_get(o);
		slots_start(os->slots, o);
	}
}

/* A notification that names no contents may be about newer ones than those that
 * are being read. */
static bool
may_join(const struct object *o)
{
	return o->state == OBJECT_WAITING || o->etag.n > 0 || o->version.n > 0;
}

void
objects_want(
    struct objects *os, struct message *m, const struct notify_object *n)
{
	struct object *o, **at;

	if (ledger_knows(os->ledger, n->bucket, n->key, n->etag, n->version)) {
		os->stats.known++;
		LOG_DEBUG("object.known", F_SPAN("bucket", n->bucket),
		    F_SPAN("key", n->key), F_STR("message_id", m->id));
		return;
	}
	o = object_new(n);
	at = tsearch(o, &os->tree, object_cmp);
	CHECK(at != NULL);
	if (*at != o && may_join(*at)) {
		object_free(o);
		o = *at;
		os->stats.joined++;
		if (o->state != OBJECT_WAITING)
			m->started = true;
	} else {
		o->loose = *at != o;
		hold_wait(os, o);
	}
	story_wanted(o, m, o->nmessages > 0);
	add_message(o, m);
}

void
objects_wake(struct objects *os)
{
	slots_wake(os->slots);
}

static bool
on_grant(void *arg)
{
	struct objects *os = arg;
	struct object *o;

	while ((o = hold_forsaken(os)) != NULL)
		settle(os, o);
	objects_start(os);
	os->changed(os->arg);
	return hold_first(os, true) != NULL;
}

void
objects_give_way(struct objects *os)
{
	struct object *o = hold_first(os, true);

	if (o == NULL)
		return;
	object_log_gave_way(o);
	settle(os, o);
}

bool
objects_readable(const struct objects *os)
{
	return grant_open(os->grant);
}

bool
objects_on_trial(const struct objects *os)
{
	return grant_on_trial(os->grant) && hold_first(os, false) == NULL;
}

struct part
objects_part(const struct objects *os)
{
	return grant_part(os->grant);
}

void
objects_retry(struct objects *os)
{
	grant_probe_now(os->grant);
}

struct objects *
objects_new(struct timers *t, struct s3 *s3, struct batcher *batcher,
    struct messages *ms, const struct objects_conf *conf,
    objects_changed_fn *changed, void *arg)
{
	struct objects *os = mem_zalloc(sizeof *os);
	struct slots_events ev = {on_opened, on_left_out, on_ended, os};

	os->messages = ms;
	os->changed = changed;
	os->arg = arg;
	TAILQ_INIT(&os->waiting);
	TAILQ_INIT(&os->begun);
	lag_init(&os->lag);
	os->slots = slots_new(
	    t, s3, batcher, conf->concurrency, conf->max_record_bytes, &ev);
	os->grant = grant_new(t, on_grant, os);
	os->ledger = ledger_new(conf->remember);
	return os;
}

/* ---- shutdown ---- */

static bool
any_message_begun(const struct object *o)
{
	for (size_t i = 0; i < o->nmessages; i++) {
		if (o->message[i]->started)
			return true;
	}
	return false;
}

void
objects_drop_waiting(struct objects *os)
{
	struct object *o, *next;

	os->draining = true;
	for (o = TAILQ_FIRST(&os->waiting); o != NULL; o = next) {
		next = TAILQ_NEXT(o, link);
		if (any_message_begun(o) && !o->held && grant_open(os->grant))
			continue;
		put_back(o);
		settle(os, o);
	}
}

static void
forget_list(struct objects *os, struct object_list *list)
{
	struct object *o;

	while ((o = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, o, link);
		forget_name(os, o);
		ledger_close(os->ledger, &o->page);
		object_free(o);
	}
}

void
objects_abandon(struct objects *os)
{
	slots_cancel(os->slots);
	forget_list(os, &os->waiting);
	forget_list(os, &os->begun);
	os->stats.active = os->stats.waiting = os->nheld = 0;
}

void
objects_free(struct objects **osp)
{
	struct objects *os = *osp;

	if (os == NULL)
		return;
	objects_abandon(os);
	slots_free(&os->slots);
	grant_free(&os->grant);
	ledger_free(&os->ledger);
	mem_free(os);
	*osp = NULL;
}

bool
objects_idle(const struct objects *os)
{
	return os->stats.active == 0 && os->stats.waiting == 0;
}

struct objects_stats
objects_stats(const struct objects *os)
{
	return os->stats;
}

const struct lag *
objects_lag(const struct objects *os)
{
	return &os->lag;
}

int64_t
objects_choked_ms(const struct objects *os)
{
	return slots_choked_ms(os->slots);
}
