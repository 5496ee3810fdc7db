/*
 * A log line for eyes on a terminal:
 *
 *   21:03:22.501 warn  object.failed   [3fa2] not delivered: not gzip
 *     s3://bucket/…/name.json.gz      (in the same line)
 *              → what to do
 *
 * Time is local; day and zone are told before the first line and whenever they
 * change. What names a message is a short tag that stays the same in all lines
 * of its story. Nothing but visible characters reaches the terminal.
 */
#ifndef BASE_LOG_TEXT_H
#define BASE_LOG_TEXT_H

#include "base/buf.h"
#include "base/log.h"

void log_text_set_colours(bool on);

const char *log_level_name(enum log_level level);

void log_text_head(
    struct buf *b, int64_t wall_ms, enum log_level level, const char *event);
/* brief: where a story is told, a key is named in full once, at its beginning.
 */
void log_text_body(struct buf *b, const char *event, bool brief,
    const struct log_field *fields);
/* name=value of each. */
void log_text_plain(struct buf *b, const struct log_field *fields);
/* How many bytes of a body stand in the first line. */
size_t log_text_first_line(struct span body);

/* What an event means, in words; "" if there is nothing to add to its name.
 * (log_words.c) */
const char *log_words(const char *event);

#endif
