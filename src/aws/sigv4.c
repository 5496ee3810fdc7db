#include "aws/sigv4.h"

#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/mem.h"

enum {
	DIGEST_BYTES = 32,
	CACHED_KEYS = 4, /* sqs, and s3 in a few regions */
	SCOPE_MAX = 128,
	CANONICAL_MAX = 256 * 1024,
};

/* A signing key is found again by the scope it is for and by a digest of the
 * secret it was derived from: the secret itself is not kept here. */
struct cached_key {
	char scope[SCOPE_MAX];
	unsigned char secret[DIGEST_BYTES];
	unsigned char key[DIGEST_BYTES];
};

struct sigv4_cache {
	EVP_MD *sha256;
	EVP_MAC *mac;
	EVP_MAC_CTX *hmac; /* HMAC-SHA256, keyed anew for each use */
	struct cached_key key[CACHED_KEYS];
	unsigned next;
};

const char sigv4_empty_hash[] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

/* OpenSSL's part of it fails only for lack of memory. */
static void
must(bool done)
{
	if (!done)
		mem_exhausted();
}

struct sigv4_cache *
sigv4_cache_new(void)
{
	struct sigv4_cache *c = mem_zalloc(sizeof *c);
	char digest[] = "SHA256";
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
	    OSSL_PARAM_construct_end()};

	c->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	c->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	must(c->sha256 != NULL && c->mac != NULL);
	c->hmac = EVP_MAC_CTX_new(c->mac);
	must(c->hmac != NULL && EVP_MAC_CTX_set_params(c->hmac, params) == 1);
	return c;
}

void
sigv4_cache_free(struct sigv4_cache **cp)
{
	struct sigv4_cache *c = *cp;

	if (c == NULL)
		return;
	EVP_MAC_CTX_free(c->hmac);
	EVP_MAC_free(c->mac);
	EVP_MD_free(c->sha256);
	mem_wipe(c, sizeof *c);
	mem_free(c);
	*cp = NULL;
}

static void
sha256(const EVP_MD *md, unsigned char out[DIGEST_BYTES],
    const struct span *part, size_t n)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();

	must(ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) == 1);
	for (size_t i = 0; i < n; i++) {
		if (part[i].n > 0)
			must(EVP_DigestUpdate(ctx, part[i].p, part[i].n) == 1);
	}
	must(EVP_DigestFinal_ex(ctx, out, NULL) == 1);
	EVP_MD_CTX_free(ctx);
}

static void
hmac(struct sigv4_cache *c, unsigned char out[DIGEST_BYTES], struct span key,
    struct span text)
{
	size_t n;

	must(EVP_MAC_init(c->hmac, (const unsigned char *)key.p, key.n, NULL) ==
		 1 &&
	     EVP_MAC_update(c->hmac, (const unsigned char *)text.p, text.n) ==
		 1 &&
	     EVP_MAC_final(c->hmac, out, &n, DIGEST_BYTES) == 1);
}

static void
to_hex(char out[SIGV4_HEX + 1], const unsigned char digest[DIGEST_BYTES])
{
	static const char hex[] = "0123456789abcdef";

	for (size_t i = 0; i < DIGEST_BYTES; i++) {
		out[2 * i] = hex[digest[i] >> 4];
		out[2 * i + 1] = hex[digest[i] & 15];
	}
	out[SIGV4_HEX] = '\0';
}

void
sigv4_hash(char out[SIGV4_HEX + 1], const struct span *part, size_t n)
{
	unsigned char digest[DIGEST_BYTES];

	if (n == 0 || (n == 1 && part->n == 0)) { /* of most requests */
		memcpy(out, sigv4_empty_hash, SIGV4_HEX + 1);
		return;
	}
	sha256(EVP_sha256(), digest, part, n);
	to_hex(out, digest);
}

/* All of a request's texts; printf took a third of the time to sign it. */
#define ADD(b, ...) add_all((b), (const char *const[]){__VA_ARGS__, NULL})

static void
add_all(struct buf *b, const char *const *text)
{
	for (; *text != NULL; text++)
		buf_str(b, *text);
}

/* Without blanks around it, and inner runs of them made one space. */
static void
add_value(struct buf *b, struct span value)
{
	struct span s = span_trim(value);
	bool blank = false;

	if (s.n == 0 ||
	    (memchr(s.p, ' ', s.n) == NULL && memchr(s.p, '\t', s.n) == NULL)) {
		buf_span(b, s);
		return;
	}
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == ' ' || s.p[i] == '\t') {
			blank = true;
			continue;
		}
		if (blank)
			buf_char(b, ' ');
		blank = false;
		buf_char(b, s.p[i]);
	}
}

/* Stable, so that values of one name stay in their order. */
static void
sort_headers(const struct sigv4_header **out, const struct sigv4_request *r)
{
	for (size_t i = 0; i < r->nheaders; i++) {
		size_t at = i;

		while (at > 0 &&
		       strcmp(out[at - 1]->name, r->headers[i].name) > 0) {
			out[at] = out[at - 1];
			at--;
		}
		out[at] = &r->headers[i];
	}
}

static void
add_headers(
    struct buf *canonical, struct buf *names, const struct sigv4_request *r)
{
	const struct sigv4_header *sorted[SIGV4_HEADERS_MAX];

	sort_headers(sorted, r);
	for (size_t i = 0; i < r->nheaders; i++) {
		if (i > 0 &&
		    strcmp(sorted[i]->name, sorted[i - 1]->name) == 0) {
			buf_char(canonical, ',');
		} else {
			if (i > 0) {
				buf_char(canonical, '\n');
				buf_char(names, ';');
			}
			buf_str(names, sorted[i]->name);
			buf_str(canonical, sorted[i]->name);
			buf_char(canonical, ':');
		}
		add_value(canonical, sorted[i]->value);
	}
	if (r->nheaders > 0)
		buf_char(canonical, '\n');
}

/* "a=&b=1": a parameter without a value is signed with an empty one. */
static void
add_query(struct buf *b, struct span query)
{
	while (query.p != NULL && query.n > 0) {
		struct span one = span_cut(&query, '&');

		buf_span(b, one);
		if (one.n > 0 && memchr(one.p, '=', one.n) == NULL)
			buf_char(b, '=');
		if (query.p != NULL)
			buf_char(b, '&');
	}
}

static void
add_canonical(struct buf *b, struct buf *names, const struct sigv4_request *r)
{
	ADD(b, r->method, "\n");
	buf_span(b, r->path.n > 0 ? r->path : SPAN("/"));
	buf_char(b, '\n');
	add_query(b, r->query);
	buf_char(b, '\n');
	add_headers(b, names, r);
	ADD(b, "\n", buf_cstr(names), "\n", r->payload_hash);
}

static void
derive_key(struct sigv4_cache *c, unsigned char out[DIGEST_BYTES],
    const struct sigv4_request *r, const char *amz_date)
{
	struct span step[] = {{amz_date, 8}, span_str(r->region),
	    span_str(r->service), SPAN("aws4_request")};
	struct span key = {(const char *)out, DIGEST_BYTES};
	struct buf first;

	buf_init(&first, 4 + strlen(r->secret));
	buf_printf(&first, "AWS4%s", r->secret);
	hmac(c, out, buf_view(&first), step[0]);
	buf_fini_wipe(&first);
	for (size_t i = 1; i < sizeof step / sizeof step[0]; i++)
		hmac(c, out, key, step[i]);
}

static struct span
signing_key(struct sigv4_cache *c, const struct sigv4_request *r,
    struct span scope, const char *amz_date)
{
	unsigned char secret[DIGEST_BYTES];
	struct span part = span_str(r->secret);
	struct cached_key *k;

	sha256(c->sha256, secret, &part, 1);
	for (size_t i = 0; i < CACHED_KEYS; i++) {
		k = &c->key[i];
		if (span_is(scope, k->scope) &&
		    memcmp(k->secret, secret, sizeof secret) == 0)
			return (struct span){(char *)k->key, DIGEST_BYTES};
	}
	k = &c->key[c->next];
	c->next = (c->next + 1) % CACHED_KEYS;
	memcpy(k->scope, scope.p, scope.n);
	k->scope[scope.n] = '\0';
	memcpy(k->secret, secret, sizeof secret);
	derive_key(c, k->key, r, amz_date);
	return (struct span){(char *)k->key, DIGEST_BYTES};
}

static void
sign_text(struct sigv4_cache *c, const struct sigv4_request *r,
    struct sigv4_result *out, struct buf *canonical, struct buf *names)
{
	struct span part = buf_view(canonical);
	unsigned char digest[DIGEST_BYTES];
	char hex[SIGV4_HEX + 1], date[17];
	struct buf scope, text;

	buf_init(&scope, SCOPE_MAX - 1);
	buf_init(&text, 2 * SCOPE_MAX + SIGV4_HEX);
	clock_format_amz(date, r->wall_s);
	buf_add(&scope, date, 8);
	ADD(&scope, "/", r->region, "/", r->service, "/aws4_request");
	if (scope.err != ERR_OK) {
		canonical->err = scope.err;
		goto out;
	}
	sha256(c->sha256, digest, &part, 1);
	to_hex(hex, digest);
	ADD(&text, "AWS4-HMAC-SHA256\n", date, "\n", buf_cstr(&scope), "\n",
	    hex);
	hmac(c, digest, signing_key(c, r, buf_view(&scope), date),
	    buf_view(&text));
	to_hex(out->signature, digest);
	if (out->string_to_sign != NULL)
		buf_span(out->string_to_sign, buf_view(&text));
	if (out->authorization != NULL)
		ADD(out->authorization,
		    "AWS4-HMAC-SHA256 Credential=", r->key_id, "/",
		    buf_cstr(&scope), ", SignedHeaders=", buf_cstr(names),
		    ", Signature=", out->signature);
out:
	buf_fini(&scope);
	buf_fini(&text);
}

enum err
sigv4_sign(const struct sigv4_request *r, struct sigv4_result *out)
{
	struct sigv4_cache *own = NULL, *c = r->cache;
	struct buf canonical, names;
	enum err err;

	out->signature[0] = '\0';
	if (r->nheaders > SIGV4_HEADERS_MAX)
		return ERR_LIMIT;
	if (c == NULL)
		c = own = sigv4_cache_new();
	buf_init(&canonical, CANONICAL_MAX);
	buf_init(&names, CANONICAL_MAX);
	add_canonical(&canonical, &names, r);
	if (canonical.err == ERR_OK)
		sign_text(c, r, out, &canonical, &names);
	if (out->canonical_request != NULL)
		buf_span(out->canonical_request, buf_view(&canonical));
	err = canonical.err;
	if (err == ERR_OK && out->canonical_request != NULL)
		err = out->canonical_request->err;
	if (err == ERR_OK && out->string_to_sign != NULL)
		err = out->string_to_sign->err;
	if (err == ERR_OK && out->authorization != NULL)
		err = out->authorization->err;
	buf_fini_wipe(&canonical); /* holds the session token */
	buf_fini(&names);
	sigv4_cache_free(&own);
	return err;
}

void
sigv4_query_add(struct buf *query, const char *name, struct span value)
{
	if (query->n > 0)
		buf_char(query, '&');
	enc_uri(query, span_str(name), false);
	buf_char(query, '=');
	enc_uri(query, value, false);
}
