/*
 * The profile in force. At each fetch the files are read, and what they say is
 * made into a source of another kind, which is asked and then thrown away.
 */
#include "aws/profiles.h"
#include "aws/source.h"
#include "aws/walk.h"
#include "base/advice.h"
#include "base/mem.h"

static const char source_name[] = "profile";

struct profile {
	struct creds_source base; /* first, so that it can be cast back */
	const struct source_deps *deps;
	struct timer *timer;
	struct creds_source *inner; /* NULL: no fetch under way */
	struct source_fetch f;
};

static void
on_inner(void *arg, struct creds *c, const struct creds_failure *why)
{
	struct profile *p = arg;
	struct creds_source *inner = p->inner;

	p->inner = NULL;
	if (c == NULL)
		creds_failure_add(&p->f.why, why);
	inner->free(inner);
	if (c != NULL)
		source_fetch_ok(&p->f, c);
	else
		source_fetch_fail(&p->f);
}

static void
start(void *arg)
{
	struct profile *p = arg;
	struct profiles *files = profiles_load();
	struct walk w = {.deps = p->deps, .files = files, .why = &p->f.why};
	bool named;
	const char *name = profiles_chosen(&named);

	if (*profiles_error(files) != '\0') {
		buf_printf(&p->f.why.text, "%s: %s", source_name,
		    profiles_error(files));
		buf_str(&p->f.why.advice, advice_of(CAUSE_CREDS_BAD_PROFILES));
	} else {
		p->inner = walk_resolve(&w, span_str(name));
	}
	profiles_free(&files);
	if (p->inner == NULL) {
		source_fetch_fail(&p->f);
		return;
	}
	/* So far it holds the names on the way. */
	p->inner->fetch(p->inner, on_inner, p);
}

static void
profile_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct profile *p = (struct profile *)s;

	source_fetch_begin(&p->f, fn, arg);
	timer_soon(p->timer);
}

static void
profile_cancel(struct creds_source *s)
{
	struct profile *p = (struct profile *)s;

	timer_stop(p->timer);
	if (p->inner != NULL)
		p->inner->free(p->inner);
	p->inner = NULL;
}

static void
profile_free(struct creds_source *s)
{
	struct profile *p = (struct profile *)s;

	profile_cancel(s);
	timer_free(&p->timer);
	source_fetch_fini(&p->f);
	mem_free(p);
}

/* Whether somebody meant us to take credentials from the files. A profile may
 * be named for its region alone; one that is named and not there is a mistake.
 */
static bool
is_configured(void)
{
	struct profiles *files = profiles_load();
	struct walk w = {.files = files, .n = 1};
	bool named, found;

	w.seen[0] = span_str(profiles_chosen(&named));
	found = *profiles_error(files) != '\0' ||
		(named && !profiles_has(files, w.seen[0])) || walk_has_any(&w);
	profiles_free(&files);
	return found;
}

bool
source_profile_has_role(void)
{
	struct profiles *files = profiles_load();
	struct walk w = {.files = files, .n = 1};
	bool named, found;

	w.seen[0] = span_str(profiles_chosen(&named));
	found = walk_wants_role(&w);
	profiles_free(&files);
	return found;
}

struct creds_source *
source_profile_new(const struct source_deps *d)
{
	struct profile *p;

	if (!is_configured())
		return NULL;
	p = mem_zalloc(sizeof *p);
	p->base = (struct creds_source){.name = source_name,
	    .fetch = profile_fetch,
	    .cancel = profile_cancel,
	    .free = profile_free};
	p->deps = d;
	p->timer = timer_new(d->timers, start, p);
	source_fetch_init(&p->f);
	return &p->base;
}
