/*
 * The parking lot: messages that wait until it is known whose fault their
 * failure is. They are leased and hold no slot, no place among max_messages and
 * no byte of the buffer; being parked is their retry.
 *
 * Each is due after a pause that grows from 1 s, or 30 s if it is Dassana that
 * refuses, to 5 minutes. While nothing succeeds they are not due but take
 * turns, the one tried longest ago first.
 *
 * Bounded by messages and by bytes; who parks more looks at lot_overflows and
 * takes some out.
 */
#ifndef FLOW_LOT_H
#define FLOW_LOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/messages.h"

enum { LOT_BYTES = 2 * 1024 * 1024 };

TAILQ_HEAD(stays, message);

struct lot {
	struct stays stays; /* parked longest first */
	unsigned max;
	unsigned n;
	size_t bytes;
	int64_t due_ms[DOUBT_DASSANA + 1]; /* nobody is before that */
};

void lot_init(struct lot *l, unsigned max);
/* What m waits for if it is parked, or comes to be. */
void lot_wait_for(struct message *m, enum object_doubt doubt);
void lot_enter(struct lot *l, struct message *m, int64_t now_ms);
void lot_leave(struct lot *l, struct message *m);
/* One of its objects is being tried. */
void lot_try(struct message *m);
/* It was tried in vain. */
void lot_again(struct lot *l, struct message *m, int64_t now_ms);
/* It is due now. */
void lot_hurry(struct lot *l, struct message *m, int64_t now_ms);
/* Who is to be tried now, of those parked for that; NULL: nobody. in_turn: due
 * or not. */
struct message *
lot_next(struct lot *l, enum object_doubt doubt, bool in_turn, int64_t now_ms);
/* When somebody is due; INT64_MAX: there is nobody. */
int64_t lot_due(const struct lot *l, enum object_doubt doubt);
/* One more like those that are in it has no place. */
bool lot_is_full(const struct lot *l);
bool lot_overflows(const struct lot *l);

#endif
