/*
 * What the daemon is doing, at one moment: taken from the modules that know,
 * and then only read, as JSON here and as a page in admin/page.h. Holds no
 * secret, and nothing that stands behind a '?' in an URL.
 */
#ifndef ADMIN_STATUS_H
#define ADMIN_STATUS_H

#include "admin/about.h"
#include "admin/backlog.h"
#include "admin/rates.h"
#include "admin/readiness.h"
#include "base/log.h"
#include "sink/delivery.h"

struct status {
	struct admin_about about; /* the caller's to set, */
	int64_t uptime_s;	  /* as this is */
	struct backlog_view backlog;
	int64_t delivered_s; /* since the last event was; −1: none yet */
	int64_t oldest_received_s; /* as sqs_oldest_s; filled by status_take */
	int64_t now_ms;		   /* wall clock */
	int64_t now_mono_ms;	   /* what a part's since_ms compares with */
	struct health_facts facts;
	struct health health;
	struct shipper_stats flow;
	const struct events *events; /* NULL: all are shipped */
	struct delivery_stats sink;
	const char *creds_source;
	bool creds_valid;
	int64_t creds_left_s; /* as creds_stats has it */
	enum token_state token;
	double rate[RATES];
	/* On average of the last minute; −1: nothing was delivered in it. */
	double lag_s, event_lag_s;
	double history[RATES_STEPS]; /* of events a second, oldest first */
	size_t nhistory;
	struct log_problem problem[LOG_RECENT_MAX];
	size_t nproblems;
};

void status_sample(const struct metrics_source *src, struct rates_sample *s);
/* All borrowed for as long as s is read, and no longer than until control
 * returns to the loop. */
void status_take(const struct metrics_source *src, const struct rates *rates,
    struct status *s);
/* "accepted", "refused", "untried" */
const char *status_token_name(enum token_state t);
void status_json(const struct status *s, struct buf *out);

#endif
