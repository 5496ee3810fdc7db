/*
 * What became of a transfer, in our words.
 */
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "net/http_internal.h"

static const struct {
	CURLcode rc;
	enum err err;
} meanings[] = {
    {CURLE_OK, ERR_OK},
    {CURLE_UNSUPPORTED_PROTOCOL, ERR_PROTOCOL}, /* a reply that is not HTTP */
    {CURLE_WEIRD_SERVER_REPLY, ERR_PROTOCOL},
    {CURLE_URL_MALFORMAT, ERR_SYNTAX},
    {CURLE_COULDNT_RESOLVE_HOST, ERR_RESOLVE},
    {CURLE_COULDNT_RESOLVE_PROXY, ERR_RESOLVE},
    {CURLE_COULDNT_CONNECT, ERR_CONNECT},
    {CURLE_PROXY, ERR_CONNECT},
    {CURLE_OPERATION_TIMEDOUT, ERR_TIMEOUT},
    {CURLE_PARTIAL_FILE, ERR_RESET},
    {CURLE_GOT_NOTHING, ERR_RESET},
    {CURLE_SEND_ERROR, ERR_RESET},
    {CURLE_RECV_ERROR, ERR_RESET},
    {CURLE_SEND_FAIL_REWIND, ERR_RESET},
    {CURLE_SSL_CONNECT_ERROR, ERR_TLS},
    {CURLE_PEER_FAILED_VERIFICATION, ERR_TLS},
    {CURLE_SSL_CACERT_BADFILE, ERR_TLS},
    {CURLE_SSL_CERTPROBLEM, ERR_TLS},
    {CURLE_SSL_CIPHER, ERR_TLS},
    {CURLE_SSL_ISSUER_ERROR, ERR_TLS},
    {CURLE_SSL_CRL_BADFILE, ERR_TLS},
    {CURLE_SSL_INVALIDCERTSTATUS, ERR_TLS},
    {CURLE_SSL_PINNEDPUBKEYNOTMATCH, ERR_TLS},
    {CURLE_SSL_ENGINE_INITFAILED, ERR_TLS},
    {CURLE_USE_SSL_FAILED, ERR_TLS},
    /* How curl says that a header line is longer than it takes. */
    {CURLE_OUT_OF_MEMORY, ERR_LIMIT},
#if LIBCURL_VERSION_NUM >= 0x080600
    {CURLE_TOO_LARGE, ERR_LIMIT},
#endif
};

static enum err
meaning(CURLcode rc)
{
	for (size_t i = 0; i < sizeof meanings / sizeof meanings[0]; i++) {
		if (meanings[i].rc == rc)
			return meanings[i].err;
	}
	return ERR_SYSTEM;
}

static uint64_t
info_u64(CURL *easy, CURLINFO info)
{
	curl_off_t us = 0;

	curl_easy_getinfo(easy, info, &us);
	return us > 0 ? (uint64_t)us : 0;
}

/* Waiting too long for a name or a connection has a name of its own. */
static enum err
by_phase(CURL *easy, enum err err)
{
	if (err != ERR_TIMEOUT && err != ERR_STALL)
		return err;
	if (info_u64(easy, CURLINFO_PRETRANSFER_TIME_T) > 0)
		return err;
	if (info_u64(easy, CURLINFO_NAMELOOKUP_TIME_T) > 0)
		return ERR_CONNECT;
	return ERR_RESOLVE;
}

/* curl quotes an URL that it cannot use, a proxy's with the password in it. */
static bool
is_tellable(const char *detail)
{
	return detail[0] != '\0' && strchr(detail, '@') == NULL &&
	       strncmp(detail, "Unsupported proxy", 17) != 0;
}

static struct span
detail(const struct request *r, CURLcode rc)
{
	if (r->why != NULL)
		return span_str(r->why);
	if (is_tellable(r->detail))
		return span_str(r->detail);
	return rc != CURLE_OK ? span_str(curl_easy_strerror(rc)) : SPAN("");
}

void
outcome_fill(struct request *r, CURLcode rc, enum err err)
{
	struct http_stats *stats = &r->http->stats;
	struct reply *reply = &r->reply;
	long sent = 0, connects = 0;
	uint64_t tls;

	if (err == ERR_OK)
		err = r->abort;
	if (err == ERR_OK)
		err = meaning(rc);
	/* No curl that we know lets this pass, but a caller may count on it. */
	if (err == ERR_OK && !r->head_done) {
		err = ERR_PROTOCOL;
		r->why = "ended before its reply";
	}
	reply->err = by_phase(r->easy, err);
	if (reply->err != ERR_OK)
		reply->detail = detail(r, rc);
	curl_easy_getinfo(r->easy, CURLINFO_REQUEST_SIZE, &sent);
	reply->sent = sent > 0;
	tls = info_u64(r->easy, CURLINFO_APPCONNECT_TIME_T);
	reply->connect_us =
	    tls > 0 ? tls : info_u64(r->easy, CURLINFO_CONNECT_TIME_T);
	reply->waited_us = (uint64_t)(clock_mono_us() - r->begun_us);
	reply->total_us = info_u64(r->easy, CURLINFO_TOTAL_TIME_T);
	curl_easy_getinfo(r->easy, CURLINFO_NUM_CONNECTS, &connects);
	stats->connections += (uint64_t)connects;
	stats->bytes_out += info_u64(r->easy, CURLINFO_SIZE_UPLOAD_T);
}
