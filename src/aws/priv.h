/*
 * What the files of this folder share and nobody else sees.
 */
#ifndef AWS_PRIV_H
#define AWS_PRIV_H

#include "aws/call.h"
#include "aws/sigv4.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/mem.h"

enum { CALL_HEADERS_MAX = 16 };

struct aws {
	struct http *http;
	struct timers *timers;
	struct creds_keeper *keeper;
	struct sigv4_cache *cache;
	struct clock_offset offset; /* learned where it was shown to matter */
	struct aws_stats stats;
};

/* What a refusal of o has shown: from now on all calls are signed, and expiry
 * is judged, accordingly. 0: our clock is right. */
void aws_set_offset(struct aws *a, enum aws_operation o, int64_t offset_s);

/* The headers of one attempt: the caller's and those that signing adds. They
 * hold the session token, so they are wiped. */
struct signed_headers {
	struct http_header header[CALL_HEADERS_MAX + 5];
	size_t n;
	struct buf host, token, authorization;
	char date[17], hash[SIGV4_HEX + 1];
};

/* body_hash is of the whole body; c is NULL for a call that is not signed.
 * ERR_LIMIT. To be ended with
 * signed_headers_fini also after an error. */
enum err signed_headers_init(struct signed_headers *out, struct aws *a,
    const struct call_spec *spec, const char *body_hash, const struct creds *c);
void signed_headers_fini(struct signed_headers *h);

/* Copies what fits, with a NUL. */
void aws_copy_text(char *out, size_t size, struct span s);
/* Worth another try: broken, busy, or out of order for now. */
bool aws_is_passing(const struct aws_result *r);
/*
 * The same for a message that ends up in logs. AWS quotes receipt handles in
 * some, and in others, on further lines, the canonical request with the
 * session token: only the first line is kept, without overlong words.
 */
void aws_copy_message(char *out, size_t size, struct span s);

/* ---- stats.c ---- */

void stats_init(struct aws_stats *s);
void stats_request(struct aws *a, enum aws_operation o);
void stats_latency(struct aws *a, enum aws_operation o, int64_t us);
void stats_answer(struct aws *a, enum aws_operation o, enum aws_class class);
void stats_retry(struct aws *a, enum aws_retry why);

#endif
