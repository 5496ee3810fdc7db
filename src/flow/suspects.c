#include "flow/suspects.h"

#include <stdint.h>
#include <string.h>

#include <openssl/evp.h>

#include "base/clock.h"
#include "base/mem.h"

enum { SHARE = 8 };

struct suspects {
	EVP_MD_CTX *sha256;
	uint64_t secret; /* so that nobody can choose names that are alike */
	size_t n;	 /* that were added: none are looked for if none were */
	uint64_t name[SUSPECTS_MAX / SHARE][SHARE]; /* newest first; 0: none */
};

_Static_assert(sizeof(struct suspects) <= SUSPECTS_BYTES, "as memory counts");

struct suspects *
suspects_new(void)
{
	struct suspects *s = mem_zalloc(sizeof *s);

	s->sha256 = EVP_MD_CTX_new();
	CHECK(s->sha256 != NULL);
	s->secret = clock_random(UINT64_MAX);
	return s;
}

void
suspects_free(struct suspects **s)
{
	EVP_MD_CTX_free((*s)->sha256);
	mem_free(*s);
	*s = NULL;
}

static uint64_t
name_of(const struct suspects *s, struct span bucket, struct span key)
{
	union {
		unsigned char sha256[EVP_MAX_MD_SIZE];
		uint64_t name;
	} u;

	CHECK(EVP_DigestInit_ex(s->sha256, EVP_sha256(), NULL) == 1 &&
	      EVP_DigestUpdate(s->sha256, &s->secret, sizeof s->secret) == 1 &&
	      EVP_DigestUpdate(s->sha256, bucket.p, bucket.n) == 1 &&
	      EVP_DigestUpdate(s->sha256, "/", 1) == 1 &&
	      EVP_DigestUpdate(s->sha256, key.p, key.n) == 1 &&
	      EVP_DigestFinal_ex(s->sha256, u.sha256, NULL) == 1);
	return u.name;
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
	uint64_t name = name_of(s, bucket, key);
	uint64_t *place = s->name[name % (SUSPECTS_MAX / SHARE)];
	size_t i = find(place, name);

	memmove(place + 1, place, (i < SHARE ? i : i - 1) * sizeof *place);
	place[0] = name;
	s->n++;
}

bool
suspects_have(struct suspects *s, struct span bucket, struct span key)
{
	uint64_t name;

	if (s->n == 0)
		return false;
	name = name_of(s, bucket, key);
	return find(s->name[name % (SUSPECTS_MAX / SHARE)], name) < SHARE;
}

void
suspects_clear(struct suspects *s)
{
	memset(s->name, 0, sizeof s->name);
	s->n = 0;
}
