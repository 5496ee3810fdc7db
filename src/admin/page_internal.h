/* What the files of the page share. */
#ifndef ADMIN_PAGE_INTERNAL_H
#define ADMIN_PAGE_INTERNAL_H

#include "admin/page.h"

extern const char page_style[];

/* "What helps: …", one paragraph and a full stop. Nothing for no advice. */
void page_add_advice(struct buf *b, struct span advice);

/* Sections of the page, in their order there. */
void page_add_parts(const struct status *s, struct buf *b);
void page_add_problems(const struct status *s, struct buf *b);
void page_add_totals(const struct status *s, struct buf *b);

#endif
