/*
 * Encodings, appended to a buf whose sticky error tells of overflow.
 */
#ifndef BASE_ENC_H
#define BASE_ENC_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* Lower-case hex. */
void enc_hex(struct buf *b, const void *p, size_t n);

/*
 * Percent-encoding as SigV4 wants it: all but A-Z a-z 0-9 - . _ ~ become %XX
 * with upper-case digits; '/' is kept if keep_slash.
 * (IAM User Guide, "Create a signed AWS API request", UriEncode.)
 */
void enc_uri(struct buf *b, struct span s, bool keep_slash);

/*
 * The reverse of application/x-www-form-urlencoded, as S3 event notifications
 * encode keys: '+' is a space, %XX a byte. A stray '%' is ERR_SYNTAX.
 */
enum err enc_form_decode(struct buf *b, struct span s);

/* Text from outside for people: all but printable ASCII is a '?'. */
void enc_ascii(struct buf *b, struct span s);
/* The same of control characters alone, which would move a terminal's cursor or
 * begin another line; bytes ≥ 0x80 pass as they are. */
void enc_visible(struct buf *b, struct span s);

/* A JSON string with its quotes; bytes ≥ 0x80 pass as they are. */
void enc_json_string(struct buf *b, struct span s);

#endif
