/*
 * The profile in force. At each fetch the files are read, and what they say is
 * made into a source of another kind, which is asked and then thrown away:
 *
 *	role_arn + source_profile	a role, on that profile's source
 *	role_arn + credential_source	a role, on the source it names
 *	role_arn + web_identity_token_file	a web identity
 *	sso_…				an error: it needs a person
 *	aws_access_key_id, …		a pair, in the credentials file
 *	login_session			an error: it needs a person
 *	credential_process		a process
 *	aws_access_key_id, …		a pair, in the config file
 *
 * The first that is there wins, as in botocore, from which also comes that a
 * profile with a pair is not asked for its role by the one that names it.
 */
#include <string.h>

#include "aws/profiles.h"
#include "aws/source.h"
#include "base/mem.h"

enum { CHAIN_MAX = 16, NAME_MAX_TOLD = 128 };

static const char source_name[] = "profile";

struct profile {
	struct creds_source base; /* first, so that it can be cast back */
	const struct source_deps *deps;
	struct timer *timer;
	struct creds_source *inner; /* NULL: no fetch under way */
	struct source_fetch f;
};

/* The way from the profile in force to its last source_profile. */
struct walk {
	const struct source_deps *deps;
	const struct profiles *files;
	struct span seen[CHAIN_MAX];
	size_t n;
	struct creds_failure *why;
};

static struct creds_source *resolve(struct walk *w, struct span name);

static struct span
get(const struct walk *w, const char *key)
{
	return profiles_get(w->files, w->seen[w->n - 1], key);
}

static bool
has(const struct walk *w, const char *key)
{
	return get(w, key).n > 0;
}

static char *
copy(const struct walk *w, const char *key)
{
	struct span s = get(w, key);

	return s.n > 0 ? mem_strndup(s.p, s.n) : NULL;
}

static struct creds_source *
refuse(struct walk *w, const char *text)
{
	buf_str(&w->why->text, text);
	return NULL;
}

static struct creds_source *
make_pair(struct walk *w)
{
	struct span token = get(w, "aws_session_token");

	if (token.n == 0) /* its old name */
		token = get(w, "aws_security_token");
	return source_pair_new(w->deps->timers, source_name,
	    "aws_access_key_id and aws_secret_access_key",
	    get(w, "aws_access_key_id"), get(w, "aws_secret_access_key"),
	    token);
}

static bool
has_pair(const struct walk *w)
{
	return has(w, "aws_access_key_id") || has(w, "aws_secret_access_key");
}

static struct creds_source *
from_named_source(struct walk *w)
{
	struct span s = get(w, "credential_source");
	struct creds_source *found = NULL;

	if (span_is(s, "Environment"))
		found = creds_env_new(w->deps->timers);
	else if (span_is(s, "Ec2InstanceMetadata"))
		found = source_imds_new(w->deps);
	else if (span_is(s, "EcsContainer"))
		found = source_container_new(w->deps);
	else
		return refuse(w, "credential_source must be Environment, "
				 "Ec2InstanceMetadata or EcsContainer");
	if (found == NULL)
		refuse(w, "credential_source names what is not there: its "
			  "environment variables are not set");
	return found;
}

/* A profile may name itself for its own keys. */
static struct creds_source *
from_source_profile(struct walk *w)
{
	struct span s = get(w, "source_profile");

	if (!span_eq(s, w->seen[w->n - 1]))
		return resolve(w, s);
	if (!has_pair(w))
		return refuse(w, "source_profile is the profile itself, which "
				 "has no keys");
	return make_pair(w);
}

/* What a person has to be there for, the AWS CLI can do for us. */
static struct creds_source *
refuse_person(struct walk *w, const char *text)
{
	struct span name = w->seen[w->n - 1];

	buf_printf(&w->why->advice,
	    "make another profile with credential_process = aws configure "
	    "export-credentials --profile %.*s --format process, and name it "
	    "in AWS_PROFILE",
	    (int)(name.n < NAME_MAX_TOLD ? name.n : NAME_MAX_TOLD), name.p);
	return refuse(w, text);
}

static struct creds_source *
make_role(struct walk *w)
{
	struct role_conf r = {.arn = copy(w, "role_arn"),
	    .session_name = copy(w, "role_session_name"),
	    .external_id = copy(w, "external_id"),
	    .duration = copy(w, "duration_seconds")};
	struct creds_source *s = NULL;

	if (has(w, "mfa_serial"))
		refuse_person(w, "mfa_serial: a daemon cannot ask for a code");
	else if (has(w, "source_profile") == has(w, "credential_source"))
		refuse(w, "role_arn needs one of source_profile, "
			  "credential_source and web_identity_token_file");
	else if (has(w, "credential_source"))
		s = from_named_source(w);
	else
		s = from_source_profile(w);
	if (s != NULL)
		s = source_role_new(w->deps, &r, s);
	source_role_fini(&r);
	return s;
}

/* Of the profile in force the environment has the last word. */
static char *
copy_or_env(const struct walk *w, const char *key, const char *variable)
{
	const char *s = w->n == 1 ? source_env(variable) : NULL;

	return s != NULL ? mem_strndup(s, strlen(s)) : copy(w, key);
}

static struct creds_source *
make_web_identity(struct walk *w)
{
	struct role_conf r = {.arn = copy_or_env(w, "role_arn", "AWS_ROLE_ARN"),
	    .session_name =
		copy_or_env(w, "role_session_name", "AWS_ROLE_SESSION_NAME"),
	    .duration = copy(w, "duration_seconds"),
	    .token_file = copy(w, "web_identity_token_file")};
	struct creds_source *s = NULL;

	if (r.arn == NULL)
		refuse(w, "web_identity_token_file needs a role_arn beside it");
	else
		s = source_webid_new(w->deps, &r);
	source_role_fini(&r);
	return s;
}

/* From the second profile on its own keys count more. */
static bool
wants_role(const struct walk *w)
{
	return has(w, "role_arn") && !has(w, "web_identity_token_file") &&
	       (w->n == 1 || !has_pair(w));
}

static bool
has_sso(const struct walk *w)
{
	return has(w, "sso_session") || has(w, "sso_start_url") ||
	       has(w, "sso_account_id");
}

static struct creds_source *
make_process(struct walk *w)
{
	char *command = copy(w, "credential_process");
	struct creds_source *s = source_process_new(w->deps, command);

	mem_free(command);
	return s;
}

static struct creds_source *
make_source(struct walk *w)
{
	if (wants_role(w))
		return make_role(w);
	if (has(w, "web_identity_token_file"))
		return make_web_identity(w);
	if (profiles_has_secret(
		w->files, w->seen[w->n - 1], "aws_access_key_id"))
		return make_pair(w);
	if (has(w, "login_session"))
		return refuse_person(w, "login_session is of aws login, which "
					"signs in a person");
	if (has(w, "credential_process"))
		return make_process(w);
	if (has_pair(w))
		return make_pair(w);
	if (has_sso(w))
		return refuse(w, "it signs in a person (SSO), which ends after "
				 "hours and is unsuitable for a daemon; use a "
				 "role or keys");
	return refuse(w, "it has no credentials");
}

/* NULL with the reason in why. */
static struct creds_source *
resolve(struct walk *w, struct span name)
{
	int n = (int)(name.n < NAME_MAX_TOLD ? name.n : NAME_MAX_TOLD);
	struct buf *why = &w->why->text;

	for (size_t i = 0; i < w->n; i++) {
		if (span_eq(w->seen[i], name)) {
			buf_printf(why,
			    "source_profile leads in a circle, back to "
			    "\"%.*s\"",
			    n, name.p);
			return NULL;
		}
	}
	buf_printf(why, "profile \"%.*s\": ", n, name.p);
	if (w->n == CHAIN_MAX)
		return refuse(w, "too many source_profiles in a row");
	if (!profiles_has(w->files, name)) {
		buf_str(why, "there is none of that name in ");
		profiles_say_files(why);
		return NULL;
	}
	w->seen[w->n++] = name;
	return make_source(w);
}

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
		buf_str(&p->f.why.advice,
		    "put that file right, and let the user that trailpost "
		    "runs as read it");
	} else {
		p->inner = resolve(&w, span_str(name));
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
		(named && !profiles_has(files, w.seen[0])) ||
		has(&w, "role_arn") || has(&w, "web_identity_token_file") ||
		has_pair(&w) || has(&w, "credential_process") ||
		has(&w, "login_session") || has_sso(&w);
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
	found = wants_role(&w);
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
