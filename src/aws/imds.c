/*
 *	imds_get -> [token at hand] --------------> GET -> fn
 *	                |                          |  ^
 *	                +-> PUT for a token -------|--+
 *	                          ^---- 401, once -+
 *
 * What is not answered is asked again while there are attempts left.
 */
#include "aws/imds.h"

#include <string.h>
#include <strings.h>

#include "aws/endpoint.h"
#include "aws/profile.h"
#include "aws/source.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/secret.h"

enum {
	TOKEN_MAX = 4096,
	TOKEN_TTL_S = 21600,
	TOKEN_SPARE_S = 300, /* renewed so long before its end */
	URL_MAX = 1024,
	SETTING_MAX = 512,
	TIMEOUT_MAX_S = 60,
	ATTEMPTS_MAX = 100,
	AGAIN_MS = 250,
};

struct imds {
	struct http *http;
	struct timer *timer; /* starts a get, on a clean stack */
	/* Settings, of the get under way. */
	struct buf fault;   /* what is wrong with them; "": nothing */
	uint64_t timeout_s; /* of each request */
	uint64_t attempts;  /* of a get */
	uint64_t tries;	    /* of the get under way that were in vain */
	struct buf base;    /* URL without a path */
	struct buf token;   /* of whoever is there; empty: none */
	int64_t token_end_ms;
	struct buf url; /* of the get under way */
	bool renewed;	/* a token was asked for in this get */
	struct request *request;
	imds_fn *fn;
	void *arg;
	struct buf why;
};

bool
imds_is_disabled(void)
{
	const char *s = source_env("AWS_EC2_METADATA_DISABLED");

	return s != NULL && strcasecmp(s, "true") == 0;
}

static void
say_timeout(struct imds *i)
{
	buf_str(&i->why,
	    "; no EC2 instance, or its metadata service is off, or, in a "
	    "container, its hop limit is 1: set it to 2 (aws ec2 "
	    "modify-instance-metadata-options)");
}

static void
fail(struct imds *i, const struct reply *r)
{
	i->fn(i->arg, r, buf_cstr(&i->why));
}

static void
send(struct imds *i, const char *method, const char *url,
    const struct http_header *header, request_done_fn *on_done)
{
	struct request_spec spec = {.method = method,
	    .url = url,
	    .headers = header,
	    .nheaders = 1,
	    .total_timeout_ms = (int64_t)i->timeout_s * 1000,
	    .reply_max = SOURCE_DOC_MAX,
	    .no_proxy = true,
	    .on_done = on_done,
	    .arg = i};

	i->request = request_start(i->http, &spec);
}

/* Whether it is worth another attempt, which is then on its way. */
static bool
again(struct imds *i, const struct reply *r)
{
	if ((r->err == ERR_OK && r->status < 500) || ++i->tries >= i->attempts)
		return false;
	timer_after(i->timer, AGAIN_MS);
	return true;
}

static void start(void *arg);

static void
on_reply(void *arg, const struct reply *r)
{
	struct imds *i = arg;

	i->request = NULL;
	if (r->err == ERR_OK && r->status == 401) {
		buf_reset(&i->token);
		if (!i->renewed) {
			start(i);
			return;
		}
		buf_str(&i->why, "instance metadata: the token that it has "
				 "just given is refused");
		fail(i, r);
		return;
	}
	if (!again(i, r))
		i->fn(i->arg, r, NULL);
}

/* What can be sent back in a header; a page of a captive portal cannot. */
static bool
is_token(struct span s)
{
	for (size_t n = 0; n < s.n; n++) {
		if (s.p[n] <= ' ' || s.p[n] >= 0x7f)
			return false;
	}
	return s.n > 0 && s.n <= TOKEN_MAX;
}

static void
on_token(void *arg, const struct reply *r)
{
	struct imds *i = arg;
	struct span token = span_trim(r->body);

	i->request = NULL;
	if (r->err == ERR_OK && r->status == 200 && is_token(token)) {
		secret_know(token);
		buf_span(&i->token, token);
		i->token_end_ms =
		    clock_mono_ms() + (TOKEN_TTL_S - TOKEN_SPARE_S) * 1000;
		start(i);
		return;
	}
	if (again(i, r))
		return;
	buf_str(&i->why, "instance metadata: no session token: ");
	source_say_reply(&i->why, r);
	if (r->err == ERR_TIMEOUT || r->err == ERR_CONNECT ||
	    r->err == ERR_STALL)
		say_timeout(i);
	else if (r->err == ERR_OK && r->status == 403)
		buf_str(&i->why, "; it is switched off for this instance");
	else if (r->err == ERR_OK && r->status == 200)
		buf_str(&i->why, ", but what it gave is no token");
	fail(i, r);
}

static void
start(void *arg)
{
	struct imds *i = arg;
	struct http_header header = {"x-aws-ec2-metadata-token", ""};
	struct buf url;

	if (i->fault.n > 0) {
		buf_span(&i->why, buf_view(&i->fault));
		fail(i, NULL);
		return;
	}
	if (clock_mono_ms() >= i->token_end_ms)
		buf_reset(&i->token);
	if (i->token.n > 0) {
		header.value = buf_cstr(&i->token);
		send(i, "GET", buf_cstr(&i->url), &header, on_reply);
		return;
	}
	i->renewed = true;
	header = (struct http_header){
	    "x-aws-ec2-metadata-token-ttl-seconds", "21600"};
	buf_init(&url, URL_MAX);
	buf_span(&url, buf_view(&i->base));
	buf_str(&url, "/latest/api/token");
	send(i, "PUT", buf_cstr(&url), &header, on_token);
	buf_fini(&url);
}

/* The variable, else the profile's key; NULL if neither is set, else which of
 * them is. */
static const char *
find_setting(const char *variable, const char *key, struct buf *out)
{
	const char *s = source_env(variable);

	buf_reset(out);
	if (s != NULL)
		buf_str(out, s);
	else if (!profile_setting(key, out))
		return NULL;
	return s != NULL ? variable : key;
}

/* What is wrong with a setting is told once; the first will do. */
static void
find_fault(struct imds *i, const char *name, struct span value, const char *why)
{
	if (i->fault.n == 0)
		buf_printf(&i->fault, "instance metadata: %s: \"%.*s\" is %s",
		    name, (int)(value.n < 128 ? value.n : 128), value.p, why);
}

static void
read_number(struct imds *i, const char *variable, const char *key, uint64_t max,
    const char *why, uint64_t *out)
{
	struct buf value;
	const char *name;

	buf_init(&value, SETTING_MAX);
	name = find_setting(variable, key, &value);
	if (name != NULL && span_u64(buf_view(&value), 1, max, out) != ERR_OK)
		find_fault(i, name, buf_view(&value), why);
	buf_fini(&value);
}

static bool
reads_v6(struct imds *i)
{
	struct buf value;
	const char *name, *mode;
	bool v6;

	buf_init(&value, SETTING_MAX);
	name = find_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
	    "ec2_metadata_service_endpoint_mode", &value);
	mode = buf_cstr(&value);
	v6 = strcasecmp(mode, "IPv6") == 0;
	if (name != NULL && !v6 && strcasecmp(mode, "IPv4") != 0)
		find_fault(i, name, buf_view(&value), "neither IPv4 nor IPv6");
	buf_fini(&value);
	return v6;
}

/* A token is of the address that gave it. */
static void
set_base(struct imds *i, const struct endpoint *e)
{
	struct buf url;

	buf_init(&url, URL_MAX / 2);
	endpoint_url(e, &url);
	if (!span_eq(buf_view(&url), buf_view(&i->base)))
		buf_reset(&i->token);
	buf_reset(&i->base);
	buf_span(&i->base, buf_view(&url));
	buf_fini(&url);
}

static void
read_settings(struct imds *i)
{
	struct endpoint e;
	struct buf url;
	const char *name;
	bool v6;

	buf_reset(&i->fault);
	i->timeout_s = SOURCE_TIMEOUT_MS / 1000;
	i->attempts = 1;
	if (imds_is_disabled())
		buf_str(&i->fault, "instance metadata: switched off by "
				   "AWS_EC2_METADATA_DISABLED");
	v6 = reads_v6(i);
	read_number(i, "AWS_METADATA_SERVICE_TIMEOUT",
	    "metadata_service_timeout", TIMEOUT_MAX_S,
	    "no whole number of seconds from 1 to 60", &i->timeout_s);
	read_number(i, "AWS_METADATA_SERVICE_NUM_ATTEMPTS",
	    "metadata_service_num_attempts", ATTEMPTS_MAX,
	    "no whole number from 1 to 100", &i->attempts);
	buf_init(&url, SETTING_MAX);
	name = find_setting("AWS_EC2_METADATA_SERVICE_ENDPOINT",
	    "ec2_metadata_service_endpoint", &url);
	if (name == NULL)
		buf_str(&url,
		    v6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254");
	if (url.err == ERR_OK && endpoint_parse(buf_view(&url), &e) == ERR_OK)
		set_base(i, &e);
	else
		find_fault(i, name, buf_view(&url),
		    "not of the form http(s)://HOST[:PORT]");
	buf_fini(&url);
}

struct imds *
imds_new(struct http *h, struct timers *t)
{
	struct imds *i = mem_zalloc(sizeof *i);

	i->http = h;
	i->timer = timer_new(t, start, i);
	buf_init(&i->base, URL_MAX / 2);
	buf_init(&i->token, TOKEN_MAX);
	buf_init(&i->url, URL_MAX);
	buf_init(&i->why, SOURCE_WHY_MAX);
	buf_init(&i->fault, SOURCE_WHY_MAX);
	return i;
}

void
imds_cancel(struct imds *i)
{
	timer_stop(i->timer);
	request_cancel(&i->request);
}

void
imds_free(struct imds **ip)
{
	struct imds *i = *ip;

	if (i == NULL)
		return;
	imds_cancel(i);
	timer_free(&i->timer);
	buf_fini(&i->fault);
	buf_fini(&i->base);
	buf_fini_wipe(&i->token);
	buf_fini(&i->url);
	buf_fini(&i->why);
	mem_free(i);
	*ip = NULL;
}

void
imds_get(struct imds *i, const char *path, imds_fn *fn, void *arg)
{
	CHECK(i->request == NULL && !timer_armed(i->timer));
	i->fn = fn;
	i->arg = arg;
	i->renewed = false;
	i->tries = 0;
	buf_reset(&i->why);
	read_settings(i);
	buf_reset(&i->url);
	buf_span(&i->url, buf_view(&i->base));
	buf_str(&i->url, path);
	timer_soon(i->timer);
}
