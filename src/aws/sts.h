/*
 * STS: the two calls that give credentials of a role. Query protocol, version
 * 2011-06-15. (STS API Reference.)
 */
#ifndef AWS_STS_H
#define AWS_STS_H

#include "aws/source.h"

/* signer: NULL for AssumeRoleWithWebIdentity, with web_token then. on_done and
 * arg as in a call_spec; both are borrowed for the call. */
struct call *sts_assume(const struct source_deps *d, const struct role_conf *r,
    const struct creds *signer, struct span web_token,
    void (*on_done)(void *arg, const struct aws_result *r), void *arg);

/* What came of it. false with the reason appended to why. */
bool sts_read(const struct aws_result *r, bool web_identity, struct creds *out,
    struct buf *why);

#endif
