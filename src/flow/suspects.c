#include "flow/suspects.h"

#include <stdint.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"

enum { SHARE = 8 };

struct suspects {
	uint64_t name[SUSPECTS_MAX / SHARE][SHARE]; /* newest first; 0: none */
};

_Static_assert(sizeof(struct suspects) == SUSPECTS_BYTES, "as memory counts");

struct suspects *
suspects_new(void)
{
	return mem_zalloc(sizeof(struct suspects));
}

void
suspects_free(struct suspects **s)
{
	mem_free(*s);
	*s = NULL;
}

static uint64_t
hash(struct span bucket, struct span key)
{
	uint64_t h = hash_add(HASH_START, bucket.p, bucket.n);

	return hash_add(hash_add(h, "/", 1), key.p, key.n);
}

/* Which of those that share its place it is; SHARE: none of them. */
static size_t
find(const uint64_t *place, uint64_t name)
{
	size_t i = 0;

	while (i < SHARE && place[i] != name)
		i++;
	return i;
}

void
suspects_add(struct suspects *s, struct span bucket, struct span key)
{
	uint64_t name = hash(bucket, key);
	uint64_t *place = s->name[name % (SUSPECTS_MAX / SHARE)];
	size_t i = find(place, name);

	memmove(place + 1, place, (i < SHARE ? i : i - 1) * sizeof *place);
	place[0] = name;
}

bool
suspects_have(struct suspects *s, struct span bucket, struct span key)
{
	uint64_t name = hash(bucket, key);

	return find(s->name[name % (SUSPECTS_MAX / SHARE)], name) < SHARE;
}

void
suspects_clear(struct suspects *s)
{
	memset(s, 0, sizeof *s);
}
