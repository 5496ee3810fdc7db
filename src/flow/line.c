#include "flow/line.h"

#include "base/mem.h"
#include "flow/object.h"

void
line_init(struct line *l, unsigned slots)
{
	TAILQ_INIT(&l->turns);
	l->slots = slots;
}

/* It stands in the line while it has something to be read. */
static void
stand(struct line *l, struct message *m)
{
	struct turn *t = &m->turn;
	bool waits = t->n[OBJECT_READY] > 0 && !t->held_back;

	if (waits == t->waits)
		return;
	t->waits = waits;
	if (waits)
		TAILQ_INSERT_TAIL(&l->turns, m, turn.link);
	else
		TAILQ_REMOVE(&l->turns, m, turn.link);
}

void
line_want(struct line *l, struct message *m, struct object *o)
{
	struct want *w = mem_zalloc(sizeof *w);

	w->message = m;
	w->object = o;
	TAILQ_INSERT_TAIL(&o->wants, w, of_object);
	TAILQ_INSERT_TAIL(&m->turn.wants, w, of_message);
	m->turn.n[o->state]++;
	stand(l, m);
}

void
line_unwant(struct line *l, struct want *w)
{
	struct message *m = w->message;

	TAILQ_REMOVE(&w->object->wants, w, of_object);
	TAILQ_REMOVE(&m->turn.wants, w, of_message);
	m->turn.n[w->object->state]--;
	stand(l, m);
	mem_free(w);
}

void
line_move(struct line *l, struct object *o, enum object_state to)
{
	struct want *w;

	TAILQ_FOREACH(w, &o->wants, of_object)
	{
		struct message *m = w->message;

		m->turn.n[o->state]--;
		m->turn.n[to]++;
		/* What is ready stays in front. */
		if (to == OBJECT_ACTIVE) {
			TAILQ_REMOVE(&m->turn.wants, w, of_message);
			TAILQ_INSERT_TAIL(&m->turn.wants, w, of_message);
		}
		stand(l, m);
	}
	o->state = to;
}

void
line_forgive(struct line *l, struct message *m)
{
	m->turn.failures = 0;
	m->turn.held_back = false;
	stand(l, m);
}

void
line_blame(struct line *l, struct message *m)
{
	if (++m->turn.failures >= LINE_FAILURES)
		m->turn.held_back = true;
	stand(l, m);
}

static struct object *
first_of(const struct message *m, enum object_state state, bool tried)
{
	struct want *w;

	if (m->turn.n[state] == 0)
		return NULL;
	TAILQ_FOREACH(w, &m->turn.wants, of_message)
	{
		if (w->object->state == state && (tried || !w->object->tried))
			return w->object;
	}
	return NULL;
}

static bool
has_its_share(const struct line *l, const struct message *m)
{
	unsigned quarter = l->slots / 4 > 0 ? l->slots / 4 : 1;

	return m->turn.n[OBJECT_ACTIVE] >= quarter;
}

struct object *
line_next(struct line *l, bool large_too)
{
	struct message *m, *best = NULL;
	struct object *o, *next = NULL;

	TAILQ_FOREACH(m, &l->turns, turn.link)
	{
		bool share = has_its_share(l, m);

		if (share && best != NULL)
			continue;
		o = first_of(m, OBJECT_READY, true);
		if (o == NULL || (o->large && !large_too))
			continue;
		best = m;
		next = o;
		if (!share)
			break;
	}
	if (best != NULL) {
		TAILQ_REMOVE(&l->turns, best, turn.link);
		TAILQ_INSERT_TAIL(&l->turns, best, turn.link);
	}
	return next;
}

struct object *
line_try(struct message *m)
{
	struct object *o = first_of(m, OBJECT_READY, false);

	if (o == NULL)
		o = first_of(m, OBJECT_PARKED, true);
	return o != NULL ? o : first_of(m, OBJECT_READY, true);
}

bool
line_rests(const struct message *m)
{
	const struct turn *t = &m->turn;

	return (t->n[OBJECT_READY] == 0 || t->held_back) &&
	       t->n[OBJECT_PARKED] + t->n[OBJECT_READY] == message_open(m);
}
