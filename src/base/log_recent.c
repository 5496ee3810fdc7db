#include "base/log_recent.h"

#include <string.h>

#include "base/buf.h"
#include "base/log_format.h"

/* In the order of their last time, the latest first. */
static struct {
	uint64_t kind[LOG_RECENT_MAX];
	struct log_problem problem[LOG_RECENT_MAX];
	size_t n;
} recent;

/* Moves number i to the front. */
static void
to_front(size_t i)
{
	struct log_problem p = recent.problem[i];
	uint64_t kind = recent.kind[i];

	memmove(recent.problem + 1, recent.problem, i * sizeof p);
	memmove(recent.kind + 1, recent.kind, i * sizeof kind);
	recent.problem[0] = p;
	recent.kind[0] = kind;
}

/* The one that goes for a new one: the least recent of its event, if that has
 * as many as it may have, so that whoever multiplies it hides no other; else a
 * free one, or the least recent of all. */
static size_t
place_for(const char *event)
{
	size_t same = 0, last = 0;

	for (size_t i = 0; i < recent.n; i++) {
		if (strcmp(recent.problem[i].event, event) == 0) {
			same++;
			last = i;
		}
	}
	if (same == LOG_RECENT_EACH)
		return last;
	return recent.n < LOG_RECENT_MAX ? recent.n++ : recent.n - 1;
}

/* The one of that kind, now at the front. */
static struct log_problem *
take(uint64_t kind, const char *event)
{
	size_t i = 0;

	while (i < recent.n && recent.kind[i] != kind)
		i++;
	if (i == recent.n) {
		i = place_for(event);
		recent.kind[i] = kind;
		recent.problem[i].count = 0;
	}
	to_front(i);
	return recent.problem;
}

static void
keep_fields(struct log_problem *p, const struct log_field *fields)
{
	struct buf b;

	memset(p->text, 0, sizeof p->text);
	memset(p->advice, 0, sizeof p->advice);
	buf_init(&b, sizeof p->text - 1);
	for (; fields->name != NULL; fields++) {
		const struct log_field one[] = {*fields, {0}};
		size_t n = fields->text.n;

		if (strcmp(fields->name, "advice") != 0) {
			log_format_fields(&b, LOG_LOGFMT, one);
			continue;
		}
		if (n >= sizeof p->advice)
			n = sizeof p->advice - 1;
		if (n > 0)
			memcpy(p->advice, fields->text.p, n);
	}
	if (b.n > 0) /* without the blank before the first */
		memcpy(p->text, b.p + 1, b.n - 1);
	buf_fini(&b);
}

void
log_recent_note(uint64_t kind, enum log_level level, const char *event,
    const struct log_field *fields, int64_t wall_ms)
{
	struct log_problem *p = take(kind, event);

	p->level = level;
	p->event = event;
	if (p->count++ == 0)
		p->first_ms = wall_ms;
	p->last_ms = wall_ms;
	keep_fields(p, fields);
}

size_t
log_recent(struct log_problem out[], size_t cap)
{
	size_t n = recent.n < cap ? recent.n : cap;

	if (n > 0)
		memcpy(out, recent.problem, n * sizeof *out);
	return n;
}

void
log_recent_forget(void)
{
	recent.n = 0;
}
