/*
 * Timers and deferred calls on the loop; above net nothing else touches libev.
 *
 * A timer fires once per arming, from the loop, never from inside a call that
 * armed it. It has one arming at a time: the later of two calls replaces the
 * earlier. timer_soon is the deferred call: it runs on a clean stack in this or
 * the next turn of the loop, and several calls before it runs are one. It runs
 * at most once per turn: armed again from its own fn, it lets the loop poll
 * (without waiting), so I/O and other timers get their turn in between.
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
/* All its timers are freed. NULL is fine; also from a timer's fn. */
void timers_free(struct timers **t);

struct timer *timer_new(struct timers *t, timer_fn *fn, void *arg);
void timer_free(struct timer **t); /* NULL is fine; also from its own fn */
/* Fires once, ms ≥ 0 from now by the monotonic clock (after the machine slept,
 * as soon as it can); replaces an earlier arming. Precise to a millisecond:
 * 0.5 s is 500, never rounded to seconds. 0 is timer_soon. */
void timer_after(struct timer *t, int64_t ms);
void timer_soon(struct timer *t);
void timer_stop(struct timer *t);
bool timer_armed(const struct timer *t); /* by either of the two */

#endif
