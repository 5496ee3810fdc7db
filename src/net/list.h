/*
 * Circular doubly linked list inside structs. A node that is in no list points
 * at itself, so taking it out twice is harmless.
 */
#ifndef NET_LIST_H
#define NET_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list {
	struct list *next, *prev;
};

#define LIST_ENTRY(node, type, field)                                          \
	((type *)(void *)((char *)(node)-offsetof(type, field)))

static inline void
list_init(struct list *l)
{
	l->next = l->prev = l;
}

/* Of a head: nothing in it. Of a node: in no list. */
static inline bool
list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void
list_append(struct list *head, struct list *node)
{
	node->next = head;
	node->prev = head->prev;
	head->prev->next = node;
	head->prev = node;
}

static inline void
list_del(struct list *node)
{
	node->next->prev = node->prev;
	node->prev->next = node->next;
	list_init(node);
}

/* Moves all nodes of from to the head to, which was not in use. */
static inline void
list_take(struct list *to, struct list *from)
{
	list_init(to);
	if (list_empty(from))
		return;
	*to = *from;
	to->next->prev = to;
	to->prev->next = to;
	list_init(from);
}

#endif
