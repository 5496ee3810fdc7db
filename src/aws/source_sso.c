/*
 * IAM Identity Center (SSO): credentials of a role for the token that `aws sso
 * login` has left in its cache. A token that is about to expire is renewed,
 * where a refresh token came with it, and stored for the AWS CLI too.
 *
 *	fetch -> read the cache ---------------------> GetRoleCredentials -> fn
 *	              \-> CreateToken -> read again, store ----^
 *
 * The AWS CLI may renew it at the same moment: whose token is in the cache when
 * our own attempt has ended counts. (AWS SDKs and Tools Reference Guide, "IAM
 * Identity Center credential provider"; botocore's tokens.py.)
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aws/priv.h"
#include "aws/profile.h"
#include "aws/source.h"
#include "aws/sso.h"
#include "aws/sso_cache.h"
#include "base/advice.h"
#include "base/log.h"

enum {
	RENEW_S = 15 * 60, /* before the end, as botocore */
	AGAIN_MS = 20 * 1000,
	PATH_LEN_MAX = 4096,
};

struct sso {
	struct creds_source base; /* first, so that it can be cast back */
	const struct source_deps *deps;
	struct sso_conf conf; /* its strings are owned */
	struct timer *timer;
	struct call *call;
	struct buf path;
	struct sso_token token;
	struct source_fetch f;
};

static bool
is_valid(const struct sso_token *t)
{
	return t->access != NULL && t->expires_s > clock_wall_s();
}

static bool
can_renew(const struct sso_token *t)
{
	return t->refresh != NULL && t->client_id != NULL &&
	       t->client_secret != NULL &&
	       t->registration_end_s > clock_wall_s();
}

/* Where nobody can sign in, and no cache of a person's can be seen. */
static bool
is_service(void)
{
	return source_env("INVOCATION_ID") != NULL ||
	       source_env("KUBERNETES_SERVICE_HOST") != NULL ||
	       source_env("ECS_CONTAINER_METADATA_URI_V4") != NULL ||
	       access("/.dockerenv", F_OK) == 0 ||
	       access("/run/.containerenv", F_OK) == 0;
}

/* Whoever signs in is waited for, and not for long. */
static void
advise_login(struct sso *s)
{
	struct buf *out = &s->f.why.advice;

	s->f.why.again_ms = AGAIN_MS;
	if (out->n > 0)
		return;
	advice_add(out,
	    is_service() ? CAUSE_SSO_SERVICE_LOGIN : CAUSE_SSO_LOGIN,
	    span_str(s->conf.profile), SPAN(""));
}

static void
fail(struct sso *s)
{
	sso_token_fini(&s->token);
	source_fetch_fail(&s->f);
}

static void
begin_why(struct sso *s)
{
	creds_failure_reset(&s->f.why);
	buf_printf(&s->f.why.text,
	    "SSO, role %.64s of account %.32s: ", s->conf.role,
	    s->conf.account);
}

static void
take_refusal(struct sso *s, const struct aws_result *r)
{
	struct creds_failure *why = &s->f.why;

	why->status = r->status;
	memcpy(why->code, r->code, sizeof why->code);
	memcpy(why->request_id, r->request_id, sizeof why->request_id);
	if (r->err != ERR_OK)
		buf_printf(&why->text, "no answer (%s: %s)", err_name(r->err),
		    r->message);
	else
		buf_printf(&why->text, "refused: %s: %s",
		    r->code[0] != '\0' ? r->code : aws_class_name(r->class),
		    r->message);
}

static void
on_role(void *arg, const struct aws_result *r)
{
	struct sso *s = arg;
	struct endpoint host;
	struct creds c;

	s->call = NULL;
	begin_why(s);
	if (r->class == AWS_OK &&
	    sso_read_role(r->reply->body, &c, &s->f.why.text)) {
		c.offset_s = source_clock_offset(r->reply);
		sso_token_fini(&s->token);
		source_fetch_ok(&s->f, &c);
		return;
	}
	if (r->class != AWS_OK)
		take_refusal(s, r);
	if (r->err != ERR_OK && sso_endpoint(s->deps, SSO_PORTAL,
				    s->conf.region, &host, &s->f.why.text))
		aws_advise_transport(r->err, &host, &s->f.why.advice);
	else if (r->status == 401)
		advise_login(s);
	else if (r->class == AWS_DENIED || r->class == AWS_NOT_FOUND)
		buf_str(&s->f.why.advice, advice_of(CAUSE_SSO_NO_ROLE));
	fail(s);
}

static void
ask_role(struct sso *s)
{
	s->call = sso_get_role(
	    s->deps, &s->conf, s->token.access, on_role, s, &s->f.why.text);
	if (s->call == NULL)
		fail(s);
}

/* What is in the cache by now, if it is another one that is good. */
static bool
was_renewed(struct sso *s)
{
	struct creds_failure ignored;
	struct sso_token t;
	bool other;

	creds_failure_init(&ignored);
	other = sso_cache_load(buf_cstr(&s->path), &t, &ignored) &&
		strcmp(t.access, s->token.access) != 0 && is_valid(&t);
	creds_failure_fini(&ignored);
	if (other) {
		sso_token_fini(&s->token);
		s->token = t;
	} else {
		sso_token_fini(&t);
	}
	return other;
}

static void
store(struct sso *s)
{
	struct buf why;

	buf_init(&why, SOURCE_WHY_MAX);
	if (!sso_cache_store(buf_cstr(&s->path), &s->token, s->conf.start_url,
		s->conf.region, &why))
		LOG_WARN("sso.store", F_SPAN("error", buf_view(&why)),
		    F_STR("advice",
			"let the user that trailpost runs as write to this "
			"folder: the AWS CLI may have to sign in again"));
	buf_fini(&why);
}

static void
on_token(void *arg, const struct aws_result *r)
{
	struct sso *s = arg;
	bool renewed;

	s->call = NULL;
	renewed = was_renewed(s);
	if (!renewed && r->class == AWS_OK &&
	    sso_read_token(r->reply->body, &s->token)) {
		renewed = true;
		store(s);
	}
	/* The old one is tried as long as it lives. */
	if (renewed || is_valid(&s->token)) {
		if (!renewed)
			LOG_WARN("sso.renew", F_STR("profile", s->conf.profile),
			    F_STR("effect", "the old token is used on until "
					    "it ends"),
			    AWS_FIELDS(r));
		ask_role(s);
		return;
	}
	begin_why(s);
	buf_str(&s->f.why.text, "the token has expired and could not be "
				"renewed: ");
	take_refusal(s, r);
	advise_login(s);
	fail(s);
}

static void
renew(struct sso *s)
{
	s->call = sso_create_token(
	    s->deps, &s->conf, &s->token, on_token, s, &s->f.why.text);
	if (s->call == NULL)
		fail(s);
}

static void
start(void *arg)
{
	struct sso *s = arg;
	bool has_path, ends;

	buf_reset(&s->path);
	has_path = sso_cache_path(
	    s->conf.session != NULL ? s->conf.session : s->conf.start_url,
	    &s->path);
	begin_why(s);
	if (!has_path)
		buf_str(&s->f.why.text, "there is no home folder, and so no "
					"cache of aws sso login");
	if (!has_path ||
	    !sso_cache_load(buf_cstr(&s->path), &s->token, &s->f.why)) {
		advise_login(s);
		fail(s);
		return;
	}
	begin_why(s);
	ends = s->token.expires_s - clock_wall_s() < RENEW_S;
	if (ends && s->conf.session != NULL && can_renew(&s->token)) {
		renew(s);
	} else if (is_valid(&s->token)) {
		ask_role(s);
	} else {
		buf_str(&s->f.why.text, "the token of aws sso login has "
					"expired");
		advise_login(s);
		fail(s);
	}
}

static void
sso_fetch(struct creds_source *base, creds_fetched_fn *fn, void *arg)
{
	struct sso *s = (struct sso *)base;

	source_fetch_begin(&s->f, fn, arg);
	timer_soon(s->timer);
}

static void
sso_cancel(struct creds_source *base)
{
	struct sso *s = (struct sso *)base;

	timer_stop(s->timer);
	call_cancel(&s->call);
	sso_token_fini(&s->token);
}

static void
sso_free(struct creds_source *base)
{
	struct sso *s = (struct sso *)base;

	sso_cancel(base);
	timer_free(&s->timer);
	buf_fini(&s->path);
	sso_conf_fini(&s->conf);
	source_fetch_fini(&s->f);
	mem_free(s);
}

struct creds_source *
source_sso_new(const struct source_deps *d, struct sso_conf *conf)
{
	struct sso *s = mem_zalloc(sizeof *s);

	s->base = (struct creds_source){.name = "sso",
	    .fetch = sso_fetch,
	    .cancel = sso_cancel,
	    .free = sso_free};
	s->deps = d;
	s->conf = *conf;
	*conf = (struct sso_conf){0};
	s->timer = timer_new(d->timers, start, s);
	buf_init(&s->path, PATH_LEN_MAX);
	source_fetch_init(&s->f);
	return &s->base;
}
