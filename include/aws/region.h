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

/* region, or NULL and why it is not known yet; borrowed. */
typedef void region_fn(void *arg, const char *region, const char *error);

/* Whether there is any use in asking: AWS_EC2_METADATA_DISABLED. */
bool region_can_be_looked_up(void);
/* Asks until it is told, ever more slowly, up to once a minute; from the third
 * failure on each is told to fn. fn may cancel; the cancel frees, and has to
 * come even after the region was told. */
struct region_lookup *
region_lookup_start(struct http *h, struct timers *t, region_fn *fn, void *arg);
void region_lookup_cancel(struct region_lookup **l);

#endif
