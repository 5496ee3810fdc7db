/*
 * Whether the daemon can do its work now, and if not, why not and what helps.
 * Ready: it has credentials, the last receive from the queue worked, S3 lets it
 * read and Dassana takes events; what had no occasion to be tried yet counts as
 * well, but for the queue, which is tried at once. Stopping is not ready.
 */
#ifndef ADMIN_READINESS_H
#define ADMIN_READINESS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/json_out.h"
#include "admin/metrics.h"
#include "base/part.h"

enum health_part {
	HEALTH_STOPPING,
	HEALTH_CREDENTIALS,
	HEALTH_QUEUE,
	HEALTH_S3,
	HEALTH_DASSANA,
	HEALTH_PARTS
};

/* What the judgement is made of. */
struct health_facts {
	bool stopping;
	struct part of[HEALTH_PARTS]; /* but for HEALTH_STOPPING */
};

struct health_reason {
	enum health_part part;
	struct part what; /* texts as long-lived as those of the facts */
};

struct health {
	bool ready;
	size_t n;
	struct health_reason reason[HEALTH_PARTS]; /* the most urgent first */
};

/* shipper and keeper of the source are not NULL. */
void health_look(const struct metrics_source *src, struct health_facts *f);
void health_judge(const struct health_facts *f, struct health *h);
/* "credentials" */
const char *health_part_name(enum health_part p);
/* Two members: "ready":false,"reasons":[{"part":…,"problem":…,"advice":…}] */
void health_add_json(const struct health *h, struct json_out *j);

#endif
