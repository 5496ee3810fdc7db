/* What is shown of the configuration as it is now. */
#ifndef ADMIN_ABOUT_H
#define ADMIN_ABOUT_H

#include "base/span.h"

struct admin_about {
	const char *version;
	const char *queue_url, *region;
	struct span endpoint; /* Dassana's, without a query */
	const char *app_id;
	const char *hosts; /* admin_hosts, as admin/address.h has it */
};

#endif
