/*
 * From the profile in force to its last source_profile, and the source that
 * comes of it.
 */
#ifndef AWS_WALK_H
#define AWS_WALK_H

#include "aws/profiles.h"
#include "aws/source.h"

enum { WALK_MAX = 16 };

/* The way from the profile in force to its last source_profile. */
struct walk {
	const struct source_deps *deps;
	const struct profiles *files;
	struct span seen[WALK_MAX];
	size_t n;
	struct creds_failure *why;
};

/* The source that the profile of that name leads to; NULL with the reason in
 * why. */
struct creds_source *walk_resolve(struct walk *w, struct span name);
/* Of the last profile seen: whether it is to be asked for a role, with what
 * another source gives. */
bool walk_wants_role(const struct walk *w);
/* Whether it says anything of credentials. */
bool walk_has_any(const struct walk *w);

#endif
