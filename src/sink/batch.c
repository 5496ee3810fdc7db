#include "sink/batch.h"

#include "base/mem.h"
#include "sink/batch_internal.h"

static void
pieces_take(struct pieces *s, struct pool *pool)
{
	void *piece = pool_take(pool);

	CHECK(piece != NULL); /* or batcher_room has lied */
	if (s->n == s->cap) {
		s->cap = s->cap == 0 ? 4 : s->cap * 2;
		s->at = mem_realloc(s->at, s->cap * sizeof *s->at);
	}
	s->at[s->n++] = piece;
}

/* Gives back all but the first `keep`, in the reverse of the order taken. */
static void
pieces_give(struct pieces *s, size_t keep, struct pool *pool)
{
	while (s->n > keep)
		pool_give(pool, s->at[--s->n]);
}

struct batch *
batch_new(struct pool *pool)
{
	struct batch *b = mem_zalloc(sizeof *b);

	b->pool = pool;
	b->holders = 1;
	b->id = pool_number(pool);
	return b;
}

void
batch_hold(struct batch *b)
{
	b->holders++;
}

void
batch_free(struct batch **bp)
{
	struct batch *b = *bp;

	*bp = NULL;
	if (b == NULL || --b->holders > 0)
		return;
	pieces_give(&b->runs, 0, b->pool);
	pieces_give(&b->body, 0, b->pool);
	mem_free(b->runs.at);
	mem_free(b->body.at);
	mem_free(b->parts);
	mem_free(b);
}

void
batch_reserve(struct batch *b, size_t bytes)
{
	while (b->body.n * POOL_PIECE < bytes)
		pieces_take(&b->body, b->pool);
}

void *
batch_tail(struct batch *b, size_t *n)
{
	size_t used = b->body_bytes % POOL_PIECE;

	batch_reserve(b, b->body_bytes + 1);
	*n = POOL_PIECE - used;
	return (char *)b->body.at[b->body_bytes / POOL_PIECE] + used;
}

void
batch_grew(struct batch *b, size_t n)
{
	b->body_bytes += n;
	CHECK(b->body_bytes <= b->body.n * POOL_PIECE);
}

static struct batch_run *
run_at(const struct batch *b, size_t i)
{
	struct batch_run *runs = b->runs.at[i / BATCH_RUNS_PER_PIECE];

	return &runs[i % BATCH_RUNS_PER_PIECE];
}

void
batch_count(struct batch *b, void *owner, uint64_t index, size_t lead)
{
	struct batch_run *last = b->nruns > 0 ? run_at(b, b->nruns - 1) : NULL;

	b->events++;
	if (last != NULL && batch_run_extend(last, owner, index, lead))
		return;
	if (b->nruns == b->runs.n * BATCH_RUNS_PER_PIECE)
		pieces_take(&b->runs, b->pool);
	*run_at(b, b->nruns++) = (struct batch_run){.owner = owner,
	    .first = index,
	    .count = 1,
	    .lead = lead < UINT32_MAX ? (uint32_t)lead : UINT32_MAX};
}

void
batch_finish(struct batch *b)
{
	size_t n = (b->body_bytes + POOL_PIECE - 1) / POOL_PIECE;

	CHECK(n > 0 && b->parts == NULL);
	pieces_give(&b->body, n, b->pool);
	b->parts = mem_alloc(n * sizeof *b->parts);
	for (size_t i = 0; i < n; i++)
		b->parts[i] = (struct span){b->body.at[i], POOL_PIECE};
	b->parts[n - 1].n = b->body_bytes - (n - 1) * POOL_PIECE;
}

const struct span *
batch_body(const struct batch *b, size_t *nparts)
{
	CHECK(b->parts != NULL);
	*nparts = b->body.n;
	return b->parts;
}

size_t
batch_body_bytes(const struct batch *b)
{
	return b->body_bytes;
}

size_t
batch_plain_bytes(const struct batch *b)
{
	return b->plain_bytes;
}

size_t
batch_events(const struct batch *b)
{
	return b->events;
}

size_t
batch_nruns(const struct batch *b)
{
	return b->nruns;
}

const struct batch_run *
batch_run_at(const struct batch *b, size_t i)
{
	CHECK(i < b->nruns);
	return run_at(b, i);
}

uint64_t
batch_id(const struct batch *b)
{
	return b->id;
}
