/*
 * For how long nothing is received, by cause; several may hold at a time.
 */
#ifndef FLOW_PAUSE_H
#define FLOW_PAUSE_H

#include "base/stopwatch.h"
#include "flow/shipper.h"

/* Whether it does now. */
bool pause_holds(const struct shipper *s, enum shipper_pause cause);
/* Looks again which causes hold; after each change of one of them. */
void pause_look(struct shipper *s);

#endif
