#include "sink/dassana.h"

#include <string.h>

#include "base/mem.h"
#include "base/secret.h"

enum { REPLY_MAX = 64 * 1024 };

struct dassana {
	struct http *http; /* borrowed */
	struct dassana_conf conf;
	char *endpoint, *app_id, *token; /* owned; conf points to them */
	enum token_state token_state;
	bool counts;	    /* the endpoint has sent a docCount */
	unsigned endpoints; /* so far, that in force included */
	unsigned posts;	    /* under way */
};

struct post {
	struct dassana *dassana;
	struct request *request;
	char *token; /* owned: as it was sent */
	uint64_t events;
	bool counts; /* as it was sent, by the endpoint of that number */
	unsigned endpoint;
	dassana_done_fn *fn;
	void *arg;
};

/* As much of s as can stand in a header, blanks around it cut off. */
static char *
header_text(const char *s)
{
	struct span t = span_trim(span_str(s));
	size_t n = 0;

	while (n < t.n && (unsigned char)t.p[n] >= ' ' && t.p[n] != 0x7f)
		n++;
	return mem_strndup(t.p, n);
}

static void
drop_secret(char *s)
{
	mem_wipe(s, span_str(s).n);
	mem_free(s);
}

struct dassana *
dassana_new(struct http *h, const struct dassana_conf *conf)
{
	struct dassana *d = mem_zalloc(sizeof *d);

	d->http = h;
	dassana_change(d, conf);
	return d;
}

static void
drop_texts(struct dassana *d)
{
	mem_free(d->endpoint);
	mem_free(d->app_id);
	drop_secret(d->token);
}

void
dassana_free(struct dassana **dp)
{
	struct dassana *d = *dp;

	if (d == NULL)
		return;
	CHECK(d->posts == 0);
	drop_texts(d);
	mem_free(d);
	*dp = NULL;
}

/* The old one is the caller's to drop. */
static void
take_token(struct dassana *d, const char *token)
{
	char *was = d->token;

	d->conf.token = d->token = header_text(token);
	secret_know_str(d->token);
	if (was == NULL || strcmp(was, d->token) != 0)
		d->token_state = TOKEN_UNTRIED;
}

void
dassana_change(struct dassana *d, const struct dassana_conf *conf)
{
	struct dassana was = *d;

	if (was.endpoint == NULL || strcmp(was.endpoint, conf->endpoint) != 0) {
		d->counts = false;
		d->token_state = TOKEN_UNTRIED;
		d->endpoints++;
	}
	d->conf = *conf;
	d->conf.endpoint = d->endpoint =
	    mem_strndup(conf->endpoint, span_str(conf->endpoint).n);
	if (strchr(d->endpoint, '?') != NULL)
		secret_know_str(strchr(d->endpoint, '?') + 1);
	d->conf.app_id = d->app_id = header_text(conf->app_id);
	take_token(d, conf->token);
	drop_texts(&was);
}

void
dassana_set_token(struct dassana *d, const char *token)
{
	char *was = d->token;

	take_token(d, token);
	drop_secret(was);
}

enum token_state
dassana_token(const struct dassana *d)
{
	return d->token_state;
}

uint64_t
dassana_rate_limit(const struct dassana *d)
{
	return d->conf.rate_limit;
}

unsigned
dassana_endpoints(const struct dassana *d)
{
	return d->endpoints;
}

bool
dassana_counts(const struct dassana *d)
{
	return d->counts || d->conf.accept_any_2xx ||
	       d->conf.doc_count == DOC_COUNT_IGNORED;
}

static void
note_token(struct dassana *d, const char *sent, enum dassana_verdict verdict)
{
	if (strcmp(sent, d->token) != 0)
		return;
	if (verdict == DASSANA_TOKEN)
		d->token_state = TOKEN_REFUSED;
	else if (verdict == DASSANA_TAKEN)
		d->token_state = TOKEN_TAKEN;
}

static void
end_post(struct post *p)
{
	p->dassana->posts--;
	drop_secret(p->token);
	mem_free(p);
}

static void
on_done(void *arg, const struct reply *r)
{
	struct post *p = arg;
	dassana_done_fn *fn = p->fn;
	void *fn_arg = p->arg;
	struct dassana *d = p->dassana;
	/* What another endpoint than that in force answers is its own. */
	bool same = p->endpoint == d->endpoints;
	struct dassana_sent sent = {
	    p->token, p->events, same ? d->counts : p->counts};
	struct dassana_result result;

	dassana_judge(&d->conf, &sent, r, &result);
	result.elsewhere = !same;
	if (same)
		note_token(d, p->token, result.verdict);
	if (same && result.has_doc_count)
		d->counts = true;
	end_post(p); /* before fn, which may free all of this */
	fn(fn_arg, &result);
}

struct post *
dassana_post(struct dassana *d, const struct span *body, size_t nparts,
    uint64_t events, dassana_done_fn *fn, void *arg)
{
	struct http_header headers[] = {
	    {"Content-Type", "application/x-ndjson"},
	    {"Accept", "application/json"}, {"x-dassana-app-id", d->app_id},
	    {"x-dassana-token", d->token},
	    {"Content-Encoding", "gzip"}, /* the last one: only with gzip */
	};
	size_t nheaders = sizeof headers / sizeof headers[0];
	struct post *p = mem_zalloc(sizeof *p);

	CHECK(events > 0);
	*p = (struct post){.dassana = d,
	    .token = mem_strndup(d->token, span_str(d->token).n),
	    .events = events,
	    .counts = d->counts,
	    .endpoint = d->endpoints,
	    .fn = fn,
	    .arg = arg};
	d->posts++;
	p->request = request_start(
	    d->http, &(struct request_spec){
			 .method = "POST",
			 .url = d->endpoint,
			 .headers = headers,
			 .nheaders = d->conf.gzip ? nheaders : nheaders - 1,
			 .body = body,
			 .nbody = nparts,
			 .total_timeout_ms = d->conf.post_timeout_ms,
			 .reply_max = REPLY_MAX,
			 .may_be_compressed = true,
			 .on_done = on_done,
			 .arg = p,
		     });
	return p;
}

void
dassana_cancel(struct post **pp)
{
	struct post *p = *pp;

	if (p == NULL)
		return;
	request_cancel(&p->request);
	end_post(p);
	*pp = NULL;
}
