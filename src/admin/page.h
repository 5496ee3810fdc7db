/*
 * The status page: what an operator wants to know first stands first. One
 * document that needs nothing else: no script, no font, no picture.
 */
#ifndef ADMIN_PAGE_H
#define ADMIN_PAGE_H

#include "admin/status.h"
#include "base/buf.h"

/* The Content-Security-Policy to send with it: allows its one style sheet, by
 * its hash, its icon, and nothing else. */
extern const char page_policy[];

/* Everything that is not ours is escaped. */
void page_render(const struct status *s, struct buf *out);

#endif
