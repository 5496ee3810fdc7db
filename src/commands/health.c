/*
 * `trailpost health`: asks a running daemon how it is, through the address in
 * its configuration, for whatever decides by an exit status.
 */
#include <ev.h>
#include <stdio.h>

#include "admin/address.h"
#include "base/json.h"
#include "base/log.h"
#include "base/mem.h"
#include "commands/command.h"
#include "commands/report.h"
#include "net/http.h"
#include "net/timer.h"
#include "settings/notes.h"

enum {
	ANSWER_MS = 2500,
	REPLY_MAX = 64 * 1024,
	TREE_MAX = 256 * 1024,
};

struct question {
	struct ev_loop *loop;
	const char *url;
	int status;
};

static void
add(struct buf *b, const char *before, const struct json_node *text)
{
	if (json_str(text).n == 0)
		return;
	buf_str(b, before);
	buf_span(b, json_str(text));
}

/* What was said is not ours; a report shows nothing but visible characters. */
static void
report_reason(struct report *report, const struct json_node *r)
{
	struct span part = json_str(json_get(r, "part"));
	char *name = mem_strndup(part.p, part.n);
	struct report_step s;

	report_step_init(&s, name);
	s.mark = REPORT_FAILED;
	add(&s.fact, "", json_get(r, "problem"));
	add(&s.fact, ": ", json_get(r, "code"));
	add(&s.fact, ", ", json_get(r, "detail"));
	add(&s.advice, "", json_get(r, "advice"));
	report_add(report, &s);
	mem_free(name);
}

/* As the check shows a step that failed. */
static bool
print_reasons(struct span body)
{
	const struct json_node *root, *r;
	struct json *doc = NULL;
	struct report report;

	if (json_parse(body, TREE_MAX, &doc, &root) != ERR_OK)
		root = NULL;
	r = json_get(root, "reasons");
	r = r != NULL ? r->child : NULL;
	report_begin(&report, stdout, false);
	for (; r != NULL; r = r->next)
		report_reason(&report, r);
	json_free(&doc);
	return report.steps > 0;
}

static void
on_reply(void *arg, const struct reply *r)
{
	struct question *q = arg;

	if (r->err == ERR_OK && r->status == 200) {
		q->status = EXIT_OK;
		puts("ok");
	} else if (r->err != ERR_OK) {
		printf("no answer from %s: %s (does it run, and with this "
		       "admin_listen?)\n",
		    q->url, err_name(r->err));
	} else if (r->status != 503 || !print_reasons(r->body)) {
		printf("%s answers with status %d: is it trailpost that "
		       "listens there?\n",
		    q->url, r->status);
	}
	ev_break(q->loop, EVBREAK_ALL);
}

static int
ask(const char *url)
{
	struct http_conf conf = {.user_agent = "trailpost/" TRAILPOST_VERSION,
	    .connect_timeout_ms = ANSWER_MS,
	    .max_idle_connections = 1};
	struct question q = {.url = url, .status = EXIT_TROUBLE};
	struct request_spec spec = {.method = "GET",
	    .url = url,
	    .total_timeout_ms = ANSWER_MS,
	    .reply_max = REPLY_MAX,
	    .no_proxy = true,
	    .on_done = on_reply,
	    .arg = &q};
	struct http *http = NULL;

	q.loop = ev_loop_new(EVFLAG_AUTO);
	if (q.loop != NULL)
		http = http_new(q.loop, &conf);
	if (http != NULL) {
		(void)request_start(http, &spec);
		ev_run(q.loop, 0);
	}
	http_free(&http);
	if (q.loop != NULL)
		ev_loop_destroy(q.loop);
	return q.status;
}

int
ask_health(const struct config_sources *sources, bool ready)
{
	struct config_sources src = *sources;
	struct admin_address at;
	int status = EXIT_USAGE;
	struct config c;
	struct buf url;

	src.admin_only = true;
	src.profile_setting = NULL;
	src.profile_endpoint = NULL;
	buf_init(&url, 128);
	if (config_load(&c, &src, notes_log, NULL) > 0) {
		/* It was told. */
	} else if (!admin_address_parse(span_str(c.admin_listen), &at)) {
		fputs("trailpost health: admin_listen is not set, so there is "
		      "nobody to ask\n",
		    stderr);
	} else if (at.port == 0) {
		fputs("trailpost health: admin_listen has port 0, which is "
		      "another one each time\n",
		    stderr);
	} else {
		admin_address_url(&at, &url);
		buf_str(&url, ready ? "/readyz" : "/healthz");
		status = ask(buf_cstr(&url));
	}
	buf_fini(&url);
	config_fini(&c);
	return status;
}
