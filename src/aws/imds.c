/*
 *	imds_get -> [token at hand] --------------> GET -> fn
 *	                |                          |  ^
 *	                +-> PUT for a token -------|--+
 *	                          ^---- 401, once -+
 */
#include "aws/imds.h"

#include <string.h>
#include <strings.h>

#include "aws/endpoint.h"
#include "aws/source.h"
#include "base/clock.h"
#include "base/mem.h"

enum {
	TOKEN_MAX = 4096,
	TOKEN_TTL_S = 21600,
	TOKEN_SPARE_S = 300, /* renewed so long before its end */
	URL_MAX = 1024,
};

struct imds {
	struct http *http;
	struct timer *timer; /* starts a get, on a clean stack */
	char *fault;	     /* what is wrong with the settings, or NULL */
	struct buf base;     /* URL without a path */
	struct buf token;    /* empty: none */
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
fail(struct imds *i)
{
	i->fn(i->arg, NULL, buf_cstr(&i->why));
}

static void
send(struct imds *i, const char *method, const char *url,
    const struct http_header *header, request_done_fn *on_done)
{
	struct request_spec spec = {.method = method,
	    .url = url,
	    .headers = header,
	    .nheaders = 1,
	    .total_timeout_ms = SOURCE_TIMEOUT_MS,
	    .reply_max = SOURCE_DOC_MAX,
	    .no_proxy = true,
	    .on_done = on_done,
	    .arg = i};

	i->request = request_start(i->http, &spec);
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
		fail(i);
		return;
	}
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
		buf_span(&i->token, token);
		i->token_end_ms =
		    clock_mono_ms() + (TOKEN_TTL_S - TOKEN_SPARE_S) * 1000;
		start(i);
		return;
	}
	buf_str(&i->why, "instance metadata: no session token: ");
	source_say_reply(&i->why, r);
	if (r->err == ERR_TIMEOUT || r->err == ERR_CONNECT ||
	    r->err == ERR_STALL)
		say_timeout(i);
	else if (r->err == ERR_OK && r->status == 403)
		buf_str(&i->why, "; it is switched off for this instance");
	else if (r->err == ERR_OK && r->status == 200)
		buf_str(&i->why, ", but what it gave is no token");
	fail(i);
}

static void
start(void *arg)
{
	struct imds *i = arg;
	struct http_header header = {"x-aws-ec2-metadata-token", ""};
	struct buf url;

	if (i->fault != NULL) {
		buf_str(&i->why, i->fault);
		fail(i);
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

static void
read_settings(struct imds *i)
{
	const char *url = source_env("AWS_EC2_METADATA_SERVICE_ENDPOINT");
	const char *mode = source_env("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
	bool v6 = mode != NULL && strcasecmp(mode, "IPv6") == 0;
	struct endpoint e;
	struct buf why;

	buf_init(&why, 512);
	if (imds_is_disabled())
		buf_str(&why, "instance metadata: switched off by "
			      "AWS_EC2_METADATA_DISABLED");
	else if (mode != NULL && !v6 && strcasecmp(mode, "IPv4") != 0)
		buf_printf(&why,
		    "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE: \"%.64s\" is "
		    "neither IPv4 nor IPv6",
		    mode);
	if (url == NULL)
		url = v6 ? "http://[fd00:ec2::254]" : "http://169.254.169.254";
	if (endpoint_parse(span_str(url), &e) != ERR_OK)
		buf_printf(&why,
		    "AWS_EC2_METADATA_SERVICE_ENDPOINT: \"%.128s\" is not of "
		    "the form http(s)://HOST[:PORT]",
		    url);
	else
		endpoint_url(&e, &i->base);
	if (why.n > 0)
		i->fault = mem_strndup(why.p, why.n);
	buf_fini(&why);
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
	read_settings(i);
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
	mem_free(i->fault);
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
	buf_reset(&i->why);
	buf_reset(&i->url);
	buf_span(&i->url, buf_view(&i->base));
	buf_str(&i->url, path);
	timer_soon(i->timer);
}
