/*
 * The two calls of IAM Identity Center: GetRoleCredentials of its portal, and
 * CreateToken of its OIDC service. Neither is signed. (AWS Single Sign-On
 * Portal API Reference; IAM Identity Center OIDC API Reference.)
 */
#ifndef AWS_SSO_H
#define AWS_SSO_H

#include "aws/source.h"
#include "aws/sso_cache.h"

enum sso_service { SSO_PORTAL, SSO_OIDC };

/* The service's host: AWS_ENDPOINT_URL_SSO or …_SSO_OIDC, AWS_ENDPOINT_URL, the
 * profile's, else AWS's own of that region. false with the reason appended. */
bool sso_endpoint(const struct source_deps *d, enum sso_service which,
    const char *region, struct endpoint *out, struct buf *why);

typedef void sso_done_fn(void *arg, const struct aws_result *r);
/* NULL, with the reason in why, if the host is not known. */
struct call *sso_get_role(const struct source_deps *d, const struct sso_conf *c,
    const char *token, sso_done_fn *on_done, void *arg, struct buf *why);
struct call *sso_create_token(const struct source_deps *d,
    const struct sso_conf *c, const struct sso_token *t, sso_done_fn *on_done,
    void *arg, struct buf *why);

/* false with the reason appended to why; *out is then empty. */
bool sso_read_role(struct span body, struct creds *out, struct buf *why);
/* Puts the new token, its end, and the next refresh token if there is one in
 * place of the old; false if the body has none. */
bool sso_read_token(struct span body, struct sso_token *t);

#endif
