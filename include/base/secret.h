/*
 * The secrets that we hold, and texts from outside without them. A peer may
 * send back what we have sent to it: nothing of that gets into a log, a page or
 * a terminal.
 *
 * Hidden is each whole secret, and each of its prefixes of 16 bytes and more,
 * since texts are cut: as it is, percent-encoded, as in a JSON string, in these
 * mixed, and within base64 (RFC 4648, either alphabet). A secret of fewer than
 * 4 bytes hides nothing, as it would hide what has nothing to do with it.
 *
 * What is kept for that is scrambled: the secrets themselves are wiped by who
 * holds them, and these remain for a while, as answers may be on their way.
 * There is one set of them for the process, as there is one log.
 */
#ifndef BASE_SECRET_H
#define BASE_SECRET_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/span.h"

enum { SECRETS_MAX = 32, SECRET_PREFIX = 16, SECRET_MIN = 4 };

/* From now on s is hidden, until SECRETS_MAX others have come. Copied. */
void secret_know(struct span s);
void secret_know_str(const char *s); /* NULL is none */
/* Wipes all of them. */
void secret_forget(void);

/* Whether there is anything to hide in it. */
bool secret_is_in(struct span text);
/* Appends text with "[hidden]" for what is to be hidden, and the rest by add,
 * which may change it. */
void secret_apart(struct buf *out, struct span text,
    void (*add)(struct buf *out, struct span s));
void secret_mask(struct buf *out, struct span text);

#endif
