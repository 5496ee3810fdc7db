#include "settings/guess.h"

#include <string.h>
#include <strings.h>

#include "settings/similar.h"

static const char *
nth_key(const void *arg, size_t i)
{
	(void)arg;
	return option_at(i)->key;
}

void
guess_key(struct span key, struct buf *out)
{
	size_t i = similar(key, nth_key, NULL, option_count());

	if (i < option_count())
		buf_printf(out, "; did you mean %s?", option_at(i)->key);
}

bool
guess_is_quoted(struct span s)
{
	return s.n >= 2 && (s.p[0] == '"' || s.p[0] == '\'') &&
	       s.p[s.n - 1] == s.p[0];
}

/* ---- units ---- */

struct unit {
	const char *typed, *meant;
};

static const struct unit sizes[] = {{"", "B"}, {"k", "KiB"}, {"m", "MiB"},
    {"g", "GiB"}, {"kib", "KiB"}, {"mib", "MiB"}, {"gib", "GiB"}, {"kb", "KB"},
    {"mb", "MB"}, {"gb", "GB"}, {"b", "B"}, {"bytes", "B"}, {NULL, NULL}};
static const struct unit durations[] = {{"", "s"}, {"s", "s"}, {"sec", "s"},
    {"secs", "s"}, {"second", "s"}, {"seconds", "s"}, {"m", "m"}, {"min", "m"},
    {"mins", "m"}, {"minute", "m"}, {"minutes", "m"}, {"h", "h"}, {"hr", "h"},
    {"hour", "h"}, {"hours", "h"}, {"ms", "ms"}, {"msec", "ms"},
    {"millis", "ms"}, {NULL, NULL}};

/* "5M": the number as it was, with a unit that there is. */
static bool
with_unit(struct span value, const struct unit *units, struct buf *out)
{
	struct span unit = value;

	while (unit.n > 0 && *unit.p >= '0' && *unit.p <= '9') {
		unit.p++;
		unit.n--;
	}
	value.n -= unit.n;
	unit = span_trim(unit);
	if (value.n == 0 || value.n > 18)
		return false;
	for (; units->typed != NULL; units++) {
		if (unit.n == strlen(units->typed) &&
		    strncasecmp(unit.p, units->typed, unit.n) == 0) {
			buf_span(out, value);
			buf_str(out, units->meant);
			return true;
		}
	}
	return false;
}

/* ---- words ---- */

static bool
as_switch(struct span value, struct buf *out)
{
	static const char *const words[2][7] = {
	    {"no", "n", "0", "off", "false", "never", NULL},
	    {"yes", "y", "1", "on", "true", "always", NULL}};

	for (size_t on = 0; on < 2; on++) {
		for (size_t i = 0; words[on][i] != NULL; i++) {
			if (value.n == strlen(words[on][i]) &&
			    strncasecmp(value.p, words[on][i], value.n) == 0) {
				buf_str(out, on ? "yes" : "no");
				return true;
			}
		}
	}
	return false;
}

static const char *
nth_choice(const void *arg, size_t i)
{
	const struct option_row *o = arg;

	return o->choices[i];
}

static bool
as_choice(const struct option_row *o, struct span value, struct buf *out)
{
	size_t n = 0, i;

	while (o->choices[n] != NULL)
		n++;
	i = similar(value, nth_choice, o, n);
	if (i < n)
		buf_str(out, o->choices[i]);
	return i < n;
}

static bool
better(const struct option_row *o, struct span value, struct buf *out)
{
	switch (o->type) {
	case OPTION_SIZE:
		return with_unit(value, sizes, out);
	case OPTION_RATE:
		if (!with_unit(value, sizes, out))
			buf_span(out, value);
		buf_str(out, "/s");
		return true;
	case OPTION_DURATION:
	case OPTION_SECONDS:
		return with_unit(value, durations, out);
	case OPTION_FLAG:
		return as_switch(value, out);
	case OPTION_CHOICE:
		return as_choice(o, value, out);
	case OPTION_COUNT:
	case OPTION_TEXT:
	case OPTION_SECRET:
	case OPTION_RULES:
		break;
	}
	return false;
}

/* What is as wrong as what was typed helps nobody. */
static bool
is_right(const struct option_row *o, struct span value)
{
	uint64_t v;

	return option_read(o, value, &v);
}

void
guess_value(const struct option_row *o, struct span value, struct buf *out)
{
	struct buf b;

	buf_init(&b, 128);
	value = span_trim(value);
	if (guess_is_quoted(value)) {
		value = span_trim((struct span){value.p + 1, value.n - 2});
		buf_span(&b, value);
	} else if (!better(o, value, &b)) {
		buf_reset(&b);
	}
	if (b.n > 0 && b.err == ERR_OK && is_right(o, buf_view(&b)))
		buf_printf(out, "; did you mean %s?", buf_cstr(&b));
	buf_fini(&b);
}

/* ---- the queue ---- */

/* arn:aws:sqs:eu-west-1:111122223333:name */
static bool
from_arn(struct span arn, struct buf *out)
{
	struct span part[6];
	const char *suffix = "amazonaws.com";

	for (size_t i = 0; i < 6; i++)
		part[i] = span_cut(&arn, ':');
	if (!span_is(part[0], "arn") || !span_is(part[2], "sqs") ||
	    part[3].n == 0 || part[4].n == 0 || part[5].n == 0)
		return false;
	if (span_is(part[1], "aws-cn"))
		suffix = "amazonaws.com.cn";
	buf_printf(out, "https://sqs.%.*s.%s/%.*s/%.*s", (int)part[3].n,
	    part[3].p, suffix, (int)part[4].n, part[4].p, (int)part[5].n,
	    part[5].p);
	return true;
}

/* https://sqs.eu-west-1.amazonaws.com/111122223333 */
bool
guess_lacks_name(const char *url)
{
	const char *path = strstr(url, "://");

	path = path != NULL ? strchr(path + 3, '/') : NULL;
	return path != NULL && strspn(path + 1, "0123456789") == 12 &&
	       path[13] == '\0';
}

void
guess_queue(struct span url, struct buf *out)
{
	struct buf b;

	buf_init(&b, 1024);
	if (from_arn(url, &b) && b.err == ERR_OK)
		buf_printf(out, "; did you mean %s?", buf_cstr(&b));
	else if (span_starts(url, "sqs."))
		buf_printf(out, "; did you mean https://%.*s?",
		    (int)(url.n < 200 ? url.n : 200), url.p);
	else if (span_starts(url, "https://"))
		buf_str(out, "; is the queue's name missing?");
	buf_fini(&b);
}
