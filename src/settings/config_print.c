/* --print-config: config_print of config.h. */
#include "base/enc.h"
#include "settings/config.h"
#include "settings/option.h"

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

void
config_print(const struct config *c, FILE *out)
{
	struct buf b;

	buf_init(&b, CONFIG_TEXT_MAX);
	for (size_t i = 0; i < option_count(); i++) {
		buf_reset(&b);
		option_show(option_at(i), c, &b);
		if (c->origin[i] != NULL)
			print_origin(c->origin[i], out);
		fprintf(out, "%s =%s%s\n", option_at(i)->key,
		    b.n > 0 ? " " : "", buf_cstr(&b));
	}
	buf_fini(&b);
}
