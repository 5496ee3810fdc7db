/* Fields of a line without the secrets that a text from outside may hold. */
#ifndef BASE_LOG_MASK_H
#define BASE_LOG_MASK_H

#include "base/buf.h"
#include "base/log.h"

enum { LOG_MASK_FIELDS = 64 };

struct log_mask {
	struct log_field field[LOG_MASK_FIELDS + 1];
	struct buf text; /* of those that were changed */
};

/* The fields as they are, where there is nothing to hide; else those in m, of
 * which there are LOG_MASK_FIELDS at most. Good until log_mask_fini. */
const struct log_field *
log_mask_init(struct log_mask *m, const struct log_field *fields);
void log_mask_fini(struct log_mask *m);

#endif
