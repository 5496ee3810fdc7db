/* What the keeper does with a set and with a failure besides keeping them. */
#ifndef AWS_CREDS_PRIV_H
#define AWS_CREDS_PRIV_H

#include "aws/creds.h"
#include "base/log.h"

/* Whether it can be sent: what is put into a header must be visible ASCII. */
bool creds_are_whole(const struct creds *c);
bool creds_are_same(const struct creds *a, const struct creds *b);

/* Whether they tell the same, as far as people are concerned. */
bool creds_failure_is_same(
    const struct creds_failure *a, const struct creds_failure *b);
/* failures: how many in a row. */
void creds_failure_log(const struct creds_failure *f, enum log_level level,
    const char *source, unsigned failures, bool still_valid);

#endif
