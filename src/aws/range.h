/*
 * What it takes to continue a GET where it broke. (RFC 9110 §§ 13.1.1, 14.)
 */
#ifndef AWS_RANGE_H
#define AWS_RANGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/span.h"

/* Keeps an entity tag that If-Match can quote later: a strong one, of what a
 * header may contain, that fits. "" otherwise. */
void range_keep_etag(char *out, size_t size, struct span etag);

/* Where a Content-Range begins: 5 of "bytes 5-9/10"; −1 if it makes no
 * sense. */
int64_t range_start(struct span content_range);

#endif
