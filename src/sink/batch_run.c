#include "base/mem.h"
#include "sink/batch.h"

static unsigned
lowest(uint64_t bits)
{
	return (unsigned)__builtin_ctzll(bits);
}

uint64_t
batch_run_end(const struct batch_run *r)
{
	if (r->taken == 0)
		return r->first + r->count;
	return r->first + BATCH_RUN_PLACES -
	       (unsigned)__builtin_clzll(r->taken);
}

bool
batch_run_has(const struct batch_run *r, uint64_t index)
{
	if (index < r->first || index >= batch_run_end(r))
		return false;
	return r->taken == 0 || (r->taken >> (index - r->first) & 1) != 0;
}

struct batch_run
batch_run_part(const struct batch_run *r, size_t skip, size_t n)
{
	struct batch_run part = *r;
	uint64_t bits = r->taken, rest;
	unsigned before = 0;

	CHECK(n > 0 && skip + n <= r->count);
	part.count = (uint32_t)n;
	if (skip > 0)
		part.lead = 0;
	if (bits == 0) {
		part.first += skip;
		return part;
	}
	for (size_t i = 0; i < skip; i++) {
		before = lowest(bits) + 1;
		bits &= bits - 1;
	}
	if (skip > 0)
		part.lead = lowest(bits) - before;
	rest = bits;
	for (size_t i = 0; i < n; i++)
		rest &= rest - 1;
	part.first += lowest(bits);
	part.taken = (bits & ~rest) >> lowest(bits);
	return part;
}

bool
batch_run_extend(struct batch_run *r, void *owner, uint64_t index, size_t lead)
{
	uint64_t place = index - r->first;

	if (r->owner != owner || batch_run_end(r) != index - lead ||
	    r->count == UINT32_MAX)
		return false;
	if (lead == 0 && r->taken == 0) {
		r->count++;
		return true;
	}
	if (place >= BATCH_RUN_PLACES)
		return false;
	if (r->taken == 0)
		r->taken = ((uint64_t)1 << r->count) - 1;
	r->taken |= (uint64_t)1 << place;
	r->count++;
	return true;
}
