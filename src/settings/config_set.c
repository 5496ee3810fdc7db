#include <string.h>

#include "base/mem.h"
#include "settings/config_internal.h"
#include "settings/option.h"

void
config_replace(char **s, const char *with)
{
	mem_free(*s);
	*s = mem_strndup(with, strlen(with));
}

/* What looks like a comment behind a value would silently be part of it: of a
 * token, for example. Files of variables (docker --env-file) have that too. */
static bool
has_comment(struct span value)
{
	for (size_t i = 0; i < value.n; i++) {
		bool blank =
		    i == 0 || value.p[i - 1] == ' ' || value.p[i - 1] == '\t';

		if (blank && (value.p[i] == '#' || value.p[i] == ';'))
			return true;
	}
	return false;
}

void
config_set_at(struct notes *n, struct config *c, size_t row, struct span value,
    enum source rank, const char *origin, size_t column)
{
	const struct option_row *o = option_at(row);
	bool rules = o->type == OPTION_RULES;
	/* Of rules one source adds up what it says; the next takes over. */
	bool adds = c->origin[row] != NULL && c->rank[row] == rank;
	struct buf why;

	buf_init(&why, 1024);
	if (!rules && has_comment(value)) {
		notes_fatal(n,
		    "%s: %s: '#' or ';' after a blank: a comment would be part "
		    "of the value, it needs a line of its own",
		    origin, o->key);
	} else if (rules ? option_set_rules(o, c, value, adds, column, &why)
			 : option_set(o, c, value, &why)) {
		config_replace(&c->origin[row], origin);
		c->rank[row] = (unsigned char)rank;
	} else {
		notes_fatal(n, "%s: %s: %s", origin, o->key, buf_cstr(&why));
	}
	buf_fini(&why);
}
