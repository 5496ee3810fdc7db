/*
 * The daemon's life:
 *
 *   wire up → polling → (SIGTERM, SIGINT) draining → taken apart → exit 0
 *                                            └ second signal → exit 130
 *
 * Each thing borrows those made before it, so they go in reverse order.
 */
#include <ev.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "aws/call.h"
#include "aws/creds.h"
#include "aws/endpoint.h"
#include "aws/s3.h"
#include "aws/sqs.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/command.h"
#include "daemon/stats.h"
#include "daemon/token.h"
#include "flow/shipper.h"
#include "net/http.h"
#include "net/timer.h"
#include "sink/dassana.h"
#include "trail/filter.h"

enum { NSIGNALS = 2 };

struct run {
	const struct config *conf;
	struct ev_loop *loop;
	struct ev_signal signals[NSIGNALS];
	struct timers *timers;
	struct http *http;
	struct creds_keeper *keeper;
	struct aws *aws;
	struct sqs *sqs;
	struct s3 *s3;
	struct dassana *dassana;
	struct filter *filter;
	struct shipper *shipper;
	struct stats *stats;
	char *token; /* as last read again */
	bool stopping;
};

/* A core or a debugger would show the secrets. (The leak sanitizer, however,
 * is a debugger.) */
static void
protect(void)
{
	struct rlimit none = {0, 0};

	signal(SIGPIPE, SIG_IGN);
#ifdef __SANITIZE_ADDRESS__
	if (setrlimit(RLIMIT_CORE, &none) == 0)
		return;
#endif
	if (setrlimit(RLIMIT_CORE, &none) != 0 ||
	    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		LOG_WARN("start", F_STR("problem", "core dumps stay enabled"));
}

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

	return creds_get(r->keeper) != NULL;
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

	ev_break(r->loop, EVBREAK_ALL);
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
		ev_signal_start(r->loop, &r->signals[i]);
	}
}

static bool
start_net(struct run *r)
{
	const struct config *c = r->conf;
	struct http_conf http = {
	    .ca_file = *c->ca_file != '\0' ? c->ca_file : NULL,
	    .user_agent = "trailpost/" TRAILPOST_VERSION,
	    .connect_timeout_ms = (int64_t)c->connect_timeout_ms,
	    .max_idle_connections =
		(unsigned)(c->s3_concurrency + c->delivery_concurrency + 8),
	};

	r->loop = ev_loop_new(EVFLAG_AUTO);
	if (r->loop != NULL) {
		r->timers = timers_new(r->loop);
		r->http = http_new(r->loop, &http);
	}
	if (r->http == NULL)
		LOG_ERROR(
		    "start", F_STR("problem", "no event loop or no libcurl"));
	return r->http != NULL;
}

static bool
start_creds(struct run *r)
{
	struct creds_source *source = creds_env_new(r->timers);

	if (source == NULL) {
		LOG_ERROR("start", F_STR("problem", "no AWS credentials"),
		    F_STR("advice", "set AWS_ACCESS_KEY_ID and "
				    "AWS_SECRET_ACCESS_KEY in the "
				    "environment, for temporary ones also "
				    "AWS_SESSION_TOKEN"));
		return false;
	}
	r->keeper = creds_keeper_new(r->timers, source, on_creds, r);
	return true;
}

/* The first of these that is set; false: none. Both were checked. */
static bool
custom_endpoint(const char *first, const char *second, struct endpoint *out)
{
	const char *url = *first != '\0' ? first : second;

	return *url != '\0' && endpoint_parse(span_str(url), out) == ERR_OK;
}

static void
start_aws(struct run *r)
{
	const struct config *c = r->conf;
	char region[REGION_MAX];
	struct endpoint custom;
	struct sqs_conf sqs = {.queue_url = c->queue_url, .region = c->region};
	struct s3_conf s3 = {.region = c->region,
	    .path_style = (enum path_style)c->s3_path_style,
	    .stall_timeout_ms = (int64_t)c->stall_timeout_ms};

	CHECK(endpoint_queue_url(
		  span_str(c->queue_url), &sqs.endpoint, region) == ERR_OK);
	if (custom_endpoint(c->endpoint_url_sqs, c->endpoint_url, &custom))
		sqs.endpoint = custom;
	if (custom_endpoint(c->endpoint_url_s3, c->endpoint_url, &custom))
		s3.custom = &custom;
	r->aws = aws_new(r->http, r->timers, r->keeper);
	r->sqs = sqs_new(r->aws, &sqs);
	r->s3 = s3_new(r->aws, &s3);
}

static void
start_sink(struct run *r)
{
	const struct config *c = r->conf;
	struct dassana_conf conf = {
	    .endpoint = c->dassana_endpoint,
	    .app_id = c->dassana_app_id,
	    .token = c->token,
	    .post_timeout_ms = (int64_t)c->post_timeout_ms,
	    .gzip = c->gzip_level > 0,
	    .verify_doc_count = c->verify_doc_count != 0,
	    .accept_any_2xx = c->accept_any_2xx != 0,
	};

	r->dassana = dassana_new(r->http, &conf);
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
	struct shipper_deps deps = {.timers = r->timers,
	    .sqs = r->sqs,
	    .s3 = r->s3,
	    .dassana = r->dassana,
	    .filter = r->filter,
	    .ready = has_creds,
	    .ready_arg = r};

	LOG_INFO("start", F_STR("version", TRAILPOST_VERSION),
	    F_STR("queue", c->queue_url), F_STR("region", c->region),
	    F_STR("endpoint", c->dassana_endpoint),
	    F_STR("credentials", creds_source_name(r->keeper)),
	    F_INT("memory_bound", shipper_memory_bound(&conf)));
	r->shipper = shipper_new(&conf, &deps);
	r->stats = stats_new(r->timers, r->shipper);
	shipper_start(r->shipper);
}

static void
take_apart(struct run *r)
{
	stats_free(&r->stats);
	shipper_free(&r->shipper);
	filter_free(&r->filter);
	dassana_free(&r->dassana);
	s3_free(&r->s3);
	sqs_free(&r->sqs);
	aws_free(&r->aws);
	creds_keeper_free(&r->keeper);
	http_free(&r->http);
	timers_free(&r->timers);
	if (r->loop != NULL)
		ev_loop_destroy(r->loop);
	token_free(&r->token);
}

int
run_daemon(const struct config *c)
{
	struct run r = {.conf = c};
	int status = EXIT_OK;

	protect();
	if (!start_net(&r)) {
		status = EXIT_TROUBLE;
	} else if (!start_creds(&r)) {
		status = EXIT_USAGE;
	} else {
		start_aws(&r);
		start_sink(&r);
		r.filter = filter_new(c->key_include, c->key_exclude);
		start_flow(&r);
		watch_signals(&r);
		ev_run(r.loop, 0);
		for (int i = 0; i < NSIGNALS; i++)
			ev_signal_stop(r.loop, &r.signals[i]);
		stats_log(r.stats);
		LOG_INFO("stop", F_STR("version", TRAILPOST_VERSION));
	}
	take_apart(&r);
	return status;
}
