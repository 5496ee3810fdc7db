/*
 * Where AWS credentials come from, and the ones that are valid now.
 *
 * A source fetches one set, asynchronously; the keeper holds the current set,
 * asks the source again before it expires, and tells those who wait. Nothing
 * blocks. Secrets are wiped when freed and appear in no log.
 */
#ifndef AWS_CREDS_H
#define AWS_CREDS_H

#include <stdbool.h>
#include <stdint.h>

#include "net/timer.h"

struct creds {
	char *key_id, *secret;
	char *token;	   /* NULL: long-term keys */
	int64_t expires_s; /* wall clock; 0: never */
};

void creds_fini(struct creds *c); /* wipes and frees the strings */

/* ok: c is valid and taken over by the callee. Otherwise error says what is
 * wrong and what to do, naming the source; borrowed. */
typedef void creds_fetched_fn(void *arg, struct creds *c, const char *error);

/* One way to get credentials. A fetch ends in one call of fn, never from inside
 * fetch itself, or in silence after cancel. One fetch at a time. */
struct creds_source {
	const char *name; /* "environment" */
	void (*fetch)(struct creds_source *s, creds_fetched_fn *fn, void *arg);
	void (*cancel)(struct creds_source *s);
	void (*free)(struct creds_source *s);
};

/* AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN. NULL if none of
 * them is set; half a pair is reported by fetch. Read once, here. */
struct creds_source *creds_env_new(struct timers *t);
/* Fixed keys, copied; for tests and tools. */
struct creds_source *creds_static_new(struct timers *t, const char *key_id,
    const char *secret, const char *token);

struct creds_keeper;

/*
 * Takes the source over; fetches at once. changed (may be NULL) is called when
 * credentials become valid or stop being so.
 *
 * A set that expires is fetched anew ten minutes before, or after half of what
 * is left of a shorter life; the old one serves on until it has expired. A
 * failed fetch is tried again for ever, with back-off. A set that cannot be
 * sent (blanks or control characters inside) counts as a failed fetch.
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

#endif
