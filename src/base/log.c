#include "base/log.h"

#include <errno.h>
#include <math.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"

enum { LOG_LINE_MAX = 8192, LOG_TEXT_MAX = 512 };

static struct {
	enum log_level level;
	log_sink_fn *sink;
	void *sink_arg;
} logger = {.level = LOG_LVL_INFO};

void
log_set_level(enum log_level level)
{
	logger.level = level;
}

bool
log_on(enum log_level level)
{
	return level <= logger.level;
}

void
log_set_sink(log_sink_fn *fn, void *arg)
{
	logger.sink = fn;
	logger.sink_arg = arg;
}

const char *
log_err_text(enum err e)
{
	return e != ERR_OK ? err_name(e) : "";
}

static bool
is_plain(struct span s)
{
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c <= ' ' || c == '"' || c == '=' || c == '\\' || c >= 0x7f)
			return false;
	}
	return s.n > 0;
}

/* Bytes outside of printable ASCII are shown as \xNN: what a log file or a
 * terminal makes of them is then not for the sender to decide. */
static void
add_quoted(struct buf *b, struct span s)
{
	buf_char(b, '"');
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '"' || c == '\\')
			buf_printf(b, "\\%c", c);
		else if (c == '\n')
			buf_str(b, "\\n");
		else if (c < ' ' || c >= 0x7f)
			buf_printf(b, "\\x%02x", c);
		else
			buf_char(b, (char)c);
	}
	buf_char(b, '"');
}

static void
add_text(struct buf *b, struct span s)
{
	struct span cut = s;

	if (cut.n > LOG_TEXT_MAX)
		cut.n = LOG_TEXT_MAX;
	if (is_plain(cut))
		buf_span(b, cut);
	else
		add_quoted(b, cut);
	if (cut.n < s.n)
		buf_str(b, "...");
}

static void
add_field(struct buf *b, const struct log_field *f)
{
	if (f->kind == LOG_F_SPAN && f->text.n == 0)
		return;
	buf_printf(b, " %s=", f->name);
	switch (f->kind) {
	case LOG_F_SPAN:
		add_text(b, f->text);
		break;
	case LOG_F_INT:
		buf_printf(b, "%lld", (long long)f->num);
		break;
	case LOG_F_FLOAT:
		buf_printf(b, "%.3f", isfinite(f->real) ? f->real : 0.0);
		break;
	}
}

static void
write_all(struct span s)
{
	while (s.n > 0) {
		ssize_t n = write(STDERR_FILENO, s.p, s.n);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		s.p += n;
		s.n -= (size_t)n;
	}
}

void
log_write(
    enum log_level level, const char *event, const struct log_field *fields)
{
	static const char *const names[] = {
	    "error", "warn", "info", "debug", "trace"};
	struct buf b;

	buf_init(&b, LOG_LINE_MAX);
	clock_format_log(&b, clock_wall_ms());
	buf_printf(&b, " level=%s event=%s", names[level], event);
	for (; fields->name != NULL; fields++)
		add_field(&b, fields);
	b.err = ERR_OK;
	if (b.n == LOG_LINE_MAX)
		b.n--;
	buf_char(&b, '\n');
	if (logger.sink != NULL)
		logger.sink(logger.sink_arg, buf_view(&b));
	else
		write_all(buf_view(&b));
	buf_fini(&b);
}
