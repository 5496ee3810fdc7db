/* Who is given back from the lot, and when. */
#include "base/clock.h"
#include "flow/objects_internal.h"

enum { WELL_MS = 60 * 1000, LONG_MS = 10 * 60 * 1000 };

static void
judge_marks(struct objects *os, const struct message *m)
{
	struct want *w;

	if (!blame_is_proven(&m->charge.blame[JUDGE_DASSANA], clock_mono_ms()))
		return;
	TAILQ_FOREACH(w, &m->turn.wants, of_message)
	{
		struct object *o = w->object;

		if (!o->suspect || ledger_judged(o->page))
			continue;
		ledger_judge(o->page);
		os->stats.refused += ranges_count(ledger_marks(o->page));
		object_log_refused(o);
	}
}

static void
log_given_back(const struct message *m, const char *cause)
{
	struct want *w = TAILQ_FIRST(&m->turn.wants);

	if (w != NULL)
		object_log_at_fault(w->object, cause);
}

static void
give_back(
    struct objects *os, struct message *m, enum back_off how, const char *cause)
{
	log_given_back(m, cause);
	lot_leave(&os->lot, m);
	objects_disown(os, m);
	os->stats.released++;
	message_release(os->conf.messages, m, how);
}

static enum back_off
usual(const struct message *m)
{
	return m->charge.may_be_grant ? BACK_OFF_LONG : BACK_OFF_USUAL;
}

static bool
has_untried(const struct message *m)
{
	struct want *w;

	TAILQ_FOREACH(w, &m->turn.wants, of_message)
	{
		if (!w->object->tried)
			return true;
	}
	return false;
}

static void
convict(struct objects *os, struct message *m)
{
	if (has_untried(m)) {
		lot_leave(&os->lot, m);
		line_forgive(&os->line, m);
		return;
	}
	judge_marks(os, m);
	give_back(os, m, usual(m),
	    "it failed again and again while others succeeded");
}

/* Parked longest, of all or of those that have failed by comparison. */
static struct message *
longest(const struct objects *os, bool compared)
{
	struct message *m;

	TAILQ_FOREACH(m, &os->lot.stays, stay.link)
	{
		if (line_rests(m) && (!compared || doubt_compared(m)))
			return m;
	}
	return NULL;
}

static struct message *
latest(const struct objects *os)
{
	struct message *m;

	TAILQ_FOREACH_REVERSE(m, &os->lot.stays, stays, stay.link)
	{
		if (line_rests(m))
			return m;
	}
	return NULL;
}

bool
doubt_is_well(const struct objects *os, enum object_doubt doubt)
{
	const struct side *s = doubt_side(os, doubt);

	return s->well_ms >= 0 && clock_mono_ms() - s->well_ms < WELL_MS;
}

/* What the one parked longest waits for. */
static enum object_doubt
foremost(const struct objects *os)
{
	const struct message *m = TAILQ_FIRST(&os->lot.stays);

	return m != NULL ? m->stay.doubt : DOUBT_S3;
}

/* If others were taken since they were refused. */
static void
remember_suspects(struct objects *os, const struct message *m)
{
	bool compared = m->charge.blame[JUDGE_DASSANA].times > 0;
	struct want *w;

	TAILQ_FOREACH(w, &m->turn.wants, of_message)
	{
		struct object *o = w->object;

		if (o->suspect &&
		    (compared ||
			os->conf.judge->proof[JUDGE_DASSANA] > o->refused_at))
			suspects_add(os->suspects, o->bucket, o->key);
	}
}

static void
make_room(struct objects *os)
{
	struct message *m = longest(os, true);

	if (m == NULL && doubt_is_well(os, foremost(os)))
		m = longest(os, false);
	if (m != NULL) {
		remember_suspects(os, m);
		give_back(os, m, BACK_OFF_LONG,
		    "others succeed, and more fail than there is room for");
		return;
	}
	m = latest(os);
	if (m != NULL)
		give_back(os, m, BACK_OFF_HOURS,
		    "nothing succeeds, and more fail than there is room for");
}

void
doubt_release(struct objects *os)
{
	int64_t now = clock_mono_ms();
	struct message *m, *next;
	unsigned n;

	for (m = TAILQ_FIRST(&os->lot.stays); m != NULL; m = next) {
		next = TAILQ_NEXT(m, stay.link);
		if (!line_rests(m))
			continue;
		if (message_is_lost(m))
			give_back(os, m, BACK_OFF_NONE, "its lease is lost");
		else if (doubt_proven(m, now))
			convict(os, m);
	}
	do {
		n = os->lot.n;
		if (lot_overflows(&os->lot))
			make_room(os);
	} while (os->lot.n < n);
}

/* S3 says of what came last that it is its own fault, and nothing waits. */
static bool
only_own_faults(const struct objects *os)
{
	int64_t at = os->s3_own_ms;

	return TAILQ_EMPTY(&os->lot.stays) && at >= 0 &&
	       clock_mono_ms() - at < WELL_MS;
}

/* The lot is full, or nothing has succeeded for long. It may be empty for a
 * while, when the 12 hours of all that are in it are over. */
bool
objects_stand_still(const struct objects *os)
{
	enum object_doubt doubt = foremost(os);
	const struct breaker *b = &doubt_side(os, doubt)->breaker;

	if (os->lack_creds)
		return true;
	if (doubt_is_well(os, doubt) || only_own_faults(os) ||
	    longest(os, true) != NULL)
		return false;
	return lot_is_full(&os->lot) ||
	       (b->open && clock_mono_ms() - b->since_ms >= LONG_MS);
}

void
doubt_drain(struct objects *os)
{
	struct message *m, *next;

	for (m = TAILQ_FIRST(&os->lot.stays); m != NULL; m = next) {
		next = TAILQ_NEXT(m, stay.link);
		lot_leave(&os->lot, m);
		if (!line_rests(m))
			continue; /* something of it is under way again */
		objects_disown(os, m);
		message_release(os->conf.messages, m, BACK_OFF_STOP);
	}
}
