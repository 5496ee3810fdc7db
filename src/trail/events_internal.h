/*
 * What the files of events share: events.c (the sets, and which is in force),
 * events_parse.c (a rule's text), events_match.c (a record).
 *
 * The paths of all conditions are one tree, node 0 being the record itself, so
 * that a record is followed through it once, however many rules there are.
 */
#ifndef TRAIL_EVENTS_INTERNAL_H
#define TRAIL_EVENTS_INTERNAL_H

#include "trail/events.h"
#include "trail/pattern.h"

enum { EVENTS_NONE = -1 };

struct node {
	char *name; /* owned; not ended by a NUL */
	size_t n;
	int parent;
	int child, next; /* the first of its children; its next sibling */
	int condition;	 /* the first that is about it */
};

enum condition_kind { CONDITION_IS, CONDITION_IS_NOT, CONDITION_ABSENT };

struct condition {
	enum condition_kind kind;
	int node;
	int next;		  /* about the same node */
	struct pattern **pattern; /* owned */
	size_t npatterns;
};

/* Counted on by the next set that has the same rule. */
struct tally {
	unsigned refs;
	bool include;
	char *text; /* owned */
	uint64_t n;
};

struct rule {
	size_t first, n; /* conditions */
	struct tally *tally;
};

struct events_rules {
	unsigned refs;
	uint64_t number;
	struct node *node; /* all owned */
	size_t nnodes;
	struct condition *condition;
	size_t nconditions;
	struct rule include[EVENTS_RULES_MAX], exclude[EVENTS_RULES_MAX];
	size_t ninclude, nexclude;
	struct tally *not_included; /* NULL without event_include */
};

struct events_rules *events_rules_new(void);
/* Adds a rule's conditions. False: it is none; then the set is good for nothing
 * but to be released. */
bool events_parse(struct events_rules *r, struct span text, struct rule *out,
    size_t *column, struct buf *why);

#endif
