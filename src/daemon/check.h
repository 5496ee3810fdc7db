/*
 * What has to be right of the settings taken together, and the notes that tell
 * of it.
 */
#ifndef DAEMON_CHECK_H
#define DAEMON_CHECK_H

#include "daemon/config.h"

/* Where mistakes and warnings go. */
struct notes {
	config_note_fn *fn;
	void *arg;
	unsigned fatal; /* mistakes so far */
};

void notes_fatal(struct notes *n, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void notes_warn(struct notes *n, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Checks c and fills in what follows from it: region and token. */
void check_config(struct notes *n, struct config *c);

/* The same for admin_listen alone, which is not among what check_config does.
 */
void check_admin(struct notes *n, const struct config *c);
/* And for admin_hosts. */
void check_admin_hosts(struct notes *n, const struct config *c);

/* What is no setting: the proxies that curl takes from it, and what is left
 * over. */
void check_environment(struct notes *n, const char *const *env);

/* The region turned out to be this. */
void check_region_found(struct config *c, const char *region, const char *from);

#endif
