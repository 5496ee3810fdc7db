/*
 * The daemon's life:
 *
 *   wait for the region ─→ wire up → wait for credentials → polling
 *      │ (both may take for ever)    ready, from here on ┘      │
 *      └─ (SIGTERM, SIGINT) end: 0      (SIGTERM, SIGINT) draining → end: 0
 *                                      (a second signal) └→ end: 130
 *
 * SIGHUP reloads the settings at any time but the last. The admin site is there
 * from the first state on, so that a liveness probe finds it.
 */
#include <ev.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "admin/admin.h"
#include "base/log.h"
#include "daemon/headline.h"
#include "daemon/reload.h"
#include "daemon/run.h"
#include "daemon/service.h"
#include "daemon/signals.h"
#include "daemon/stats_line.h"
#include "daemon/ways.h"
#include "flow/shipper.h"
#include "net/turns.h"
#include "settings/notes.h"
#include "settings/option.h"
#include "settings/value.h"
#include "trail/events.h"
#include "trail/filter.h"

/* Taking apart may take as long, on top of shutdown_timeout. */
enum { END_MS = 5000 };

struct run {
	const struct config_sources *sources;
	struct config *conf;
	struct service *service;
	struct signals *signals;
	struct ways ways;
	struct filter *filter;
	struct events *events;
	struct shipper *shipper;
	struct stats *stats;
	struct headline *headline;
	struct admin *admin;
	struct turns *turns;
	bool ready;
	bool stopping;
};

static const char *
on_token_wanted(void *arg)
{
	struct run *r = arg;

	return reload_token(r->conf);
}

static bool
has_creds(void *arg)
{
	struct run *r = arg;

	return creds_get(r->ways.keeper) != NULL;
}

static void
on_creds(void *arg)
{
	struct run *r = arg;

	if (has_creds(r) && !r->ready) {
		r->ready = true;
		service_ready(r->service);
	}
	shipper_wake(r->shipper);
	headline_now(r->headline);
}

static void
on_drained(void *arg)
{
	struct run *r = arg;

	ev_break(r->ways.loop, EVBREAK_ALL);
}

static unsigned
messages_held(const struct run *r)
{
	return r->shipper != NULL ? shipper_stats(r->shipper).messages_held : 0;
}

/* What is waited for, how long it may take, and what a second signal costs. */
static void
tell_drain(const struct run *r, int signum, int64_t timeout_ms)
{
	struct buf text;

	buf_init(&text, 512);
	if (messages_held(r) > 0)
		buf_printf(&text, "%u messages, up to %" PRId64 " s; ",
		    messages_held(r), timeout_ms / 1000);
	buf_printf(&text,
	    "an open poll, up to %u s. A second signal ends now: what SQS has "
	    "handed out then comes again after ",
	    ways_poll_s());
	value_add_duration(&text, r->conf->visibility_timeout_s * 1000);
	LOG_INFO("drain", F_INT("signal", signum),
	    F_INT("timeout_ms", timeout_ms), F_STR("text", buf_cstr(&text)));
	buf_fini(&text);
}

/* Where nothing is held there is nothing to warn of. */
static void
stop_at_once(const struct run *r, int signum)
{
	if (messages_held(r) > 0)
		LOG_WARN("stop", F_INT("signal", signum),
		    F_STR("problem", "second signal, work is left behind"));
	else
		LOG_INFO("stop", F_INT("signal", signum),
		    F_STR("text", "second signal, nothing was held"));
	log_end();
	_exit(EXIT_SECOND_SIGNAL);
}

static void
on_stop(void *arg, int signum)
{
	struct run *r = arg;
	int64_t timeout_ms = (int64_t)r->conf->shutdown_timeout_ms;

	if (r->stopping)
		stop_at_once(r, signum);
	r->stopping = true;
	tell_drain(r, signum, timeout_ms);
	service_stopping(r->service, timeout_ms + END_MS);
	if (r->shipper == NULL) {
		on_drained(r);
		return;
	}
	shipper_drain(r->shipper, timeout_ms, on_drained, r);
	headline_now(r->headline);
}

/* To leave audit events out is a decision: each rule is named. */
static void
tell_rules(const char *setting, const char *lines)
{
	struct span rest = span_str(lines);

	while (rest.n > 0)
		LOG_ALL(LOG_LVL_INFO, "events.rule", F_STR("setting", setting),
		    F_SPAN("rule", span_cut(&rest, '\n')));
}

static void
tell_events(const struct config *c)
{
	tell_rules("event_include", c->event_include);
	tell_rules("event_exclude", c->event_exclude);
}

/* Rules that are the same stay the same, with all that is noted by them. */
static void
change_events(struct run *r)
{
	const struct config *c = r->conf;

	if (events_same(r->events, c->event_include, c->event_exclude))
		return;
	if (events_change(r->events, c->event_include, c->event_exclude))
		tell_events(c);
	else
		LOG_ALL(LOG_LVL_WARN, "reload.pending",
		    F_STR("setting", "event_exclude, event_include"),
		    F_STR("effect",
			"objects are read by the rules before the last ones "
			"still: reload again in a minute"));
}

static void
apply(struct run *r)
{
	filter_change(r->filter, r->conf->key_include, r->conf->key_exclude,
	    r->conf->cloudtrail_folders_only != 0);
	ways_change_sink(&r->ways, r->conf);
	shipper_retry(r->shipper);
}

/* Before the first credentials there is no "ready" to go back to. */
static void
on_reload(void *arg)
{
	struct run *r = arg;

	if (r->stopping) {
		LOG_INFO(
		    "reload", F_STR("effect", "none: it is shutting down"));
		return;
	}
	if (r->ready)
		service_reloading(r->service);
	if (reload_config(r->conf, r->sources)) {
		config_set_log(r->conf);
		if (r->shipper != NULL)
			apply(r);
	}
	if (r->shipper != NULL)
		change_events(r); /* what could not at the last time, too */
	if (r->ready)
		service_ready(r->service);
	if (r->headline != NULL)
		headline_now(r->headline);
}

static void
log_start(const struct run *r, size_t memory_bound)
{
	struct span endpoint = option_bare_url(r->conf->dassana_endpoint);
	char mib[32];

	(void)snprintf(
	    mib, sizeof mib, "%zuMiB", (memory_bound + (1 << 20) - 1) >> 20);
	LOG_INFO("start", F_STR("version", TRAILPOST_VERSION),
	    F_STR("queue", r->conf->queue_url),
	    F_STR("region", r->conf->region), F_SPAN("endpoint", endpoint),
	    F_STR("credentials", creds_source_name(r->ways.keeper)),
	    F_STR("memory_bound", mib));
}

static void
start_flow(struct run *r)
{
	const struct config *c = r->conf;
	struct shipper_conf conf = {
	    .s3_concurrency = (unsigned)c->s3_concurrency,
	    .max_messages = (unsigned)c->max_messages,
	    .max_parked = (unsigned)c->max_parked,
	    .visibility_timeout_s = (unsigned)c->visibility_timeout_s,
	    .redeliver_after_s = (unsigned)c->redeliver_after_s,
	    .poll_wait_s = ways_poll_s(),
	    .batch_max_bytes = c->batch_max_bytes,
	    .batch_max_events = c->batch_max_events,
	    .batch_max_delay_ms = (int64_t)c->batch_max_delay_ms,
	    .buffer_max_bytes = c->buffer_max_bytes,
	    .delivery_concurrency = (unsigned)c->delivery_concurrency,
	    .gzip_level = (int)c->gzip_level,
	    .max_record_bytes = c->max_record_bytes,
	    .remember_objects = c->remember_objects,
	    .reload_token = on_token_wanted,
	    .reload_arg = r,
	};
	struct shipper_deps deps = {.timers = r->ways.timers,
	    .sqs = r->ways.sqs,
	    .s3 = r->ways.s3,
	    .dassana = r->ways.dassana,
	    .filter = r->filter,
	    .events = r->events,
	    .ready = has_creds,
	    .ready_arg = r};

	log_start(r, shipper_memory_bound(&conf));
	tell_events(c);
	r->shipper = shipper_new(&conf, &deps);
	r->stats = stats_new(r->ways.timers, r->shipper);
	r->headline = headline_new(
	    r->ways.timers, r->service, r->shipper, r->ways.keeper);
	shipper_start(r->shipper);
}

static void
tell_about(void *arg, struct admin_about *out)
{
	const struct config *c = ((struct run *)arg)->conf;

	*out = (struct admin_about){.version = TRAILPOST_VERSION,
	    .queue_url = c->queue_url,
	    .region = c->region,
	    .endpoint = option_bare_url(c->dassana_endpoint),
	    .app_id = c->dassana_app_id,
	    .hosts = c->admin_hosts};
}

static void
open_admin(struct run *r)
{
	struct admin_conf conf = {.loop = r->ways.loop,
	    .timers = r->ways.timers,
	    .listen = r->conf->admin_listen,
	    .about = tell_about,
	    .arg = r};

	r->admin = admin_open(&conf);
}

static void
show(struct run *r)
{
	struct metrics_source source = {.shipper = r->shipper,
	    .aws = r->ways.aws,
	    .sqs = r->ways.sqs,
	    .keeper = r->ways.keeper,
	    .http = r->ways.http,
	    .turns = turns_us(r->turns)};

	admin_show(r->admin, &source);
}

static void
take_apart(struct run *r)
{
	admin_close(&r->admin);
	turns_free(&r->turns);
	headline_free(&r->headline);
	stats_free(&r->stats);
	shipper_free(&r->shipper);
	filter_free(&r->filter);
	events_free(&r->events);
	signals_free(&r->signals);
	service_free(&r->service); /* it feeds the watchdog by a timer */
	ways_close(&r->ways);
}

static int
run_loop(struct run *r)
{
	r->filter = filter_new(r->conf->key_include, r->conf->key_exclude,
	    r->conf->cloudtrail_folders_only != 0);
	r->events = events_new(r->conf->event_include, r->conf->event_exclude);
	start_flow(r);
	r->turns = turns_new(r->ways.loop);
	show(r);
	ev_run(r->ways.loop, 0);
	stats_log(r->stats);
	return EXIT_OK;
}

/* What has no region cannot be wired up, but it answers signals. */
static int
run_ways(struct run *r)
{
	struct signals_to to = {on_stop, on_reload, r};
	struct ways *w = &r->ways;

	if (!ways_begin(w, r->conf))
		return w->status;
	signals_watch(r->signals, w->loop, &to);
	service_feed(r->service, w->timers);
	service_status(r->service, *r->conf->region != '\0'
				       ? "starting"
				       : "waiting for the region from the "
					 "instance metadata");
	open_admin(r);
	if (!ways_find_region(w, r->conf, true) ||
	    !ways_open(w, r->conf, on_creds, r))
		return w->status;
	return run_loop(r);
}

int
run_daemon(const struct config_sources *sources)
{
	struct config c;
	struct run r = {.sources = sources, .conf = &c};
	int status = EXIT_USAGE;

	ways_protect();
	if (config_load(&c, sources, notes_log, NULL) == 0) {
		config_set_log(&c);
		r.service = service_new();
		r.signals = signals_new();
		status = run_ways(&r);
		if (status == EXIT_OK)
			LOG_INFO("stop", F_STR("version", TRAILPOST_VERSION));
		take_apart(&r);
	}
	config_fini(&c);
	return status;
}
