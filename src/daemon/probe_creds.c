/* Which credentials there are, and whose: probe_creds, probe_identity. */
#include <string.h>

#include "aws/identity.h"
#include "base/clock.h"
#include "daemon/probe_internal.h"

/* Longer than any one source takes: a process has a minute. */
enum { LOOK_MS = 20, GIVE_UP_S = 75 };

struct creds_wait {
	struct probe *probe;
	struct timer *timer;
	const char *fetching; /* what the keeper says of the first fetch */
	int64_t until_ms;
};

/* The keeper tells of success alone, as it never gives up; the end of its
 * first fetch is all that is waited for here. */
static void
look(void *arg)
{
	struct creds_wait *w = arg;
	const struct creds_keeper *k = w->probe->ways.keeper;

	if (creds_get(k) == NULL && strcmp(creds_error(k), w->fetching) == 0 &&
	    clock_mono_ms() < w->until_ms)
		timer_after(w->timer, LOOK_MS);
	else
		probe_wake(w->probe);
}

/* A role that is refused; of a web identity the source itself tells more. */
static void
advise_role(const struct probe *p, const char *error, struct buf *out)
{
	if (strstr(error, "AccessDenied") == NULL &&
	    strstr(error, "status 403") == NULL)
		return;
	if (span_starts(span_str(error), "assuming "))
		buf_printf(out,
		    "grant sts:AssumeRole on %s to whoever assumes it, and "
		    "name them in its trust policy; check the external id",
		    *p->c->assume_role_arn != '\0' ? p->c->assume_role_arn
						   : "the role");
}

void
probe_creds(struct probe *p)
{
	struct report_step *s = &p->step;
	struct creds_wait w = {.probe = p,
	    .fetching = creds_error(p->ways.keeper),
	    .until_ms = clock_mono_ms() + GIVE_UP_S * 1000};
	const struct creds *c;

	report_step_init(s, "credentials");
	w.timer = timer_new(p->ways.timers, look, &w);
	timer_soon(w.timer);
	probe_wait(p);
	timer_free(&w.timer);
	c = creds_get(p->ways.keeper);
	p->has_creds = c != NULL;
	buf_printf(&s->fact, "from %s", creds_source_name(p->ways.keeper));
	if (c == NULL) {
		s->mark = REPORT_FAILED;
		buf_printf(&s->fact, ": %s", creds_error(p->ways.keeper));
		if (clock_mono_ms() >= w.until_ms)
			buf_printf(&s->fact, ", %d s so far", GIVE_UP_S);
		advise_role(p, creds_error(p->ways.keeper), &s->advice);
	} else if (c->expires_s == 0) {
		buf_printf(&s->fact, ", key %s, they do not expire", c->key_id);
	} else {
		buf_printf(&s->fact, ", key %s, until ", c->key_id);
		clock_format_log(&s->fact, c->expires_s * 1000);
	}
	report_add(&p->report, s);
}

static void
on_identity(void *arg, const struct aws_result *r, const struct identity *i)
{
	struct probe *p = arg;

	if (i != NULL) {
		buf_printf(&p->step.fact, "account %.*s, %.*s",
		    (int)i->account.n, i->account.p, (int)i->arn.n, i->arn.p);
	} else {
		probe_refused(p, r);
		probe_advise(r, "sts:GetCallerIdentity", "the account",
		    &p->ways.hosts.sts, &p->step.advice);
	}
	probe_wake(p);
}

void
probe_identity(struct probe *p)
{
	if (!p->ways.hosts.has_sts) {
		probe_skip(p, "identity",
		    "no STS is known for this region; set endpoint_url_sts");
		return;
	}
	report_step_init(&p->step, "identity");
	identity_start(
	    p->ways.aws, &p->ways.hosts.sts, p->c->region, on_identity, p);
	probe_wait(p);
	report_add(&p->report, &p->step);
}
