/* What slots wait for, and who goes on. */
#include "base/clock.h"
#include "base/mem.h"
#include "flow/slots_internal.h"

enum {
	/* When who has the carry has waited so long for room, all others do. */
	OWNER_WAITS_MS = 2000,
	MUCH_BYTES = 1024 * 1024, /* inflated */
};

bool
slots_choked(const struct slots *all)
{
	return !TAILQ_EMPTY(&all->blocked[BLOCK_ROOM]);
}

static bool
borrow_carry(struct slot *s)
{
	struct slots *all = s->all;

	if (all->carry_lent)
		return false;
	if (all->carry == NULL)
		all->carry = mem_alloc(all->conf.max_record_bytes);
	all->carry_lent = s->has_carry = true;
	decode_lend_carry(s->decode, all->carry, all->conf.max_record_bytes);
	return true;
}

void
slot_return_carry(struct slot *s, bool force)
{
	if (!s->has_carry || decode_take_carry(s->decode, force) == NULL)
		return;
	s->has_carry = s->all->carry_lent = false;
	if (!TAILQ_EMPTY(&s->all->blocked[BLOCK_CARRY]))
		timer_soon(s->all->pump);
}

static bool
take_layer(struct slot *s)
{
	if (s->all->layers == SLOTS_LAYERS_MAX)
		return false;
	s->all->layers++;
	s->has_layer = true;
	s->layer_ms = clock_mono_ms();
	decode_add_layer(s->decode);
	return true;
}

void
slot_return_layer(struct slot *s)
{
	if (!s->has_layer)
		return;
	s->has_layer = false;
	s->all->layers--;
	if (!TAILQ_EMPTY(&s->all->blocked[BLOCK_LAYER]))
		timer_soon(s->all->pump);
}

static void
note_choked(struct slots *all)
{
	bool now = slots_choked(all);

	if (now != all->choked.running)
		stopwatch_set(&all->choked, now, clock_mono_ms());
}

void
slot_unblock(struct slot *s)
{
	struct slots *all = s->all;

	if (s->block == BLOCK_NONE)
		return;
	TAILQ_REMOVE(&all->blocked[s->block], s, link);
	all->nturns -= s->block == BLOCK_TURN;
	all->nsmall -= s->block == BLOCK_ROOM && s->is_small;
	if (all->owner == s)
		all->owner = NULL;
	s->block = BLOCK_NONE;
	note_choked(all);
}

/* Then it leaves room in the buffer and before Dassana, since what others bring
 * waits behind it. */
static bool
has_had_much(const struct slot *s)
{
	return s->object->large ||
	       decode_stats(s->decode).bytes_out >= MUCH_BYTES;
}

void
slot_block(struct slot *s, enum block why)
{
	struct slots *all = s->all;

	CHECK(s->block == BLOCK_NONE);
	s->block = why;
	s->blocked_ms = clock_mono_ms();
	s->is_small = !has_had_much(s);
	TAILQ_INSERT_TAIL(&all->blocked[why], s, link);
	note_choked(all);
	all->nturns += why == BLOCK_TURN;
	all->nsmall += why == BLOCK_ROOM && s->is_small;
	if (why == BLOCK_ROOM && s->has_carry)
		all->owner = s;
	if (why == BLOCK_TURN)
		timer_soon(all->pump);
}

static bool
owner_goes_first(const struct slots *all)
{
	return all->owner != NULL &&
	       clock_mono_ms() - all->owner->blocked_ms >= OWNER_WAITS_MS;
}

static bool
leaves_room(const struct slot *s)
{
	const struct delivery *d = s->all->conf.delivery;

	return has_had_much(s) && (!batcher_has_quarter(slot_batcher(s)) ||
				      (d != NULL && delivery_crowded(d)));
}

/* What keeps this slot from its next step, if anything. */
enum block
slot_obstacle(struct slot *s)
{
	struct batcher *b = slot_batcher(s);

	if (!s->has_carry && leaves_room(s))
		return BLOCK_ROOM;
	if (decode_wants_layer(s->decode) && !take_layer(s))
		return BLOCK_LAYER;
	if (decode_wants_carry(s->decode) && !borrow_carry(s))
		return BLOCK_CARRY;
	if (!s->has_carry && owner_goes_first(s->all))
		return BLOCK_ROOM;
	return batcher_room(b, decode_need(s->decode)) ? BLOCK_NONE
						       : BLOCK_ROOM;
}

/* Who comes to it anew stands back behind those of its kind who wait. */
bool
slot_stands_back(const struct slot *s)
{
	return has_had_much(s) ? !TAILQ_EMPTY(&s->all->blocked[BLOCK_ROOM])
			       : s->all->nsmall > 0;
}

static struct slot *
next_for_room(struct slots *all)
{
	struct slot *s;

	TAILQ_FOREACH(s, &all->blocked[BLOCK_ROOM], link)
	{
		if (s->pumped != all->pumps)
			return s;
	}
	return NULL;
}

void
slots_pump(void *arg)
{
	struct slots *all = arg;
	struct slot_list *list = all->blocked;
	unsigned turns = all->nturns;
	struct slot *s;

	for (; turns > 0 && (s = TAILQ_FIRST(&list[BLOCK_TURN])); turns--)
		slot_carry_on(s, true);
	all->pumps++;
	while ((s = next_for_room(all)) != NULL) {
		s->pumped = all->pumps;
		if (slot_obstacle(s) != BLOCK_ROOM)
			slot_carry_on(s, false);
	}
	while (
	    !all->carry_lent && (s = TAILQ_FIRST(&list[BLOCK_CARRY])) != NULL)
		slot_carry_on(s, true);
	while (all->layers < SLOTS_LAYERS_MAX &&
	       (s = TAILQ_FIRST(&list[BLOCK_LAYER])) != NULL)
		slot_carry_on(s, true);
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
