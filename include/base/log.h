/*
 * One log line is one event with fields, written to stderr as logfmt:
 *
 *   2026-11-22T12:00:00.123Z level=warn event=s3.get key=AWSLogs/x status=503
 *
 * Text from outside is escaped and cut at 512 bytes here, so a caller passes
 * what it has. Secrets, signatures and receipt handles are never passed.
 *
 *   LOG_WARN("s3.get", F_STR("key", key), F_INT("status", status));
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/span.h"

enum log_level {
	LOG_LVL_ERROR,
	LOG_LVL_WARN,
	LOG_LVL_INFO,
	LOG_LVL_DEBUG,
	LOG_LVL_TRACE
};

struct log_field {
	const char *name; /* NULL ends the list */
	enum { LOG_F_SPAN, LOG_F_INT, LOG_F_FLOAT } kind;
	struct span text;
	int64_t num;
	double real;
};

#define F_SPAN(name_, span_)                                                   \
	((struct log_field){                                                   \
	    .name = (name_), .kind = LOG_F_SPAN, .text = (span_)})
#define F_STR(name_, str_) F_SPAN(name_, span_str(str_))
#define F_INT(name_, num_)                                                     \
	((struct log_field){                                                   \
	    .name = (name_), .kind = LOG_F_INT, .num = (int64_t)(num_)})
#define F_REAL(name_, real_)                                                   \
	((struct log_field){                                                   \
	    .name = (name_), .kind = LOG_F_FLOAT, .real = (real_)})
/* Says nothing of ERR_OK. */
#define F_ERR(err_) F_STR("error", log_err_text(err_))

#define LOG_AT(level, event, ...)                                              \
	(log_on(level) ? log_write((level), (event),                           \
			     (const struct log_field[]){__VA_ARGS__, {0}})     \
		       : (void)0)
#define LOG_ERROR(event, ...) LOG_AT(LOG_LVL_ERROR, event, __VA_ARGS__)
#define LOG_WARN(event, ...)  LOG_AT(LOG_LVL_WARN, event, __VA_ARGS__)
#define LOG_INFO(event, ...)  LOG_AT(LOG_LVL_INFO, event, __VA_ARGS__)
#define LOG_DEBUG(event, ...) LOG_AT(LOG_LVL_DEBUG, event, __VA_ARGS__)
#define LOG_TRACE(event, ...) LOG_AT(LOG_LVL_TRACE, event, __VA_ARGS__)

const char *log_err_text(enum err e);

/* Lines above this level are dropped; LOG_LVL_INFO at start. */
void log_set_level(enum log_level level);
bool log_on(enum log_level level);
/* For tests: lines go to fn instead of stderr; NULL puts stderr back. */
typedef void log_sink_fn(void *arg, struct span line);
void log_set_sink(log_sink_fn *fn, void *arg);
/* A line is written with one write(2), so lines of several processes on one
 * stderr do not mix. Fields with an empty text are left out. */
void log_write(
    enum log_level level, const char *event, const struct log_field *fields);

#endif
