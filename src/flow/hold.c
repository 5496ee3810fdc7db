/* Objects that S3 refused, until it is known whose fault it was: who is held,
 * and who is tried next. */
#include <string.h>

#include "flow/grant.h"
#include "flow/objects_internal.h"

/* The GET of that number was answered, of an object that was held itself or
 * not. What was refused before it started may be tried freely. If it was not
 * held, S3 has let us read all the time: those that are refused again have a
 * reason of their own. */
void
hold_proof(struct objects *os, uint64_t number, bool was_held)
{
	struct object *o;

	if (os->nheld == 0)
		return;
	TAILQ_FOREACH(o, &os->waiting, link)
	{
		if (!o->held || o->refused_at >= number)
			continue;
		o->held = false;
		os->nheld--;
		o->suspect = !was_held;
	}
}

/* The gate has closed: the set-up's fault after all. */
static void
clear_suspects(struct objects *os)
{
	struct object *o;

	TAILQ_FOREACH(o, &os->begun, link)
	{
		o->suspect = false;
	}
	TAILQ_FOREACH(o, &os->waiting, link)
	{
		if (!o->suspect)
			continue;
		o->suspect = false;
		o->held = true;
		os->nheld++;
	}
}

/* That credentials have ended is never an object's fault. */
static bool
have_ended(const struct aws_result *r)
{
	return r->class == AWS_NO_CREDS ||
	       strncmp(r->code, "Expired", 7) == 0 ||
	       strcmp(r->code, "RequestExpired") == 0 ||
	       strcmp(r->code, "TokenRefreshRequired") == 0;
}

/* Whether the object is to be held. A suspect's refusal is its own, unless
 * others are refused too: permissions come and go for a while when they are
 * changed. */
bool
hold_is_due(struct objects *os, struct object *o, const struct aws_result *r)
{
	bool open = grant_open(os->grant);

	if (o->suspect && grant_calm(os->grant) && !have_ended(r))
		return false;
	if (!grant_refused(os->grant, o->bucket, o->key, r, o->answered))
		return false;
	o->refused_at = grant_started(os->grant);
	o->suspect = false;
	if (open && !grant_open(os->grant))
		clear_suspects(os);
	return true;
}

/* Back to the end of the line: those who are held take turns at being tried,
 * from their first byte. What Dassana has taken the ledger knows. */
void
hold(struct objects *os, struct object *o)
{
	ledger_close(os->ledger, &o->page);
	TAILQ_REMOVE(&os->begun, o, link);
	o->sliced = o->settled = o->delivered = o->skipped = 0;
	o->answered = false;
	hold_wait(os, o);
	grant_later(os->grant);
}

void
hold_wait(struct objects *os, struct object *o)
{
	o->state = OBJECT_WAITING;
	TAILQ_INSERT_TAIL(&os->waiting, o, link);
	os->stats.waiting++;
	os->nheld += o->held;
}

void
hold_wait_ends(struct objects *os, struct object *o)
{
	TAILQ_REMOVE(&os->waiting, o, link);
	os->stats.waiting--;
	os->nheld -= o->held;
}

/* Whatever becomes of a GET, another turn follows while anybody needs one. */
void
hold_go_on(struct objects *os)
{
	if (os->nheld > 0 || !grant_open(os->grant))
		grant_later(os->grant);
}

bool
hold_is_near(const struct objects *os)
{
	struct object *o;

	TAILQ_FOREACH(o, &os->begun, link)
	{
		if (o->held && o->state == OBJECT_ENDED)
			return true;
	}
	return false;
}

/* Its messages are others' by now: nobody waits for it here. */
static bool
is_forsaken(const struct object *o)
{
	for (size_t i = 0; i < o->nmessages; i++) {
		if (!o->message[i]->lease_lost)
			return false;
	}
	return true;
}

struct object *
hold_forsaken(const struct objects *os)
{
	struct object *o;

	if (os->nheld == 0)
		return NULL;
	TAILQ_FOREACH(o, &os->waiting, link)
	{
		if (o->held && is_forsaken(o))
			return o;
	}
	return NULL;
}

/* A held one or a fresh one; NULL if there is none such. */
struct object *
hold_first(const struct objects *os, bool held)
{
	struct object *o;

	if (held && os->nheld == 0)
		return NULL;
	TAILQ_FOREACH(o, &os->waiting, link)
	{
		if (o->held == held)
			return o;
	}
	return NULL;
}

/* Who is to be tried next, if grant_start lets it; NULL if there is nobody. */
struct object *
hold_next(const struct objects *os)
{
	bool held_first = !grant_open(os->grant);
	struct object *o;

	if (grant_on_trial(os->grant))
		return hold_first(os, false);
	o = hold_first(os, held_first);
	return o != NULL ? o : hold_first(os, !held_first);
}
