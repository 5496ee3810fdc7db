/*
 * AWS Signature Version 4, as a pure function. (IAM User Guide, "Create a
 * signed AWS API request".)
 *
 * The caller passes the bytes that go on the wire: a path and a query that are
 * encoded already, headers by lower-case name. Nothing is normalised, which is
 * S3's rule; the other services are only called at "/".
 */
#ifndef AWS_SIGV4_H
#define AWS_SIGV4_H

#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum { SIGV4_HEX = 64, SIGV4_HEADERS_MAX = 24 };

/* Keeps the last few signing keys, which are good for a day, and what OpenSSL
 * needs to look up only once. Changes no result. Wiped when freed. */
struct sigv4_cache;
struct sigv4_cache *sigv4_cache_new(void);
void sigv4_cache_free(struct sigv4_cache **c);

struct sigv4_header {
	const char *name; /* lower case */
	struct span value;
};

struct sigv4_request {
	const char *method;
	struct span path;  /* as on the wire; empty is "/" */
	struct span query; /* as on the wire, sorted, without '?' */
	/* All headers to sign, in any order, "host" and "x-amz-date" among
	 * them. */
	const struct sigv4_header *headers;
	size_t nheaders;
	const char *payload_hash; /* lower-case hex; see sigv4_hash */
	const char *region, *service;
	const char *key_id, *secret;
	int64_t wall_s;		   /* must agree with x-amz-date */
	struct sigv4_cache *cache; /* may be NULL */
};

/* Each may be NULL if not wanted. The bufs are the caller's, empty. */
struct sigv4_result {
	struct buf *canonical_request;
	struct buf *string_to_sign;
	struct buf *authorization; /* value of the header */
	char signature[SIGV4_HEX + 1];
};

/* ERR_LIMIT if a buf is too small or there are too many headers. */
enum err sigv4_sign(const struct sigv4_request *r, struct sigv4_result *out);

/* Lower-case hex SHA-256 of the parts, one after the other. */
void sigv4_hash(char out[SIGV4_HEX + 1], const struct span *part, size_t n);
extern const char sigv4_empty_hash[];

/* Appends name=value (both encoded here) to a query under construction.
 * Parameters are to be added in sorted order. */
void sigv4_query_add(struct buf *query, const char *name, struct span value);

#endif
