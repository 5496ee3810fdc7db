/*
 * The endpoint that ECS, EKS Pod Identity or Greengrass puts beside a
 * container. Plain http is spoken only to hosts that cannot be far away.
 */
#include <errno.h>
#include <string.h>

#include "aws/source.h"
#include "base/advice.h"
#include "base/mem.h"
#include "base/secret.h"
#include "base/span.h"

enum { URL_MAX = 2048, TOKEN_MAX = 16 * 1024 };

static const char name[] = "container";
static const char relative[] = "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI";
static const char full[] = "AWS_CONTAINER_CREDENTIALS_FULL_URI";

struct container {
	struct creds_source base; /* first, so that it can be cast back */
	struct http *http;
	struct timer *timer;
	struct buf url, fault;
	char *token, *token_file; /* as the environment has them, or NULL */
	struct request *request;
	struct source_fetch f;
};

static void
advise(struct container *c, const struct reply *r)
{
	if (r->err != ERR_OK)
		advice_add(&c->f.why.advice, CAUSE_AGENT_UNREACHED,
		    span_str(source_env(relative) != NULL ? relative : full),
		    SPAN(""));
	else if (r->status >= 400 && r->status < 500)
		buf_str(&c->f.why.advice, advice_of(CAUSE_AGENT_REFUSES));
}

static void
on_reply(void *arg, const struct reply *r)
{
	struct container *c = arg;
	struct creds set;

	c->request = NULL;
	if (source_read_reply(r, name, &set, &c->f.why)) {
		source_fetch_ok(&c->f, &set);
		return;
	}
	advise(c, r);
	source_fetch_fail(&c->f);
}

/* The value of the Authorization header; "" if there is none. It may have
 * blanks inside ("Basic …"). false with the reason in why. */
static bool
read_token(struct container *c, struct buf *token, struct buf *why)
{
	struct span s;

	if (c->token_file != NULL &&
	    !source_read_file(c->token_file, token, why)) {
		source_advise_file(&c->f.why.advice, errno);
		return false;
	}
	if (c->token_file == NULL && c->token != NULL)
		buf_str(token, c->token);
	s = span_trim(buf_view(token));
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < ' ' || s.p[i] >= 0x7f) {
			buf_str(why, "the authorization token has a line "
				     "break or control character in it");
			return false;
		}
	}
	if (c->token_file != NULL && s.n == 0) {
		buf_printf(why, "%s is empty", c->token_file);
		return false;
	}
	secret_know(s);
	if (token->n > 0) {
		buf_drop(token, (size_t)(s.p - token->p));
		buf_cut(token, s.n);
	}
	return true;
}

static void
start(void *arg)
{
	struct container *c = arg;
	struct http_header header[2] = {{"accept", "application/json"}};
	struct request_spec spec = {.method = "GET",
	    .url = buf_cstr(&c->url),
	    .headers = header,
	    .nheaders = 1,
	    .total_timeout_ms = SOURCE_TIMEOUT_MS,
	    .reply_max = SOURCE_DOC_MAX,
	    .no_proxy = true,
	    .on_done = on_reply,
	    .arg = c};
	struct buf token;

	if (c->fault.n > 0) {
		buf_span(&c->f.why.text, buf_view(&c->fault));
		source_fetch_fail(&c->f);
		return;
	}
	buf_init(&token, TOKEN_MAX);
	buf_printf(&c->f.why.text, "%s: ", name);
	if (read_token(c, &token, &c->f.why.text)) {
		buf_reset(&c->f.why.text);
		header[1] =
		    (struct http_header){"authorization", buf_cstr(&token)};
		spec.nheaders = token.n > 0 ? 2 : 1;
		c->request = request_start(c->http, &spec);
	}
	buf_fini_wipe(&token);
	if (c->request == NULL)
		source_fetch_fail(&c->f);
}

static bool
is_allowed(const struct endpoint *e)
{
	static const char *const near[] = {
	    "169.254.170.2", "169.254.170.23", "[fd00:ec2::23]"};

	if (e->tls || endpoint_is_loopback(e))
		return true;
	for (size_t i = 0; i < sizeof near / sizeof near[0]; i++) {
		if (strcmp(e->host, near[i]) == 0)
			return true;
	}
	return false;
}

static void
check_url(struct container *c, const char *url)
{
	const char *host = strstr(url, "://");
	size_t len = strlen(url);
	struct endpoint e;

	if (host != NULL)
		len = (size_t)(host - url) + 3 + strcspn(host + 3, "/?#");
	if (endpoint_parse((struct span){url, len}, &e) != ERR_OK ||
	    strpbrk(url, " #\r\n\t") != NULL)
		buf_printf(
		    &c->fault, "%s: %s is not an http(s) URL", name, full);
	else if (!is_allowed(&e))
		buf_printf(&c->fault,
		    "%s: %s: plain http is allowed only to this host and to "
		    "the addresses of ECS and EKS, not to %s",
		    name, full, e.host);
	else
		buf_str(&c->url, url);
}

static void
read_settings(struct container *c)
{
	const char *path = source_env(relative);

	if (path == NULL) {
		check_url(c, source_env(full));
	} else if (*path != '/' || strpbrk(path, " #\r\n\t") != NULL) {
		buf_printf(
		    &c->fault, "%s: %s must begin with '/'", name, relative);
	} else {
		buf_str(&c->url, "http://169.254.170.2");
		buf_str(&c->url, path);
	}
	if (c->url.err != ERR_OK)
		buf_printf(&c->fault, "%s: the URI is too long", name);
}

static void
container_fetch(struct creds_source *s, creds_fetched_fn *fn, void *arg)
{
	struct container *c = (struct container *)s;

	source_fetch_begin(&c->f, fn, arg);
	timer_soon(c->timer);
}

static void
container_cancel(struct creds_source *s)
{
	struct container *c = (struct container *)s;

	timer_stop(c->timer);
	request_cancel(&c->request);
}

static void
container_free(struct creds_source *s)
{
	struct container *c = (struct container *)s;

	container_cancel(s);
	timer_free(&c->timer);
	buf_fini(&c->url);
	buf_fini(&c->fault);
	if (c->token != NULL)
		mem_wipe(c->token, strlen(c->token));
	mem_free(c->token);
	mem_free(c->token_file);
	source_fetch_fini(&c->f);
	mem_free(c);
}

static char *
copy_env(const char *variable)
{
	const char *s = source_env(variable);

	return s != NULL ? mem_strndup(s, strlen(s)) : NULL;
}

struct creds_source *
source_container_new(const struct source_deps *d)
{
	struct container *c;

	if (source_env(relative) == NULL && source_env(full) == NULL)
		return NULL;
	c = mem_zalloc(sizeof *c);
	c->base = (struct creds_source){.name = name,
	    .serves_on = true,
	    .fetch = container_fetch,
	    .cancel = container_cancel,
	    .free = container_free};
	c->http = d->http;
	c->timer = timer_new(d->timers, start, c);
	buf_init(&c->url, URL_MAX);
	buf_init(&c->fault, SOURCE_WHY_MAX);
	c->token = copy_env("AWS_CONTAINER_AUTHORIZATION_TOKEN");
	c->token_file = copy_env("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
	source_fetch_init(&c->f);
	read_settings(c);
	return &c->base;
}
