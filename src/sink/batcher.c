#include "sink/batcher.h"

#include <string.h>

#include "base/mem.h"
#include "sink/batch_internal.h"
#include "sink/gzip.h"

/*
 * Why batcher_room does not lie:
 *
 * - A member of x bytes never has more than gzip_bound(x), and ending it adds
 *   at most gzip_held_max() to what was written. So the open batch, finished
 *   now, has at most finished_max() bytes; add() keeps that much reserved.
 * - m more bytes give at most gzip_bound(m) more, however they are spread over
 *   batches, plus an empty member and a started piece for each batch.
 * - Of two batches in a row, the second was begun because its first event did
 *   not fit into the first: together they hold more than batch_max_bytes. So m
 *   bytes open at most 2·(m / batch_max_bytes) + 1 batches by the limit of
 *   bytes. The limit of events, and that of batcher_limit, open more only if
 *   there is room for that too.
 */
enum { EVENT_BYTES_MIN = 2 }; /* {} */

struct batcher {
	struct pool *pool; /* borrowed */
	struct batcher_conf conf;
	batcher_sealed_fn *fn;
	void *arg;
	struct timer *age;
	struct batch *open;    /* NULL or with at least one event */
	size_t soft_max_bytes; /* gives way to the pool */
	size_t granted;	       /* bytes of records that may still be added */
	struct gzip *gzip;     /* of the open batch; NULL: plain */
};

static void
on_age(void *arg)
{
	batcher_seal(arg);
}

struct batcher *
batcher_new(struct timers *t, struct pool *pool,
    const struct batcher_conf *conf, batcher_sealed_fn *fn, void *arg)
{
	struct batcher *b = mem_zalloc(sizeof *b);

	CHECK(conf->batch_max_bytes > 0 && conf->batch_max_events > 0);
	CHECK(conf->gzip_level >= 0 && conf->gzip_level <= 9);
	b->pool = pool;
	b->conf = *conf;
	b->fn = fn;
	b->arg = arg;
	b->age = timer_new(t, on_age, b);
	b->soft_max_bytes = SIZE_MAX;
	if (conf->gzip_level > 0)
		b->gzip = gzip_new(conf->gzip_level);
	return b;
}

void
batcher_free(struct batcher **bp)
{
	struct batcher *b = *bp;

	if (b == NULL)
		return;
	gzip_free(&b->gzip);
	batch_free(&b->open);
	timer_free(&b->age);
	mem_free(b);
	*bp = NULL;
}

/* The most bytes that a body of n bytes of NDJSON may have. */
static size_t
body_max(int level, size_t n)
{
	return level > 0 ? gzip_bound(level, n) : n;
}

/* The most bytes that the open batch has when it is finished as it stands. */
static size_t
finished_max(struct batcher *b)
{
	int level = b->conf.gzip_level;
	size_t by_input = body_max(level, b->open->plain_bytes);
	size_t by_state =
	    level > 0 ? b->open->body_bytes + gzip_held_max(level) : by_input;

	return by_input < by_state ? by_input : by_state;
}

/* Pieces that adding n bytes of records may need beyond those held. */
static size_t
pieces_for(struct batcher *b, size_t n)
{
	size_t plain = n + n / EVENT_BYTES_MIN;
	size_t fresh = plain / b->conf.batch_max_bytes * 2 + 1;
	int level = b->conf.gzip_level;
	size_t bytes = body_max(level, plain) + fresh * body_max(level, 0);
	size_t held = 0, runs = fresh, pieces;

	if (n < EVENT_BYTES_MIN)
		return 0;
	if (b->open != NULL) {
		bytes += finished_max(b);
		held = b->open->body.n;
		runs += b->open->runs.n * BATCH_RUNS_PER_PIECE <
			b->open->nruns + BATCHER_RUNS_PER_GRANT;
		fresh++;
	}
	pieces = (bytes + POOL_PIECE - 1) / POOL_PIECE + fresh - 1;
	return pieces > held ? pieces - held + runs : runs;
}

bool
batcher_room(struct batcher *b, size_t n)
{
	if (n > SIZE_MAX / 8 || pieces_for(b, n) > pool_left(b->pool))
		return false;
	b->granted = n;
	return true;
}

bool
batcher_has_quarter(const struct batcher *b)
{
	return pool_left(b->pool) >= pool_total(b->pool) / 4;
}

size_t
batcher_pool_min(const struct batcher_conf *conf, size_t n)
{
	struct batcher empty = {.conf = *conf};

	return pieces_for(&empty, n) * POOL_PIECE;
}

size_t
batcher_memory(int gzip_level)
{
	return sizeof(struct batcher) +
	       (gzip_level > 0 ? gzip_memory(gzip_level) : 0);
}

static void
deflate_in(struct batcher *b, struct span s)
{
	size_t room;

	while (s.n > 0) {
		void *to = batch_tail(b->open, &room);

		batch_grew(b->open, gzip_add(b->gzip, &s, to, room));
	}
}

static void
deflate_end(struct batcher *b)
{
	bool done = false;

	while (!done) {
		size_t n;
		void *to = batch_tail(b->open, &n);

		done = gzip_end(b->gzip, to, &n);
		batch_grew(b->open, n);
	}
}

static void
copy_in(struct batcher *b, struct span s)
{
	while (s.n > 0) {
		size_t n;
		void *to = batch_tail(b->open, &n);

		n = s.n < n ? s.n : n;
		memcpy(to, s.p, n);
		batch_grew(b->open, n);
		s.p += n;
		s.n -= n;
	}
}

static void
write_in(struct batcher *b, struct span s)
{
	if (s.n == 0)
		return;
	b->open->plain_bytes += s.n;
	if (b->conf.gzip_level > 0)
		deflate_in(b, s);
	else
		copy_in(b, s);
}

static void
seal(struct batcher *b)
{
	struct batch *full = b->open;

	if (b->conf.gzip_level > 0)
		deflate_end(b);
	batch_finish(full);
	timer_stop(b->age);
	b->open = NULL;
	b->fn(b->arg, full);
}

/* Whether the open batch is to be sealed before n more bytes are added. */
static bool
is_full(struct batcher *b, size_t n)
{
	struct batch *open = b->open;
	bool room;

	if (open == NULL)
		return false;
	if (open->plain_bytes + n > b->conf.batch_max_bytes)
		return true;
	if (open->events < b->conf.batch_max_events &&
	    open->plain_bytes + n <= b->soft_max_bytes)
		return false;
	/* Would the rest of the grant fit into fresh batches? */
	b->open = NULL;
	room = pieces_for(b, b->granted) <= pool_left(b->pool);
	b->open = open;
	return room;
}

void
batcher_add(struct batcher *b, void *owner, uint64_t index, size_t lead,
    struct span head, struct span tail)
{
	size_t n = head.n + tail.n;

	CHECK(n >= EVENT_BYTES_MIN && n <= b->granted);
	if (is_full(b, n + 1))
		seal(b);
	if (b->open == NULL) {
		b->open = batch_new(b->pool);
		timer_after(b->age, b->conf.batch_max_delay_ms);
	}
	batch_count(b->open, owner, index, lead);
	write_in(b, head);
	write_in(b, tail);
	write_in(b, SPAN("\n"));
	b->granted -= n;
	batch_reserve(b->open, finished_max(b));
	/* Nothing more would fit, so why wait for its age. */
	if (is_full(b, EVENT_BYTES_MIN + 1))
		seal(b);
}

void
batcher_seal(struct batcher *b)
{
	b->granted = 0;
	if (b->open != NULL)
		seal(b);
}

void
batcher_limit(struct batcher *b, size_t bytes)
{
	b->soft_max_bytes = bytes;
}

size_t
batcher_open_events(const struct batcher *b)
{
	return b->open != NULL ? b->open->events : 0;
}
