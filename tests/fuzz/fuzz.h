/*
 * What the fuzz targets share. A target is one file fuzz_<what>.c; the first
 * bytes of an input steer (how it is cut, which call is made), the rest is what
 * comes from outside. CHECK is the assertion: it aborts, and libFuzzer keeps
 * the input.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "base/span.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* Takes one byte off the front; 0 when there is none left. */
uint8_t fuzz_byte(struct span *in);
/* Takes what stands before the first sep, which is dropped; all of it if there
 * is none. */
struct span fuzz_until(struct span *in, const char *sep);

/* A copy on the heap of exactly its size, so that the sanitizer sees a byte
 * read too much; to be freed with mem_free. */
char *fuzz_copy(struct span s);
/* The same with a NUL after it and none inside. */
char *fuzz_cstr(struct span s);

/* Pieces of an input, each an exact copy: 0 is all in one, 1 byte by byte, any
 * other a seed for lengths. */
struct fuzz_cut {
	struct span rest, piece;
	uint32_t state;
	uint8_t how;
	bool done;
};
void fuzz_cut_init(struct fuzz_cut *c, struct span s, uint8_t how);
/* The next in c->piece. An empty input is one empty piece. */
bool fuzz_cut_next(struct fuzz_cut *c);
void fuzz_cut_fini(struct fuzz_cut *c);

#endif
