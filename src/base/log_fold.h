/*
 * What was said lately, by kind: whether a line is the first of its kind, and
 * how often it came since it was last told. Bounded: the kind that was quiet
 * for longest makes room for a new one, and its repetitions are told first.
 *
 * And by event: how many lines it had within a minute. Whoever can choose what
 * an event says (a key, a bucket, a code) makes as many kinds as he likes, but
 * not more lines.
 *
 *   gone --first--> told, open for 10 s --repeated--> counted ...
 *                     ^      | time is up
 *                     |      +-- none came: gone
 *                     +---------- some came: they are told; longer
 */
#ifndef BASE_LOG_FOLD_H
#define BASE_LOG_FOLD_H

#include "base/buf.h"
#include "base/log.h"

enum {
	LOG_FOLD_KINDS = 64,
	LOG_FOLD_BODY_MAX = 1024,
	LOG_FOLD_LINES = 20, /* of one event in a minute */
	LOG_FOLD_EVENTS = 64,
};

struct log_fold {
	uint64_t kind; /* a hash; 0 is never one */
	enum log_level level;
	const char *event;
	int64_t from_ms, until_ms, last_ms; /* monotonic */
	unsigned step;
	uint64_t repeated; /* since it was last told */
	size_t n;
	char body[LOG_FOLD_BODY_MAX]; /* the fields of the latest */
};

typedef void log_fold_tell_fn(const struct log_fold *f);

/* Of level, event and those fields that make the kind; see base/log.h. */
uint64_t log_fold_kind(
    enum log_level level, const char *event, const struct log_field *fields);

/* Whether that event, at that level, has had its lines of this minute. If not,
 * this is one of them. */
bool log_fold_spent(enum log_level level, const char *event, int64_t now_ms);

/* NULL: none of its kind was told lately. Otherwise it is counted, and its
 * fields go into the body. Tell what is due before. */
struct log_fold *log_fold_repeated(uint64_t kind, int64_t now_ms);
/* Counts it with whatever else of its event has no line of its own. */
struct log_fold *log_fold_rest(enum log_level level, const char *event,
    int64_t now_ms, log_fold_tell_fn *tell);
/* This one is the first of its kind, to be written, whatever came before; the
 * repetitions of that are told. */
void log_fold_begin(uint64_t kind, enum log_level level, const char *event,
    int64_t now_ms, log_fold_tell_fn *tell);
void log_fold_tell_due(int64_t now_ms, log_fold_tell_fn *tell);
/* Tells all and forgets all. */
void log_fold_end(log_fold_tell_fn *tell);

#endif
