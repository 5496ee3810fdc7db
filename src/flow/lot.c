#include "flow/lot.h"

/* S3 may only have been busy; what Dassana refuses it seldom takes soon. */
enum {
	PAUSE_S3_MS = 1000,
	PAUSE_DASSANA_MS = 30 * 1000,
	PAUSE_MAX_MS = 300 * 1000,
};

void
lot_init(struct lot *l, unsigned max)
{
	TAILQ_INIT(&l->stays);
	l->max = max;
	l->due_ms[DOUBT_S3] = l->due_ms[DOUBT_DASSANA] = INT64_MAX;
}

static void
set_due(struct lot *l, struct message *m, int64_t at_ms)
{
	m->stay.due_ms = at_ms;
	if (at_ms < l->due_ms[m->stay.doubt])
		l->due_ms[m->stay.doubt] = at_ms;
}

/* 1 s, 3 s, 9 s … */
static int64_t
pause_ms(const struct stay *s)
{
	int64_t ms = s->doubt == DOUBT_S3 ? PAUSE_S3_MS : PAUSE_DASSANA_MS;

	for (unsigned i = s->tries; i > 0 && ms < PAUSE_MAX_MS; i--)
		ms *= 3;
	return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

void
lot_wait_for(struct message *m, enum object_doubt doubt)
{
	m->stay.doubt = doubt;
}

void
lot_try(struct message *m)
{
	m->stay.trying = true;
}

void
lot_enter(struct lot *l, struct message *m, int64_t now_ms)
{
	m->stay.parked = true;
	m->stay.tried_ms = now_ms;
	TAILQ_INSERT_TAIL(&l->stays, m, stay.link);
	l->n++;
	l->bytes += message_bytes(m);
	set_due(l, m, now_ms + pause_ms(&m->stay));
}

void
lot_leave(struct lot *l, struct message *m)
{
	if (!m->stay.parked)
		return;
	m->stay.parked = m->stay.trying = false;
	TAILQ_REMOVE(&l->stays, m, stay.link);
	l->n--;
	l->bytes -= message_bytes(m);
}

void
lot_again(struct lot *l, struct message *m, int64_t now_ms)
{
	m->stay.trying = false;
	m->stay.tried_ms = now_ms;
	m->stay.tries++;
	set_due(l, m, now_ms + pause_ms(&m->stay));
}

void
lot_hurry(struct lot *l, struct message *m, int64_t now_ms)
{
	m->stay.tries = 0;
	set_due(l, m, now_ms);
}

static bool
is_before(const struct message *a, const struct message *b, bool in_turn)
{
	return in_turn ? a->stay.tried_ms < b->stay.tried_ms
		       : a->stay.due_ms < b->stay.due_ms;
}

/* Looks at all, so nobody asks before lot_due. */
struct message *
lot_next(struct lot *l, enum object_doubt doubt, bool in_turn, int64_t now_ms)
{
	struct message *m, *best = NULL;
	int64_t next = INT64_MAX;

	TAILQ_FOREACH(m, &l->stays, stay.link)
	{
		if (m->stay.trying || m->stay.doubt != doubt)
			continue;
		if (m->stay.due_ms < next)
			next = m->stay.due_ms;
		if (best == NULL || is_before(m, best, in_turn))
			best = m;
	}
	l->due_ms[doubt] = next;
	if (best == NULL || (!in_turn && best->stay.due_ms > now_ms))
		return NULL;
	return best;
}

int64_t
lot_due(const struct lot *l, enum object_doubt doubt)
{
	return l->due_ms[doubt];
}

bool
lot_is_full(const struct lot *l)
{
	size_t usual = l->n > 0 ? l->bytes / l->n : 0;

	return l->n >= l->max || l->bytes + usual > LOT_BYTES;
}

bool
lot_overflows(const struct lot *l)
{
	return l->n > l->max || l->bytes > LOT_BYTES;
}
