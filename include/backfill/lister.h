/*
 * The objects of a work in the order of their keys, listed ahead: up to
 * LISTER_AHEAD folders at once, a page of each, but fewer where pages are
 * large; and no more before some were taken. So memory is bounded whatever the
 * bucket.
 *
 * What fails in passing is asked again for up to LISTER_PATIENCE_MS without any
 * success; then, or at once for a refusal, the lister fails for good.
 */
#ifndef BACKFILL_LISTER_H
#define BACKFILL_LISTER_H

#include "aws/list.h"
#include "backfill/work.h"
#include "net/timer.h"

enum { LISTER_AHEAD = 6, LISTER_PATIENCE_MS = 10 * 60 * 1000 };

struct lister;

/* There is more to take, or the end, or it has failed. */
typedef void lister_fn(void *arg);

/* after: only what comes behind this key. All but it are borrowed. */
struct lister *lister_new(struct s3 *s, struct timers *t, const struct work *w,
    struct span after, lister_fn *fn, void *arg);
void lister_free(struct lister **l);

enum lister_state {
	LISTER_OBJECT, /* *o is the next one, until lister_take */
	LISTER_WAITS,  /* fn will be called */
	LISTER_END,
	LISTER_FAILED,
};
/* Not from inside fn of another lister. */
enum lister_state lister_peek(struct lister *l, struct list_object *o);
void lister_take(struct lister *l);

struct lister_view {
	uint64_t lists;			  /* requests that were answered */
	uint64_t accounts, regions, days; /* folders begun */
	const struct aws_result *trouble; /* that is tried again; or NULL */
};
struct lister_view lister_view(const struct lister *l);
/* Where it has failed: why, and the prefix that was asked for. */
const struct aws_result *
lister_failure(const struct lister *l, struct span *prefix);

#endif
