/*
 * Texts and numbers as people read them, appended as HTML.
 */
#ifndef ADMIN_HTML_H
#define ADMIN_HTML_H

#include <stdint.h>

#include "base/buf.h"
#include "base/span.h"

/* Escaped; what is no printable ASCII becomes '?'. */
void html_text(struct buf *b, struct span s);
void html_count(struct buf *b, uint64_t n);	  /* 1,234,567 */
void html_rate(struct buf *b, double per_second); /* 0.4, 12, 1,234 */
void html_bytes(struct buf *b, double bytes);	  /* 1.2 MiB */
/* "8 s", "12 min", "3 h 5 min", "4 d 2 h" */
void html_duration(struct buf *b, int64_t s);

#endif
