/*
 * Values as people write them: "5m", "16MiB", "yes". Read strictly (a whole
 * number and a unit, nothing else) and written back in the largest unit that
 * leaves no remainder.
 */
#ifndef SETTINGS_VALUE_H
#define SETTINGS_VALUE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

/* ms, s, m, h; the unit is required, also of 0. ERR_SYNTAX, ERR_RANGE. */
enum err value_duration(struct span s, uint64_t *ms);
/* B, KiB, MiB, GiB, KB, MB, GB. ERR_SYNTAX, ERR_RANGE. */
enum err value_size(struct span s, uint64_t *bytes);
/* yes, no, true, false. ERR_SYNTAX. */
enum err value_flag(struct span s, bool *on);

void value_add_duration(struct buf *b, uint64_t ms);
void value_add_size(struct buf *b, uint64_t bytes);

#endif
