/*
 * What a failure means, for an object and for the messages that name it:
 *
 *   failed --its own, as S3 itself says--> the object has failed
 *      |
 *      +-- may be everybody's --> parked, with its message once nothing else of
 *                                 that can be done
 *            tried again, read or taken --> the message is out of the lot
 *            at fault by comparison ------> what of it was never tried is; then
 *                                           the message is given back
 *            no place in the lot ---------> who is parked longest goes, first
 *                                           of those that failed by comparison;
 *                                           if nothing succeeds who came last
 *
 * A message is one piece of evidence, however many objects it names.
 */
#include "base/clock.h"
#include "flow/fault.h"
#include "flow/objects_internal.h"

enum { OUTAGE_MS = 60 * 1000 }; /* of Dassana, that wakes all it refused */

static const struct breaker_pace pace = {1, 1000, 30 * 1000};

/* ---- out of the lot ---- */

static void
ready_again(struct objects *os, struct message *m)
{
	struct want *w, *next;

	lot_leave(&os->lot, m);
	line_forgive(&os->line, m);
	for (w = TAILQ_FIRST(&m->turn.wants); w != NULL; w = next) {
		next = TAILQ_NEXT(w, of_message);
		if (w->object->state != OBJECT_PARKED)
			continue;
		w->object->suspect = false;
		object_move(os, w->object, OBJECT_READY);
	}
}

/* What nobody could have done better goes first again; who has failed by
 * comparison is only due. */
static void
wake_all(struct objects *os, enum object_doubt doubt)
{
	int64_t now = clock_mono_ms();
	struct message *m, *next;

	for (m = TAILQ_FIRST(&os->lot.stays); m != NULL; m = next) {
		next = TAILQ_NEXT(m, stay.link);
		if (m->stay.doubt != doubt)
			continue;
		if (!doubt_compared(m))
			ready_again(os, m);
		else
			lot_hurry(&os->lot, m, now);
	}
}

static bool
names_bucket(const struct message *m, struct span bucket)
{
	struct want *w = TAILQ_FIRST(&m->turn.wants);

	return w != NULL && span_eq(w->object->bucket, bucket);
}

/* Something that was refused, in that bucket if it was S3, is not any more. */
static void
hurry(struct objects *os, enum object_doubt doubt, struct span bucket)
{
	int64_t now = clock_mono_ms();
	struct message *m;

	TAILQ_FOREACH(m, &os->lot.stays, stay.link)
	{
		if (m->stay.doubt == doubt &&
		    (doubt == DOUBT_DASSANA || names_bucket(m, bucket)))
			lot_hurry(&os->lot, m, now);
	}
}

/* Everything that could not be read is tried at once if something of it can.
 * What Dassana refused goes among the others only if it refused everything for
 * a while, so that this was hardly its fault. */
static void
closed(struct objects *os, enum object_doubt doubt, unsigned probes)
{
	int64_t lasted_ms =
	    clock_mono_ms() - doubt_side(os, doubt)->breaker.since_ms;

	if (probes > 0 && (doubt == DOUBT_S3 || lasted_ms >= OUTAGE_MS))
		wake_all(os, doubt);
}

void
doubt_opened(struct objects *os, struct object *o)
{
	unsigned probes = os->s3.breaker.probes;
	struct want *w, *next;

	judge_succeeded(os->conf.judge, JUDGE_HEAD, &o->trial);
	doubt_forgive(o, JUDGE_HEAD);
	os->s3.well_ms = clock_mono_ms();
	os->lack_creds = false;
	outages_read(os->outages, o->bucket);
	for (w = TAILQ_FIRST(&o->wants); w != NULL; w = next) {
		struct message *m = w->message;

		next = TAILQ_NEXT(w, of_object);
		if (m->stay.parked && m->stay.doubt == DOUBT_S3)
			ready_again(os, m);
		else if (!m->stay.parked)
			line_forgive(&os->line, m);
	}
	if (o->repeat)
		hurry(os, DOUBT_S3, o->bucket);
	if (breaker_succeeded(&os->s3.breaker, o->ticket))
		closed(os, DOUBT_S3, probes);
}

void
doubt_read(struct objects *os, struct object *o)
{
	judge_succeeded(os->conf.judge, JUDGE_BODY, &o->trial);
	doubt_forgive(o, JUDGE_BODY);
}

/* ---- failures ---- */

/* While nothing succeeds the next probe waits longer for each that failed.
 * First tries go on beside them, as many as there are; that they fail too says
 * nothing more. */
static bool
is_news(const struct breaker *b, bool probe)
{
	return probe || !b->open;
}

bool
doubt_get(struct objects *os, struct object *o, const struct aws_result *r)
{
	enum fault fault = fault_of_get(r);

	if (fault == FAULT_OWN) {
		/* S3 has answered, whatever it said. */
		os->s3_own_ms = clock_mono_ms();
		if (o->repeat)
			breaker_cancelled(&os->s3.breaker, o->ticket);
		return false;
	}
	object_in_doubt(o, DOUBT_S3, o->answered ? JUDGE_BODY : JUDGE_HEAD,
	    &o->trial, fault_may_be_grant(r));
	if (fault == FAULT_SETUP && !doubt_is_well(os, DOUBT_S3))
		os->lack_creds = true;
	if (is_news(&os->s3.breaker, o->repeat))
		(void)breaker_failed(
		    &os->s3.breaker, o->ticket, &pace, clock_mono_ms());
	if (!o->answered)
		outages_failed(
		    os->outages, o->bucket, o->key, r, fault == FAULT_SETUP);
	object_log_parked(o, r);
	return true;
}

/* The probes among suspects are few and far between while nothing is taken. */
static void
note_taken(struct objects *os, const struct trial *t)
{
	struct breaker *b = &os->dassana.breaker;
	unsigned probes = b->probes;

	os->dassana.well_ms = clock_mono_ms();
	if (t->began > os->dassana_turned && breaker_succeeded(b, b->turn))
		closed(os, DOUBT_DASSANA, probes);
}

static void
note_refused(struct object *o, const struct delivery_settled *s)
{
	object_log_doubt(o, s);
	object_in_doubt(o, DOUBT_DASSANA, JUDGE_DASSANA, &s->trial, false);
	if (s->alone)
		object_mark(o, s->run.first);
}

static bool
any_marked(const struct object *o, const struct batch_run *run)
{
	for (uint64_t i = run->first; i < batch_run_end(run); i++) {
		if (batch_run_has(run, i) && ledger_marked(o->page, i))
			return true;
	}
	return false;
}

void
doubt_settled(
    struct objects *os, struct object *o, const struct delivery_settled *s)
{
	switch (s->outcome) {
	case DELIVERY_TAKEN:
		note_taken(os, &s->trial);
		if (!any_marked(o, &s->run))
			return;
		/* Then it was not their fault: all have another chance. */
		ledger_unmark(o->page);
		doubt_forgive(o, JUDGE_DASSANA);
		o->evicted = true;
		return;
	case DELIVERY_REFUSED:
	case DELIVERY_UNTRIED:
		note_refused(o, s);
		return;
	case DELIVERY_UNSURE:
	case DELIVERY_DROPPED:
		return;
	}
}

/* ---- into the lot ---- */

static void
message_failed(struct objects *os, struct message *m, struct object *o)
{
	int64_t now = clock_mono_ms();

	doubt_blame(os, m, o, now);
	if (o->doubt == DOUBT_S3)
		line_blame(&os->line, m);
	lot_wait_for(m, o->doubt);
	m->charge.may_be_grant = o->may_be_grant;
	if (m->stay.parked)
		lot_again(&os->lot, m, now);
	doubt_look(os, m);
}

void
doubt_look(struct objects *os, struct message *m)
{
	int64_t now = clock_mono_ms();

	if (!m->stay.parked && line_rests(m))
		lot_enter(&os->lot, m, now);
	else if (m->stay.trying && line_rests(m))
		lot_again(&os->lot, m, now);
	if (m->stay.parked && (doubt_proven(m, now) || lot_overflows(&os->lot)))
		timer_soon(os->release);
}

void
doubt_park(struct objects *os, struct object *o)
{
	struct breaker *b = &os->dassana.breaker;
	struct want *w;

	if (o->doubt == DOUBT_DASSANA) {
		if (is_news(b, o->suspect) &&
		    breaker_failed(b, b->turn, &pace, clock_mono_ms()))
			os->dassana_turned = os->conf.judge->clock;
		o->suspect = true;
		o->refused_at = os->conf.judge->clock;
	}
	TAILQ_FOREACH(w, &o->wants, of_object)
	{
		message_failed(os, w->message, o);
	}
	object_begin_anew(o);
	timer_soon(os->retry);
}

/* Delivered: the rest of its messages need not wait. If it was a suspect that
 * had been given back, no other such is a suspect any more. */
void
doubt_over(struct objects *os, struct object *o)
{
	struct want *w, *next;

	if (suspects_have(os->suspects, o->bucket, o->key))
		suspects_clear(os->suspects);
	for (w = TAILQ_FIRST(&o->wants); w != NULL; w = next) {
		next = TAILQ_NEXT(w, of_object);
		if (w->message->stay.parked)
			ready_again(os, w->message);
	}
	if (o->suspect)
		hurry(os, DOUBT_DASSANA, o->bucket);
}

/* ---- another try ---- */

/* Suspects are read one at a time. While Dassana takes nothing there had better
 * be nothing else to ask it with. */
static bool
may_suspect(const struct objects *os)
{
	const struct delivery *d = os->conf.delivery;

	return os->suspect == NULL &&
	       (delivery_open(d) || delivery_wants_fresh(d));
}

static int64_t
side_due(const struct objects *os, enum object_doubt doubt)
{
	const struct breaker *b = &doubt_side(os, doubt)->breaker;
	int64_t due = lot_due(&os->lot, doubt);

	if (due == INT64_MAX || (doubt == DOUBT_DASSANA && !may_suspect(os)))
		return INT64_MAX;
	return b->open ? breaker_due(b) : due;
}

static struct message *
next_message(struct objects *os, enum object_doubt doubt)
{
	int64_t now = clock_mono_ms();
	bool in_turn = doubt_side(os, doubt)->breaker.open;

	if (side_due(os, doubt) > now)
		return NULL;
	return lot_next(&os->lot, doubt, in_turn, now);
}

/* It may never have got as far as Dassana. */
void
doubt_suspect_over(struct objects *os)
{
	struct breaker *b = &os->dassana.breaker;

	os->suspect = NULL;
	breaker_cancelled(b, b->turn);
}

struct object *
doubt_next(struct objects *os)
{
	enum object_doubt doubt = DOUBT_S3;
	struct message *m = next_message(os, doubt);
	struct object *o;

	if (m == NULL)
		m = next_message(os, doubt = DOUBT_DASSANA);
	if (m == NULL)
		return NULL;
	lot_try(m);
	o = line_try(m);
	if (o == NULL) /* others are at it, and it hears of that */
		return NULL;
	o->repeat = true;
	o->ticket = os->s3.breaker.turn;
	if (doubt == DOUBT_DASSANA) {
		os->suspect = o;
		(void)breaker_begin(&os->dassana.breaker);
	} else {
		o->ticket = breaker_begin(&os->s3.breaker);
	}
	return o;
}

void
doubt_cancelled(struct objects *os, struct object *o)
{
	if (os->suspect == o)
		doubt_suspect_over(os);
	else
		breaker_cancelled(&os->s3.breaker, o->ticket);
}

int64_t
doubt_due(const struct objects *os)
{
	int64_t a = side_due(os, DOUBT_S3);
	int64_t b = side_due(os, DOUBT_DASSANA);

	return a < b ? a : b;
}

void
doubt_hurry(struct objects *os)
{
	breaker_hurry(&os->s3.breaker, clock_mono_ms());
	breaker_hurry(&os->dassana.breaker, clock_mono_ms());
}
