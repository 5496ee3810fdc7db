#include "flow/slots_internal.h"

#include <string.h>
#include <sys/queue.h>

#include "base/clock.h"
#include "base/mem.h"
#include "base/stopwatch.h"
#include "trail/decode.h"
#include "trail/gunzip.h"
#include "trail/record.h"

enum {
	/* Inflated bytes of one object in one turn of the loop: 64 objects at
	 * once then hold the loop for some 20 ms. */
	TURN_BYTES = 64 * 1024,
};

/*
 * What the ledger knows of an object, acknowledged or marked, leaves so many
 * gaps in what is sent. What the rules leave out makes a run end only after
 * BATCH_RUN_PLACES records, of which a step completes one that began before it
 * and those of two bytes and more that lie in its window.
 */
_Static_assert(
    2 * LEDGER_RANGES + 3 + (GUNZIP_WINDOW / 2 + 1) / BATCH_RUN_PLACES <
	BATCHER_RUNS_PER_GRANT,
    "an object's runs must fit into one grant");

struct batcher *
slot_batcher(const struct slot *s)
{
	return s->object->suspect ? s->all->conf.lane : s->all->conf.batcher;
}

static void
on_record(void *arg, struct span head, struct span tail)
{
	struct slot *s = arg;
	uint64_t index, lead;

	record_keep(s->last, head, tail);
	if (object_slice(s->object, &index, &lead))
		batcher_add(
		    slot_batcher(s), s->object, index, lead, head, tail);
}

static void
on_ruled_out(void *arg, uint64_t index)
{
	struct slot *s = arg;

	(void)index;
	object_rule_out(s->object);
}

static void
on_left_out(void *arg, uint64_t index, enum slicer_cause cause)
{
	struct slot *s = arg;

	object_leave_out(s->object);
	s->all->conf.left_out(s->all->conf.arg, s->object, index, cause);
}

static void
release(struct slot *s)
{
	slot_unblock(s);
	s3_get_cancel(&s->get);
	slot_return_carry(s, true);
	decode_reset(s->decode);
	slot_return_layer(s);
	events_release(&s->rules);
	s->all->large -= s->object->large;
	s->object = NULL;
	s->more = s->arrived = s->called = false;
	s->all->busy--;
	TAILQ_INSERT_TAIL(&s->all->vacant, s, link);
}

void
slot_end(
    struct slot *s, enum ending how, enum err err, const struct aws_result *aws)
{
	bool whole = how == END_WHOLE;
	struct slots *all = s->all;
	struct decode_stats st = decode_stats(s->decode);
	struct object *o = s->object;
	struct object_end e = {
	    .whole = whole,
	    .evicted = how == END_EVICTED,
	    .err = err,
	    .aws = aws,
	    .request_id = s->request_id,
	    .bytes = st.bytes_in,
	    .json_bytes = st.bytes_out,
	    .event_s = -1,
	};
	char *cause = NULL;

	if (whole)
		(void)record_time(s->last, &e.event_s);
	if (err != ERR_OK) {
		struct span text = span_str(decode_error(s->decode));

		cause = mem_strndup(text.p, text.n);
		e.cause = cause;
	}
	release(s);
	all->conf.ended(all->conf.arg, o, &e);
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
	enum block why;
	enum err err;

	while (in->n > 0 || s->more) {
		if (decode_stats(s->decode).bytes_out - begin >= TURN_BYTES) {
			slot_block(s, BLOCK_TURN);
			return true;
		}
		why = newcomer && slot_stands_back(s) ? BLOCK_ROOM
						      : slot_obstacle(s);
		if (why != BLOCK_NONE) {
			slot_block(s, why);
			return true;
		}
		err = decode_step(s->decode, in, &s->more);
		slot_return_carry(s, false);
		if (err != ERR_OK) {
			slot_end(s, END_BROKEN, err, NULL);
			return false;
		}
	}
	if (s->arrived) {
		err = decode_finish(s->decode);
		slot_end(s, err == ERR_OK ? END_WHOLE : END_BROKEN, err, NULL);
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
	s->all->conf.opened(
	    s->all->conf.arg, s->object, h, events_number(s->rules));
}

static size_t
on_data(void *arg, struct span bytes)
{
	struct slot *s = arg;
	struct span in = bytes;
	bool newcomer = !s->called;

	s->rate_bytes += bytes.n;
	s->called = false;
	if (s->block != BLOCK_NONE || !run(s, &in, newcomer))
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
		slot_end(s, END_BROKEN, ERR_OK, r);
		return;
	}
	s->arrived = true;
	if (s->block == BLOCK_NONE)
		(void)run(s, &none, true);
}

void
slot_carry_on(struct slot *s, bool newcomer)
{
	struct span none = {NULL, 0};

	slot_unblock(s);
	if (!run(s, &none, newcomer) || s->block != BLOCK_NONE ||
	    s->get == NULL)
		return;
	/* Else its bytes would stand back behind those who wait for it. */
	s->called = !newcomer;
	s3_get_resume(s->get);
}

bool
slots_vacant(const struct slots *s)
{
	return s->busy < s->conf.n;
}

/* ---- life ---- */

void
slots_start(struct slots *all, struct object *o)
{
	struct slot *s = TAILQ_FIRST(&all->vacant);
	struct s3_object what = {o->bucket, o->key, o->version, o->region};
	struct s3_events ev = {on_head, on_data, on_done, NULL};

	CHECK(s != NULL);
	TAILQ_REMOVE(&all->vacant, s, link);
	all->busy++;
	all->large += o->large;
	if (s->decode == NULL) {
		s->decode = decode_new(
		    all->conf.max_record_bytes, on_record, on_left_out, s);
		s->last = mem_alloc(sizeof *s->last);
	}
	s->object = o;
	s->rules = events_hold(all->conf.events);
	decode_rules(s->decode, s->rules, on_ruled_out);
	s->request_id[0] = '\0';
	s->last->n = 0;
	s->began_ms = clock_mono_ms();
	s->rate_ms = 0;
	s->rate_bytes = 0;
	ev.arg = s;
	s->get = s3_get_start(all->conf.s3, &what, &ev);
	if (!timer_armed(all->tick))
		timer_after(all->tick, SLOTS_TICK_MS);
}

struct slots *
slots_new(const struct slots_conf *conf)
{
	struct slots *all = mem_zalloc(sizeof *all);

	all->conf = *conf;
	all->pump = timer_new(conf->timers, slots_pump, all);
	all->tick = timer_new(conf->timers, slots_tick, all);
	TAILQ_INIT(&all->vacant);
	for (int i = 0; i < BLOCK_COUNT; i++)
		TAILQ_INIT(&all->blocked[i]);
	all->slot = mem_zalloc(conf->n * sizeof *all->slot);
	for (unsigned i = 0; i < conf->n; i++) {
		all->slot[i].all = all;
		TAILQ_INSERT_TAIL(&all->vacant, &all->slot[i], link);
	}
	return all;
}

void
slots_cancel_one(struct slots *all, struct object *o)
{
	for (unsigned i = 0; i < all->conf.n; i++) {
		if (all->slot[i].object == o)
			release(&all->slot[i]);
	}
}

void
slots_cancel(struct slots *all)
{
	for (unsigned i = 0; i < all->conf.n; i++) {
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
	for (unsigned i = 0; i < all->conf.n; i++) {
		decode_free(&all->slot[i].decode);
		mem_free(all->slot[i].last);
	}
	mem_free(all->slot);
	timer_free(&all->pump);
	timer_free(&all->tick);
	mem_free(all->carry);
	mem_free(all);
	*sp = NULL;
}
