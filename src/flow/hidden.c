#include "flow/hidden.h"

#include "aws/sqs.h"

enum {
	REDELIVER_MAX_S = 15 * 60,
	LONG_MAX_S = 2 * 3600,
	/* Restarts every 10 minutes spend five receives in 3 hours. */
	STOP_TIMES = 8,
};

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

/* first_s, so many times that with every receive, up to most_s. */
static unsigned
grown_s(unsigned first_s, unsigned times, unsigned most_s, unsigned receives)
{
	unsigned s = first_s;

	for (unsigned i = 1; i < receives && s > 0 && s < most_s; i++)
		s *= times;
	return s < most_s ? s : most_s;
}

static unsigned
larger(unsigned a, unsigned b)
{
	return a > b ? a : b;
}

unsigned
hidden_after_s(struct hidden *h, enum back_off how, unsigned least_s,
    unsigned receives, int64_t now_ms)
{
	unsigned s = LONG_MAX_S;

	if (receives == 0)
		receives = 1;
	switch (how) {
	case BACK_OFF_NONE:
		return 0;
	case BACK_OFF_STOP:
		return grown_s(
		    least_s, STOP_TIMES, larger(least_s, s), receives);
	case BACK_OFF_HOURS:
		return receives < 6 ? receives * s : SQS_VISIBILITY_MAX_S;
	case BACK_OFF_LONG:
		break;
	case BACK_OFF_USUAL:
		s = grown_s(
		    least_s, 2, larger(least_s, REDELIVER_MAX_S), receives);
		break;
	}
	return hidden_for_s(h, least_s, s, now_ms);
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

void
hidden_in_flight(struct hidden *h, int64_t n)
{
	h->in_flight = n;
}
