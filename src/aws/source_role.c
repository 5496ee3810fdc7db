/*
 * Sources that get the credentials of a role from STS: AssumeRole, signed with
 * what another source gives, and AssumeRoleWithWebIdentity, with a token from a
 * file in its place.
 *
 *	fetch -> base's fetch -> STS call -> fn
 *	      \-> read the file ----^
 */
#include <string.h>

#include "aws/source.h"
#include "aws/sts.h"
#include "base/mem.h"
#include "base/span.h"

enum { WEB_TOKEN_MAX = 20000 };

struct role {
	struct creds_source base; /* first, so that it can be cast back */
	const struct source_deps *deps;
	struct role_conf conf;	     /* its strings are owned */
	struct creds_source *signer; /* NULL: a web identity */
	struct timer *timer;	     /* for what fails at once */
	struct call *call;
	struct source_fetch f;
};

static void
begin_why(struct role *r)
{
	if (r->signer != NULL)
		buf_printf(&r->f.why, "assuming %.256s: ", r->conf.arn);
	else
		buf_printf(&r->f.why, "web identity for %.256s: ", r->conf.arn);
}

/* What most likely has to be done about a refusal. */
static void
advise(struct role *r, const struct aws_result *res)
{
	struct buf *why = &r->f.why;

	if (strcmp(res->code, "RegionDisabledException") == 0)
		buf_str(why, "; STS is switched off in this region of the "
			     "account");
	else if (res->class == AWS_DENIED && r->signer != NULL)
		buf_printf(why,
		    "; the credentials from \"%s\" need sts:AssumeRole on "
		    "that role, and its trust policy must name them (and the "
		    "external id, if it asks for one)",
		    r->signer->name);
	else if (res->class == AWS_DENIED)
		buf_str(why, "; the role's trust policy must allow "
			     "sts:AssumeRoleWithWebIdentity to this token's "
			     "issuer, subject and audience");
}

static void
on_sts(void *arg, const struct aws_result *res)
{
	struct role *r = arg;
	struct creds c;

	r->call = NULL;
	begin_why(r);
	if (sts_read(res, r->signer == NULL, &c, &r->f.why)) {
		c.offset_s = source_clock_offset(res->reply);
		source_fetch_ok(&r->f, &c);
	} else {
		advise(r, res);
		source_fetch_fail(&r->f);
	}
}

static void
on_signer(void *arg, struct creds *c, const char *error)
{
	struct role *r = arg;

	if (c == NULL) {
		begin_why(r);
		buf_str(&r->f.why, error);
		source_fetch_fail(&r->f);
		return;
	}
	r->call =
	    sts_assume(r->deps, &r->conf, c, (struct span){NULL, 0}, on_sts, r);
	creds_fini(c);
}

static void
on_web(void *arg)
{
	struct role *r = arg;
	struct span token;
	struct buf file;

	begin_why(r);
	buf_init(&file, WEB_TOKEN_MAX + 1);
	if (source_read_file(r->conf.token_file, &file, &r->f.why)) {
		token = span_trim(buf_view(&file));
		if (token.n == 0)
			buf_printf(
			    &r->f.why, "%s is empty", r->conf.token_file);
		else
			r->call = sts_assume(
			    r->deps, &r->conf, NULL, token, on_sts, r);
	}
	buf_fini_wipe(&file);
	if (r->call == NULL)
		source_fetch_fail(&r->f);
	else
		buf_reset(&r->f.why);
}

static void
role_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct role *r = (struct role *)s;

	source_fetch_begin(&r->f, fn, arg);
	if (r->signer != NULL)
		r->signer->fetch(r->signer, on_signer, r);
	else
		timer_soon(r->timer);
}

static void
role_cancel(struct creds_source *s)
{
	struct role *r = (struct role *)s;

	timer_stop(r->timer);
	call_cancel(&r->call);
	if (r->signer != NULL)
		r->signer->cancel(r->signer);
}

static void
role_free(struct creds_source *s)
{
	struct role *r = (struct role *)s;

	role_cancel(s);
	if (r->signer != NULL)
		r->signer->free(r->signer);
	timer_free(&r->timer);
	source_fetch_fini(&r->f);
	source_role_fini(&r->conf);
	mem_free(r);
}

static struct role *
role_new(const struct source_deps *d, const struct role_conf *conf)
{
	struct role *r = mem_zalloc(sizeof *r);

	r->base = (struct creds_source){.name = "assumed role",
	    .fetch = role_fetch,
	    .cancel = role_cancel,
	    .free = role_free};
	r->deps = d;
	source_role_copy(&r->conf, conf);
	r->timer = timer_new(d->timers, on_web, r);
	source_fetch_init(&r->f);
	return r;
}

struct creds_source *
source_role_new(const struct source_deps *d, const struct role_conf *conf,
    struct creds_source *signer)
{
	struct role *r = role_new(d, conf);

	r->signer = signer;
	return &r->base;
}

struct creds_source *
source_webid_new(const struct source_deps *d, const struct role_conf *conf)
{
	struct role *r = role_new(d, conf);

	r->base.name = "web identity";
	return &r->base;
}
