/*
 * For how long a poll may wait. Something on the way, a proxy perhaps, may end
 * polls before their time, and what SQS gives to such a one is hidden for a
 * visibility timeout. So after two in a row that were cut, polls wait three
 * quarters of what those lived. After 10 minutes a single one waits twice as
 * long; if it lives so do the others, if not the next try is twice as far away,
 * at most 2 hours. Pure: who calls brings the time.
 */
#ifndef FLOW_POLL_WAIT_H
#define FLOW_POLL_WAIT_H

#include <stdbool.h>
#include <stdint.h>

struct poll_wait {
	unsigned max_s;		     /* as it should be */
	unsigned lives_s;	     /* as it is */
	unsigned cuts;		     /* in a row */
	int64_t shortest_ms, cut_ms; /* what they lived; when the last was */
	int64_t try_ms, patience_ms; /* when one tries more; how often */
};

void poll_wait_init(struct poll_wait *w, unsigned max_s);
/* In seconds, of the poll that begins now. */
unsigned poll_wait_s(struct poll_wait *w, int64_t now_ms);
/* One of wait_s broke after lasted_ms. True: all wait less from now on. */
bool poll_wait_cut(
    struct poll_wait *w, unsigned wait_s, int64_t lasted_ms, int64_t now_ms);
/* One was answered. True: all wait as long again as they should. */
bool poll_wait_lived(
    struct poll_wait *w, unsigned wait_s, int64_t lasted_ms, int64_t now_ms);

#endif
