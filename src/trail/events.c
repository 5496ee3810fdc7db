#include "trail/events.h"

#include <string.h>

#include "base/mem.h"
#include "trail/events_internal.h"

struct events {
	struct events_rules *rules; /* NULL: none */
	/* In force before, and perhaps held still; NULL: none. */
	struct events_rules *before;
	char *include, *exclude; /* owned: what they were made from */
	uint64_t last;		 /* number given to a set */
};

/* ---- a set ---- */

struct events_rules *
events_rules_new(void)
{
	struct events_rules *r = mem_zalloc(sizeof *r);

	r->refs = 1;
	r->node = mem_alloc(sizeof *r->node);
	r->node[0] = (struct node){.parent = EVENTS_NONE,
	    .child = EVENTS_NONE,
	    .next = EVENTS_NONE,
	    .condition = EVENTS_NONE};
	r->nnodes = 1;
	return r;
}

static void
unref_tally(struct tally *t)
{
	if (t == NULL || --t->refs > 0)
		return;
	mem_free(t->text);
	mem_free(t);
}

static void
free_rules(struct events_rules *r)
{
	for (size_t i = 0; i < r->nnodes; i++)
		mem_free(r->node[i].name);
	for (size_t i = 0; i < r->nconditions; i++) {
		struct condition *c = &r->condition[i];

		for (size_t k = 0; k < c->npatterns; k++)
			pattern_free(&c->pattern[k]);
		mem_free(c->pattern);
	}
	for (size_t i = 0; i < r->nexclude; i++)
		unref_tally(r->exclude[i].tally);
	unref_tally(r->not_included);
	mem_free(r->node);
	mem_free(r->condition);
	mem_free(r);
}

void
events_release(struct events_rules **rp)
{
	struct events_rules *r = *rp;

	*rp = NULL;
	if (r != NULL && --r->refs == 0)
		free_rules(r);
}

uint64_t
events_number(const struct events_rules *r)
{
	return r != NULL ? r->number : 0;
}

bool
events_check(struct span rule, size_t *column, struct buf *why)
{
	struct events_rules *r = events_rules_new();
	struct rule parsed;
	bool right = events_parse(r, rule, &parsed, column, why);

	events_release(&r);
	return right;
}

static size_t
memory(const struct events_rules *r)
{
	size_t n = sizeof *r + r->nnodes * sizeof *r->node +
		   r->nconditions * sizeof *r->condition;

	for (size_t i = 0; i < r->nnodes; i++)
		n += r->node[i].n;
	for (size_t i = 0; i < r->nconditions; i++) {
		for (size_t k = 0; k < r->condition[i].npatterns; k++)
			n += pattern_memory(r->condition[i].pattern[k]);
	}
	return n;
}

bool
events_fit(const char *rules)
{
	struct events_rules *r = events_rules_new();
	struct span rest = span_str(rules);
	bool fits = true;

	while (fits && rest.n > 0) {
		struct span line = span_trim(span_cut(&rest, '\n'));
		struct rule rule;
		struct buf why;
		size_t column;

		buf_init(&why, 256);
		if (line.n > 0)
			CHECK(events_parse(r, line, &rule, &column, &why));
		buf_fini(&why);
		fits = memory(r) <= EVENTS_BYTES_MAX;
	}
	events_release(&r);
	return fits;
}

static struct tally *
find_tally(struct events_rules *r, bool include, struct span text)
{
	if (r == NULL)
		return NULL;
	if (include)
		return r->not_included;
	for (size_t i = 0; i < r->nexclude; i++) {
		if (span_is(text, r->exclude[i].tally->text))
			return r->exclude[i].tally;
	}
	return NULL;
}

/* That of the set before, if it has one. */
static struct tally *
tally(struct events_rules *before, bool include, struct span text)
{
	struct tally *t = find_tally(before, include, text);

	if (t == NULL) {
		t = mem_zalloc(sizeof *t);
		t->include = include;
		t->text = mem_strndup(text.p, text.n);
	}
	t->refs++;
	return t;
}

static void
add_rule(struct events_rules *r, struct events_rules *before, bool include,
    struct span text)
{
	struct rule *to =
	    include ? &r->include[r->ninclude] : &r->exclude[r->nexclude];
	struct buf why;
	size_t column;

	CHECK((include ? r->ninclude : r->nexclude) < EVENTS_RULES_MAX);
	buf_init(&why, 256);
	CHECK(events_parse(r, text, to, &column, &why));
	buf_fini(&why);
	if (include) {
		r->ninclude++;
		if (r->not_included == NULL)
			r->not_included = tally(before, true, SPAN(""));
	} else {
		to->tally = tally(before, false, text);
		r->nexclude++;
	}
}

/* The same one again would be counted by the same name, and for nothing. */
static void
add_rules(struct events_rules *r, struct events_rules *before, bool include,
    const char *lines)
{
	struct span rest = span_str(lines), line;

	CHECK(rest.n <= EVENTS_TEXT_MAX);
	while (rest.n > 0) {
		line = span_trim(span_cut(&rest, '\n'));
		if (line.n > 0 &&
		    (include || find_tally(r, false, line) == NULL))
			add_rule(r, before, include, line);
	}
}

/* ---- which is in force ---- */

struct events *
events_new(const char *include, const char *exclude)
{
	struct events *e = mem_zalloc(sizeof *e);

	CHECK(events_change(e, include, exclude));
	return e;
}

bool
events_same(const struct events *e, const char *include, const char *exclude)
{
	return strcmp(e->include, include) == 0 &&
	       strcmp(e->exclude, exclude) == 0;
}

static void
replace(char **s, const char *with)
{
	char *was = *s;

	*s = mem_strndup(with, strlen(with));
	mem_free(was);
}

/* Those before are held by ourselves alone, or there are none. */
static bool
has_place(struct events *e)
{
	if (e->rules == NULL)
		return true;
	if (e->before != NULL && e->before->refs > 1)
		return false;
	events_release(&e->before);
	return true;
}

bool
events_change(struct events *e, const char *include, const char *exclude)
{
	struct events_rules *r;

	if (!has_place(e))
		return false;
	r = events_rules_new();
	add_rules(r, e->rules, true, include);
	add_rules(r, e->rules, false, exclude);
	r->number = ++e->last;
	replace(&e->include, include);
	replace(&e->exclude, exclude);
	if (e->rules != NULL)
		e->before = e->rules;
	e->rules = r;
	if (r->ninclude == 0 && r->nexclude == 0)
		events_release(&e->rules);
	return true;
}

void
events_free(struct events **ep)
{
	struct events *e = *ep;

	if (e == NULL)
		return;
	events_release(&e->rules);
	events_release(&e->before);
	mem_free(e->include);
	mem_free(e->exclude);
	mem_free(e);
	*ep = NULL;
}

struct events_rules *
events_hold(struct events *e)
{
	if (e == NULL || e->rules == NULL)
		return NULL;
	e->rules->refs++;
	return e->rules;
}

uint64_t
events_now(const struct events *e)
{
	return e != NULL ? events_number(e->rules) : 0;
}

size_t
events_count(const struct events *e)
{
	if (e == NULL || e->rules == NULL)
		return 0;
	return e->rules->nexclude + (e->rules->not_included != NULL);
}

struct events_tally
events_at(const struct events *e, size_t i)
{
	const struct tally *t;

	CHECK(i < events_count(e));
	t = i < e->rules->nexclude ? e->rules->exclude[i].tally
				   : e->rules->not_included;
	return (struct events_tally){
	    .setting = t->include ? "event_include" : "event_exclude",
	    .rule = t->text,
	    .n = t->n,
	};
}
