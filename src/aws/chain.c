/*
 * The chain. What it has picked is kept once it has succeeded; until then it
 * looks again at each fetch, so that what is put right is found.
 */
#include <string.h>

#include "aws/imds.h"
#include "aws/profile.h"
#include "aws/profiles.h"
#include "aws/source.h"
#include "base/mem.h"

enum { SETTING_MAX = 4096 };

struct chain {
	struct creds_source base; /* first, so that it can be cast back */
	struct source_deps deps;
	char *region;	       /* of deps */
	struct endpoint sts;   /* the same */
	struct role_conf role; /* to assume on top; arn NULL: none */
	struct creds_source *picked;
	bool is_last_resort; /* nothing was configured */
	bool settled;	     /* picked has succeeded */
	struct source_fetch f;
};

static void
say_tried(struct buf *why)
{
	bool named;

	buf_printf(why,
	    "no credentials: no AWS_ACCESS_KEY_ID, no "
	    "AWS_WEB_IDENTITY_TOKEN_FILE, none of profile \"%.64s\" in ",
	    profiles_chosen(&named));
	profiles_say_files(why);
	buf_str(why, ", no AWS_CONTAINER_CREDENTIALS_*_URI");
}

/* Of the environment, else of the profile; NULL: of neither. */
static char *
copy_setting(const char *variable, const char *key)
{
	const char *s = source_env(variable);
	char *copy = NULL;
	struct buf b;

	buf_init(&b, SETTING_MAX);
	if (s != NULL)
		buf_str(&b, s);
	if (b.n > 0 || (s == NULL && profile_setting(key, &b)))
		copy = mem_strndup(b.p, b.n);
	buf_fini(&b);
	return copy;
}

static struct creds_source *
pick_web_identity(struct chain *ch)
{
	const char *file = source_env("AWS_WEB_IDENTITY_TOKEN_FILE");
	struct role_conf given = {0};
	struct creds_source *s;

	if (file == NULL)
		return NULL;
	given.arn = copy_setting("AWS_ROLE_ARN", "role_arn");
	if (given.arn == NULL)
		return source_failing_new(ch->deps.timers, "web identity",
		    "web identity: AWS_WEB_IDENTITY_TOKEN_FILE is set, but "
		    "AWS_ROLE_ARN is not");
	given.token_file = mem_strndup(file, strlen(file));
	given.session_name =
	    copy_setting("AWS_ROLE_SESSION_NAME", "role_session_name");
	s = source_webid_new(&ch->deps, &given);
	source_role_fini(&given);
	return s;
}

static void
pick(struct chain *ch)
{
	struct creds_source *s = creds_env_new(ch->deps.timers);

	/* In a pod its role may be what the profile's role is assumed with. */
	if (s == NULL && source_profile_has_role())
		s = source_profile_new(&ch->deps);
	if (s == NULL)
		s = pick_web_identity(ch);
	if (s == NULL)
		s = source_profile_new(&ch->deps);
	if (s == NULL)
		s = source_container_new(&ch->deps);
	ch->is_last_resort = s == NULL;
	if (s == NULL)
		s = source_imds_new(&ch->deps);
	if (ch->role.arn != NULL)
		s = source_role_new(&ch->deps, &ch->role, s);
	ch->picked = s;
	ch->base.name = s->name;
	ch->base.serves_on = s->serves_on;
}

static void
drop(struct chain *ch)
{
	if (ch->picked != NULL)
		ch->picked->free(ch->picked);
	ch->picked = NULL;
}

static void
on_picked(void *arg, struct creds *c, const struct creds_failure *why)
{
	struct chain *ch = arg;

	if (c != NULL) {
		ch->settled = true;
		source_fetch_ok(&ch->f, c);
		return;
	}
	if (!ch->settled && ch->is_last_resort) {
		say_tried(&ch->f.why.text);
		buf_str(&ch->f.why.text, "; ");
	}
	creds_failure_add(&ch->f.why, why);
	if (!ch->settled)
		drop(ch);
	source_fetch_fail(&ch->f);
}

static void
chain_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct chain *ch = (struct chain *)s;

	source_fetch_begin(&ch->f, fn, arg);
	if (ch->picked == NULL)
		pick(ch);
	ch->picked->fetch(ch->picked, on_picked, ch);
}

static void
chain_cancel(struct creds_source *s)
{
	struct chain *ch = (struct chain *)s;

	if (ch->picked != NULL)
		ch->picked->cancel(ch->picked);
}

static void
chain_free(struct creds_source *s)
{
	struct chain *ch = (struct chain *)s;

	drop(ch);
	imds_free(&ch->deps.imds);
	aws_free(&ch->deps.aws);
	mem_free(ch->region);
	source_role_fini(&ch->role);
	source_fetch_fini(&ch->f);
	mem_free(ch);
}

static const char *
text(const char *s)
{
	return s != NULL ? s : "";
}

static void
set_sts(struct chain *ch, const struct creds_conf *conf)
{
	const char *region = text(conf->region);

	ch->region = mem_strndup(region, strlen(region));
	ch->deps.region = ch->region;
	ch->deps.variant = conf->variant;
	if (conf->sts == NULL)
		return;
	ch->sts = *conf->sts;
	ch->deps.sts = &ch->sts;
}

static void
set_role(struct chain *ch, const struct creds_conf *conf)
{
	const char *const from[] = {
	    conf->role_arn, conf->external_id, conf->session_name};
	char **const to[] = {
	    &ch->role.arn, &ch->role.external_id, &ch->role.session_name};

	for (size_t i = 0; i < 3; i++) {
		if (*text(from[i]) != '\0')
			*to[i] = mem_strndup(from[i], strlen(from[i]));
	}
}

struct creds_source *
creds_chain_new(const struct creds_conf *conf, struct buf *why)
{
	struct chain *ch = mem_zalloc(sizeof *ch);

	ch->base = (struct creds_source){.name = "",
	    .fetch = chain_fetch,
	    .cancel = chain_cancel,
	    .free = chain_free};
	ch->deps.timers = conf->timers;
	ch->deps.http = conf->http;
	ch->deps.aws = aws_new(conf->http, conf->timers, NULL);
	ch->deps.imds = imds_new(conf->http, conf->timers);
	ch->base.sts = ch->deps.aws;
	source_fetch_init(&ch->f);
	set_sts(ch, conf);
	set_role(ch, conf);
	pick(ch);
	if (ch->is_last_resort && imds_is_disabled()) {
		say_tried(why);
		buf_str(why, ", and the instance metadata is switched off by "
			     "AWS_EC2_METADATA_DISABLED");
		chain_free(&ch->base);
		return NULL;
	}
	return &ch->base;
}
