/*
 * What a profile says becomes:
 *
 *	role_arn + source_profile	a role, on that profile's source
 *	role_arn + credential_source	a role, on the source it names
 *	role_arn + web_identity_token_file	a web identity
 *	sso_account_id + sso_role_name	IAM Identity Center
 *	aws_access_key_id, …		a pair, in the credentials file
 *	login_session			an error: it needs a person
 *	credential_process		a process
 *	aws_access_key_id, …		a pair, in the config file
 *
 * The first that is there wins, as in botocore, from which also comes that a
 * profile with a pair is not asked for its role by the one that names it.
 */
#include "aws/walk.h"

#include <string.h>

#include "base/advice.h"
#include "base/mem.h"

enum { NAME_MAX_TOLD = 128 };

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
	return source_pair_new(w->deps->timers, "profile",
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

/* What a person has to be there for, the AWS CLI can do for us. */
static struct creds_source *
refuse_person(struct walk *w, const char *text)
{
	struct span name = w->seen[w->n - 1];

	if (name.n > NAME_MAX_TOLD)
		name.n = NAME_MAX_TOLD;
	advice_add(&w->why->advice, CAUSE_CREDS_PERSON, name, SPAN(""));
	return refuse(w, text);
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
bool
walk_wants_role(const struct walk *w)
{
	return has(w, "role_arn") && !has(w, "web_identity_token_file") &&
	       (w->n == 1 || !has_pair(w));
}

/* By its role or account, as botocore has it: a session alone may be there for
 * something else. */
static bool
has_sso(const struct walk *w)
{
	return has(w, "sso_account_id") || has(w, "sso_role_name");
}

/* A key that the session has too must say the same. */
static bool
read_sso_key(struct walk *w, const char *key, char **out)
{
	struct span session = get(w, "sso_session"), own = get(w, key), s = own;

	if (session.n > 0) {
		s = profiles_get_session(w->files, session, key);
		if (s.n > 0 && own.n > 0 && !span_eq(s, own)) {
			buf_printf(&w->why->text,
			    "%s is another one in its sso-session", key);
			return false;
		}
		if (s.n == 0)
			s = own;
	}
	if (s.n == 0) {
		buf_printf(
		    &w->why->text, "it is of SSO, but %s is missing", key);
		return false;
	}
	*out = mem_strndup(s.p, s.n);
	return true;
}

static struct creds_source *
make_sso(struct walk *w)
{
	struct span name = w->seen[w->n - 1], session = get(w, "sso_session");
	struct sso_conf c = {.profile = mem_strndup(name.p, name.n),
	    .session = copy(w, "sso_session")};
	struct creds_source *s = NULL;

	if (session.n > 0 && !profiles_has_session(w->files, session))
		buf_printf(&w->why->text,
		    "there is no section [sso-session %.64s]", c.session);
	else if (read_sso_key(w, "sso_account_id", &c.account) &&
		 read_sso_key(w, "sso_role_name", &c.role) &&
		 read_sso_key(w, "sso_region", &c.region) &&
		 read_sso_key(w, "sso_start_url", &c.start_url))
		s = source_sso_new(w->deps, &c);
	sso_conf_fini(&c);
	return s;
}

static struct creds_source *
make_process(struct walk *w)
{
	char *command = copy(w, "credential_process");
	struct creds_source *s = source_process_new(w->deps, command);

	mem_free(command);
	return s;
}

/* What it has but for a role. */
static struct creds_source *
make_own(struct walk *w)
{
	if (has(w, "web_identity_token_file"))
		return make_web_identity(w);
	if (has_sso(w))
		return make_sso(w);
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
	if (has(w, "sso_session") || has(w, "sso_start_url"))
		return refuse(w, "it is of SSO, but sso_account_id and "
				 "sso_role_name are missing");
	return refuse(w, "it has no credentials");
}

/* A profile may name itself, for its own keys. */
static struct creds_source *
from_source_profile(struct walk *w)
{
	struct span s = get(w, "source_profile");

	if (!span_eq(s, w->seen[w->n - 1]))
		return walk_resolve(w, s);
	if (!has_pair(w))
		return refuse(w, "source_profile is the profile itself, which "
				 "has no keys");
	return make_own(w);
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

struct creds_source *
walk_resolve(struct walk *w, struct span name)
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
	if (w->n == WALK_MAX)
		return refuse(w, "too many source_profiles in a row");
	if (!profiles_has(w->files, name)) {
		buf_str(why, "there is none of that name in ");
		profiles_say_files(why);
		return NULL;
	}
	w->seen[w->n++] = name;
	return walk_wants_role(w) ? make_role(w) : make_own(w);
}

bool
walk_has_any(const struct walk *w)
{
	static const char *const keys[] = {"role_arn",
	    "web_identity_token_file", "aws_access_key_id",
	    "aws_secret_access_key", "credential_process", "login_session",
	    "sso_account_id", "sso_role_name"};

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		if (has(w, keys[i]))
			return true;
	}
	return false;
}
