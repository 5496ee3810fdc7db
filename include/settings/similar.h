/*
 * The name that somebody who typed another one probably meant.
 */
#ifndef SETTINGS_SIMILAR_H
#define SETTINGS_SIMILAR_H

#include <stddef.h>

#include "base/span.h"

typedef const char *similar_name_fn(const void *arg, size_t i);

/* The index of the name out of n that is nearest to s: at most a third of its
 * letters are wrong, missing, too many or swapped with their neighbour, of
 * either case, with '-' for '_'; or one begins with the other. n if there is
 * none. */
size_t similar(struct span s, similar_name_fn *name, const void *arg, size_t n);

#endif
