/* Rules for events that come and go, and what follows for what may be deleted
 * and what may be sent. Part of model.c. */
#include "model_internal.h"

/* Some leave out every second event, some all but a few. */
static const struct {
	const char *include, *exclude;
	const char *digits; /* an event with one of these at its end passes */
} m_rules[] = {
    {"", "", "0123456789"},
    {"", "id=*[02468]", "13579"},
    {"", "id=*1\nid=*3 !none\nid=*[5-9]", "024"},
    {"id=*7,*8,*0", "id=*8 !none", "70"},
    {"none=*", "", ""},
};

enum { M_RULES = sizeof m_rules / sizeof *m_rules };

/* Whoever looks at the log himself has one set of rules, which takes all. */
static bool
has_read(const struct m_object *o, unsigned rules)
{
	return M.rules_vary ? (o->read_by & 1u << rules) != 0 : rules == 0;
}

static bool
rules_take(unsigned rules, uint64_t event)
{
	return strchr(m_rules[rules].digits, '0' + (int)(event % 10)) != NULL;
}

void
m_rules_start(void)
{
	M.rules = M.conf.rules;
	M.events =
	    events_new(m_rules[M.rules].include, m_rules[M.rules].exclude);
	for (size_t i = 0; i < M.nobjects; i++)
		M.object[i].read_by = 0;
}

void
m_rules_change(void)
{
	unsigned next = (unsigned)m_random(M_RULES);

	if (events_change(
		M.events, m_rules[next].include, m_rules[next].exclude))
		M.rules = next;
}

/* A line of the log says that an object's slot is about to begin: its request
 * may wait for credentials, and the rules may change meanwhile. */
void
m_rules_look(struct span line)
{
	static const char get[] = "event=object.get", log[] = "/log-";
	const char *at = memmem(line.p, line.n, log, sizeof log - 1);
	struct span number;
	uint64_t o;

	if (memmem(line.p, line.n, get, sizeof get - 1) == NULL || at == NULL)
		return;
	number.p = at + sizeof log - 1;
	number.n = (size_t)(line.p + line.n - number.p);
	CHECK(span_u64(span_cut(&number, '.'), 0, M.nobjects - 1, &o) == 0);
	M.object[o].read_by |= 1u << M.rules;
}

bool
m_rules_may_send(uint64_t event)
{
	const struct m_object *o = m_object_of(event);

	for (unsigned k = 0; k < M_RULES; k++) {
		if (has_read(o, k) && rules_take(k, event))
			return true;
	}
	return false;
}

static bool
all_acked(const struct m_object *o, unsigned rules)
{
	for (uint64_t e = o->first; e < o->first + o->count; e++) {
		if (!M.event[e].acked && rules_take(rules, e))
			return false;
	}
	return true;
}

bool
m_rules_done(const struct m_object *o)
{
	for (unsigned k = 0; k < M_RULES; k++) {
		if (has_read(o, k) && all_acked(o, k))
			return true;
	}
	return false;
}
