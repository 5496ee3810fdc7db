#include "aws/sts.h"

#include "aws/priv.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/xml.h"

enum {
	BODY_MAX = 128 * 1024, /* a token of 20,000 bytes, encoded */
	REPLY_MAX = 64 * 1024,
	TIMEOUT_MS = 10 * 1000,
};

/* Of what is asked for; CloudTrail shows it as who did it. */
static const char default_session[] = "trailpost";

static void
add(struct buf *b, const char *name, struct span value)
{
	if (value.n == 0)
		return;
	buf_printf(b, "&%s=", name);
	enc_uri(b, value, false);
}

struct call *
sts_assume(const struct source_deps *d, const struct role_conf *r,
    const struct creds *signer, struct span web_token,
    void (*on_done)(void *arg, const struct aws_result *r), void *arg)
{
	static const struct http_header headers[] = {{"content-type",
	    "application/x-www-form-urlencoded; charset=utf-8"}};
	struct call_spec spec = {.operation = signer != NULL
						  ? AWS_STS_ASSUME_ROLE
						  : AWS_STS_WEB_IDENTITY,
	    .service = "sts",
	    .creds = signer,
	    .is_unsigned = signer == NULL,
	    .region = d->region,
	    .dialect = AWS_DIALECT_XML,
	    .method = "POST",
	    .endpoint = d->sts,
	    .path = SPAN("/"),
	    .headers = headers,
	    .nheaders = 1,
	    .total_timeout_ms = TIMEOUT_MS,
	    .reply_max = REPLY_MAX,
	    .on_done = on_done,
	    .arg = arg};
	bool named = r->session_name != NULL && *r->session_name != '\0';
	struct call *c;
	struct buf b;

	buf_init(&b, BODY_MAX);
	buf_printf(&b, "Action=%s&Version=2011-06-15",
	    signer != NULL ? "AssumeRole" : "AssumeRoleWithWebIdentity");
	add(&b, "RoleArn", span_str(r->arn));
	add(&b, "RoleSessionName",
	    span_str(named ? r->session_name : default_session));
	if (signer != NULL)
		add(&b, "ExternalId", span_str(r->external_id));
	else
		add(&b, "WebIdentityToken", web_token);
	add(&b, "DurationSeconds", span_str(r->duration));
	spec.body = buf_view(&b);
	c = call_start(d->aws, &spec);
	buf_fini_wipe(&b);
	return c;
}

static void
say_refusal(const struct aws_result *r, struct buf *why)
{
	if (r->code[0] != '\0')
		buf_printf(why, "STS refused: %s: %s", r->code, r->message);
	else if (r->err != ERR_OK)
		buf_printf(why, "STS: no answer (%s: %s)", err_name(r->err),
		    r->message);
	else
		buf_printf(why, "STS: HTTP status %d", r->status);
}

static char *
copy_text(const struct xml *x, struct buf *path, size_t base, const char *name)
{
	struct span s;

	buf_cut(path, base);
	buf_str(path, name);
	s = xml_text(x, buf_cstr(path));
	return s.n > 0 ? mem_strndup(s.p, s.n) : NULL;
}

static bool
read_body(struct span body, const char *action, struct creds *out)
{
	struct xml *x = xml_new(REPLY_MAX);
	char *expires = NULL;
	struct buf path;
	bool ok = false;
	size_t base;

	buf_init(&path, 256);
	buf_printf(&path, "%sResponse/%sResult/Credentials/", action, action);
	base = path.n;
	if (xml_feed(x, body) == ERR_OK && xml_finish(x) == ERR_OK) {
		out->key_id = copy_text(x, &path, base, "AccessKeyId");
		out->secret = copy_text(x, &path, base, "SecretAccessKey");
		out->token = copy_text(x, &path, base, "SessionToken");
		expires = copy_text(x, &path, base, "Expiration");
		ok = out->key_id != NULL && out->secret != NULL &&
		     out->token != NULL &&
		     clock_parse_iso(span_str(expires), &out->expires_s) ==
			 ERR_OK;
	}
	mem_free(expires);
	buf_fini(&path);
	xml_free(&x);
	return ok;
}

bool
sts_read(const struct aws_result *r, bool web_identity, struct creds *out,
    struct buf *why)
{
	*out = (struct creds){0};
	if (r->class != AWS_OK) {
		say_refusal(r, why);
		return false;
	}
	if (read_body(r->reply->body,
		web_identity ? "AssumeRoleWithWebIdentity" : "AssumeRole", out))
		return true;
	creds_fini(out);
	buf_str(why, "STS: the reply holds no credentials; is this the "
		     "address of STS?");
	return false;
}
