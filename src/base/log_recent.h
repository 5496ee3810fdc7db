/* The problems of late, by kind; log_recent in base/log.h reads them. */
#ifndef BASE_LOG_RECENT_H
#define BASE_LOG_RECENT_H

#include "base/log.h"

/* kind: as log_fold_kind has it. */
void log_recent_note(uint64_t kind, enum log_level level, const char *event,
    const struct log_field *fields, int64_t wall_ms);

#endif
