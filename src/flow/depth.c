#include "flow/depth.h"

#include "base/mem.h"

enum { ASK_MS = 60 * 1000, MANY = 1000 };

struct depth {
	struct sqs *sqs;
	struct messages *messages;
	struct timer *timer; /* armed: not yet */
	struct sqs_op *op;
	bool stopped;
};

static void
on_timer(void *arg)
{
	depth_look(arg);
}

static void
on_attributes(
    void *arg, const struct aws_result *r, const struct sqs_attributes *a)
{
	struct depth *d = arg;
	bool told = r->class == AWS_OK && a->in_flight > 0;

	d->op = NULL;
	messages_in_flight(d->messages, told ? a->in_flight : 0);
	timer_after(d->timer, ASK_MS);
}

struct depth *
depth_new(struct timers *t, struct sqs *sqs, struct messages *ms)
{
	struct depth *d = mem_zalloc(sizeof *d);

	d->sqs = sqs;
	d->messages = ms;
	d->timer = timer_new(t, on_timer, d);
	return d;
}

void
depth_stop(struct depth *d)
{
	d->stopped = true;
	timer_stop(d->timer);
	sqs_cancel(&d->op);
}

void
depth_free(struct depth **dp)
{
	struct depth *d = *dp;

	if (d == NULL)
		return;
	depth_stop(d);
	timer_free(&d->timer);
	mem_free(d);
	*dp = NULL;
}

void
depth_look(struct depth *d)
{
	if (d->stopped || d->op != NULL || timer_armed(d->timer) ||
	    messages_hidden(d->messages) < MANY)
		return;
	d->op = sqs_get_attributes(d->sqs, on_attributes, d);
}
