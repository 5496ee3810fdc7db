/*
 * The region that the instance we run on is in, by its metadata service: the
 * last resort where nothing else tells it.
 */
#ifndef AWS_REGION_H
#define AWS_REGION_H

#include <stdbool.h>

#include "net/http.h"
#include "net/timer.h"

struct region_lookup;

/* region, or NULL and why not; borrowed. */
typedef void region_fn(void *arg, const char *region, const char *error);

/* Whether there is any use in asking: AWS_EC2_METADATA_DISABLED. */
bool region_can_be_looked_up(void);
/* Tries three times. Ends in one call of fn, which may cancel, or in silence
 * after the cancel, which frees. */
struct region_lookup *
region_lookup_start(struct http *h, struct timers *t, region_fn *fn, void *arg);
void region_lookup_cancel(struct region_lookup **l);

#endif
