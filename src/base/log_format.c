#include "base/log_format.h"

#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/log_text.h"

enum { TEXT_MAX = 512 };

/* ---- logfmt ---- */

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
add_logfmt_text(struct buf *b, struct span s, bool cut)
{
	if (is_plain(s))
		buf_span(b, s);
	else
		add_quoted(b, s);
	if (cut)
		buf_str(b, "...");
}

/* ---- JSON ---- */

static void
add_json_text(struct buf *b, struct span s, bool cut)
{
	buf_char(b, '"');
	enc_json_text(b, s);
	buf_str(b, cut ? "...\"" : "\"");
}

/* ---- both ---- */

static bool
is_continuation(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* Not in the middle of a character. */
static size_t
cut_at(struct span s)
{
	size_t n = TEXT_MAX;

	while (n > TEXT_MAX - 3 && is_continuation(s.p[n]))
		n--;
	return is_continuation(s.p[n]) ? TEXT_MAX : n;
}

static void
add_text(struct buf *b, enum log_format format, struct span s)
{
	bool cut = s.n > TEXT_MAX;

	if (cut)
		s.n = cut_at(s);
	if (format == LOG_JSON)
		add_json_text(b, s, cut);
	else
		add_logfmt_text(b, s, cut);
}

static bool
says_nothing(const struct log_field *f)
{
	return f->kind == LOG_F_NONE ||
	       (f->kind == LOG_F_SPAN && f->text.n == 0);
}

static void
add_field(struct buf *b, enum log_format format, const struct log_field *f)
{
	buf_printf(b, format == LOG_JSON ? ",\"%s\":" : " %s=", f->name);
	switch (f->kind) {
	case LOG_F_SPAN:
		add_text(b, format, f->text);
		break;
	case LOG_F_INT:
		buf_printf(b, "%lld", (long long)f->num);
		break;
	case LOG_F_FLOAT:
		buf_printf(b, "%.3f", isfinite(f->real) ? f->real : 0.0);
		break;
	case LOG_F_NONE:
		break;
	}
}

void
log_format_head(struct buf *b, enum log_format format, int64_t wall_ms,
    enum log_level level, const char *event)
{
	bool json = format == LOG_JSON;

	if (format == LOG_TEXT) {
		log_text_head(b, wall_ms, level, event);
		return;
	}
	buf_str(b, json ? "{" : "");
	if (wall_ms >= 0) {
		buf_str(b, json ? "\"time\":\"" : "");
		clock_format_log(b, wall_ms);
		buf_str(b, json ? "\"," : " ");
	}
	buf_printf(b,
	    json ? "\"level\":\"%s\",\"event\":\"%s\"" : "level=%s event=%s",
	    log_level_name(level), event);
}

void
log_format_fields(
    struct buf *b, enum log_format format, const struct log_field *fields)
{
	for (; fields->name != NULL; fields++) {
		size_t before = b->n;

		if (says_nothing(fields))
			continue;
		add_field(b, format, fields);
		if (b->err != ERR_OK)
			buf_cut(b, before);
	}
}

void
log_format_body(struct buf *b, enum log_format format, enum log_level level,
    const char *event, const struct log_field *fields)
{
	if (format == LOG_TEXT)
		log_text_body(b, event,
		    level >= LOG_LVL_DEBUG &&
			strcmp(event, "object.wanted") != 0,
		    fields);
	else
		log_format_fields(b, format, fields);
}

/* Behind the first line, where the advice has one of its own. */
void
log_format_append(struct buf *b, enum log_format format, struct span body,
    const struct log_field *fields)
{
	size_t n = format == LOG_TEXT ? log_text_first_line(body) : body.n;

	buf_add(b, body.p, n);
	if (format == LOG_TEXT)
		log_text_plain(b, fields);
	else
		log_format_fields(b, format, fields);
	buf_add(b, body.p + n, body.n - n);
}

void
log_format_end(struct buf *b, enum log_format format)
{
	buf_str(b, format == LOG_JSON ? "}\n" : "\n");
}
