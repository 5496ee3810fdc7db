/*
 * What the readers of the sources share: config.c (all but the file),
 * config_file.c, config_set.c.
 */
#ifndef SETTINGS_CONFIG_INTERNAL_H
#define SETTINGS_CONFIG_INTERNAL_H

#include "base/span.h"
#include "settings/rules.h"

void config_replace(char **s, const char *with);
/* One setting from a source; origin says which, for people. The value's first
 * character is the one with that number in its line, from 1 on. */
void config_set_at(struct notes *n, struct config *c, size_t row,
    struct span value, enum source rank, const char *origin, size_t column);
static inline void
config_set(struct notes *n, struct config *c, size_t row, struct span value,
    enum source rank, const char *origin)
{
	config_set_at(n, c, row, value, rank, origin, 1);
}

/* The settings of src->file, if there is one. false: it was named and cannot be
 * read, which was told. */
bool config_read_file(
    struct notes *n, struct config *c, const struct config_sources *src);

/* Whether nobody has set anything of ours, and what to say then. */
bool config_is_bare(const struct config *c, const struct config_sources *src);
void config_tell_bare(struct notes *n, const struct config_sources *src);

#endif
