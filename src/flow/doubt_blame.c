/* What is held against a message, by what its objects could not do. */
#include "base/clock.h"
#include "flow/objects_internal.h"

/* What is marked now may all have been refused in one outage: only an event
 * that was marked before says more. */
static bool
is_evidence(const struct object *o)
{
	return o->doubt == DOUBT_S3 || o->marked_failed ||
	       ledger_marks(o->page)->n == 0;
}

void
doubt_blame(struct objects *os, struct message *m, const struct object *o,
    int64_t now_ms)
{
	if (is_evidence(o))
		(void)judge_failed(os->conf.judge, o->side, &o->doubt_trial,
		    &m->charge.blame[o->side], now_ms);
}

/* Others were taken since it was refused: that is a comparison. */
void
doubt_wanted(struct objects *os, struct message *m, struct object *o)
{
	if (!suspects_have(os->suspects, o->bucket, o->key))
		return;
	o->suspect = o->tried = true;
	o->state = OBJECT_PARKED;
	m->charge.blame[JUDGE_DASSANA] = (struct blame){.times = 1,
	    .failed_at = ++os->conf.judge->clock,
	    .since_ms = clock_mono_ms()};
	lot_wait_for(m, DOUBT_DASSANA);
}

void
doubt_forgive(struct object *o, enum judge_side side)
{
	struct want *w;

	TAILQ_FOREACH(w, &o->wants, of_object)
	{
		w->message->charge.blame[side] = (struct blame){0};
	}
}

bool
doubt_compared(const struct message *m)
{
	for (int i = 0; i < JUDGE_SIDES; i++) {
		if (m->charge.blame[i].times > 0)
			return true;
	}
	return false;
}

bool
doubt_proven(const struct message *m, int64_t now_ms)
{
	for (int i = 0; i < JUDGE_SIDES; i++) {
		if (blame_is_proven(&m->charge.blame[i], now_ms))
			return true;
	}
	return false;
}
