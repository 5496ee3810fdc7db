/* How long messages had waited in the queue: sqs_oldest_s. */
#include "aws/sqs_internal.h"
#include "base/clock.h"

enum { SLOT_MS = 60 * 1000 / SQS_AGE_SLOTS };

void
sqs_note_sent(struct sqs *s, int64_t sent_ms)
{
	int64_t slot = clock_mono_ms() / SLOT_MS;
	int64_t age = clock_wall_ms() - sent_ms;
	struct sqs_age *a = &s->age[slot % SQS_AGE_SLOTS];

	if (sent_ms < 0)
		return;
	if (a->slot != slot || !a->used)
		*a = (struct sqs_age){.slot = slot, .used = true};
	if (age > a->ms)
		a->ms = age;
}

int64_t
sqs_oldest_s(const struct sqs *s)
{
	int64_t now = clock_mono_ms() / SLOT_MS, ms = -1;

	for (size_t i = 0; i < SQS_AGE_SLOTS; i++) {
		const struct sqs_age *a = &s->age[i];

		if (a->used && now - a->slot < SQS_AGE_SLOTS && a->ms > ms)
			ms = a->ms;
	}
	return ms < 0 ? -1 : ms / 1000;
}
