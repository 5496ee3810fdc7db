#include "admin/rates.h"

enum { SIZE = RATES_STEPS + 1 };

void
rates_add(struct rates *r, const struct rates_sample *s)
{
	r->sample[r->next] = *s;
	r->next = (r->next + 1) % SIZE;
	if (r->n < SIZE)
		r->n++;
}

/* i: 0 is the oldest. */
static const struct rates_sample *
sample_at(const struct rates *r, size_t i)
{
	return &r->sample[(r->next + SIZE - r->n + i) % SIZE];
}

static double
between(const struct rates_sample *a, const struct rates_sample *b, size_t what)
{
	int64_t ms = b->at_ms - a->at_ms;

	if (ms < 1000 || b->count[what] < a->count[what])
		return 0;
	return (double)(b->count[what] - a->count[what]) * 1000 / (double)ms;
}

double
rates_of(const struct rates *r, const struct rates_sample *now, enum rate what)
{
	const struct rates_sample *since = now;

	for (size_t i = r->n; i-- > 0;) {
		since = sample_at(r, i);
		if (now->at_ms - since->at_ms >= RATES_WINDOW_MS)
			break;
	}
	return between(since, now, what);
}

size_t
rates_history(const struct rates *r, enum rate what, double out[RATES_STEPS])
{
	size_t n = 0;

	for (; n + 1 < r->n; n++)
		out[n] = between(sample_at(r, n), sample_at(r, n + 1), what);
	return n;
}
