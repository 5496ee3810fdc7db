/*
 * What the last answers to POSTs say of Dassana, for whoever looks on. A single
 * failure says nothing yet, since the next try mostly succeeds.
 */
#include "base/clock.h"
#include "sink/delivery_internal.h"

enum { LASTING_MS = 60 * 1000 };

void
trouble_note(
    struct delivery *d, const struct item *it, const struct dassana_result *r)
{
	if (r->verdict == DASSANA_TAKEN) {
		d->trouble.why = NULL;
		return;
	}
	/* One that began later was taken. */
	if (it->trial.began < d->conf.judge->proof[JUDGE_DASSANA])
		return;
	if (d->trouble.why == NULL)
		d->trouble.since_ms = clock_mono_ms();
	d->trouble.why = r->why;
	d->trouble.advice = r->advice != NULL ? r->advice : "";
	d->trouble.code = r->err != ERR_OK ? err_name(r->err) : "";
}

enum trouble_kind
trouble_kind(const struct delivery *d)
{
	if (!d->breaker.open || d->cause == DELIVERY_A_LIMITED ||
	    d->cause == DELIVERY_A_BUSY || d->cause == DELIVERY_A_NONE)
		return TROUBLE_PASSING;
	return d->cause == DELIVERY_A_REFUSED ? TROUBLE_REFUSES : TROUBLE_SETUP;
}

bool
delivery_open(const struct delivery *d)
{
	return trouble_kind(d) != TROUBLE_SETUP;
}

bool
delivery_answers(const struct delivery *d)
{
	return d->trouble.why == NULL;
}

static bool
is_ill(const struct delivery *d)
{
	if (d->trouble.why == NULL)
		return false;
	return trouble_kind(d) != TROUBLE_PASSING ||
	       clock_mono_ms() - d->trouble.since_ms >= LASTING_MS;
}

struct part
delivery_part(const struct delivery *d)
{
	struct part p = PART_IN(d->takes > 0 ? PART_WELL : PART_UNTRIED);

	if (!is_ill(d))
		return p;
	p.mood = PART_ILL;
	p.problem = d->trouble.why;
	p.code = d->trouble.code;
	p.advice = d->trouble.advice;
	p.since_ms = d->trouble.since_ms;
	return p;
}

enum token_state
delivery_token(const struct delivery *d)
{
	return dassana_token(d->sink);
}
