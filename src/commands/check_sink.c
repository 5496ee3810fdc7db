/* Whether Dassana is there and takes the token: check_sink. */
#include "commands/check_internal.h"
#include "settings/option.h"

enum { REPLY_MAX = 64 * 1024, TIMEOUT_MS = 30 * 1000 };

static void
tell_taken(struct check *p, const struct dassana_result *d)
{
	struct buf *b = &p->step.fact;

	buf_span(b, option_bare_url(p->c->dassana_endpoint));
	buf_printf(b,
	    " answers %d to a request without events, and does not refuse the "
	    "token",
	    d->status);
	buf_str(b, d->verdict == DASSANA_TAKEN
		       ? "; whether it takes events shows when one is sent"
		       : "; that it takes the token and the events shows only "
			 "when one is sent");
}

static void
tell_trouble(struct check *p, const struct dassana_result *d)
{
	struct report_step *s = &p->step;

	s->mark = REPORT_FAILED;
	s->status = d->status;
	buf_span(&s->fact, option_bare_url(p->c->dassana_endpoint));
	buf_printf(&s->fact, ": %s", d->why);
	if (d->detail.n > 0)
		buf_printf(&s->fact, ": %.*s", (int)d->detail.n, d->detail.p);
	if (d->advice != NULL)
		buf_str(&s->advice, d->advice);
}

static void
on_reply(void *arg, const struct reply *r)
{
	struct check *p = arg;
	const struct dassana_conf conf = {
	    .token = p->c->token, .accept_any_2xx = p->c->accept_any_2xx != 0};
	const struct dassana_sent sent = {.token = conf.token};
	struct dassana_result d;

	dassana_judge(&conf, &sent, r, &d);
	/* No events were sent: a refusal of those says nothing. */
	if (d.verdict == DASSANA_TAKEN || d.verdict == DASSANA_REFUSED)
		tell_taken(p, &d);
	else
		tell_trouble(p, &d);
	check_wake(p);
}

void
check_sink(struct check *p)
{
	const struct http_header headers[] = {
	    {"Content-Type", "application/x-ndjson"},
	    {"Accept", "application/json"},
	    {"x-dassana-app-id", p->c->dassana_app_id},
	    {"x-dassana-token", p->c->token},
	};
	const struct request_spec spec = {.method = "POST",
	    .url = p->c->dassana_endpoint,
	    .headers = headers,
	    .nheaders = sizeof headers / sizeof headers[0],
	    .total_timeout_ms = TIMEOUT_MS,
	    .reply_max = REPLY_MAX,
	    .may_be_compressed = true,
	    .on_done = on_reply,
	    .arg = p};

	report_step_init(&p->step, "dassana");
	request_start(p->ways.http, &spec);
	check_wait(p);
	report_add(&p->report, &p->step);
}
