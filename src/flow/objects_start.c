/* Which objects are read now. */
#include "base/clock.h"
#include "flow/objects_internal.h"
#include "flow/slots.h"
#include "flow/story.h"

static void
start(struct objects *os, struct object *o)
{
	struct want *w;

	os->repeats += o->repeat;
	object_move(os, o, OBJECT_ACTIVE);
	o->trial = judge_begin(os->conf.judge);
	o->rules = events_now(os->conf.events);
	TAILQ_FOREACH(w, &o->wants, of_object)
	{
		message_begun(w->message);
	}
	story_get(o);
	slots_start(os->slots, o);
}

/* Whoever of its messages is held back tries it as one that is parked. */
void
object_put_back(struct objects *os, struct object *o)
{
	struct want *w;

	o->suspect = false;
	object_begin_anew(o);
	object_move(os, o, OBJECT_READY);
	TAILQ_FOREACH(w, &o->wants, of_object)
	{
		doubt_look(os, w->message);
	}
}

static bool
may_repeat(const struct objects *os)
{
	unsigned quarter = os->conf.concurrency / 4;

	return slots_vacant(os->slots) &&
	       os->repeats < (quarter > 0 ? quarter : 1);
}

/* Another notification of it has brought all of it meanwhile. */
static bool
settle_known(struct objects *os, struct object *o)
{
	if (!ledger_knows(os->ledger, o->bucket, o->key, o->etag, o->version,
		events_now(os->conf.events)))
		return false;
	os->stats.known++;
	if (o->repeat)
		doubt_cancelled(os, o);
	o->whole = true;
	object_settle(os, o);
	return true;
}

static bool
start_repeat(struct objects *os)
{
	struct object *o = may_repeat(os) ? doubt_next(os) : NULL;

	if (o == NULL)
		return false;
	if (!settle_known(os, o))
		start(os, o);
	return true;
}

static bool
start_first(struct objects *os)
{
	struct object *o;

	if (!slots_vacant(os->slots))
		return false;
	o = line_next(&os->line, slots_take_large(os->slots));
	if (o == NULL)
		return false;
	if (settle_known(os, o))
		return true;
	o->ticket = os->s3.breaker.turn;
	start(os, o);
	return true;
}

/* First tries go before repeats, but one repeat goes before all. */
void
objects_start(struct objects *os)
{
	uint64_t lost = messages_leases_lost(os->conf.messages);
	int64_t due;

	if (lost != os->leases_lost && os->lot.n > 0)
		timer_soon(os->release);
	os->leases_lost = lost;
	if (os->repeats == 0)
		(void)start_repeat(os);
	while (start_first(os))
		;
	while (start_repeat(os))
		;
	due = may_repeat(os) ? doubt_due(os) : INT64_MAX;
	if (due != INT64_MAX) {
		int64_t now = clock_mono_ms();

		timer_after(os->retry, due > now ? due - now : 1);
	}
}
