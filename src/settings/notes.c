#include "settings/notes.h"

#include <stdarg.h>
#include <string.h>

#include "base/buf.h"
#include "base/enc.h"
#include "base/log.h"
#include "base/span.h"

enum { NOTE_MAX = 32 * 1024 };

static void tell(struct notes *n, bool fatal, const char *fmt, va_list ap)
    __attribute__((format(printf, 3, 0)));

static void
tell(struct notes *n, bool fatal, const char *fmt, va_list ap)
{
	struct buf raw, b;

	buf_init(&raw, NOTE_MAX);
	buf_init(&b, NOTE_MAX);
	buf_vprintf(&raw, fmt, ap);
	enc_visible(&b, buf_view(&raw));
	n->fn(n->arg, fatal, buf_cstr(&b));
	buf_fini(&raw);
	buf_fini(&b);
}

void
notes_fatal(struct notes *n, const char *fmt, ...)
{
	va_list ap;

	n->fatal++;
	va_start(ap, fmt);
	tell(n, true, fmt, ap);
	va_end(ap);
}

void
notes_warn(struct notes *n, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tell(n, false, fmt, ap);
	va_end(ap);
}

/* "PLACE: what" in two fields. */
void
notes_log(void *arg, bool fatal, const char *text)
{
	struct span what = span_str(text), place = SPAN("");
	const char *colon = strstr(text, ": ");
	size_t n = colon != NULL ? (size_t)(colon - text) : 0;
	size_t dash = span_starts(what, "-o ") ? 3 : 0;

	(void)arg;
	if (n > dash && memchr(text + dash, ' ', n - dash) == NULL) {
		place = (struct span){text, n};
		what = span_str(colon + 2);
	}
	LOG_ALL(fatal ? LOG_LVL_ERROR : LOG_LVL_WARN,
	    fatal ? "config.mistake" : "config.warning", F_SPAN("at", place),
	    F_SPAN("text", what));
}
