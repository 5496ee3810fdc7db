/*
 * One POST to Dassana's ingestion endpoint, and what its answer means.
 */
#ifndef SINK_DASSANA_H
#define SINK_DASSANA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/span.h"
#include "net/http.h"

struct dassana;

/* What docCount in a reply is worth. */
enum doc_count {
	DOC_COUNT_IGNORED, /* any JSON object that tells no failure will do */
	DOC_COUNT_WANTED,  /* the evidence that events were taken */
	DOC_COUNT_STRICT, /* the same, and fewer than were sent is not enough */
};

struct dassana_conf {
	const char *endpoint; /* URL; all strings are copied */
	const char *app_id;
	const char *token; /* wiped from memory when freed */
	int64_t post_timeout_ms;
	bool gzip; /* bodies are gzip */
	enum doc_count doc_count;
	bool accept_any_2xx; /* any 2xx is taken, whatever its body */
	uint64_t rate_limit; /* bytes of NDJSON a second; 0: none */
};

enum dassana_verdict {
	DASSANA_TAKEN,
	DASSANA_RETRY,	 /* transient: 408, 429, 5xx, no answer, a 200 that
			  * tells a failure or lacks the docCount that this
			  * endpoint else sends */
	DASSANA_REFUSED, /* the events: 400, 413, 422 and other 4xx, docCount 0
			  */
	DASSANA_TOKEN,	 /* 401, 403, or any answer but a counted success that
			  * names token_validation_error */
	DASSANA_SETUP,	 /* 1xx, 3xx, 404, 405, 407, 411, 415, a 2xx without a
			  * JSON object: a wrong endpoint answers so */
	DASSANA_UNCOUNTED, /* 200, no docCount, and this endpoint never sent
			    * one */
};

struct dassana_result {
	enum dassana_verdict verdict;
	int status;	    /* HTTP; 0 without an answer */
	bool has_doc_count; /* of a taken POST */
	bool elsewhere;	    /* by another endpoint than that in force */
	bool unsure;	    /* taken, but fewer than were sent, and that counts
			     */
	uint64_t doc_count;
	int64_t retry_after_ms; /* of 429 and 503, at most 5 min; −1: not
				 * given */
	bool sent;		/* it may have been taken although no answer
				 * came */
	const char *why;	/* static text for the log: what was wrong */
	const char *advice;	/* static text: what to do; may be NULL */
	struct span reply;	/* start of the body, for the log; borrowed.
				 * Withheld if the body repeats the token that
				 * was sent or the one in force */
	struct span detail;	/* of a transport error; borrowed */
	enum err err;
};

typedef void dassana_done_fn(void *arg, const struct dassana_result *r);

struct dassana *dassana_new(struct http *h, const struct dassana_conf *conf);
void dassana_free(struct dassana **d); /* after all its posts have ended */
/* Replaces all of the configuration but gzip, which stays: requests that are
 * started from now on follow it, and what is answered from now on is judged by
 * it. */
void dassana_change(struct dassana *d, const struct dassana_conf *conf);
/* Replaces the token for the requests that are started from now on. Of a token
 * or App ID, what follows a control character is cut off: it cannot stand in a
 * header. */
void dassana_set_token(struct dassana *d, const char *token);

/* Another number with every other endpoint. */
unsigned dassana_endpoints(const struct dassana *d);
/* How many bytes of NDJSON a second should be sent at most; 0: no limit. */
uint64_t dassana_rate_limit(const struct dassana *d);

/* Whether it is known that the endpoint counts what it takes, or it need not.
 * Until then more than one event at a time should not be sent. */
bool dassana_counts(const struct dassana *d);

/* What the answers say of the token in force; those to an older one, or of an
 * older endpoint, do not count. */
enum token_state {
	TOKEN_UNTRIED,
	TOKEN_TAKEN,
	TOKEN_REFUSED, /* and nothing was taken since */
};
enum token_state dassana_token(const struct dassana *d);

/* events > 0 lines in the body; the parts are borrowed until done or cancel.
 * Ends in one call of fn, or in silence after dassana_cancel. */
struct post;
struct post *dassana_post(struct dassana *d, const struct span *body,
    size_t nparts, uint64_t events, dassana_done_fn *fn, void *arg);
void dassana_cancel(struct post **p);

/* What a request was, for its reply. */
struct dassana_sent {
	const char *token; /* conf's may have changed since */
	uint64_t events;
	bool counts; /* its endpoint has sent a docCount before */
};
/* The verdict on a reply, apart from any I/O. */
void
dassana_judge(const struct dassana_conf *conf, const struct dassana_sent *sent,
    const struct reply *r, struct dassana_result *out);

#endif
