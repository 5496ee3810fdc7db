#include "admin/admin.h"

#include <string.h>

#include "admin/backlog.h"
#include "admin/page.h"
#include "admin/process.h"
#include "admin/readiness.h"
#include "admin/server.h"
#include "admin/status.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { AGAIN_MS = 10 * 1000 };

struct admin {
	struct metrics_source source; /* all 0 before admin_show */
	struct admin_conf conf;
	struct admin_address at;
	struct server *server; /* NULL: it cannot listen there yet */
	struct timer *again;
	struct timer *sampler;
	struct rates rates;
	struct backlog *backlog;
	int64_t started_ms; /* monotonic, as this: */
	int64_t delivered_ms;
	uint64_t delivered; /* events, then */
};

static const char json_type[] = "application/json; charset=utf-8";

/* ---- what stands where ---- */

static void
add_live(struct admin *a, struct server_answer *out)
{
	(void)a;
	buf_str(out->body, "ok\n");
}

static void
add_waiting(struct server_answer *out)
{
	struct json_out j = {.b = out->body};

	json_begin(&j, NULL, '{');
	json_flag(&j, "ready", false);
	json_begin(&j, "reasons", '[');
	json_begin(&j, NULL, '{');
	json_text(&j, "part", span_str("region"));
	json_text(&j, "problem",
	    span_str("the instance metadata has not told the region yet"));
	json_text(&j, "advice",
	    span_str("it is asked until it does; elsewhere than on an "
		     "instance set region or AWS_REGION"));
	json_end(&j, '}');
	json_end(&j, ']');
	json_end(&j, '}');
	buf_char(out->body, '\n');
	out->status = 503;
	out->type = json_type;
}

static void
add_ready(struct admin *a, struct server_answer *out)
{
	struct json_out j = {.b = out->body};
	struct health_facts facts;
	struct health h;

	health_look(&a->source, &facts);
	health_judge(&facts, &h);
	json_begin(&j, NULL, '{');
	health_add_json(&h, &j);
	json_end(&j, '}');
	buf_char(out->body, '\n');
	out->status = h.ready ? 200 : 503;
	out->type = json_type;
}

static void
add_metrics(struct admin *a, struct server_answer *out)
{
	metrics_render(out->body, &a->source);
	out->type = METRICS_CONTENT_TYPE;
}

/* As of the sampler's last look, if not of now. */
static void
look_delivered(struct admin *a, uint64_t events)
{
	if (events == a->delivered)
		return;
	a->delivered = events;
	a->delivered_ms = clock_mono_ms();
}

/* On the heap: the problems' texts take some room. */
static struct status *
take_status(struct admin *a)
{
	struct status *s = mem_zalloc(sizeof *s);

	a->conf.about(a->conf.arg, &s->about);
	status_take(&a->source, &a->rates, s);
	look_delivered(a, s->sink.taken_events);
	s->backlog = backlog_view(a->backlog);
	s->delivered_s =
	    a->delivered > 0 ? (clock_mono_ms() - a->delivered_ms) / 1000 : -1;
	s->uptime_s = (clock_mono_ms() - a->started_ms) / 1000;
	return s;
}

static void
add_status(struct admin *a, struct server_answer *out)
{
	struct status *s = take_status(a);

	status_json(s, out->body);
	buf_char(out->body, '\n');
	out->type = json_type;
	mem_free(s);
}

static void
add_page(struct admin *a, struct server_answer *out)
{
	struct status *s = take_status(a);

	page_render(s, out->body);
	out->type = "text/html; charset=utf-8";
	out->policy = page_policy;
	mem_free(s);
}

/* What tells most is for those only who mean this host. */
static bool
is_asked(const struct admin *a, const char *host)
{
	struct admin_about about;

	a->conf.about(a->conf.arg, &about);
	return admin_address_is(&a->at, span_str(host), span_str(about.hosts));
}

static void
add_stranger(struct server_answer *out)
{
	buf_str(out->body,
	    "asked by a name that may be anybody's: use the address of "
	    "admin_listen or localhost, or add the name to admin_hosts\n");
	out->status = 421; /* Misdirected Request */
}

static bool
answer(void *arg, const char *path, const char *host, struct server_answer *out)
{
	static const struct {
		const char *path;
		void (*add)(struct admin *a, struct server_answer *out);
		bool of_host;
	} routes[] = {
	    {"/healthz", add_live, false},
	    {"/readyz", add_ready, false},
	    {"/metrics", add_metrics, false},
	    {"/status", add_status, true},
	    {"/", add_page, true},
	};
	struct admin *a = arg;

	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++) {
		if (strcmp(path, routes[i].path) != 0)
			continue;
		if (routes[i].of_host && !is_asked(a, host))
			add_stranger(out);
		else if (a->source.shipper == NULL && routes[i].add != add_live)
			add_waiting(out);
		else
			routes[i].add(a, out);
		return true;
	}
	return false;
}

/* ---- life ---- */

static void
on_sample(void *arg)
{
	struct admin *a = arg;
	struct rates_sample s;

	status_sample(&a->source, &s);
	rates_add(&a->rates, &s);
	look_delivered(a, s.count[RATE_EVENTS]);
	timer_after(a->sampler, RATES_EVERY_MS);
}

/* The address as it is, where a port of 0 has become one. */
static void
log_listening(const struct admin *a)
{
	struct admin_address at = a->at;
	struct buf url;

	buf_init(&url, 128);
	at.port = server_port(a->server);
	admin_address_url(&at, &url);
	LOG_INFO("admin.listen", F_SPAN("url", buf_view(&url)),
	    F_STR("address", *at.host != '\0' ? at.host : "every"));
	buf_fini(&url);
}

/* Somebody else may have the port, or the host has not got the address yet: the
 * work does not depend on being watched. */
static void
open_server(void *arg)
{
	struct admin *a = arg;
	struct buf why;

	buf_init(&why, 128);
	a->server =
	    server_new(a->conf.loop, a->conf.timers, &a->at, answer, a, &why);
	if (a->server != NULL) {
		log_listening(a);
	} else {
		LOG_ERROR("admin.listen", F_STR("address", a->conf.listen),
		    F_STR("problem", "it cannot listen there"),
		    F_SPAN("error", buf_view(&why)),
		    F_STR("effect", "nothing is shown; it is tried again"),
		    F_STR("advice", "set admin_listen to an address of this "
				    "host and a port that is free, or leave it "
				    "out"));
		timer_after(a->again, AGAIN_MS);
	}
	buf_fini(&why);
}

struct admin *
admin_open(const struct admin_conf *conf)
{
	struct admin *a;

	if (*conf->listen == '\0')
		return NULL;
	a = mem_zalloc(sizeof *a);
	a->conf = *conf;
	CHECK(admin_address_parse(span_str(conf->listen), &a->at));
	a->started_ms = clock_mono_ms();
	a->again = timer_new(conf->timers, open_server, a);
	a->sampler = timer_new(conf->timers, on_sample, a);
	open_server(a);
	return a;
}

void
admin_show(struct admin *a, const struct metrics_source *source)
{
	if (a == NULL)
		return;
	a->source = *source;
	a->source.start_seconds = process_start_seconds();
	if (source->sqs != NULL)
		a->backlog = backlog_new(a->conf.timers, source->sqs);
	on_sample(a);
}

void
admin_close(struct admin **ap)
{
	struct admin *a = *ap;

	if (a == NULL)
		return;
	timer_free(&a->again);
	timer_free(&a->sampler);
	backlog_free(&a->backlog);
	server_free(&a->server);
	mem_free(a);
	*ap = NULL;
}
