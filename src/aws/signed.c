/* The headers of one attempt: signed_headers_init. */
#include <string.h>

#include "aws/priv.h"
#include "base/clock.h"

enum { AUTHORIZATION_MAX = 4096, HOST_MAX = 300, TOKEN_MAX = 32 * 1024 };

static void
add(struct signed_headers *h, const char *name, const char *value)
{
	h->header[h->n++] = (struct http_header){name, value};
}

enum err
signed_headers_init(struct signed_headers *out, struct aws *a,
    const struct call_spec *spec, const char *body_hash, const struct creds *c)
{
	struct sigv4_header sign[CALL_HEADERS_MAX + 5];
	struct sigv4_request r = {.method = spec->method,
	    .path = spec->path,
	    .query = spec->query,
	    .headers = sign,
	    .payload_hash = body_hash,
	    .region = spec->region,
	    .service = spec->service,
	    .wall_s = aws_now_s(a),
	    .cache = a->cache};
	struct sigv4_result result = {.authorization = &out->authorization};
	enum err err;

	out->n = 0;
	buf_init(&out->host, HOST_MAX);
	buf_init(&out->token, TOKEN_MAX);
	buf_init(&out->authorization, AUTHORIZATION_MAX);
	for (size_t i = 0; i < spec->nheaders; i++)
		add(out, spec->headers[i].name, spec->headers[i].value);
	endpoint_host(spec->endpoint, &out->host);
	add(out, "host", buf_cstr(&out->host));
	if (c == NULL)
		return out->host.err;
	r.key_id = c->key_id;
	r.secret = c->secret;
	clock_format_amz(out->date, r.wall_s);
	add(out, "x-amz-date", out->date);
	if (strcmp(spec->service, "s3") == 0) {
		memcpy(out->hash, body_hash, sizeof out->hash);
		add(out, "x-amz-content-sha256", out->hash);
	}
	if (c->token != NULL) {
		buf_str(&out->token, c->token);
		add(out, "x-amz-security-token", buf_cstr(&out->token));
	}
	if (out->host.err != ERR_OK || out->token.err != ERR_OK)
		return ERR_LIMIT;
	for (size_t i = 0; i < out->n; i++)
		sign[i] = (struct sigv4_header){
		    out->header[i].name, span_str(out->header[i].value)};
	r.nheaders = out->n;
	err = sigv4_sign(&r, &result);
	add(out, "authorization", buf_cstr(&out->authorization));
	return err;
}

void
signed_headers_fini(struct signed_headers *h)
{
	buf_fini(&h->host);
	buf_fini_wipe(&h->token);
	buf_fini_wipe(&h->authorization);
}
