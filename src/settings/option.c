#include "settings/option.h"

#include <inttypes.h>
#include <string.h>

#include "base/enc.h"
#include "base/mem.h"
#include "settings/guess.h"
#include "settings/value.h"
#include "trail/events.h"

bool
option_is_text(const struct option_row *o)
{
	return o->type == OPTION_TEXT || o->type == OPTION_SECRET ||
	       o->type == OPTION_RULES;
}

static char **
text_field(const struct option_row *o, struct config *c)
{
	return (char **)(void *)((char *)c + o->field);
}

static const char *
text_of(const struct option_row *o, const struct config *c)
{
	const char *s =
	    *(char *const *)(const void *)((const char *)c + o->field);

	return s != NULL ? s : "";
}

static uint64_t
number_of(const struct option_row *o, const struct config *c)
{
	return *(const uint64_t *)(const void *)((const char *)c + o->field);
}

void
option_clear(const struct option_row *o, struct config *c)
{
	char **field = text_field(o, c);

	if (*field != NULL)
		mem_wipe(*field, strlen(*field));
	mem_free(*field);
	*field = NULL;
}

static bool
is_visible(struct span s)
{
	size_t n;

	for (; s.n > 0; s.p += n, s.n -= n) {
		if (!enc_is_visible(enc_utf8(s, &n)))
			return false;
	}
	return true;
}

static void
replace_text(const struct option_row *o, struct config *c, struct span value)
{
	option_clear(o, c);
	*text_field(o, c) = mem_strndup(value.p, value.n);
}

static bool
set_text(const struct option_row *o, struct config *c, struct span value,
    struct buf *why)
{
	if (value.n > CONFIG_TEXT_MAX) {
		buf_printf(why, "longer than %d bytes", CONFIG_TEXT_MAX);
		return false;
	}
	if (!is_visible(value)) {
		buf_str(why, "has a control character, a mark that nobody "
			     "can see, or is not UTF-8");
		return false;
	}
	if (guess_is_quoted(value)) {
		buf_str(why, "the quotes would be part of the value: leave "
			     "them out");
		return false;
	}
	replace_text(o, c, value);
	return true;
}

/* One line. */
static bool
is_rule(struct span line, unsigned number, size_t column, struct buf *why)
{
	struct buf what;
	size_t at = 1;
	bool right;

	buf_init(&what, 512);
	if (!is_visible(line))
		buf_str(&what, "it has a control character, a mark that "
			       "nobody can see, or is not UTF-8");
	right = what.n == 0 && events_check(line, &at, &what);
	if (!right && number > 1)
		buf_printf(why, "line %u, ", number);
	if (!right)
		buf_printf(
		    why, "column %zu: %s", column + at - 1, buf_cstr(&what));
	buf_fini(&what);
	return right;
}

static unsigned
count_lines(const char *s)
{
	unsigned n = 0;

	for (; *s != '\0'; s += strcspn(s, "\n"), s += *s == '\n')
		n++;
	return n;
}

bool
option_set_rules(const struct option_row *o, struct config *c,
    struct span value, bool adds, size_t column, struct buf *why)
{
	struct buf all;
	bool right = true;

	buf_init(&all, EVENTS_TEXT_MAX);
	buf_str(&all, adds ? text_of(o, c) : "");
	for (unsigned n = 1; right && value.n > 0; n++) {
		struct span line = span_cut(&value, '\n');
		struct span rule = span_trim(line);

		if (rule.n == 0)
			continue;
		column += (size_t)(rule.p - line.p);
		right = is_rule(rule, n, column, why);
		buf_str(&all, all.n > 0 ? "\n" : "");
		buf_span(&all, rule);
		column = 1;
	}
	if (right && all.err != ERR_OK)
		buf_printf(why, "more than %d bytes of rules", EVENTS_TEXT_MAX);
	else if (right && count_lines(buf_cstr(&all)) > EVENTS_RULES_MAX)
		buf_printf(why, "more than %d rules", EVENTS_RULES_MAX);
	else if (right && !events_fit(buf_cstr(&all)))
		buf_printf(why, "rules that take more than %d bytes of memory",
		    EVENTS_BYTES_MAX);
	else if (right)
		replace_text(o, c, buf_view(&all));
	buf_fini(&all);
	return why->n == 0;
}

static void
show_number(const struct option_row *o, uint64_t v, struct buf *out)
{
	switch (o->type) {
	case OPTION_SIZE:
		value_add_size(out, v);
		break;
	case OPTION_RATE:
		if (v > 0)
			value_add_size(out, v);
		buf_str(out, v > 0 ? "/s" : "none");
		break;
	case OPTION_SECONDS:
		value_add_duration(out, v * 1000);
		break;
	case OPTION_DURATION:
		value_add_duration(out, v);
		break;
	case OPTION_FLAG:
		buf_str(out, v != 0 ? "yes" : "no");
		break;
	case OPTION_CHOICE:
		buf_str(out, o->choices[v]);
		break;
	case OPTION_COUNT:
	case OPTION_TEXT:
	case OPTION_SECRET:
	case OPTION_RULES:
		buf_printf(out, "%" PRIu64, v);
		break;
	}
}

void
option_add_range(const struct option_row *o, struct buf *out)
{
	if (o->type == OPTION_FLAG) {
		buf_str(out, "yes or no");
	} else if (o->type == OPTION_CHOICE) {
		buf_str(out, "one of ");
		for (size_t i = 0; o->choices[i] != NULL; i++)
			buf_printf(
			    out, "%s%s", i > 0 ? ", " : "", o->choices[i]);
	} else {
		if (o->type == OPTION_RATE && out->n == 0)
			buf_str(out, "none, or ");
		show_number(o, o->min, out);
		buf_str(out, " to ");
		show_number(o, o->max, out);
	}
}

/* "'x' is not a size (B, KiB, …) from 64KiB to 256MiB" */
static void
explain(const struct option_row *o, struct span value, struct buf *why)
{
	static const char *const kinds[] = {
	    [OPTION_COUNT] = "a whole number from ",
	    [OPTION_SIZE] = "a size (B, KiB, MiB, GiB, KB, MB, GB) from ",
	    [OPTION_RATE] = "none, or a rate (such as 13MB/s) from ",
	    [OPTION_DURATION] = "a duration (ms, s, m, h) from ",
	    [OPTION_SECONDS] = "a duration of whole seconds (s, m, h) from ",
	    [OPTION_FLAG] = "",
	    [OPTION_CHOICE] = "",
	};

	buf_printf(why, "'%.*s' is not %s", (int)(value.n < 64 ? value.n : 64),
	    value.p, kinds[o->type]);
	option_add_range(o, why);
	guess_value(o, value, why);
}

bool
option_set(const struct option_row *o, struct config *c, struct span value,
    struct buf *why)
{
	uint64_t v = 0;

	if (o->type == OPTION_RULES)
		return option_set_rules(o, c, value, false, 1, why);
	if (option_is_text(o))
		return set_text(o, c, value, why);
	if (!option_read(o, value, &v)) {
		explain(o, value, why);
		return false;
	}
	*(uint64_t *)(void *)((char *)c + o->field) = v;
	return true;
}

bool
option_same(
    const struct option_row *o, const struct config *a, const struct config *b)
{
	if (option_is_text(o))
		return strcmp(text_of(o, a), text_of(o, b)) == 0;
	return number_of(o, a) == number_of(o, b);
}

static void
swap(void *a, void *b, size_t n)
{
	unsigned char was[sizeof(uint64_t)];

	CHECK(n <= sizeof was);
	memcpy(was, a, n);
	memcpy(a, b, n);
	memcpy(b, was, n);
}

void
option_swap(const struct option_row *o, struct config *a, struct config *b)
{
	size_t size = option_is_text(o) ? sizeof(char *) : sizeof(uint64_t);
	size_t row = option_find(span_str(o->key));

	swap((char *)a + o->field, (char *)b + o->field, size);
	swap(&a->origin[row], &b->origin[row], sizeof a->origin[row]);
	swap(&a->rank[row], &b->rank[row], sizeof a->rank[row]);
}

struct span
option_bare_url(const char *url)
{
	struct span rest = span_str(url);

	return span_cut(&rest, '?');
}

/* What stands before the '@' of an URL is left out without a word: there is no
 * URL of ours that may have a user. */
static void
show_text(const char *text, struct buf *out)
{
	bool is_url = strstr(text, "://") != NULL;

	if (!is_url) {
		buf_str(out, text);
		return;
	}
	enc_bare_url(out, span_str(text));
	if (strchr(text, '?') != NULL)
		buf_str(out, "?(set)");
}

void
option_show(const struct option_row *o, const struct config *c, struct buf *out)
{
	if (o->type == OPTION_SECRET)
		buf_str(out, *text_of(o, c) != '\0' ? "(set)" : "");
	else if (o->type == OPTION_RULES)
		buf_str(out, text_of(o, c));
	else if (option_is_text(o))
		show_text(text_of(o, c), out);
	else
		show_number(o, number_of(o, c), out);
}
