#include "flow/hidden.h"

static void
pass_time(struct hidden *h, int64_t now_ms)
{
	int64_t minute = now_ms / 60000;

	if (minute - h->minute > HIDDEN_MINUTES)
		h->minute = minute - HIDDEN_MINUTES;
	while (h->minute < minute) {
		uint32_t *n = &h->until[++h->minute % HIDDEN_MINUTES];

		h->n -= *n;
		*n = 0;
	}
}

unsigned
hidden_for_s(
    struct hidden *h, unsigned least_s, unsigned most_s, int64_t now_ms)
{
	int64_t n, max = HIDDEN_MAX, s;

	pass_time(h, now_ms);
	n = h->n;
	if (h->in_flight > 0) {
		n = h->in_flight;
		max = HIDDEN_QUEUE_MAX;
	}
	s = n < max ? ((int64_t)most_s * (max - n) + max - 1) / max : 0;
	return s > (int64_t)least_s ? (unsigned)s : least_s;
}

void
hidden_add(struct hidden *h, unsigned s, int64_t now_ms)
{
	int64_t minutes = s / 60 + 1;

	pass_time(h, now_ms);
	if (minutes >= HIDDEN_MINUTES)
		minutes = HIDDEN_MINUTES - 1;
	h->until[(h->minute + minutes) % HIDDEN_MINUTES]++;
	h->n++;
	if (h->in_flight > 0)
		h->in_flight++;
}
