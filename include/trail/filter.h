/*
 * Which keys are CloudTrail logs. A key is shipped if it matches one of the
 * include patterns and none of the exclude patterns, and is no folder marker
 * (ends in '/'). Patterns are those of the shell (fnmatch(3)), matched on the
 * decoded key; '*' also matches '/'.
 */
#ifndef TRAIL_FILTER_H
#define TRAIL_FILTER_H

#include <stdbool.h>

#include "base/span.h"

struct filter;

/* Patterns are separated by blanks or commas in one string, copied.
 * NULL or "" for include means everything. */
struct filter *filter_new(const char *include, const char *exclude);
/* Other patterns from now on. */
void filter_change(struct filter *f, const char *include, const char *exclude);
void filter_free(struct filter **f);
bool filter_takes(const struct filter *f, struct span key);

/* The default of key_exclude: digest files and the other logs that AWS puts
 * under AWSLogs/ of the same bucket. */
extern const char filter_default_exclude[];

#endif
