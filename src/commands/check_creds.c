/* Which credentials there are, and whose: check_creds, check_identity. */
#include <stdio.h>

#include "aws/identity.h"
#include "base/clock.h"
#include "commands/check_internal.h"

/* Longer than any one source takes: a process has a minute. */
enum { LOOK_MS = 20, GIVE_UP_S = 75 };

struct creds_wait {
	struct check *check;
	struct timer *timer;
	int64_t until_ms;
};

/* The keeper tells of success alone, as it never gives up; the end of its
 * first fetch is all that is waited for here. */
static void
look(void *arg)
{
	struct creds_wait *w = arg;
	const struct creds_keeper *k = w->check->ways.keeper;

	if (creds_get(k) == NULL && creds_failure(k) == NULL &&
	    clock_mono_ms() < w->until_ms)
		timer_after(w->timer, LOOK_MS);
	else
		check_wake(w->check);
}

static void
take_failure(struct report_step *s, const struct creds_failure *f)
{
	buf_str(&s->fact, ": ");
	buf_span(&s->fact, buf_view(&f->text));
	buf_span(&s->advice, buf_view(&f->advice));
	s->status = f->status;
	(void)snprintf(s->code, sizeof s->code, "%s", f->code);
	(void)snprintf(
	    s->request_id, sizeof s->request_id, "%s", f->request_id);
}

void
check_creds(struct check *p)
{
	struct report_step *s = &p->step;
	struct creds_keeper *k = p->ways.keeper;
	struct creds_wait w = {
	    .check = p, .until_ms = clock_mono_ms() + GIVE_UP_S * 1000};
	const struct creds *c;

	report_step_init(s, "credentials");
	creds_keeper_quiet(k);
	w.timer = timer_new(p->ways.timers, look, &w);
	timer_soon(w.timer);
	check_wait(p);
	timer_free(&w.timer);
	c = creds_get(k);
	p->has_creds = c != NULL;
	buf_printf(&s->fact, "from %s", creds_source_name(k));
	if (c == NULL) {
		s->mark = REPORT_FAILED;
		if (creds_failure(k) != NULL)
			take_failure(s, creds_failure(k));
		else
			buf_printf(
			    &s->fact, ": none came within %d s", GIVE_UP_S);
	} else if (c->expires_s == 0) {
		buf_printf(&s->fact, ", key %s, they do not expire", c->key_id);
	} else {
		buf_printf(&s->fact, ", key %s, until ", c->key_id);
		clock_format_log(&s->fact, c->expires_s * 1000);
		if (creds_stats(k).left_s == 0) {
			s->mark = REPORT_WARNING;
			buf_str(&s->fact, ", which has passed: they are used "
					  "until AWS refuses them");
		}
	}
	report_add(&p->report, s);
}

static void
on_identity(void *arg, const struct aws_result *r, const struct identity *i)
{
	struct check *p = arg;

	if (i != NULL) {
		buf_printf(&p->step.fact, "account %.*s, %.*s",
		    (int)i->account.n, i->account.p, (int)i->arn.n, i->arn.p);
	} else {
		check_refused(p, r);
		check_advise(r, "sts:GetCallerIdentity", "the account",
		    &p->ways.hosts.sts, &p->step.advice);
	}
	check_wake(p);
}

void
check_identity(struct check *p)
{
	if (!p->ways.hosts.has_sts) {
		check_skip(p, "identity",
		    "no STS is known for this region; set endpoint_url_sts");
		return;
	}
	report_step_init(&p->step, "identity");
	identity_start(p->ways.aws, &p->ways.hosts.sts,
	    p->ways.hosts.sts_region, on_identity, p);
	check_wait(p);
	report_add(&p->report, &p->step);
}
