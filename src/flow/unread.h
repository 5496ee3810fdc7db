/*
 * Messages that were received and wait to be taken in, in their order, with
 * their bodies: until their reply is gone, and then until there is room.
 */
#ifndef FLOW_UNREAD_H
#define FLOW_UNREAD_H

#include <stddef.h>
#include <sys/queue.h>

#include "base/span.h"

struct message;

struct unread_entry {
	STAILQ_ENTRY(unread_entry) link;
	struct message *message; /* borrowed */
	char *body;		 /* owned */
	size_t n;
};

struct unread {
	STAILQ_HEAD(, unread_entry) entries;
	size_t n;
};

void unread_init(struct unread *u);
void unread_keep(struct unread *u, struct message *m, struct span body);
struct unread_entry *unread_first(struct unread *u); /* NULL: none */
void unread_forget_first(struct unread *u);

#endif
