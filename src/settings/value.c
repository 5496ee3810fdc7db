#include "settings/value.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

struct unit {
	const char *name;
	uint64_t factor;
};

/* Each list from the largest to the smallest; written values use the first
 * that fits, so binary sizes come before decimal ones. */
enum { SECOND = 2, BYTE = 6 }; /* what a zero is counted in */
static const struct unit durations[] = {
    {"h", 3600 * 1000}, {"m", 60 * 1000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit sizes[] = {{"GiB", 1 << 30}, {"MiB", 1 << 20},
    {"KiB", 1 << 10}, {"GB", 1000 * 1000 * 1000}, {"MB", 1000 * 1000},
    {"KB", 1000}, {"B", 1}, {NULL, 0}};

static enum err
parse(struct span s, const struct unit *units, uint64_t *out)
{
	struct span unit = s;
	uint64_t n;
	enum err err;

	while (unit.n > 0 && *unit.p >= '0' && *unit.p <= '9') {
		unit.p++;
		unit.n--;
	}
	s.n -= unit.n;
	err = span_u64(s, 0, UINT64_MAX, &n);
	if (err != ERR_OK)
		return err;
	unit = span_trim(unit);
	for (; units->name != NULL; units++) {
		if (span_is(unit, units->name))
			return __builtin_mul_overflow(n, units->factor, out)
				   ? ERR_RANGE
				   : ERR_OK;
	}
	return ERR_SYNTAX;
}

static void
format(struct buf *b, uint64_t v, const struct unit *units)
{
	while (v % units->factor != 0)
		units++;
	buf_printf(b, "%" PRIu64 "%s", v / units->factor, units->name);
}

enum err
value_duration(struct span s, uint64_t *ms)
{
	return parse(s, durations, ms);
}

enum err
value_size(struct span s, uint64_t *bytes)
{
	return parse(s, sizes, bytes);
}

/* In any case: what AWS's own files and variables hold may be "True". */
static bool
is_word(struct span s, const char *word)
{
	return s.n == strlen(word) && strncasecmp(s.p, word, s.n) == 0;
}

enum err
value_flag(struct span s, bool *on)
{
	*on = is_word(s, "yes") || is_word(s, "true");
	if (!*on && !is_word(s, "no") && !is_word(s, "false"))
		return ERR_SYNTAX;
	return ERR_OK;
}

void
value_add_duration(struct buf *b, uint64_t ms)
{
	format(b, ms, ms != 0 ? durations : &durations[SECOND]);
}

void
value_add_size(struct buf *b, uint64_t bytes)
{
	format(b, bytes, bytes != 0 ? sizes : &sizes[BYTE]);
}
