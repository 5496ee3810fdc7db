#include "aws/sso.h"

#include <string.h>

#include "aws/priv.h"
#include "aws/profile.h"
#include "base/enc.h"
#include "base/json.h"
#include "base/secret.h"

enum {
	TIMEOUT_MS = 10 * 1000,
	REPLY_MAX = 64 * 1024,
	TREE_MAX = 256 * 1024,
	QUERY_MAX = 4096,
	BODY_MAX = 64 * 1024,
	URL_MAX = 1024,
	LIFE_MAX_S = 400 * 24 * 3600,
};

static const struct {
	const char *host, *variable;
	const char *service; /* in a profile's services */
} services[] = {
    [SSO_PORTAL] = {"portal.sso", "AWS_ENDPOINT_URL_SSO", "sso"},
    [SSO_OIDC] = {"oidc", "AWS_ENDPOINT_URL_SSO_OIDC", "sso_oidc"},
};

/* false: nobody has set one. */
static bool
find_own(enum sso_service which, struct buf *url)
{
	const char *s = source_env(services[which].variable);

	if (s == NULL)
		s = source_env("AWS_ENDPOINT_URL");
	if (s != NULL && !profile_ignores_endpoints())
		buf_str(url, s);
	return url->n > 0 || profile_endpoint(services[which].service, url);
}

bool
sso_endpoint(const struct source_deps *d, enum sso_service which,
    const char *region, struct endpoint *out, struct buf *why)
{
	struct buf url;
	bool ok = true;

	buf_init(&url, URL_MAX);
	if (find_own(which, &url)) {
		ok = endpoint_parse(buf_view(&url), out) == ERR_OK;
		if (!ok)
			buf_printf(why,
			    "%s, or endpoint_url in the profile, is not of the "
			    "form http(s)://HOST[:PORT]",
			    services[which].variable);
	} else if (endpoint_choose(services[which].host, region, d->variant,
		       out) != ERR_OK) {
		ok = false;
		buf_printf(why, "sso_region: '%.64s' is no AWS region", region);
	}
	buf_fini(&url);
	return ok;
}

struct call *
sso_get_role(const struct source_deps *d, const struct sso_conf *c,
    const char *token, sso_done_fn *on_done, void *arg, struct buf *why)
{
	const struct http_header headers[] = {
	    {"accept", "application/json"}, {"x-amz-sso_bearer_token", token}};
	struct endpoint host;
	struct call_spec spec = {.operation = AWS_SSO_ROLE,
	    .service = "awsssoportal",
	    .is_unsigned = true,
	    .region = c->region,
	    .dialect = AWS_DIALECT_JSON,
	    .method = "GET",
	    .endpoint = &host,
	    .path = SPAN("/federation/credentials"),
	    .headers = headers,
	    .nheaders = 2,
	    .total_timeout_ms = TIMEOUT_MS,
	    .reply_max = REPLY_MAX,
	    .on_done = on_done,
	    .arg = arg};
	struct call *call = NULL;
	struct buf query;

	buf_init(&query, QUERY_MAX);
	buf_str(&query, "role_name=");
	enc_uri(&query, span_str(c->role), false);
	buf_str(&query, "&account_id=");
	enc_uri(&query, span_str(c->account), false);
	spec.query = buf_view(&query);
	if (query.err != ERR_OK)
		buf_str(why, "sso_role_name or sso_account_id is too long");
	else if (sso_endpoint(d, SSO_PORTAL, c->region, &host, why))
		call = call_start(d->aws, &spec);
	buf_fini(&query);
	return call;
}

static void
add_member(struct buf *b, const char *name, const char *value)
{
	buf_printf(b, "%s\"%s\":", b->n > 1 ? "," : "", name);
	enc_json_string(b, span_str(value));
}

/* One attempt: a refresh token may be good for one alone. */
struct call *
sso_create_token(const struct source_deps *d, const struct sso_conf *c,
    const struct sso_token *t, sso_done_fn *on_done, void *arg, struct buf *why)
{
	static const struct http_header headers[] = {
	    {"content-type", "application/json"}};
	struct endpoint host;
	struct call_spec spec = {.operation = AWS_SSO_TOKEN,
	    .service = "sso-oauth",
	    .is_unsigned = true,
	    .region = c->region,
	    .dialect = AWS_DIALECT_JSON,
	    .method = "POST",
	    .endpoint = &host,
	    .path = SPAN("/token"),
	    .headers = headers,
	    .nheaders = 1,
	    .total_timeout_ms = TIMEOUT_MS,
	    .reply_max = REPLY_MAX,
	    .attempts = 1,
	    .on_done = on_done,
	    .arg = arg};
	struct call *call = NULL;
	struct buf body;

	buf_init(&body, BODY_MAX);
	buf_char(&body, '{');
	add_member(&body, "grantType", "refresh_token");
	add_member(&body, "clientId", t->client_id);
	add_member(&body, "clientSecret", t->client_secret);
	add_member(&body, "refreshToken", t->refresh);
	buf_char(&body, '}');
	spec.body = buf_view(&body);
	if (body.err != ERR_OK)
		buf_str(why, "what is in the cache of aws sso login is too "
			     "long to be sent");
	else if (sso_endpoint(d, SSO_OIDC, c->region, &host, why))
		call = call_start(d->aws, &spec);
	buf_fini_wipe(&body);
	return call;
}

static char *
copy_member(const struct json_node *n, const char *name)
{
	struct span s = json_str(json_get(n, name));

	return s.n > 0 ? mem_strndup(s.p, s.n) : NULL;
}

bool
sso_read_role(struct span body, struct creds *out, struct buf *why)
{
	const struct json_node *root, *role;
	struct json *j;
	uint64_t end_ms;
	bool ok = false;

	*out = (struct creds){0};
	if (json_parse(body, TREE_MAX, &j, &root) == ERR_OK) {
		role = json_get(root, "roleCredentials");
		out->key_id = copy_member(role, "accessKeyId");
		out->secret = copy_member(role, "secretAccessKey");
		out->token = copy_member(role, "sessionToken");
		ok =
		    out->key_id != NULL && out->secret != NULL &&
		    out->token != NULL &&
		    json_u64(json_get(role, "expiration"), &end_ms) == ERR_OK &&
		    end_ms / 1000 < INT64_MAX;
		if (ok)
			out->expires_s = (int64_t)(end_ms / 1000);
	}
	json_free(&j);
	if (!ok) {
		creds_fini(out);
		buf_str(why, "the reply holds no credentials; is this the "
			     "portal of IAM Identity Center?");
	}
	return ok;
}

static void
replace(char **s, char *with)
{
	if (with == NULL)
		return;
	mem_wipe(*s, strlen(*s));
	mem_free(*s);
	*s = with;
}

static bool
is_sendable(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] <= ' ' || s.p[i] >= 0x7f)
			return false;
	}
	return s.n > 0;
}

bool
sso_read_token(struct span body, struct sso_token *t)
{
	const struct json_node *root;
	struct json *j;
	uint64_t life_s;
	bool ok = false;

	if (json_parse(body, TREE_MAX, &j, &root) == ERR_OK) {
		ok = is_sendable(json_str(json_get(root, "accessToken"))) &&
		     json_u64(json_get(root, "expiresIn"), &life_s) == ERR_OK &&
		     life_s <= LIFE_MAX_S;
		if (ok) {
			replace(&t->access, copy_member(root, "accessToken"));
			replace(&t->refresh, copy_member(root, "refreshToken"));
			t->expires_s = clock_wall_s() + (int64_t)life_s;
			secret_know_str(t->access);
			secret_know_str(t->refresh);
		}
	}
	json_free(&j);
	return ok;
}
