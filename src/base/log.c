#include "base/log.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/log_fold.h"
#include "base/log_format.h"
#include "base/log_mask.h"
#include "base/log_out.h"
#include "base/log_recent.h"
#include "base/log_text.h"

enum { LINE_MAX_BYTES = 8192, END_MAX = 128, END_WAIT_MS = 3000 };

/* What a line is folded with. */
enum folding { BY_KIND, BY_KIND_FROM_HERE, BY_EVENT, NEVER };

static char waiting[LOG_OUT_MAX];

static struct {
	enum log_level level, verbose;
	enum log_format format;
	bool journal;
	bool eyes; /* somebody looks on */
	log_sink_fn *sink;
	void *sink_arg;
	struct log_out out;
	uint64_t told_dropped;
} logger = {.level = LOG_LVL_INFO,
    .format = LOG_LOGFMT,
    .out = {.fd = STDERR_FILENO, .text = waiting}};

const char *
log_err_text(enum err e)
{
	return e != ERR_OK ? err_name(e) : "";
}

bool
log_on(enum log_level level)
{
	return level <= logger.level;
}

bool
log_wanted(enum log_level level)
{
	return log_on(level) || level <= LOG_LVL_WARN;
}

/* ---- writing ---- */

static void
begin(struct buf *b, enum log_level level, const char *event)
{
	static const char priority[] = {'3', '4', '6', '7', '7'};
	bool timeless = logger.journal && logger.format == LOG_LOGFMT;

	buf_init(b, LINE_MAX_BYTES - END_MAX);
	if (logger.journal)
		buf_printf(b, "<%c>", priority[level]);
	log_format_head(
	    b, logger.format, timeless ? -1 : clock_wall_ms(), level, event);
}

/* What is added now fits into what was kept free. */
static void
end(struct buf *b)
{
	b->max += END_MAX;
	log_format_end(b, logger.format);
	if (logger.sink != NULL)
		logger.sink(logger.sink_arg, buf_view(b));
	else
		log_out_line(&logger.out, buf_view(b));
	buf_fini(b);
}

static void
tell(const struct log_fold *f)
{
	const struct log_field sum[] = {F_INT("repeated", f->repeated),
	    F_INT("within_s", (clock_mono_ms() - f->from_ms) / 1000), {0}};
	struct buf b;

	(void)log_fold_spent(f->level, f->event, clock_mono_ms());
	begin(&b, f->level, f->event);
	b.max += END_MAX;
	log_format_append(&b, logger.format, (struct span){f->body, f->n}, sum);
	end(&b);
}

static void
keep(struct log_fold *f, const struct log_field *fields)
{
	struct buf b;

	buf_init(&b, sizeof f->body);
	log_format_body(&b, logger.format, f->level, f->event, fields);
	f->n = b.n;
	if (b.n > 0)
		memcpy(f->body, b.p, b.n);
	buf_fini(&b);
}

/* Once there is room again. */
static void
tell_dropped(void)
{
	uint64_t dropped = logger.out.dropped;

	if (dropped == 0 || log_out_full(&logger.out))
		return;
	logger.out.dropped = 0;
	logger.told_dropped += dropped;
	LOG_ALL(LOG_LVL_WARN, "log.dropped", F_INT("lines", dropped));
}

/* What it is a repetition of; NULL: it is written. */
static struct log_fold *
fold(uint64_t kind, enum log_level level, const char *event,
    enum folding folding, int64_t now)
{
	bool by_kind = level <= LOG_LVL_WARN;
	struct log_fold *f = NULL;

	if (folding == NEVER || logger.level >= LOG_LVL_DEBUG)
		return NULL;
	if (by_kind && folding == BY_KIND)
		f = log_fold_repeated(kind, now);
	if (f == NULL && log_fold_spent(level, event, now))
		f = log_fold_rest(level, event, now, tell);
	if (f == NULL && by_kind && folding != BY_EVENT)
		log_fold_begin(kind, level, event, now, tell);
	return f;
}

static void
put_masked(enum log_level level, const char *event,
    const struct log_field *fields, enum folding folding)
{
	int64_t now = clock_mono_ms();
	struct log_fold *repeated;
	struct buf b;
	uint64_t kind;

	kind = log_fold_kind(level, event, fields);
	if (level <= LOG_LVL_WARN)
		log_recent_note(kind, level, event, fields, clock_wall_ms());
	if (!log_on(level))
		return;
	tell_dropped();
	log_fold_tell_due(now, tell);
	repeated = fold(kind, level, event, folding, now);
	if (repeated != NULL) {
		keep(repeated, fields);
		return;
	}
	begin(&b, level, event);
	log_format_body(&b, logger.format, level, event, fields);
	end(&b);
}

static void
put(enum log_level level, const char *event, const struct log_field *fields,
    enum folding folding)
{
	struct log_mask m;

	put_masked(level, event, log_mask_init(&m, fields), folding);
	log_mask_fini(&m);
}

void
log_write(
    enum log_level level, const char *event, const struct log_field *fields)
{
	put(level, event, fields, BY_KIND);
}

void
log_write_each(
    enum log_level level, const char *event, const struct log_field *fields)
{
	put(level, event, fields, BY_EVENT);
}

void
log_write_turn(
    enum log_level level, const char *event, const struct log_field *fields)
{
	put(level, event, fields, BY_KIND_FROM_HERE);
}

void
log_write_all(
    enum log_level level, const char *event, const struct log_field *fields)
{
	put(level, event, fields, NEVER);
}

void
log_tick(void)
{
	tell_dropped();
	log_fold_tell_due(clock_mono_ms(), tell);
}

void
log_flush(void)
{
	log_fold_end(tell);
}

bool
log_drain(void)
{
	return log_out_drain(&logger.out);
}

void
log_end(void)
{
	bool left;

	log_flush();
	log_out_wait(&logger.out, END_WAIT_MS);
	left = log_drain();
	tell_dropped();
	/* A reader that has taken all that is given time for one line more. */
	log_out_wait(&logger.out, left ? 0 : END_WAIT_MS);
}

uint64_t
log_dropped(void)
{
	return logger.told_dropped + logger.out.dropped;
}

/* ---- settings ---- */

void
log_set_level(enum log_level level)
{
	log_flush();
	logger.level = level > logger.verbose ? level : logger.verbose;
}

void
log_set_verbose(enum log_level level)
{
	logger.verbose = level;
	log_set_level(logger.level);
}

/* The fields of repetitions are kept in the format of the line. */
void
log_set_format(enum log_format format)
{
	log_flush();
	if (format == LOG_AUTO)
		format = logger.eyes ? LOG_TEXT : LOG_LOGFMT;
	logger.format = format;
}

bool
log_has_eyes(void)
{
	return logger.eyes;
}

void
log_set_terminal(bool eyes, bool colours)
{
	logger.eyes = eyes;
	log_text_set_colours(colours);
	log_set_format(LOG_AUTO);
}

bool
log_set_journal(const char *journal_stream)
{
	struct span rest = span_str(journal_stream);
	struct span device = span_cut(&rest, ':');
	uint64_t dev, ino;
	struct stat st;

	log_flush();
	logger.journal = span_u64(device, 0, UINT64_MAX, &dev) == ERR_OK &&
			 span_u64(rest, 0, UINT64_MAX, &ino) == ERR_OK &&
			 fstat(STDERR_FILENO, &st) == 0 &&
			 (uint64_t)st.st_dev == dev &&
			 (uint64_t)st.st_ino == ino;
	return logger.journal;
}

void
log_set_sink(log_sink_fn *fn, void *arg)
{
	log_flush();
	logger.sink = fn;
	logger.sink_arg = arg;
}
