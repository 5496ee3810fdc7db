#include "settings/manual.h"

#include <ctype.h>
#include <string.h>

#include "base/buf.h"
#include "settings/option.h"

static bool
has_range(const struct option_row *o)
{
	return !option_is_text(o);
}

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
	if (has_range(o)) {
		buf_str(&b, " (");
		option_add_range(o, &b);
		buf_char(&b, ')');
	}
	if (o->live)
		buf_str(&b, " A reload can change it.");
	write_wrapped(out, lead, buf_cstr(&b));
	buf_fini(&b);
}

void
manual_write_help(FILE *out)
{
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *o = option_at(i);

		fprintf(out, "  %s", o->key);
		if (*o->preset != '\0')
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

/* One word of running text. What begins with a control character is none. */
static size_t
write_mdoc_word(FILE *out, const char *s, size_t n, bool starts_line)
{
	size_t width = n;

	if (starts_line && (*s == '.' || *s == '\''))
		width += (size_t)fprintf(out, "\\&");
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\')
			width += (size_t)fprintf(out, "\\e") - 1;
		else
			fputc(s[i], out);
	}
	return width;
}

/* A sentence has a line of its own, or mandoc -T lint would say so. */
static void
write_mdoc_text(FILE *out, const char *s)
{
	size_t column = 0;

	while (*s != '\0') {
		size_t n = strcspn(s, " ");

		if (column > 0 && column + 1 + n > 76) {
			fputc('\n', out);
			column = 0;
		}
		if (column > 0)
			column += (size_t)fprintf(out, " ");
		column += write_mdoc_word(out, s, n, column == 0);
		if (s[n - 1] == '.') {
			fputc('\n', out);
			column = 0;
		}
		s += n;
		s += strspn(s, " ");
	}
	if (column > 0)
		fputc('\n', out);
}

void
manual_write_mdoc(FILE *out)
{
	fputs(".Bl -tag -width Ds\n", out);
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *o = option_at(i);
		struct buf b;

		fprintf(out, ".It Cm %s\n", o->key);
		write_mdoc_text(out, o->help);
		buf_init(&b, 256);
		if (has_range(o)) {
			buf_str(&b, "The value is ");
			option_add_range(o, &b);
			buf_str(&b, ".");
			write_mdoc_text(out, buf_cstr(&b));
		}
		buf_fini(&b);
		if (*o->preset != '\0')
			fprintf(
			    out, "The default is\n.Ql \\&%s .\n", o->preset);
		if (o->live)
			fputs("A reload can change it.\n", out);
	}
	fputs(".El\n", out);
}

static void
write_variable(FILE *out, const char *key)
{
	fputs("`TRAILPOST_", out);
	for (; *key != '\0'; key++)
		fputc(toupper((unsigned char)*key), out);
	fputs("`", out);
}

void
manual_write_markdown(FILE *out)
{
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *o = option_at(i);
		struct buf b;

		fprintf(out, "%s### %s\n\n", i > 0 ? "\n" : "", o->key);
		write_wrapped(out, "", o->help);
		fputs("\n- ", out);
		write_variable(out, o->key);
		fputc('\n', out);
		buf_init(&b, 256);
		if (has_range(o)) {
			option_add_range(o, &b);
			fprintf(out, "- %s\n", buf_cstr(&b));
		}
		buf_fini(&b);
		if (*o->preset != '\0')
			fprintf(out, "- default: `%s`\n", o->preset);
		if (o->live)
			fputs("- a reload can change it\n", out);
	}
}
