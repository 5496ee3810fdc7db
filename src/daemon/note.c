#include "daemon/note.h"

#include <string.h>

#include "base/log.h"
#include "base/span.h"

/* "PLACE: what" in two fields. */
void
note_log(void *arg, bool fatal, const char *text)
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
