/* Sources that know their answer from the start: the environment and fixed
 * keys. */
#include <stdlib.h>
#include <string.h>

#include "aws/creds.h"
#include "aws/source.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/span.h"

struct fixed {
	struct creds_source base; /* first, so that it can be cast back */
	struct creds set;
	char *error; /* instead of the set; owned */
	struct timer *timer;
	struct source_fetch f;
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
		buf_str(&f->f.why.text, f->error);
		source_fetch_fail(&f->f);
		return;
	}
	creds_copy(&c, &f->set);
	source_fetch_ok(&f->f, &c);
}

static void
fixed_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct fixed *f = (struct fixed *)s;

	source_fetch_begin(&f->f, fn, arg);
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
	source_fetch_fini(&f->f);
	mem_free(f->error);
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
	source_fetch_init(&f->f);
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

struct creds_source *
source_failing_new(struct timers *t, const char *name, const char *error)
{
	struct fixed *f = fixed_new(t, name);

	f->error = copy(error);
	return &f->base;
}

static char *
copy_trimmed(struct span s)
{
	s = span_trim(s);
	return s.n > 0 ? mem_strndup(s.p, s.n) : NULL;
}

/* A line break at the end comes from how a value was put there. */
struct creds_source *
source_pair_new(struct timers *t, const char *name, const char *where,
    struct span key_id, struct span secret, struct span token)
{
	struct fixed *f = fixed_new(t, name);
	const char *missing = NULL;
	struct buf why;

	f->set.key_id = copy_trimmed(key_id);
	f->set.secret = copy_trimmed(secret);
	f->set.token = copy_trimmed(token);
	if (f->set.key_id == NULL)
		missing = "access key id";
	else if (f->set.secret == NULL)
		missing = "secret access key";
	if (missing != NULL) {
		buf_init(&why, SOURCE_WHY_MAX);
		buf_printf(&why,
		    "%s: the %s is not set while others of its set are; set "
		    "it or unset them",
		    where, missing);
		f->error = copy(buf_cstr(&why));
		buf_fini(&why);
	}
	return &f->base;
}

/* Of a set that ends, its giver tells when; empty: it does not. */
static void
set_expiry(struct fixed *f, struct span end)
{
	struct buf why;

	if (end.n == 0 || f->error != NULL ||
	    clock_parse_iso(end, &f->set.expires_s) == ERR_OK)
		return;
	buf_init(&why, SOURCE_WHY_MAX);
	buf_printf(&why,
	    "environment: AWS_CREDENTIAL_EXPIRATION: \"%.*s\" is no time in "
	    "ISO 8601",
	    (int)(end.n < 64 ? end.n : 64), end.p);
	f->error = copy(buf_cstr(&why));
	buf_fini(&why);
}

struct creds_source *
creds_env_new(struct timers *t)
{
	struct span id = span_trim(span_str(getenv("AWS_ACCESS_KEY_ID")));
	struct span secret =
	    span_trim(span_str(getenv("AWS_SECRET_ACCESS_KEY")));
	struct span token = span_trim(span_str(getenv("AWS_SESSION_TOKEN")));
	struct creds_source *s;

	if (token.n == 0)
		token = span_trim(span_str(getenv("AWS_SECURITY_TOKEN")));
	if (id.n == 0 && secret.n == 0)
		return NULL;
	s = source_pair_new(t, "environment",
	    id.n == 0 ? "environment: AWS_ACCESS_KEY_ID"
		      : "environment: AWS_SECRET_ACCESS_KEY",
	    id, secret, token);
	set_expiry((struct fixed *)s,
	    span_trim(span_str(getenv("AWS_CREDENTIAL_EXPIRATION"))));
	return s;
}
