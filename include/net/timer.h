/*
 * Timers and deferred calls on the loop; above net nothing else touches libev.
 *
 * A timer fires once per arming, from the loop, never from inside a call that
 * armed it. timer_soon is the deferred call: it runs on a clean stack in this
 * or the next turn of the loop, and several calls before it runs are one.
 * After timer_stop or timer_free it does not fire.
 */
#ifndef NET_TIMER_H
#define NET_TIMER_H

#include <stdbool.h>
#include <stdint.h>

struct ev_loop;
struct timers;
struct timer;

typedef void timer_fn(void *arg);

struct timers *timers_new(struct ev_loop *loop); /* loop is borrowed */
void timers_free(struct timers **t);		 /* all its timers are freed */

struct timer *timer_new(struct timers *t, timer_fn *fn, void *arg);
void timer_free(struct timer **t); /* NULL is fine; also from its own fn */
/* Fires once, ms ≥ 0 from now by the monotonic clock; replaces an earlier
 * arming. Precise to a millisecond: 0.5 s is 500, never rounded to seconds. */
void timer_after(struct timer *t, int64_t ms);
void timer_soon(struct timer *t);
void timer_stop(struct timer *t);
bool timer_armed(const struct timer *t); /* by either of the two */

#endif
