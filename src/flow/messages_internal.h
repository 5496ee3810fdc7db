/* What messages.c and message.c alone know of a message. */
#ifndef FLOW_MESSAGES_INTERNAL_H
#define FLOW_MESSAGES_INTERNAL_H

#include "flow/messages.h"
#include "flow/receipts.h"

struct holding {
	struct message m; /* first, so that it can be cast back */
	TAILQ_ENTRY(holding) link;
	struct receipt receipt;
	unsigned receive_count;
	size_t open, bytes; /* see message_open, message_bytes */
	bool failed;
	bool begun;
	bool lease_lost;
	enum back_off back_off;
	enum { MESSAGE_HELD, MESSAGE_LEAVING } state;
};

static inline struct holding *
holding_of(struct message *m)
{
	return (struct holding *)m;
}

static inline const struct holding *
holding_seen(const struct message *m)
{
	return (const struct holding *)m;
}

#endif
