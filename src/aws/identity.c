#include "aws/identity.h"

#include "aws/priv.h"
#include "base/xml.h"

enum { TIMEOUT_MS = 30 * 1000, REPLY_MAX = 64 * 1024 };

#define RESULT "GetCallerIdentityResponse/GetCallerIdentityResult/"

struct identity_get {
	struct call *call;
	identity_fn *fn;
	void *arg;
};

static void
on_done(void *arg, const struct aws_result *r)
{
	struct identity_get *g = arg;
	identity_fn *fn = g->fn;
	struct aws_result res = *r;
	struct identity id = {.account = SPAN("")};
	struct xml *x = xml_new(REPLY_MAX);

	arg = g->arg;
	mem_free(g);
	if (res.class == AWS_OK) {
		res.err = xml_feed(x, r->reply->body);
		if (res.err == ERR_OK)
			res.err = xml_finish(x);
		id.account = xml_text(x, RESULT "Account");
		id.arn = xml_text(x, RESULT "Arn");
		if (res.err == ERR_OK && (id.account.n == 0 || id.arn.n == 0))
			res.err = ERR_SHAPE;
		if (res.err != ERR_OK) {
			res.class = AWS_TRANSIENT;
			aws_copy_text(res.message, sizeof res.message,
			    SPAN("the reply is not what STS answers; is this "
				 "its endpoint?"));
		}
	}
	fn(arg, &res, res.class == AWS_OK ? &id : NULL);
	xml_free(&x);
}

struct identity_get *
identity_start(struct aws *a, const struct endpoint *sts, const char *region,
    identity_fn *fn, void *arg)
{
	struct identity_get *g = mem_zalloc(sizeof *g);
	const struct http_header headers[] = {
	    {"content-type", "application/x-www-form-urlencoded; "
			     "charset=utf-8"},
	};
	struct call_spec spec = {.operation = AWS_STS_IDENTITY,
	    .service = "sts",
	    .region = region,
	    .dialect = AWS_DIALECT_XML,
	    .method = "POST",
	    .endpoint = sts,
	    .path = SPAN("/"),
	    .headers = headers,
	    .nheaders = 1,
	    .body = SPAN("Action=GetCallerIdentity&Version=2011-06-15"),
	    .total_timeout_ms = TIMEOUT_MS,
	    .reply_max = REPLY_MAX,
	    .on_done = on_done,
	    .arg = g};

	g->fn = fn;
	g->arg = arg;
	g->call = call_start(a, &spec);
	return g;
}

void
identity_cancel(struct identity_get **gp)
{
	if (*gp == NULL)
		return;
	call_cancel(&(*gp)->call);
	mem_free(*gp);
	*gp = NULL;
}
