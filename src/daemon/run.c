/*
 * The daemon's life:
 *
 *   wire up → polling → (SIGTERM, SIGINT) draining → taken apart → exit 0
 *                                            └ second signal → exit 130
 */
#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "daemon/command.h"
#include "daemon/stats.h"
#include "daemon/token.h"
#include "daemon/ways.h"
#include "flow/shipper.h"
#include "trail/filter.h"

enum { NSIGNALS = 2 };

struct run {
	const struct config *conf;
	struct ways ways;
	struct ev_signal signals[NSIGNALS];
	struct filter *filter;
	struct shipper *shipper;
	struct stats *stats;
	char *token; /* as last read again */
	bool stopping;
};

static const char *
reload_token(void *arg)
{
	struct run *r = arg;
	bool exposed;
	struct buf why;
	char *token;

	if (*r->conf->dassana_token_file == '\0')
		return NULL;
	buf_init(&why, 256);
	token = token_read(r->conf->dassana_token_file, &exposed, &why);
	if (token == NULL) {
		LOG_ERROR("token.reload",
		    F_STR("file", r->conf->dassana_token_file),
		    F_STR("problem", buf_cstr(&why)));
	} else {
		token_free(&r->token);
		r->token = token;
	}
	buf_fini(&why);
	return token;
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

	if (r->shipper != NULL)
		shipper_wake(r->shipper);
}

static void
on_drained(void *arg)
{
	struct run *r = arg;

	ev_break(r->ways.loop, EVBREAK_ALL);
}

static void
on_signal(struct ev_loop *loop, struct ev_signal *w, int revents)
{
	struct run *r = w->data;

	(void)loop;
	(void)revents;
	if (r->stopping) {
		LOG_WARN("stop", F_INT("signal", w->signum),
		    F_STR("problem", "second signal, work is left behind"));
		_exit(EXIT_SECOND_SIGNAL);
	}
	r->stopping = true;
	LOG_INFO("drain", F_INT("signal", w->signum),
	    F_INT("timeout_ms", r->conf->shutdown_timeout_ms));
	shipper_drain(
	    r->shipper, (int64_t)r->conf->shutdown_timeout_ms, on_drained, r);
}

static void
watch_signals(struct run *r)
{
	static const int nums[NSIGNALS] = {SIGTERM, SIGINT};

	for (int i = 0; i < NSIGNALS; i++) {
		ev_signal_init(&r->signals[i], on_signal, nums[i]);
		r->signals[i].data = r;
		ev_signal_start(r->ways.loop, &r->signals[i]);
	}
}

static void
log_start(const struct run *r, size_t memory_bound)
{
	/* A query may hold a secret. */
	struct span url = span_str(r->conf->dassana_endpoint);
	struct span endpoint = span_cut(&url, '?');
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
	    .visibility_timeout_s = (unsigned)c->visibility_timeout_s,
	    .redeliver_after_s = (unsigned)c->redeliver_after_s,
	    .batch_max_bytes = c->batch_max_bytes,
	    .batch_max_events = c->batch_max_events,
	    .batch_max_delay_ms = (int64_t)c->batch_max_delay_ms,
	    .buffer_max_bytes = c->buffer_max_bytes,
	    .delivery_concurrency = (unsigned)c->delivery_concurrency,
	    .gzip_level = (int)c->gzip_level,
	    .max_record_bytes = c->max_record_bytes,
	    .remember_objects = c->remember_objects,
	    .reload_token = reload_token,
	    .reload_arg = r,
	};
	struct shipper_deps deps = {.timers = r->ways.timers,
	    .sqs = r->ways.sqs,
	    .s3 = r->ways.s3,
	    .dassana = r->ways.dassana,
	    .filter = r->filter,
	    .ready = has_creds,
	    .ready_arg = r};

	log_start(r, shipper_memory_bound(&conf));
	r->shipper = shipper_new(&conf, &deps);
	r->stats = stats_new(r->ways.timers, r->shipper);
	shipper_start(r->shipper);
}

static void
take_apart(struct run *r)
{
	stats_free(&r->stats);
	shipper_free(&r->shipper);
	filter_free(&r->filter);
	ways_close(&r->ways);
	token_free(&r->token);
}

int
run_daemon(struct config *c)
{
	struct run r = {.conf = c};
	int status = EXIT_OK;

	ways_protect();
	if (ways_open(&r.ways, c, on_creds, &r, &status)) {
		r.filter = filter_new(c->key_include, c->key_exclude);
		start_flow(&r);
		watch_signals(&r);
		ev_run(r.ways.loop, 0);
		for (int i = 0; i < NSIGNALS; i++)
			ev_signal_stop(r.ways.loop, &r.signals[i]);
		stats_log(r.stats);
		LOG_INFO("stop", F_STR("version", TRAILPOST_VERSION));
	}
	take_apart(&r);
	return status;
}
