/* What the files of the page share. */
#ifndef ADMIN_PAGE_INTERNAL_H
#define ADMIN_PAGE_INTERNAL_H

#include "admin/page.h"

extern const char page_style[];

/* Sections of the page, in their order there. */
void page_add_parts(const struct status *s, struct buf *b);
void page_add_problems(const struct status *s, struct buf *b);
void page_add_totals(const struct status *s, struct buf *b);

#endif
