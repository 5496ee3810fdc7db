#include "daemon/manual.h"

#include <string.h>

#include "base/buf.h"
#include "daemon/option.h"
#include "trail/filter.h"

/* Words of s in lines of at most 79 columns, each line after `lead`. */
static void
write_wrapped(FILE *out, const char *lead, const char *s)
{
	size_t column = 0;

	while (*s != '\0') {
		size_t n = strcspn(s, " ");

		if (column > 0 && column + 1 + n > 79) {
			fputc('\n', out);
			column = 0;
		}
		if (column == 0)
			column = (size_t)fprintf(out, "%s", lead);
		else
			column += (size_t)fprintf(out, " ");
		column += (size_t)fprintf(out, "%.*s", (int)n, s);
		s += n;
		s += strspn(s, " ");
	}
	fputc('\n', out);
}

static void
write_help_of(FILE *out, const char *lead, const struct option_row *o)
{
	struct buf b;

	buf_init(&b, 1024);
	buf_str(&b, o->help);
	if (o->type != OPTION_TEXT && o->type != OPTION_SECRET) {
		buf_str(&b, " (");
		option_add_range(o, &b);
		buf_char(&b, ')');
	}
	write_wrapped(out, lead, buf_cstr(&b));
	buf_fini(&b);
}

void
manual_write_help(FILE *out)
{
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *o = option_at(i);

		fprintf(out, "  %s", o->key);
		if (o->preset == filter_default_exclude)
			fprintf(out, " = (long: --print-default-config)");
		else if (*o->preset != '\0')
			fprintf(out, " = %s", o->preset);
		fputc('\n', out);
		write_help_of(out, "        ", o);
	}
}

void
manual_write_file(FILE *out)
{
	write_wrapped(out, "# ",
	    "Settings of trailpost: one \"key = value\" a line. Lines in which "
	    "a key is commented out show its default. A comment has a line of "
	    "its own: a value goes on to the end of its line. Sizes are given "
	    "in B, "
	    "KiB, MiB, GiB, KB, MB or GB, durations in ms, s, m or h. "
	    "The environment "
	    "(TRAILPOST_QUEUE_URL for queue_url, and so on) and the option -o "
	    "win over this file.");
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *o = option_at(i);

		fputc('\n', out);
		write_help_of(out, "# ", o);
		fprintf(out, "#%s =%s%s\n", o->key,
		    *o->preset != '\0' ? " " : "", o->preset);
	}
}
