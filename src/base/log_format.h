/*
 * How a log line looks: its head, its fields, its end, appended to a buf. A
 * field is appended whole or, if it would pass the limit, not at all.
 */
#ifndef BASE_LOG_FORMAT_H
#define BASE_LOG_FORMAT_H

#include "base/buf.h"
#include "base/log.h"

/* wall_ms < 0: no time. */
void log_format_head(struct buf *b, enum log_format format, int64_t wall_ms,
    enum log_level level, const char *event);
/* Each field begins with what sets it off from what stands before it, so that
 * fields may be formatted now and appended to a head later. */
void log_format_fields(
    struct buf *b, enum log_format format, const struct log_field *fields);
/* All fields of an event, which text shows in its own order. */
void log_format_body(struct buf *b, enum log_format format,
    enum log_level level, const char *event, const struct log_field *fields);
/* A body that log_format_body has made, with further fields. */
void log_format_append(struct buf *b, enum log_format format, struct span body,
    const struct log_field *fields);
void log_format_end(struct buf *b, enum log_format format);

#endif
