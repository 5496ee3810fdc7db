/* Sources that know their answer from the start: the environment and fixed
 * keys. */
#include <stdlib.h>
#include <string.h>

#include "aws/creds.h"
#include "base/mem.h"
#include "base/span.h"

struct fixed {
	struct creds_source base; /* first, so that it can be cast back */
	struct creds set;
	const char *error; /* instead of the set; static text */
	struct timer *timer;
	creds_fetched_fn *fn;
	void *arg;
};

static char *
copy(const char *s)
{
	return s != NULL ? mem_strndup(s, strlen(s)) : NULL;
}

static void
on_soon(void *arg)
{
	struct fixed *f = arg;
	struct creds c;

	if (f->error != NULL) {
		f->fn(f->arg, NULL, f->error);
		return;
	}
	c = (struct creds){.key_id = copy(f->set.key_id),
	    .secret = copy(f->set.secret),
	    .token = copy(f->set.token)};
	f->fn(f->arg, &c, NULL);
}

static void
fixed_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct fixed *f = (struct fixed *)s;

	f->fn = fn;
	f->arg = arg;
	timer_soon(f->timer);
}

static void
fixed_cancel(struct creds_source *s)
{
	timer_stop(((struct fixed *)s)->timer);
}

static void
fixed_free(struct creds_source *s)
{
	struct fixed *f = (struct fixed *)s;

	timer_free(&f->timer);
	creds_fini(&f->set);
	mem_free(f);
}

static struct fixed *
fixed_new(struct timers *t, const char *name)
{
	struct fixed *f = mem_zalloc(sizeof *f);

	f->base = (struct creds_source){.name = name,
	    .fetch = fixed_fetch,
	    .cancel = fixed_cancel,
	    .free = fixed_free};
	f->timer = timer_new(t, on_soon, f);
	return f;
}

struct creds_source *
creds_static_new(
    struct timers *t, const char *key_id, const char *secret, const char *token)
{
	struct fixed *f = fixed_new(t, "static");

	f->set = (struct creds){.key_id = copy(key_id),
	    .secret = copy(secret),
	    .token = copy(token)};
	return &f->base;
}

/* A variable that is set to nothing is not set; a line break at its end comes
 * from how it was put there. */
static char *
read_env(const char *name)
{
	struct span s = span_trim(span_str(getenv(name)));

	return s.n > 0 ? mem_strndup(s.p, s.n) : NULL;
}

struct creds_source *
creds_env_new(struct timers *t)
{
	struct creds set = {.key_id = read_env("AWS_ACCESS_KEY_ID"),
	    .secret = read_env("AWS_SECRET_ACCESS_KEY"),
	    .token = read_env("AWS_SESSION_TOKEN")};
	struct fixed *f;

	if (set.key_id == NULL && set.secret == NULL && set.token == NULL)
		return NULL;
	f = fixed_new(t, "environment");
	f->set = set;
	if (set.key_id == NULL)
		f->error = "environment: AWS_ACCESS_KEY_ID is not set while "
			   "others of its set are; set it or unset them";
	else if (set.secret == NULL)
		f->error = "environment: AWS_SECRET_ACCESS_KEY is not set "
			   "while AWS_ACCESS_KEY_ID is; set both or neither";
	return &f->base;
}
