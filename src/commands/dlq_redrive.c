/* Dead letters that go back to the queue: all by SQS itself, some one by one.
 * A message is sent before it is deleted here: whoever is killed in between
 * leaves a duplicate, never a loss. */
#include <stdio.h>

#include "commands/dlq_internal.h"

static void
refused(struct dlq *d, const struct aws_result *r, const char *step,
    const char *action, const char *resource)
{
	struct check *p = &d->check;

	d->failed = true;
	report_step_init(&p->step, step);
	check_refused(p, r);
	check_advise(r, action, resource, &p->ways.hosts.sqs, &p->step.advice);
	report_add(&p->report, &p->step);
}

static void
on_moved(void *arg, const struct aws_result *r)
{
	struct dlq *d = arg;

	if (r->class == AWS_OK)
		puts("SQS puts all of them back, to the queue that each came "
		     "from");
	else
		refused(d, r, "move",
		    "sqs:StartMessageMoveTask, sqs:ReceiveMessage and "
		    "sqs:DeleteMessage there, and sqs:SendMessage on the "
		    "queue, beginning",
		    buf_cstr(&d->check.queue.dead_letter_arn));
	check_wake(&d->check);
}

void
redrive_all(struct dlq *d)
{
	sqs_move(
	    d->queue, buf_view(&d->check.queue.dead_letter_arn), on_moved, d);
	check_wait(&d->check);
}

struct step {
	struct dlq *dlq;
	const char *name, *action, *resource;
	bool ok;
};

static void
on_entry(void *arg, const struct aws_result *r,
    const struct sqs_entry_result *entry, size_t n)
{
	struct step *s = arg;
	struct aws_result res = *r;

	s->ok = r->class == AWS_OK && n == 1 && entry[0].ok;
	if (r->class == AWS_OK && n == 1 && !s->ok)
		sqs_entry_refusal(&entry[0], &res);
	if (!s->ok)
		refused(s->dlq, &res, s->name, s->action, s->resource);
	check_wake(&s->dlq->check);
}

bool
redrive_one(struct dlq *d, const struct dlq_letter *l)
{
	struct step s = {.dlq = d,
	    .name = "send",
	    .action = "sqs:SendMessage",
	    .resource = buf_cstr(&d->check.queue_arn)};
	struct span handle = buf_view(&l->handle);

	sqs_send_again(d->check.ways.sqs, buf_view(&l->body),
	    buf_view(&l->attributes), on_entry, &s);
	check_wait(&d->check);
	if (!s.ok)
		return false;
	d->moved++;
	s.name = "delete";
	s.action = "sqs:DeleteMessage";
	s.resource = buf_cstr(&d->check.queue.dead_letter_arn);
	sqs_delete(d->queue, &handle, 1, on_entry, &s);
	check_wait(&d->check);
	return s.ok;
}
