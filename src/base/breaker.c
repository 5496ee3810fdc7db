#include "base/breaker.h"

int64_t
breaker_due(const struct breaker *b)
{
	if (!b->open)
		return 0;
	return b->probing ? BREAKER_NEVER : b->due_ms;
}

unsigned
breaker_begin(struct breaker *b)
{
	b->probing = b->open;
	return b->turn;
}

bool
breaker_succeeded(struct breaker *b, unsigned ticket)
{
	bool was_open = b->open;

	if (ticket != b->turn)
		return false;
	b->failures = 0;
	b->open = b->probing = false;
	b->turn += was_open;
	return was_open;
}

static void
wait(struct breaker *b, int64_t ms, int64_t now_ms)
{
	b->probing = false;
	b->wait_ms = ms;
	b->due_ms = now_ms + ms;
}

bool
breaker_failed(struct breaker *b, unsigned ticket,
    const struct breaker_pace *pace, int64_t now_ms)
{
	int64_t ms = 2 * b->wait_ms;

	if (ticket != b->turn)
		return false;
	if (b->open) {
		b->probes++;
		ms = ms < pace->first_ms ? pace->first_ms : ms;
		wait(b, ms < pace->max_ms ? ms : pace->max_ms, now_ms);
		return false;
	}
	if (++b->failures < pace->failures)
		return false;
	b->open = true;
	b->turn++;
	b->probes = 0;
	b->since_ms = now_ms;
	wait(b, pace->first_ms, now_ms);
	return true;
}

void
breaker_cancelled(struct breaker *b, unsigned ticket)
{
	if (ticket == b->turn)
		b->probing = false;
}

void
breaker_turn_away(struct breaker *b, int64_t now_ms)
{
	b->turn++;
	b->failures = 0;
	b->probing = false;
	breaker_hurry(b, now_ms);
}

void
breaker_hurry(struct breaker *b, int64_t now_ms)
{
	b->wait_ms = 0;
	b->due_ms = now_ms;
}
