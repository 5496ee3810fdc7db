/* The lease of one receipt. */
#include "base/clock.h"
#include "base/mem.h"
#include "flow/receipts.h"

/* A lease starts before the reply reached us. */
enum { REPLY_SLACK_MS = 1000 };

void
receipt_init(
    struct receipt *r, void *owner, struct span handle, unsigned visibility_s)
{
	int64_t now = clock_mono_ms();

	*r = (struct receipt){
	    .owner = owner,
	    .handle = mem_strndup(handle.p, handle.n),
	    .received_ms = now - REPLY_SLACK_MS,
	    .lease_until_ms =
		now - REPLY_SLACK_MS + (int64_t)visibility_s * 1000,
	};
}

void
receipt_fini(struct receipt *r)
{
	CHECK(!receipt_busy(r));
	mem_free(r->handle);
	r->handle = NULL;
}

bool
receipt_busy(const struct receipt *r)
{
	return r->want != RECEIPT_NONE || r->flying != RECEIPT_NONE;
}

unsigned
receipt_longest_s(const struct receipt *r, unsigned wanted_s, int64_t now)
{
	int64_t left_s = SQS_VISIBILITY_MAX_S -
			 (now - r->received_ms + REPLY_SLACK_MS) / 1000;

	if (left_s <= 0)
		return 0;
	return wanted_s < left_s ? wanted_s : (unsigned)left_s;
}

bool
receipt_due(const struct receipt *r, unsigned step_s, int64_t now_ms)
{
	int64_t left_ms = r->lease_until_ms - now_ms;
	int64_t longest_ms =
	    1000 * (int64_t)receipt_longest_s(r, step_s, now_ms);

	/* Near the end of the 12 hours there is nothing left to gain. */
	return !receipt_busy(r) && left_ms > 0 &&
	       left_ms <= (int64_t)step_s * 500 && longest_ms > left_ms + 1000;
}

void
receipt_renew(struct receipt *r, struct span handle, unsigned visibility_s)
{
	struct receipt fresh;

	receipt_init(&fresh, r->owner, handle, visibility_s);
	mem_free(r->handle);
	r->handle = fresh.handle;
	r->received_ms = fresh.received_ms;
	r->lease_until_ms = fresh.lease_until_ms;
	r->stale = r->flying != RECEIPT_NONE;
}
