/*
 * Where AWS credentials come from, and the ones that are valid now.
 *
 * A source fetches one set, asynchronously; the keeper holds the current set,
 * asks the source again before it expires, and tells those who wait. Nothing
 * blocks. Secrets are wiped when freed and appear in no log.
 * (AWS SDKs and Tools Reference Guide, "Standardized credential providers".)
 */
#ifndef AWS_CREDS_H
#define AWS_CREDS_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/endpoint.h"
#include "base/buf.h"
#include "net/http.h"
#include "net/timer.h"

struct aws;

struct creds {
	char *key_id, *secret;
	char *token;	   /* NULL: long-term keys */
	int64_t expires_s; /* wall clock; 0: never */
	int64_t offset_s;  /* add it to our clock to get that of whoever gave
			    * them; 0 unless it is far off */
};

void creds_fini(struct creds *c); /* wipes and frees the strings */
void creds_copy(struct creds *to, const struct creds *from);

/* Why there are none, and what helps. */
struct creds_failure {
	struct buf text;   /* what is wrong, naming the source */
	struct buf advice; /* "" if the text says it */
	/* Of the reply that was no good, if it was one; 0 or "" if unknown. */
	int status;
	char code[96], request_id[96];
	int64_t again_ms; /* it is worth trying again after so long at the
			   * latest; 0: as usual */
};
void creds_failure_init(struct creds_failure *f);
void creds_failure_fini(struct creds_failure *f);
void creds_failure_reset(struct creds_failure *f);
/* Appends the text; the rest replaces what is there. */
void
creds_failure_add(struct creds_failure *to, const struct creds_failure *from);

/* c is valid and taken over by the callee; or NULL, and why there is none,
 * borrowed. The callee may free the source once it has no more need of either.
 */
typedef void
creds_fetched_fn(void *arg, struct creds *c, const struct creds_failure *why);

/* One way to get credentials. A fetch ends in one call of fn, never from inside
 * fetch itself, or in silence after cancel. One fetch at a time. free cancels
 * too. */
struct creds_source {
	const char *name; /* "environment"; static, may change in a fetch */
	void (*fetch)(struct creds_source *s, creds_fetched_fn *fn, void *arg);
	void (*cancel)(struct creds_source *s);
	void (*free)(struct creds_source *s);
	/* What it gives may serve past its end: whoever gave it is beside us
	 * and renews it by itself, so that only an outage of theirs can keep
	 * the next one back. (EC2 User Guide, "static stability".) May change
	 * in a fetch. */
	bool serves_on;
	const struct aws *sts; /* what it calls STS with, for the counters; may
				* be NULL */
};

/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN (or its old name,
 * AWS_SECURITY_TOKEN), AWS_CREDENTIAL_EXPIRATION. NULL if neither of the first
 * two is set; half a pair, or a time that is none, is reported by fetch. Read
 * once, here. */
struct creds_source *creds_env_new(struct timers *t);
/* Fixed keys, copied; for tests and tools. */
struct creds_source *creds_static_new(struct timers *t, const char *key_id,
    const char *secret, const char *token);

/* What the chain works with. timers and http are borrowed for as long as it
 * lives, the rest is copied. */
struct creds_conf {
	struct timers *timers;
	struct http *http;
	const char *region;
	const struct endpoint *sts;	 /* NULL: none is known there, and what
				     * needs it fails */
	struct endpoint_variant variant; /* of AWS's other hosts */
	/* A role to assume with what the chain finds; "" or NULL: none. */
	const char *role_arn, *external_id, *session_name;
};

/*
 * What is configured first of: the environment, a role of the profile, a web
 * identity, what else the profile has, a container's endpoint, the instance's
 * metadata service.
 * It is looked for in every fetch until one has succeeded; files are read anew
 * each time. What is configured but broken is an error, and nothing after it
 * is tried. NULL, with the reason in why, if nothing is configured and the
 * metadata service is switched off.
 */
struct creds_source *
creds_chain_new(const struct creds_conf *conf, struct buf *why);

struct creds_keeper;

/*
 * Takes the source over; fetches at once. changed (may be NULL) is called when
 * credentials become valid or stop being so.
 *
 * A set is fetched anew when ten minutes or a quarter of its life are left,
 * whichever is less, give or take a tenth; while the source has nothing newer,
 * again every minute or quarter of what is left. The old one serves on until it
 * has expired, or, of a source that serves on, until AWS refuses it: then the
 * next one is asked for every 5 to 10 minutes. A failed fetch is tried again
 * for ever, with back-off. A set that has expired already (and does not serve
 * on), or cannot be sent (blanks or control characters inside), counts as a
 * failed fetch.
 */
typedef void creds_changed_fn(void *arg);
struct creds_keeper *creds_keeper_new(struct timers *t,
    struct creds_source *source, creds_changed_fn *changed, void *arg);
void creds_keeper_free(struct creds_keeper **k);
/* Valid now, or NULL. Borrowed until control returns to the loop. */
const struct creds *creds_get(const struct creds_keeper *k);
/* AWS has just refused key_id (expired or unknown): fetch again, at most once
 * every few seconds. Ignored if the current set is another one. */
void creds_refused(struct creds_keeper *k, const char *key_id);
/* Adds to the wall clock wherever expiry is judged: what AWS's clock says. */
void creds_set_offset(struct creds_keeper *k, int64_t offset_s);
const char *creds_source_name(const struct creds_keeper *k);
/* Why there are none; "" while there are. */
const char *creds_error(const struct creds_keeper *k);
/* The same, whole; NULL while there are some, or nothing has failed so far.
 * Borrowed until control returns to the loop. */
const struct creds_failure *creds_failure(const struct creds_keeper *k);
/* What is asked for by creds_failure need not be logged: only debug lines from
 * now on. */
void creds_keeper_quiet(struct creds_keeper *k);

struct creds_stats {
	uint64_t fetches, failures;
	int64_t
	    left_s; /* of the set; 0: none is valid for a second more; −1: it
			 * never expires */
	const struct aws *sts; /* as its source has it; may be NULL */
};
struct creds_stats creds_stats(const struct creds_keeper *k);

#endif
