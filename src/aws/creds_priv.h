/* The keeper within, and what it does with a set and with a failure besides
 * keeping them. */
#ifndef AWS_CREDS_PRIV_H
#define AWS_CREDS_PRIV_H

#include "aws/creds.h"
#include "base/clock.h"
#include "base/log.h"

struct creds_keeper {
	struct creds_source *source;
	struct timer *refresh, *expiry;
	creds_changed_fn *changed;
	void *arg;
	struct creds set;	      /* key_id NULL: none yet */
	struct creds_failure failure; /* of the last fetch; "": it was none */
	struct clock_offset offset;
	int64_t since_ms;   /* when the set came that ends as this one does */
	int64_t window_ms;  /* what is left of the set's life at refresh */
	int64_t fetched_ms; /* when the last fetch was started */
	unsigned failures;  /* in a row */
	uint64_t all_fetches, all_failures;
	bool fetching;
	bool refused; /* the timer is to fetch, whatever is left */
	bool quiet;
	bool told_valid; /* what changed has last told */
	bool overdue;	 /* the set has expired and serves on */
	bool is_bad;	 /* AWS has refused the set, expired as it was */
};

#define KEEPER_NEVER INT64_MAX
/* Each look tells less: whoever decides by it looks once. KEEPER_NEVER: the set
 * has no end; 0: it is over, or there is none. */
int64_t keeper_left_ms(const struct creds_keeper *k);
/* Whether there is a set that has not expired. */
bool keeper_in_time(const struct creds_keeper *k);
void keeper_log_failure(
    const struct creds_keeper *k, const struct creds_failure *why);
void keeper_log_set(const struct creds_keeper *k, bool is_news);

/* Whether it can be sent: what is put into a header must be visible ASCII. */
bool creds_are_whole(const struct creds *c);
bool creds_are_same(const struct creds *a, const struct creds *b);

/* Whether they tell the same, as far as people are concerned. */
bool creds_failure_is_same(
    const struct creds_failure *a, const struct creds_failure *b);
/* failures: how many in a row. */
void creds_failure_log(const struct creds_failure *f, enum log_level level,
    const char *source, unsigned failures, bool still_valid);

#endif
