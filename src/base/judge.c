#include "base/judge.h"

#include <string.h>

struct trial
judge_begin(struct judge *j)
{
	struct trial t = {.began = ++j->clock};

	memcpy(t.proof, j->proof, sizeof t.proof);
	return t;
}

void
judge_succeeded(struct judge *j, enum judge_side side, const struct trial *t)
{
	if (t->began > j->proof[side])
		j->proof[side] = t->began;
}

bool
judge_failed(struct judge *j, enum judge_side side, const struct trial *t,
    struct blame *b, int64_t now_ms)
{
	bool first = b->failed_at == 0;
	bool counts = !first && t->proof[side] > b->failed_at;

	if (first)
		b->since_ms = now_ms;
	b->times += counts;
	if (first || counts)
		b->failed_at = ++j->clock;
	return counts;
}

bool
blame_is_proven(const struct blame *b, int64_t now_ms)
{
	return b->times >= BLAME_TIMES && now_ms - b->since_ms >= BLAME_MS;
}
