/* Objects that S3 refused while it lets us read nothing: who is held, who is
 * tried next, and whose fault it was. */
#include "flow/grant.h"
#include "flow/objects_internal.h"

/* A fresh object could be read: those that are held get one more try, and if
 * they are refused again it is for a reason of their own. */
void
hold_suspect(struct objects *os)
{
	struct object *o;

	TAILQ_FOREACH(o, &os->waiting, link)
	{
		o->suspect = o->held;
	}
}

/* It has closed again: the set-up's fault after all. */
static void
clear_suspects(struct objects *os)
{
	struct object *o;

	TAILQ_FOREACH(o, &os->waiting, link)
	{
		o->suspect = false;
	}
}

/* Back to the end of the line: those who are held take turns at probing. */
void
hold(struct objects *os, struct object *o)
{
	/* A stream that broke may be refused when it goes on. */
	ledger_close(os->ledger, &o->page);
	TAILQ_REMOVE(&os->begun, o, link);
	TAILQ_INSERT_TAIL(&os->waiting, o, link);
	os->stats.waiting++;
	o->state = OBJECT_WAITING;
	o->held = true;
}

/* Whether the object is to be held. A suspect's refusal is its own, unless it
 * is the credentials that are refused. */
bool
hold_is_due(struct objects *os, struct object *o, const struct aws_result *r)
{
	bool open = grant_open(os->grant);

	if (o->suspect && !grant_needs_creds(r)) {
		grant_failed(os->grant);
		return false;
	}
	if (!grant_refused(os->grant, o->bucket, o->key, r))
		return false;
	if (open)
		clear_suspects(os);
	return o->sliced == 0;
}

/* A held one or a fresh one; NULL if there is none such. */
struct object *
hold_first(const struct objects *os, bool held)
{
	struct object *o;

	TAILQ_FOREACH(o, &os->waiting, link)
	{
		if (o->held == held)
			return o;
	}
	return NULL;
}

/* Whose turn it is; NULL if it is nobody's. */
struct object *
hold_next(const struct objects *os)
{
	struct object *o = NULL;

	if (grant_on_trial(os->grant))
		return hold_first(os, false);
	if (!grant_open(os->grant))
		o = hold_first(os, true);
	return o != NULL ? o : TAILQ_FIRST(&os->waiting);
}
