#include "flow/slots.h"

#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stopwatch.h"
#include "trail/decode.h"
#include "trail/gunzip.h"
#include "trail/record.h"

enum {
	/* Inflated bytes of one object in one turn of the loop: 32 objects at
	 * once then hold the loop for some 20 ms. */
	TURN_BYTES = 64 * 1024,
};

enum block { BLOCK_NONE, BLOCK_TURN, BLOCK_ROOM, BLOCK_CARRY, BLOCK_COUNT };

struct slot {
	TAILQ_ENTRY(slot) link;
	struct slots *all;
	struct object *object; /* NULL: free */
	struct decode *decode;
	struct s3_get *get; /* NULL once the GET has ended */
	enum block block;
	bool more;    /* the decoder can go on without new bytes */
	bool arrived; /* the GET has ended well */
	bool has_carry;
	char request_id[96];
	struct record_head last; /* of the records so far */
};

TAILQ_HEAD(slot_list, slot);

/* What the ledger knows of an object leaves so many gaps in what is sent. */
_Static_assert(LEDGER_RANGES + 2 < BATCHER_RUNS_PER_GRANT,
    "an object's gaps must fit into one grant");

struct slots {
	struct s3 *s3;
	struct batcher *batcher;
	struct slot *slot;
	unsigned n, busy;
	struct slot_list vacant;
	/* The blocked ones, by what blocks them, in order. Whoever has the
	 * carry never waits behind one who wants it. */
	struct slot_list blocked[BLOCK_COUNT];
	unsigned nturns; /* on blocked[BLOCK_TURN] */
	struct timer *pump;
	size_t max_record_bytes;
	void *carry; /* lent to one slot at a time; NULL until first needed */
	bool carry_lent;
	struct stopwatch choked;
	struct slots_events ev;
};

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct slot *s = arg;
	struct object *o = s->object;

	record_keep(&s->last, head, tail);
	if (ledger_has(o->page, o->sliced)) {
		/* Dassana has it from an earlier delivery of the message. */
		o->skipped++;
		o->settled++;
		o->delivered++;
	} else {
		batcher_add(s->all->batcher, o, o->sliced, head, tail);
	}
	o->sliced++;
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	struct slot *s = arg;

	s->object->left_out++;
	s->all->ev.left_out(s->all->ev.arg, s->object, index, cause);
}

/* ---- the one large carry ---- */

static bool
borrow_carry(struct slot *s)
{
	struct slots *all = s->all;

	if (all->carry_lent)
		return false;
	if (all->carry == NULL)
		all->carry = mem_alloc(all->max_record_bytes);
	all->carry_lent = s->has_carry = true;
	decode_lend_carry(s->decode, all->carry, all->max_record_bytes);
	return true;
}

static void
return_carry(struct slot *s, bool force)
{
	if (!s->has_carry || decode_take_carry(s->decode, force) == NULL)
		return;
	s->has_carry = s->all->carry_lent = false;
	if (!TAILQ_EMPTY(&s->all->blocked[BLOCK_CARRY]))
		timer_soon(s->all->pump);
}

/* ---- blocking ---- */

static void
note_choked(struct slots *all)
{
	bool now = !TAILQ_EMPTY(&all->blocked[BLOCK_ROOM]);

	if (now != all->choked.running)
		stopwatch_set(&all->choked, now, clock_mono_ms());
}

static void
unblock(struct slot *s)
{
	if (s->block == BLOCK_NONE)
		return;
	TAILQ_REMOVE(&s->all->blocked[s->block], s, link);
	if (s->block == BLOCK_TURN)
		s->all->nturns--;
	s->block = BLOCK_NONE;
	note_choked(s->all);
}

static void
block(struct slot *s, enum block why)
{
	CHECK(s->block == BLOCK_NONE);
	s->block = why;
	TAILQ_INSERT_TAIL(&s->all->blocked[why], s, link);
	note_choked(s->all);
	if (why == BLOCK_TURN) {
		s->all->nturns++;
		timer_soon(s->all->pump);
	}
}

/* What keeps this slot from its next step, if anything. */
static enum block
obstacle(struct slot *s)
{
	if (decode_wants_carry(s->decode) && !borrow_carry(s))
		return BLOCK_CARRY;
	if (!batcher_room(s->all->batcher, decode_need(s->decode)))
		return BLOCK_ROOM;
	return BLOCK_NONE;
}

static void
release(struct slot *s)
{
	unblock(s);
	s3_get_cancel(&s->get);
	return_carry(s, true);
	decode_reset(s->decode);
	s->object = NULL;
	s->more = s->arrived = false;
	s->all->busy--;
	TAILQ_INSERT_TAIL(&s->all->vacant, s, link);
}

static void
end(struct slot *s, bool whole, enum err err, const struct aws_result *aws)
{
	struct slots *all = s->all;
	struct decode_stats st = decode_stats(s->decode);
	struct object *o = s->object;
	struct slots_end e = {
	    .whole = whole,
	    .err = err,
	    .aws = aws,
	    .request_id = s->request_id,
	    .bytes = st.bytes_in,
	    .json_bytes = st.bytes_out,
	    .event_s = -1,
	};
	char *cause = NULL;

	if (whole)
		(void)record_time(&s->last, &e.event_s);
	if (err != ERR_OK) {
		struct span text = span_str(decode_error(s->decode));

		cause = mem_strndup(text.p, text.n);
		e.cause = cause;
	}
	release(s);
	all->ev.ended(all->ev.arg, o, &e);
	mem_free(cause);
}

/*
 * Decodes what is in *in as far as it may. A newcomer stands back behind those
 * who wait for room. Returns false if the object has ended and the slot is
 * free.
 */
static bool
run(struct slot *s, struct span *in, bool newcomer)
{
	uint64_t begin = decode_stats(s->decode).bytes_out;
	struct slot_list *room = &s->all->blocked[BLOCK_ROOM];
	enum block why;
	enum err err;

	while (in->n > 0 || s->more) {
		if (decode_stats(s->decode).bytes_out - begin >= TURN_BYTES) {
			block(s, BLOCK_TURN);
			return true;
		}
		why = newcomer && !TAILQ_EMPTY(room) ? BLOCK_ROOM : obstacle(s);
		if (why != BLOCK_NONE) {
			block(s, why);
			return true;
		}
		err = decode_step(s->decode, in, &s->more);
		return_carry(s, false);
		if (err != ERR_OK) {
			end(s, false, err, NULL);
			return false;
		}
	}
	if (s->arrived) {
		err = decode_finish(s->decode);
		end(s, err == ERR_OK, err, NULL);
		return false;
	}
	return true;
}

static void
on_head(void *arg, const struct s3_head *h)
{
	struct slot *s = arg;
	size_t n = h->request_id.n;

	if (n >= sizeof s->request_id)
		n = sizeof s->request_id - 1;
	if (n > 0)
		memcpy(s->request_id, h->request_id.p, n);
	s->request_id[n] = '\0';
	s->all->ev.opened(s->all->ev.arg, s->object, h);
}

static size_t
on_data(void *arg, struct span bytes)
{
	struct slot *s = arg;
	struct span in = bytes;

	if (s->block != BLOCK_NONE || !run(s, &in, true))
		return 0;
	return bytes.n - in.n;
}

static void
on_done(void *arg, const struct aws_result *r)
{
	struct slot *s = arg;
	struct span none = {NULL, 0};

	s->get = NULL;
	if (r->class != AWS_OK) {
		end(s, false, ERR_OK, r);
		return;
	}
	s->arrived = true;
	if (s->block == BLOCK_NONE)
		(void)run(s, &none, true);
}

static void
carry_on(struct slot *s, bool newcomer)
{
	struct span none = {NULL, 0};

	unblock(s);
	if (run(s, &none, newcomer) && s->block == BLOCK_NONE && s->get != NULL)
		s3_get_resume(s->get);
}

static void
on_pump(void *arg)
{
	struct slots *all = arg;
	struct slot_list *list = all->blocked;
	unsigned turns = all->nturns;
	struct slot *s;

	for (; turns > 0 && (s = TAILQ_FIRST(&list[BLOCK_TURN])); turns--)
		carry_on(s, true);
	while ((s = TAILQ_FIRST(&list[BLOCK_ROOM])) != NULL &&
	       obstacle(s) != BLOCK_ROOM)
		carry_on(s, false);
	while (
	    !all->carry_lent && (s = TAILQ_FIRST(&list[BLOCK_CARRY])) != NULL)
		carry_on(s, true);
}

void
slots_wake(struct slots *s)
{
	if (!TAILQ_EMPTY(&s->blocked[BLOCK_ROOM]))
		timer_soon(s->pump);
}

int64_t
slots_choked_ms(const struct slots *all)
{
	return stopwatch_ms(&all->choked, clock_mono_ms());
}

bool
slots_vacant(const struct slots *s)
{
	return s->busy < s->n;
}

void
slots_start(struct slots *all, struct object *o)
{
	struct slot *s = TAILQ_FIRST(&all->vacant);
	struct s3_object what = {o->bucket, o->key, o->version, o->region};
	struct s3_events ev = {on_head, on_data, on_done, NULL};

	CHECK(s != NULL);
	TAILQ_REMOVE(&all->vacant, s, link);
	all->busy++;
	if (s->decode == NULL)
		s->decode = decode_new(
		    all->max_record_bytes, on_record, on_left_out, s);
	s->object = o;
	s->request_id[0] = '\0';
	s->last.n = 0;
	ev.arg = s;
	s->get = s3_get_start(all->s3, &what, &ev);
}

struct slots *
slots_new(struct timers *t, struct s3 *s3, struct batcher *batcher, unsigned n,
    size_t max_record_bytes, const struct slots_events *ev)
{
	struct slots *all = mem_zalloc(sizeof *all);

	all->s3 = s3;
	all->batcher = batcher;
	all->n = n;
	all->max_record_bytes = max_record_bytes;
	all->ev = *ev;
	all->pump = timer_new(t, on_pump, all);
	TAILQ_INIT(&all->vacant);
	for (int i = 0; i < BLOCK_COUNT; i++)
		TAILQ_INIT(&all->blocked[i]);
	all->slot = mem_zalloc(n * sizeof *all->slot);
	for (unsigned i = 0; i < n; i++) {
		all->slot[i].all = all;
		TAILQ_INSERT_TAIL(&all->vacant, &all->slot[i], link);
	}
	return all;
}

void
slots_cancel(struct slots *all)
{
	for (unsigned i = 0; i < all->n; i++) {
		if (all->slot[i].object != NULL)
			release(&all->slot[i]);
	}
}

void
slots_free(struct slots **sp)
{
	struct slots *all = *sp;

	if (all == NULL)
		return;
	slots_cancel(all);
	for (unsigned i = 0; i < all->n; i++)
		decode_free(&all->slot[i].decode);
	mem_free(all->slot);
	timer_free(&all->pump);
	mem_free(all->carry);
	mem_free(all);
	*sp = NULL;
}
