/*
 * For what else in this folder needs the loop that the timers run on.
 */
#ifndef NET_LOOP_H
#define NET_LOOP_H

struct ev_loop;
struct timers;

struct ev_loop *timers_loop(const struct timers *t);

#endif
