#include "trail/events_match.h"

#include <string.h>

#include "base/mem.h"

/* What came of a node in this record. */
enum {
	SEEN = 1,
	HERE = 2,   /* in the object that is open */
	MISSED = 4, /* an object of its parent's had it not */
	FLAT = 8,   /* a value was no object: nothing is below it */
};

void
match_init(struct match *m, struct events_rules *rules)
{
	*m = (struct match){.rules = rules, .pending = EVENTS_NONE};
	if (rules == NULL)
		return;
	m->node = mem_alloc(rules->nnodes);
	m->failed = mem_alloc(rules->nconditions * sizeof *m->failed);
}

void
match_fini(struct match *m)
{
	mem_free(m->node);
	mem_free(m->failed);
	match_init(m, NULL);
}

void
match_begin(struct match *m)
{
	memset(m->node, 0, m->rules->nnodes);
	memset(m->failed, 0, m->rules->nconditions * sizeof *m->failed);
	m->depth = 0;
	m->pending = 0;
}

static bool
any_matches(const struct condition *c, struct span text)
{
	for (size_t i = 0; i < c->npatterns; i++) {
		if (pattern_matches(c->pattern[i], text))
			return true;
	}
	return false;
}

/* A value of that node; NULL: one that no pattern is for. */
static void
value(struct match *m, int node, const struct span *text)
{
	const struct condition *all = m->rules->condition;

	for (int i = m->rules->node[node].condition; i != EVENTS_NONE;
	     i = all[i].next) {
		if (all[i].kind == CONDITION_ABSENT || m->failed[i])
			continue;
		m->failed[i] =
		    text == NULL || any_matches(&all[i], *text) !=
					(all[i].kind == CONDITION_IS);
	}
}

void
match_open(struct match *m, bool is_map)
{
	const struct node *all = m->rules->node;
	int node = m->pending;

	m->pending = EVENTS_NONE;
	if (m->depth++ < EVENTS_PATH_MAX)
		m->at[m->depth] = is_map ? node : EVENTS_NONE;
	if (node == EVENTS_NONE)
		return;
	value(m, node, NULL);
	if (!is_map)
		m->node[node] |= FLAT;
	for (int i = all[node].child; i != EVENTS_NONE; i = all[i].next)
		m->node[i] &= (unsigned char)~HERE;
}

void
match_close(struct match *m)
{
	const struct node *all = m->rules->node;
	int node = m->depth <= EVENTS_PATH_MAX ? m->at[m->depth] : EVENTS_NONE;

	m->depth--;
	m->pending = EVENTS_NONE;
	if (node == EVENTS_NONE)
		return;
	for (int i = all[node].child; i != EVENTS_NONE; i = all[i].next) {
		if ((m->node[i] & HERE) == 0)
			m->node[i] |= MISSED;
	}
}

void
match_key(struct match *m, struct span key)
{
	const struct node *all = m->rules->node;
	int i = m->depth <= EVENTS_PATH_MAX ? m->at[m->depth] : EVENTS_NONE;

	if (i == EVENTS_NONE)
		return;
	i = all[i].child;
	while (i != EVENTS_NONE &&
	       (all[i].n != key.n || memcmp(all[i].name, key.p, key.n) != 0))
		i = all[i].next;
	m->pending = i;
	if (i != EVENTS_NONE)
		m->node[i] |= SEEN | HERE;
}

void
match_scalar(struct match *m, struct span text)
{
	int node = m->pending;

	if (node == EVENTS_NONE)
		return;
	m->pending = EVENTS_NONE;
	m->node[node] |= FLAT;
	value(m, node, text.n <= EVENTS_VALUE_MAX ? &text : NULL);
}

/* There, and in each place. */
static bool
is_there(const struct match *m, int node)
{
	if ((m->node[node] & SEEN) == 0)
		return false;
	for (int i = node; i != EVENTS_NONE; i = m->rules->node[i].parent) {
		if ((m->node[i] & MISSED) != 0 ||
		    (i != node && (m->node[i] & FLAT) != 0))
			return false;
	}
	return true;
}

static bool
holds(const struct match *m, const struct rule *rule)
{
	for (size_t i = rule->first; i < rule->first + rule->n; i++) {
		const struct condition *c = &m->rules->condition[i];

		if (c->kind == CONDITION_ABSENT
			? (m->node[c->node] & SEEN) != 0
			: m->failed[i] || !is_there(m, c->node))
			return false;
	}
	return true;
}

static const struct rule *
first_that_holds(const struct match *m, const struct rule *rule, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (holds(m, &rule[i]))
			return &rule[i];
	}
	return NULL;
}

bool
match_leaves_out(struct match *m)
{
	struct events_rules *r = m->rules;
	const struct rule *rule;

	if (r->ninclude > 0 &&
	    first_that_holds(m, r->include, r->ninclude) == NULL) {
		r->not_included->n++;
		return true;
	}
	rule = first_that_holds(m, r->exclude, r->nexclude);
	if (rule != NULL)
		rule->tally->n++;
	return rule != NULL;
}
