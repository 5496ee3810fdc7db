/* What is wrong with the settings, told: notes_fatal, notes_warn of check.h. */
#include <stdarg.h>

#include "base/buf.h"
#include "base/enc.h"
#include "daemon/check.h"

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
