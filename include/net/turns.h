/*
 * How long the loop's turns are: from when it wakes until it waits again. While
 * a turn lasts nothing else happens, so long ones delay everything.
 */
#ifndef NET_TURNS_H
#define NET_TURNS_H

#include "base/histogram.h"

struct ev_loop;
struct turns;

/* The loop is borrowed. Costs two looks at the clock a turn. */
struct turns *turns_new(struct ev_loop *loop);
void turns_free(struct turns **t);
/* In microseconds; the turn under way is not in it. */
const struct histogram *turns_us(const struct turns *t);

#endif
