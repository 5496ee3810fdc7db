/* What the answers to POSTs count as. */
#include "base/clock.h"
#include "base/mem.h"
#include "sink/delivery_internal.h"

void
count_init(struct delivery *d)
{
	histogram_init(&d->stats.post_us, &histogram_call_us);
}

enum delivery_answer
count_kind(const struct dassana_result *r)
{
	switch (r->verdict) {
	case DASSANA_TAKEN:
		return DELIVERY_A_TAKEN;
	case DASSANA_RETRY:
		if (r->status == 429)
			return DELIVERY_A_LIMITED;
		return r->status >= 400 ? DELIVERY_A_BUSY : DELIVERY_A_NONE;
	case DASSANA_REFUSED:
		return r->status == 413 ? DELIVERY_A_TOO_LARGE
					: DELIVERY_A_REFUSED;
	case DASSANA_TOKEN:
		return DELIVERY_A_TOKEN;
	case DASSANA_UNCOUNTED:
		return DELIVERY_A_UNCOUNTED;
	case DASSANA_SETUP:
		break;
	}
	return DELIVERY_A_SETUP;
}

void
count_answer(
    struct delivery *d, const struct item *it, const struct dassana_result *r)
{
	d->stats.answers[count_kind(r)]++;
	histogram_observe(
	    &d->stats.post_us, (clock_mono_ms() - it->sent_ms) * 1000);
}

const char *
delivery_answer_name(enum delivery_answer a)
{
	static const char *const names[DELIVERY_ANSWERS] = {
	    [DELIVERY_A_TAKEN] = "taken",
	    [DELIVERY_A_LIMITED] = "rate_limited",
	    [DELIVERY_A_BUSY] = "server_error",
	    [DELIVERY_A_NONE] = "no_answer",
	    [DELIVERY_A_REFUSED] = "refused",
	    [DELIVERY_A_TOO_LARGE] = "too_large",
	    [DELIVERY_A_TOKEN] = "token_refused",
	    [DELIVERY_A_SETUP] = "wrong_endpoint",
	    [DELIVERY_A_UNCOUNTED] = "uncounted",
	};

	CHECK((unsigned)a < DELIVERY_ANSWERS);
	return names[a];
}
