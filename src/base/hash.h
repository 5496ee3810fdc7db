/*
 * FNV-1a of 64 bits: short texts to numbers that mostly differ. Whoever chooses
 * the texts can make two alike, so nothing may depend on it but looks, and what
 * is held to be the same for a while.
 */
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

#define HASH_START UINT64_C(0xcbf29ce484222325)

/* Goes on from h, which is HASH_START at first. */
static inline uint64_t
hash_add(uint64_t h, const void *p, size_t n)
{
	const unsigned char *at = p;

	for (size_t i = 0; i < n; i++)
		h = (h ^ at[i]) * UINT64_C(0x100000001b3);
	return h;
}

#endif
