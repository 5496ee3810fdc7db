/* What is sent next, and when. */
#include "sink/delivery_internal.h"

/* Until this endpoint has shown that it counts what it takes, it is asked with
 * one event at a time. */
size_t
pick_events(const struct delivery *d, const struct item *it)
{
	return dassana_counts(d->sink) ? item_next(it) : 1;
}

bool
pick_is_whole(const struct delivery *d, const struct item *it, size_t n)
{
	return n == batch_events(it->batch) &&
	       (n == 1 || batch_plain_bytes(it->batch) <= d->limit.bytes);
}

struct scratch *
pick_scratch(struct delivery *d, const struct item *it)
{
	size_t bytes = item_bytes_max(it);

	/* From the last: the small ones first. */
	for (size_t i = SCRATCHES; i-- > 0;) {
		if (d->scratch[i].user == NULL &&
		    (i == 0 || bytes <= d->scratch[i].bytes))
			return &d->scratch[i];
	}
	return NULL;
}

/* Whether it could be sent now, but for time and breaker. */
static bool
is_free(struct delivery *d, const struct item *it)
{
	return it->post == NULL && !it->cutting &&
	       (pick_is_whole(d, it, pick_events(d, it)) ||
		   pick_scratch(d, it) != NULL);
}

/* Whether one more of such may be under way while others wait. What is cut has
 * three quarters, since it may be taken; what was refused before one in 16. */
static bool
may_cut(const struct delivery *d)
{
	unsigned most = d->conf.concurrency * 3 / 4;

	return most > 0 ? d->cuts.now < most : d->cuts.since >= 1;
}

static bool
may_suspect(const struct delivery *d)
{
	return d->suspects.now == 0 && d->suspects.since >= 15;
}

/* Those that have probed less come first, so that whoever is to blame itself
 * does not keep the others from showing it, however many objects it holds. Of
 * suspects there is always another one that has not: between two of them the
 * others have a turn each. */
static struct item *
pick_probe(struct delivery *d)
{
	struct item *it, *best = NULL, *suspect = NULL;

	TAILQ_FOREACH(it, &d->items, link)
	{
		struct item **of = it->suspect ? &suspect : &best;

		if (is_free(d, it) &&
		    (*of == NULL || it->probes < (*of)->probes))
			*of = it;
	}
	if (suspect != NULL &&
	    (best == NULL || d->suspects.since + 1 >= d->nitems))
		return suspect;
	return best;
}

static struct item *
earlier(struct item *a, struct item *b)
{
	return a != NULL && a->due_ms <= b->due_ms ? a : b;
}

/* The oldest that is due of each kind, or else who is due next. */
static struct item *
pick_due(struct delivery *d, int64_t now)
{
	struct item *it, *next = NULL, *whole = NULL, *cut = NULL;
	struct item *suspect = NULL;

	TAILQ_FOREACH(it, &d->items, link)
	{
		struct item **of = it->suspect	       ? &suspect
				   : item_isolated(it) ? &cut
						       : &whole;

		if (!is_free(d, it))
			continue;
		next = earlier(next, it);
		if (*of == NULL && it->due_ms <= now)
			*of = it;
	}
	if (suspect != NULL && may_suspect(d))
		return suspect;
	if (cut != NULL && (whole == NULL || may_cut(d)))
		return cut;
	return whole != NULL ? whole : next;
}

static int64_t
next(struct delivery *d, int64_t now, struct item **it)
{
	unsigned most = dassana_counts(d->sink) ? d->conf.concurrency : 1;
	int64_t at = breaker_due(&d->breaker);

	if (d->stats.in_flight - d->elsewhere >= most || at == BREAKER_NEVER)
		return BREAKER_NEVER;
	*it = d->breaker.open ? pick_probe(d) : pick_due(d, now);
	if (*it == NULL)
		return BREAKER_NEVER;
	if (!d->breaker.open)
		at = (*it)->due_ms;
	return at > d->hold_ms ? at : d->hold_ms;
}

int64_t
pick_next(struct delivery *d, int64_t now, struct item **it)
{
	int64_t at = next(d, now, it), due;

	rate_set(&d->rate, dassana_rate_limit(d->sink), now);
	/* What a part takes of the limit is known when it has been made. */
	if (d->rate.per_s > 0 && timer_armed(d->cut))
		at = BREAKER_NEVER;
	due = rate_due(&d->rate, now);
	stopwatch_set(&d->rate.held, at <= now && due > now, now);
	return at > due ? at : due;
}

bool
delivery_wants_fresh(const struct delivery *d)
{
	const struct item *it;

	TAILQ_FOREACH(it, &d->items, link)
	{
		if (it->tries == 0)
			return false;
	}
	return !delivery_open(d);
}
