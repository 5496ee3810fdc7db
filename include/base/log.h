/*
 * One log line is one event with fields, written to stderr, as logfmt or as one
 * JSON object:
 *
 *   2026-11-22T12:00:00.123Z level=warn event=s3.get key=AWSLogs/x status=503
 *   {"time":"2026-11-22T12:00:00.123Z","level":"warn","event":"s3.get",...}
 *
 * In the journal a line begins with its priority (<3> … <7>), and logfmt leaves
 * the time to the journal.
 *
 * For eyes there is a third form (base/log_text.h), which nobody should parse.
 *
 * Text from outside is cut at 512 bytes and escaped here, so a caller passes
 * what it has: a line is printable ASCII, and one line. JSON decodes to the
 * text as it was, with U+FFFD for each byte that is no UTF-8. What does not fit
 * into a line of 8 KiB is left out by whole fields. Secrets, signatures and
 * receipt handles are never passed; what a peer has sent back of the secrets
 * that we hold is hidden (base/secret.h).
 *
 *   LOG_WARN("s3.get", F_STR("key", key), F_INT("status", status));
 *
 * Folding. Errors and warnings are of one kind if level, event, status and all
 * texts are equal, but for those that name one thing among many (key, version,
 * message_id, request_id) or quote somebody (message, reply, body, detail). The
 * first of a kind is written at once. Those that follow are counted for 10 s,
 * then for 1 min, then for 10 min each, and told by one line: the fields of the
 * latest, repeated=N (not counting what was told before) and within_s. A kind
 * that did not come for such a while is new again. A different line is never
 * held back. Not folded so are lines
 * - written by LOG_EACH: what an operator wants each of, such as an object or
 *   event that failed, or a gate that closed;
 * - written by LOG_TURN: the first failure after a success. What follows of its
 *   kind are its repetitions;
 * - of information.
 *
 * But no event has more than 20 lines a minute at one level, whatever they say:
 * who writes to the bucket or the queue chooses what they say. Those beyond are
 * counted and told as if they were of one kind. Only of what an operator does
 * himself, such as his mistakes in the settings, all is told: LOG_ALL.
 *
 * At debug level nothing is folded, so that it can be followed by grep.
 *
 * No line waits for whoever reads stderr: what is not taken at once is kept, up
 * to 256 KiB, and written later (log_drain). Beyond that lines are left out
 * whole; log.dropped tells how many, once there is room.
 *
 * Problems (error, warn) are remembered too, whatever the level: log_recent.
 */
#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
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

/* LOG_AUTO: text if a terminal shows it, else logfmt. */
enum log_format { LOG_AUTO, LOG_TEXT, LOG_LOGFMT, LOG_JSON };

struct log_field {
	const char *name; /* NULL ends the list */
	enum { LOG_F_SPAN, LOG_F_INT, LOG_F_FLOAT, LOG_F_NONE } kind;
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
/* A count of which 0 says nothing. */
#define F_SOME(name_, num_)                                                    \
	((struct log_field){.name = (name_),                                   \
	    .kind = (num_) != 0 ? LOG_F_INT : LOG_F_NONE,                      \
	    .num = (int64_t)(num_)})
/* Says nothing of ERR_OK. */
#define F_ERR(err_) F_STR("error", log_err_text(err_))

#define LOG_WITH_(write_, level, event, ...)                                   \
	(log_wanted(level) ? write_((level), (event),                          \
				 (const struct log_field[]){__VA_ARGS__, {0}}) \
			   : (void)0)
#define LOG_AT(level, event, ...)                                              \
	LOG_WITH_(log_write, level, event, __VA_ARGS__)
#define LOG_EACH(level, event, ...)                                            \
	LOG_WITH_(log_write_each, level, event, __VA_ARGS__)
#define LOG_TURN(level, event, ...)                                            \
	LOG_WITH_(log_write_turn, level, event, __VA_ARGS__)
#define LOG_ALL(level, event, ...)                                             \
	LOG_WITH_(log_write_all, level, event, __VA_ARGS__)
#define LOG_ERROR(event, ...) LOG_AT(LOG_LVL_ERROR, event, __VA_ARGS__)
#define LOG_WARN(event, ...)  LOG_AT(LOG_LVL_WARN, event, __VA_ARGS__)
#define LOG_INFO(event, ...)  LOG_AT(LOG_LVL_INFO, event, __VA_ARGS__)
#define LOG_DEBUG(event, ...) LOG_AT(LOG_LVL_DEBUG, event, __VA_ARGS__)
#define LOG_TRACE(event, ...) LOG_AT(LOG_LVL_TRACE, event, __VA_ARGS__)

const char *log_err_text(enum err e);

/* Lines above this level are not written; LOG_LVL_INFO at start. */
void log_set_level(enum log_level level);
/* From now on lines of this level are written too, whatever log_set_level says:
 * -v adds to what is configured. */
void log_set_verbose(enum log_level level);
/* LOG_LOGFMT at start. */
void log_set_format(enum log_format format);
/* Whether stderr is a terminal that somebody looks at, and whether it shows
 * colours; LOG_AUTO from now on. */
void log_set_terminal(bool eyes, bool colours);
bool log_has_eyes(void);
/* Whether stderr is the journal: journal_stream is $JOURNAL_STREAM, the device
 * and inode of its socket, or NULL (systemd.exec(5)). Lines are written
 * accordingly from then on. */
bool log_set_journal(const char *journal_stream);
bool log_on(enum log_level level);     /* is written */
bool log_wanted(enum log_level level); /* is written, or remembered */
/* For tests: lines go to fn instead of stderr; NULL puts stderr back. */
typedef void log_sink_fn(void *arg, struct span line);
void log_set_sink(log_sink_fn *fn, void *arg);

/* A line is written with one write(2), so lines of several processes on one
 * stderr do not mix. Fields with an empty text are left out. event: a literal.
 */
void log_write(
    enum log_level level, const char *event, const struct log_field *fields);
void log_write_each(
    enum log_level level, const char *event, const struct log_field *fields);
void log_write_turn(
    enum log_level level, const char *event, const struct log_field *fields);
void log_write_all(
    enum log_level level, const char *event, const struct log_field *fields);

/* Tells the repetitions whose time has come. Every line does so too; this is
 * for when there is none. To be called every few seconds. */
void log_tick(void);
/* Tells all repetitions now and forgets what was said: at the end, and before
 * anything about the log is changed. */
void log_flush(void);
/* Writes what its reader has not taken yet, without waiting. Whether some is
 * left. To be called when stderr can be written again (net/log_drain.h). */
bool log_drain(void);
/* At the end of the process: log_flush, and up to 3 s for the reader. */
void log_end(void);
/* Lines left out since the start because the reader was too slow. */
uint64_t log_dropped(void);

enum {
	LOG_RECENT_MAX = 16,
	LOG_RECENT_EACH = 4,
	LOG_RECENT_TEXT_MAX = 1024,
	LOG_RECENT_ADVICE_MAX = 512,
};

/* A kind of problem. Times are wall clock, in ms since 1970. */
struct log_problem {
	enum log_level level; /* LOG_LVL_ERROR or LOG_LVL_WARN */
	const char *event;    /* lives for ever */
	int64_t first_ms, last_ms;
	uint64_t count;
	/* The fields of the last one but its advice, as logfmt: printable
	 * ASCII, to be escaped for HTML or JSON as any text. */
	char text[LOG_RECENT_TEXT_MAX];
	char advice[LOG_RECENT_ADVICE_MAX]; /* as it came, but cut off */
};

/* Copies the last LOG_RECENT_MAX kinds of problems, the latest first, at most
 * cap; LOG_RECENT_EACH of them may be of one event. Returns how many. */
size_t log_recent(struct log_problem out[], size_t cap);
/* For tests. */
void log_recent_forget(void);

#endif
