#include "admin/address.h"
#include "settings/option.h"
#include "settings/rules.h"

void
rules_admin_hosts(struct notes *n, const struct config *c)
{
	/* What is wrong somebody has set. */
	const char *origin = c->origin[option_find(SPAN("admin_hosts"))];
	struct span names = span_str(c->admin_hosts);

	while (names.n > 0) {
		struct span name = span_cut(&names, ' ');

		if (!admin_address_names(name))
			notes_fatal(n,
			    "%s: admin_hosts: '%.*s' is no name of a host; it "
			    "stands there without http:// and port",
			    origin, (int)(name.n < 64 ? name.n : 64), name.p);
	}
}
