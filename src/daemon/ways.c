#include "daemon/ways.h"

#include <ev.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "aws/region.h"
#include "base/log.h"
#include "base/mem.h"
#include "daemon/exit.h"
#include "net/log_drain.h"
#include "settings/rules.h"

enum { EYES_WAIT_S = 5 };

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

static void
lack(struct ways *w, int status, const char *what, const char *why)
{
	w->status = status;
	w->lacks = what;
	(void)snprintf(w->why, sizeof w->why, "%s", why);
	LOG_ERROR("start", F_STR("lacks", what), F_STR("problem", w->why));
}

static void *
ev_memory(void *p, long n)
{
	if (n > 0)
		return mem_realloc(p, (size_t)n);
	mem_free(p);
	return NULL;
}

bool
ways_begin(struct ways *w, const struct config *c)
{
	struct http_conf http = {
	    .ca_file = *c->ca_file != '\0' ? c->ca_file : NULL,
	    .user_agent = "trailpost/" TRAILPOST_VERSION,
	    .connect_timeout_ms = (int64_t)c->connect_timeout_ms,
	    .max_idle_connections =
		(unsigned)(c->s3_concurrency + c->delivery_concurrency + 16),
	    .key_log = c->allow_tls_key_log != 0,
	};

	*w = (struct ways){.status = EXIT_OK};
	if (getenv("SSLKEYLOGFILE") != NULL && !http.key_log)
		LOG_WARN("start", F_STR("problem", "SSLKEYLOGFILE is ignored, "
						   "since allow_tls_key_log "
						   "is not set"));
	ev_set_allocator(ev_memory);
	w->loop = ev_loop_new(EVFLAG_AUTO);
	if (w->loop != NULL) {
		w->log = log_drain_new(w->loop);
		w->timers = timers_new(w->loop);
		w->http = http_new(w->loop, &http);
	}
	if (w->http == NULL)
		lack(w, EXIT_TROUBLE, "network", "no event loop or no libcurl");
	return w->http != NULL;
}

/* A region that is looked for while nothing else goes on. */
struct search {
	struct ways *ways;
	struct config *conf;
	bool patient;
	bool found;
};

static void
not_found(struct search *s, const char *error)
{
	struct buf why;

	buf_init(&why, 1024);
	buf_printf(&why,
	    "the region is not known: set region or AWS_REGION; %.800s", error);
	if (s->patient)
		LOG_ERROR("region", F_STR("problem", buf_cstr(&why)),
		    F_STR("effect", "it is asked for until it is known"));
	else
		lack(s->ways, EXIT_USAGE, "region", buf_cstr(&why));
	buf_fini(&why);
}

static void
on_region(void *arg, const char *region, const char *error)
{
	struct search *s = arg;

	s->found = region != NULL;
	if (s->found)
		rules_region_found(s->conf, region, "instance metadata");
	else
		not_found(s, error);
	if (s->found || !s->patient)
		ev_break(s->ways->loop, EVBREAK_ALL);
}

static void
on_note(void *arg, bool fatal, const char *text)
{
	struct ways *w = arg;

	if (fatal)
		lack(w, EXIT_USAGE, "endpoints", text);
	else
		LOG_WARN("start", F_STR("problem", text));
}

bool
ways_find_region(struct ways *w, struct config *c, bool patient)
{
	struct search s = {.ways = w, .conf = c, .patient = patient};
	struct notes notes = {.fn = on_note, .arg = w};
	struct region_lookup *lookup;

	if (*c->region != '\0')
		return true;
	lookup = region_lookup_start(w->http, w->timers, on_region, &s);
	ev_run(w->loop, 0);
	region_lookup_cancel(&lookup);
	if (!s.found)
		return false;
	LOG_INFO("region", F_STR("region", c->region),
	    F_STR("from", "instance metadata"));
	hosts_check(&notes, c);
	return notes.fatal == 0;
}

static bool
open_creds(struct ways *w, const struct config *c, creds_changed_fn *changed,
    void *arg)
{
	struct creds_conf conf = {.timers = w->timers,
	    .http = w->http,
	    .region = w->hosts.sts_region,
	    .sts = w->hosts.has_sts ? &w->hosts.sts : NULL,
	    .variant = w->hosts.variant,
	    .role_arn = c->assume_role_arn,
	    .external_id = c->assume_role_external_id,
	    .session_name = c->assume_role_session_name};
	struct creds_source *source;
	struct buf why;

	buf_init(&why, 1024);
	source = creds_chain_new(&conf, &why);
	if (source == NULL)
		lack(w, EXIT_USAGE, "credentials", buf_cstr(&why));
	else
		w->keeper = creds_keeper_new(w->timers, source, changed, arg);
	buf_fini(&why);
	return source != NULL;
}

unsigned
ways_poll_s(void)
{
	return log_has_eyes() ? EYES_WAIT_S : SQS_WAIT_S;
}

/* A call that hangs leaves time for another one before a lease has lapsed. */
static int64_t
sqs_timeout_ms(const struct config *c)
{
	int64_t ms = (int64_t)c->visibility_timeout_s * 1000 / 4;

	if (ms < 1000)
		return 1000;
	return ms < SQS_TIMEOUT_MS ? ms : SQS_TIMEOUT_MS;
}

static void
open_aws(struct ways *w, const struct config *c)
{
	struct sqs_conf sqs = {.queue_url = c->queue_url,
	    .region = c->region,
	    .endpoint = w->hosts.sqs,
	    .timeout_ms = sqs_timeout_ms(c)};
	struct s3_conf s3 = {.region = c->region,
	    .custom = w->hosts.s3_custom ? &w->hosts.s3 : NULL,
	    .path_style = (enum path_style)c->s3_path_style,
	    .variant = w->hosts.variant,
	    .stall_timeout_ms = (int64_t)c->stall_timeout_ms};

	w->aws = aws_new(w->http, w->timers, w->keeper);
	w->sqs = sqs_new(w->aws, &sqs);
	w->s3 = s3_new(w->aws, &s3);
}

static struct dassana_conf
sink_conf(const struct config *c)
{
	return (struct dassana_conf){
	    .endpoint = c->dassana_endpoint,
	    .app_id = c->dassana_app_id,
	    .token = c->token,
	    .post_timeout_ms = (int64_t)c->post_timeout_ms,
	    .gzip = c->gzip_level > 0,
	    .doc_count = (enum doc_count)c->verify_doc_count,
	    .accept_any_2xx = c->accept_any_2xx != 0,
	    .rate_limit = c->dassana_rate_limit,
	};
}

static void
open_sink(struct ways *w, const struct config *c)
{
	struct dassana_conf conf = sink_conf(c);

	w->dassana = dassana_new(w->http, &conf);
}

void
ways_change_sink(struct ways *w, const struct config *c)
{
	struct dassana_conf conf = sink_conf(c);

	dassana_change(w->dassana, &conf);
}

bool
ways_open(struct ways *w, const struct config *c, creds_changed_fn *changed,
    void *arg)
{
	hosts_find(c, &w->hosts);
	if (!open_creds(w, c, changed, arg))
		return false;
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
	log_drain_free(&w->log);
	if (w->loop != NULL)
		ev_loop_destroy(w->loop);
	w->loop = NULL;
}
