/*
 * What has to be right of the settings taken together.
 */
#ifndef SETTINGS_RULES_H
#define SETTINGS_RULES_H

#include "settings/notes.h"

/* Checks c and fills in what follows from it: region and token. */
void rules_check(struct notes *n, struct config *c);
/* The same of what AWS takes alone. */
void rules_check_aws(struct notes *n, struct config *c);

/* The same for admin_listen alone, which rules_check leaves out. */
void rules_admin(struct notes *n, const struct config *c);
/* And for admin_hosts. */
void rules_admin_hosts(struct notes *n, const struct config *c);

/* What is no setting: the proxies that curl takes from it, and what is left
 * over. */
void rules_environment(struct notes *n, const char *const *env);

/* The region turned out to be this. */
void rules_region_found(struct config *c, const char *region, const char *from);

#endif
