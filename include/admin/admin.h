/*
 * The daemon's own small web site, at the address of admin_listen:
 *
 *   /healthz  200 "ok": the loop turns
 *   /readyz   200 or 503, and JSON that says why: admin/health.h
 *   /metrics  for Prometheus: admin/metrics.h
 *   /status   JSON: admin/status.h
 *   /         the same for people: admin/page.h
 *
 * The last two answer only who asks for this host (admin_address_is).
 *
 * It only looks: nothing that it is asked changes anything. Until there is
 * something to look at, /healthz is as ever and all else is 503 with the JSON
 * of /readyz, which names the region: that is what is waited for before.
 */
#ifndef ADMIN_ADMIN_H
#define ADMIN_ADMIN_H

#include "admin/about.h"
#include "admin/metrics.h"
#include "net/timer.h"

struct ev_loop;
struct admin;

/* Fills *out with texts that are borrowed until control returns to the loop. */
typedef void admin_about_fn(void *arg, struct admin_about *out);

struct admin_conf {
	struct ev_loop *loop; /* borrowed, as is timers, while it is open */
	struct timers *timers;
	const char *listen; /* the same; as admin/address.h; "": nothing */
	admin_about_fn *about;
	void *arg;
};

/* NULL: there is nothing to listen on. If it cannot listen there, that is
 * logged, and tried again every 10 s. */
struct admin *admin_open(const struct admin_conf *conf);
/* From now on this is what it looks at; shipper and keeper are needed, and
 * start_seconds is set here. a may be NULL. */
void admin_show(struct admin *a, const struct metrics_source *source);
/* Before what the source names is freed. NULL is fine. */
void admin_close(struct admin **a);

#endif
