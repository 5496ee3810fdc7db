#include <ev.h>
#include <stdio.h>

#include "base/mem.h"
#include "commands/check_internal.h"

void
check_wait(struct check *p)
{
	ev_run(p->ways.loop, 0);
	CHECK(p->done);
	p->done = false;
}

void
check_wake(struct check *p)
{
	p->done = true;
	ev_break(p->ways.loop, EVBREAK_ALL);
}

void
check_skip(struct check *p, const char *name, const char *why)
{
	report_step_init(&p->step, name);
	p->step.mark = REPORT_SKIPPED;
	buf_str(&p->step.fact, why);
	report_add(&p->report, &p->step);
}

void
check_refused(struct check *p, const struct aws_result *r)
{
	struct report_step *s = &p->step;

	s->mark = REPORT_FAILED;
	s->status = r->status;
	(void)snprintf(s->code, sizeof s->code, "%s", r->code);
	(void)snprintf(
	    s->request_id, sizeof s->request_id, "%s", r->request_id);
	buf_reset(&s->fact);
	if (r->err != ERR_OK)
		buf_printf(&s->fact, "%s: ", err_name(r->err));
	buf_str(&s->fact,
	    r->message[0] != '\0' ? r->message : aws_class_name(r->class));
}
