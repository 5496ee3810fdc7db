/* --print-config: config_print of config.h. */
#include "base/enc.h"
#include "settings/config.h"
#include "settings/option.h"
#include "trail/events.h"

/* The file's name may hold anything. */
static void
print_origin(const char *origin, FILE *out)
{
	struct buf b;

	buf_init(&b, CONFIG_TEXT_MAX);
	enc_visible(&b, span_str(origin));
	fprintf(out, "# from %s\n", buf_cstr(&b));
	buf_fini(&b);
}

/* Of rules each has a line of its own. */
static void
print_value(const struct option_row *o, struct span value, FILE *out)
{
	do {
		struct span line = span_cut(&value, '\n');

		fprintf(out, "%s =%s%.*s\n", o->key, line.n > 0 ? " " : "",
		    (int)line.n, line.p);
	} while (value.n > 0);
}

void
config_print(const struct config *c, FILE *out)
{
	struct buf b;

	buf_init(&b, EVENTS_TEXT_MAX);
	for (size_t i = 0; i < option_count(); i++) {
		buf_reset(&b);
		option_show(option_at(i), c, &b);
		if (c->origin[i] != NULL)
			print_origin(c->origin[i], out);
		print_value(option_at(i), buf_view(&b), out);
	}
	buf_fini(&b);
}
