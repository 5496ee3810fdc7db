#include "base/span.h"
#include "settings/option.h"
#include "settings/value.h"

static enum err
parse_number(const struct option_row *o, struct span s, uint64_t *v)
{
	enum err err = ERR_SYNTAX;
	bool on = false;

	switch (o->type) {
	case OPTION_SIZE:
		return value_size(s, v);
	case OPTION_RATE:
		if (span_is(s, "none"))
			return ERR_OK;
		if (!span_ends(s, "/s"))
			return ERR_SYNTAX;
		s.n -= 2;
		return value_size(s, v);
	case OPTION_DURATION:
		return value_duration(s, v);
	case OPTION_SECONDS:
		err = value_duration(s, v);
		if (err == ERR_OK && *v % 1000 != 0)
			return ERR_SYNTAX;
		*v /= 1000;
		return err;
	case OPTION_FLAG:
		err = value_flag(s, &on);
		*v = on;
		return err;
	case OPTION_CHOICE:
		/* Of a flag that became a choice, the words are the same. */
		if (span_is(s, "true"))
			s = SPAN("yes");
		else if (span_is(s, "false"))
			s = SPAN("no");
		for (*v = 0; o->choices[*v] != NULL; (*v)++) {
			if (span_is(s, o->choices[*v]))
				return ERR_OK;
		}
		return ERR_SYNTAX;
	case OPTION_COUNT:
		return span_u64(s, 0, UINT64_MAX, v);
	case OPTION_TEXT:
	case OPTION_SECRET:
	case OPTION_RULES:
		break;
	}
	return ERR_SYNTAX;
}

bool
option_read(const struct option_row *o, struct span value, uint64_t *v)
{
	*v = 0;
	if (parse_number(o, value, v) != ERR_OK || *v > o->max)
		return false;
	return *v >= o->min ||
	       (o->type == OPTION_RATE && span_is(value, "none"));
}
