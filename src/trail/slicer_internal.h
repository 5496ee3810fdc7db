/* What slicer.c, which feeds yajl, and tokens.c, which yajl tells, share. */
#ifndef TRAIL_SLICER_INTERNAL_H
#define TRAIL_SLICER_INTERNAL_H

#include "base/yajl_mem.h"
#include "trail/carry.h"
#include "trail/events_match.h"
#include "trail/skip.h"
#include "trail/slicer.h"

struct slicer {
	slicer_record_fn *fn;
	slicer_left_out_fn *left_out;
	slicer_ruled_out_fn *ruled_out;
	struct match match;
	void *arg;
	yajl_callbacks callbacks;
	yajl_handle yajl;
	enum err err;
	char error[200];

	unsigned depth, array_depth;
	bool wants_array; /* the key "Records" came, its value not yet */
	bool found;	  /* this document has had its Records */
	bool any;	  /* there was a document */
	bool ready;	  /* an element may begin: behind a bracket or comma */
	bool stray;	  /* a scalar began where none may */

	struct span piece; /* being parsed */
	uint64_t before;   /* bytes fed before it */
	size_t mark;	   /* end of the last token outside of elements */
	size_t gap;	   /* bytes since that token before this piece */

	/* The element that is open, or the next one. */
	uint64_t index;
	uint64_t begin; /* where in the text */
	size_t from;	/* where in the piece it goes on */
	bool scalar;	/* it is open, and no object and no array */
	bool is_object;
	bool leave; /* it is being skipped */
	enum slicer_cause cause;
	struct skip skip;
	struct carry carry; /* as far as it came before */
};

static inline bool
slicer_in_brackets(const struct slicer *s)
{
	return s->array_depth > 0 && s->depth > s->array_depth;
}

static inline bool
slicer_in_element(const struct slicer *s)
{
	return s->scalar || slicer_in_brackets(s);
}

/* Each returns 0: what a callback returns to stop yajl. */
int __attribute__((format(printf, 4, 5)))
slicer_fail(struct slicer *s, enum err e, uint64_t at, const char *fmt, ...);
int slicer_fail_outside(struct slicer *s, uint64_t at);
int slicer_fail_shape(struct slicer *s, uint64_t at);
/* Offset in the whole text; for messages from within a callback. */
uint64_t slicer_here(const struct slicer *s);
/* Commas and blanks at the beginning of s, as they stand between elements or
 * documents; yajl lets no comma stand wrongly. */
size_t slicer_separators(struct span s);
/* The open element has ended, and is left out. */
void slicer_leave_out(struct slicer *s, enum slicer_cause cause);
/* Sets yajl's callbacks for where in the text we are. */
void tokens_heed(struct slicer *s);

#endif
