/*
 * Encodings, appended to a buf whose sticky error tells of overflow.
 */
#ifndef BASE_ENC_H
#define BASE_ENC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

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

/*
 * The code point at the front of s, which is not empty, and how many bytes it
 * takes; ENC_BAD for one byte that is not UTF-8 as RFC 3629 has it: no overlong
 * form, no surrogate, no end in the middle.
 */
enum { ENC_BAD = 0x110000 };
uint32_t enc_utf8(struct span s, size_t *n);
/* Not what moves a terminal's cursor, turns the direction of writing or hides
 * itself: controls (also C1), bidi and zero-width marks, ends of lines. */
bool enc_is_visible(uint32_t cp);

/* UTF-8 for a terminal: what is not visible is a '?'. */
void enc_visible(struct buf *b, struct span s);
/* The same of a text in JSON, which stays JSON with the same meaning. */
void enc_json_visible(struct buf *b, struct span s);

/* An URL for people: without what stands before an '@', which may be a
 * password, and without a query, which may be one too. */
void enc_bare_url(struct buf *b, struct span url);

/* What stands in a JSON string, and the string with its quotes: all but
 * printable ASCII is escaped. A byte that is not UTF-8 becomes U+FFFD. */
void enc_json_text(struct buf *b, struct span s);
void enc_json_string(struct buf *b, struct span s);

#endif
