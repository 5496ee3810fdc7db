#include "daemon/ways.h"

#include <ev.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/log.h"
#include "daemon/command.h"

/* (The leak sanitizer, however, is a debugger.) */
void
ways_protect(void)
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

static bool
open_net(struct ways *w, const struct config *c)
{
	struct http_conf http = {
	    .ca_file = *c->ca_file != '\0' ? c->ca_file : NULL,
	    .user_agent = "trailpost/" TRAILPOST_VERSION,
	    .connect_timeout_ms = (int64_t)c->connect_timeout_ms,
	    .max_idle_connections =
		(unsigned)(c->s3_concurrency + c->delivery_concurrency + 8),
	};

	w->loop = ev_loop_new(EVFLAG_AUTO);
	if (w->loop != NULL) {
		w->timers = timers_new(w->loop);
		w->http = http_new(w->loop, &http);
	}
	if (w->http == NULL)
		LOG_ERROR(
		    "start", F_STR("problem", "no event loop or no libcurl"));
	return w->http != NULL;
}

static bool
open_creds(struct ways *w, creds_changed_fn *changed, void *arg)
{
	struct creds_source *source = creds_env_new(w->timers);

	if (source == NULL) {
		LOG_ERROR("start", F_STR("problem", "no AWS credentials"),
		    F_STR("advice", "set AWS_ACCESS_KEY_ID and "
				    "AWS_SECRET_ACCESS_KEY in the "
				    "environment, for temporary ones also "
				    "AWS_SESSION_TOKEN"));
		return false;
	}
	w->keeper = creds_keeper_new(w->timers, source, changed, arg);
	return true;
}

static void
open_aws(struct ways *w, const struct config *c)
{
	struct sqs_conf sqs = {.queue_url = c->queue_url,
	    .region = c->region,
	    .endpoint = w->hosts.sqs};
	struct s3_conf s3 = {.region = c->region,
	    .custom = w->hosts.s3_custom ? &w->hosts.s3 : NULL,
	    .path_style = (enum path_style)c->s3_path_style,
	    .variant = w->hosts.variant,
	    .stall_timeout_ms = (int64_t)c->stall_timeout_ms};

	w->aws = aws_new(w->http, w->timers, w->keeper);
	w->sqs = sqs_new(w->aws, &sqs);
	w->s3 = s3_new(w->aws, &s3);
}

static void
open_sink(struct ways *w, const struct config *c)
{
	struct dassana_conf conf = {
	    .endpoint = c->dassana_endpoint,
	    .app_id = c->dassana_app_id,
	    .token = c->token,
	    .post_timeout_ms = (int64_t)c->post_timeout_ms,
	    .gzip = c->gzip_level > 0,
	    .verify_doc_count = c->verify_doc_count != 0,
	    .accept_any_2xx = c->accept_any_2xx != 0,
	};

	w->dassana = dassana_new(w->http, &conf);
}

bool
ways_open(struct ways *w, const struct config *c, creds_changed_fn *changed,
    void *arg, int *status)
{
	*w = (struct ways){.loop = NULL};
	hosts_find(c, &w->hosts);
	if (!open_net(w, c)) {
		*status = EXIT_TROUBLE;
		return false;
	}
	if (!open_creds(w, changed, arg)) {
		*status = EXIT_USAGE;
		return false;
	}
	open_aws(w, c);
	open_sink(w, c);
	return true;
}

void
ways_close(struct ways *w)
{
	dassana_free(&w->dassana);
	s3_free(&w->s3);
	sqs_free(&w->sqs);
	aws_free(&w->aws);
	creds_keeper_free(&w->keeper);
	http_free(&w->http);
	timers_free(&w->timers);
	if (w->loop != NULL)
		ev_loop_destroy(w->loop);
	w->loop = NULL;
}
