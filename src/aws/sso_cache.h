/*
 * The tokens that `aws sso login` keeps in ~/.aws/sso/cache, one file for each
 * session or start URL. They are read as they are and written as the AWS CLI
 * writes them: whole, mode 0600, by a rename. What somebody else could have put
 * there is not used.
 */
#ifndef AWS_SSO_CACHE_H
#define AWS_SSO_CACHE_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/source.h"

/* Strings are owned; NULL: not there. Times are wall clock. */
struct sso_token {
	char *access;
	int64_t expires_s;
	/* To get the next one with; all or none. */
	char *refresh, *client_id, *client_secret, *registration_end;
	int64_t registration_end_s;
};
void sso_token_fini(struct sso_token *t); /* wipes */

/* Appends the file for that session's name, or, without one, start URL. false:
 * there is no home. */
bool sso_cache_path(const char *name, struct buf *out);
/* What is in such a file. false, with the reason appended to why and *out
 * empty, if there is no token with its end in it. */
bool sso_cache_parse(struct span text, struct sso_token *out, struct buf *why);
/* The same of the file, which is refused if others may write to it. What helps
 * is in why too, unless the cure is to sign in. */
bool sso_cache_load(
    const char *path, struct sso_token *out, struct creds_failure *why);
/* Replaces the file. false with the reason appended to why. */
bool sso_cache_store(const char *path, const struct sso_token *t,
    const char *start_url, const char *region, struct buf *why);

#endif
