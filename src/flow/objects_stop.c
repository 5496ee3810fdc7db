/* How objects end with the process. */
#include "base/mem.h"
#include "flow/objects_internal.h"
#include "flow/slots.h"

static bool
any_message_begun(const struct object *o)
{
	struct want *w;

	TAILQ_FOREACH(w, &o->wants, of_object)
	{
		if (message_has_begun(w->message))
			return true;
	}
	return false;
}

/* Of messages that have begun: it would wait for something that is not tried
 * any more. */
static bool
waits_in_vain(const struct object *o)
{
	struct want *w;

	if (o->state == OBJECT_PARKED)
		return true;
	if (o->state != OBJECT_READY)
		return false;
	TAILQ_FOREACH(w, &o->wants, of_object)
	{
		if (!w->message->turn.held_back)
			return false;
	}
	return true;
}

static void
cancel_repeats(struct objects *os)
{
	struct object *o, *next;

	for (o = TAILQ_FIRST(&os->all); o != NULL; o = next) {
		next = TAILQ_NEXT(o, link);
		if (o->state != OBJECT_ACTIVE || (!o->repeat && !o->suspect))
			continue;
		slots_cancel_one(os->slots, o);
		os->repeats -= o->repeat;
		o->repeat = false;
		o->doubt = o->suspect ? DOUBT_DASSANA : DOUBT_S3;
		object_move(os, o, OBJECT_ENDED);
	}
	batcher_seal(os->conf.lane);
	delivery_drop_suspects(os->conf.delivery);
	for (o = TAILQ_FIRST(&os->all); o != NULL; o = next) {
		next = TAILQ_NEXT(o, link);
		object_settle_if_over(os, o);
	}
}

void
objects_drain(struct objects *os)
{
	struct object *o, *next;

	os->draining = true;
	cancel_repeats(os);
	doubt_drain(os);
	for (o = TAILQ_FIRST(&os->all); o != NULL; o = next) {
		next = TAILQ_NEXT(o, link);
		if (waits_in_vain(o))
			object_back_off(o, BACK_OFF_STOP);
		else if (o->state == OBJECT_READY && !any_message_begun(o))
			object_back_off(o, BACK_OFF_NONE);
		else
			continue;
		object_settle(os, o);
	}
	objects_start(os); /* in the places of those that were cancelled */
}

void
objects_abandon(struct objects *os)
{
	struct object *o;
	struct want *w;

	slots_cancel(os->slots);
	os->repeats = 0;
	os->suspect = NULL;
	while ((o = TAILQ_FIRST(&os->all)) != NULL) {
		while ((w = TAILQ_FIRST(&o->wants)) != NULL) {
			lot_leave(&os->lot, w->message);
			objects_unpin(os, w->message);
			line_unwant(&os->line, w);
		}
		object_drop(os, o);
	}
}

void
objects_free(struct objects **osp)
{
	struct objects *os = *osp;

	if (os == NULL)
		return;
	objects_abandon(os);
	slots_free(&os->slots);
	ledger_free(&os->ledger);
	suspects_free(&os->suspects);
	outages_free(&os->outages);
	timer_free(&os->retry);
	timer_free(&os->release);
	mem_free(os);
	*osp = NULL;
}
