/*
 * Sources that get the credentials of a role from STS: AssumeRole, signed with
 * what another source gives, and AssumeRoleWithWebIdentity, with a token from a
 * file in its place.
 *
 *	fetch -> base's fetch -> STS call -> fn
 *	      \-> read the file ----^
 */
#include <errno.h>
#include <string.h>

#include "aws/source.h"
#include "aws/sts.h"
#include "base/advice.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/span.h"

enum { WEB_TOKEN_MAX = 20000 };

struct role {
	struct creds_source base; /* first, so that it can be cast back */
	const struct source_deps *deps;
	struct role_conf conf;	     /* its strings are owned */
	struct creds_source *signer; /* NULL: a web identity */
	struct timer *timer;	     /* starts a fetch, on a clean stack */
	struct call *call;
	struct source_fetch f;
};

static void
begin_why(struct role *r)
{
	if (r->signer != NULL)
		buf_printf(&r->f.why.text, "assuming %.256s: ", r->conf.arn);
	else
		buf_printf(
		    &r->f.why.text, "web identity for %.256s: ", r->conf.arn);
}

/* What STS says of a token that it does not take. */
static const struct {
	const char *code;
	enum cause cause;
} of_token[] = {
    {"ExpiredTokenException", CAUSE_WEB_EXPIRED},
    {"InvalidIdentityToken", CAUSE_WEB_INVALID},
    {"IDPRejectedClaim", CAUSE_WEB_REJECTED},
};

static void
advise_web(struct role *r, const struct aws_result *res)
{
	struct buf *out = &r->f.why.advice;

	if (res->class == AWS_DENIED)
		advice_add(
		    out, CAUSE_WEB_DENIED, span_str(r->conf.arn), SPAN(""));
	for (size_t i = 0; i < sizeof of_token / sizeof of_token[0]; i++) {
		if (strcmp(res->code, of_token[i].code) == 0)
			buf_str(out, advice_of(of_token[i].cause));
	}
}

static void
advise_signed(struct role *r, const struct aws_result *res)
{
	struct buf *out = &r->f.why.advice;

	if (res->class == AWS_DENIED)
		advice_add(out, CAUSE_ROLE_DENIED, span_str(r->conf.arn),
		    span_str(r->signer->name));
	else if (res->class == AWS_BAD_CREDS)
		advice_add(out, CAUSE_ROLE_BAD_SIGNER,
		    span_str(r->signer->name), SPAN(""));
}

/* What most likely has to be done. */
static void
advise(struct role *r, const struct aws_result *res)
{
	if (res->err != ERR_OK)
		aws_advise_transport(res->err, r->deps->sts, &r->f.why.advice);
	else if (strcmp(res->code, "RegionDisabledException") == 0)
		buf_str(&r->f.why.advice, advice_of(CAUSE_ROLE_NO_REGION));
	else if (r->signer == NULL)
		advise_web(r, res);
	else
		advise_signed(r, res);
}

static void
take_refusal(struct role *r, const struct aws_result *res)
{
	struct creds_failure *why = &r->f.why;

	why->status = res->status;
	memcpy(why->code, res->code, sizeof why->code);
	memcpy(why->request_id, res->request_id, sizeof why->request_id);
	advise(r, res);
}

static void
on_sts(void *arg, const struct aws_result *res)
{
	struct role *r = arg;
	struct creds c;

	r->call = NULL;
	begin_why(r);
	if (sts_read(res, r->signer == NULL, &c, &r->f.why.text)) {
		c.offset_s = source_clock_offset(res->reply);
		source_fetch_ok(&r->f, &c);
	} else {
		take_refusal(r, res);
		source_fetch_fail(&r->f);
	}
}

static void
on_signer(void *arg, struct creds *c, const struct creds_failure *why)
{
	struct role *r = arg;

	if (c == NULL) {
		begin_why(r);
		source_fetch_pass(&r->f, why);
		return;
	}
	r->call =
	    sts_assume(r->deps, &r->conf, c, (struct span){NULL, 0}, on_sts, r);
	creds_fini(c);
}

static void
ask_with_token(struct role *r)
{
	struct span token;
	struct buf file;

	begin_why(r);
	buf_init(&file, WEB_TOKEN_MAX + 1);
	if (!source_read_file(r->conf.token_file, &file, &r->f.why.text)) {
		source_advise_file(&r->f.why.advice, errno);
	} else {
		token = span_trim(buf_view(&file));
		secret_know(token);
		if (token.n == 0)
			buf_printf(
			    &r->f.why.text, "%s is empty", r->conf.token_file);
		else
			r->call = sts_assume(
			    r->deps, &r->conf, NULL, token, on_sts, r);
	}
	buf_fini_wipe(&file);
	if (r->call == NULL)
		source_fetch_fail(&r->f);
	else
		buf_reset(&r->f.why.text);
}

static void
start(void *arg)
{
	struct role *r = arg;

	if (r->deps->sts == NULL) {
		begin_why(r);
		buf_printf(&r->f.why.text, "no STS is known for the region %s",
		    r->deps->region);
		buf_str(&r->f.why.advice, "set endpoint_url_sts");
		source_fetch_fail(&r->f);
	} else if (r->signer != NULL) {
		r->signer->fetch(r->signer, on_signer, r);
	} else {
		ask_with_token(r);
	}
}

static void
role_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct role *r = (struct role *)s;

	source_fetch_begin(&r->f, fn, arg);
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
	r->timer = timer_new(d->timers, start, r);
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
