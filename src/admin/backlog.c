#include "admin/backlog.h"

#include "base/clock.h"
#include "base/mem.h"

enum { FIRST_MS = 5000, EVERY_MS = 60 * 1000, FORBIDDEN_MS = 3600 * 1000 };

struct backlog {
	struct sqs *queue;
	struct sqs *dead; /* NULL until the queue has named it */
	struct sqs_op *op;
	struct timer *timer;
	int64_t dead_ms; /* not before is it asked for them */
	struct backlog_view view;
};

static void
on_dead(void *arg, const struct aws_result *r, const struct sqs_attributes *a)
{
	struct backlog *b = arg;

	b->op = NULL;
	b->view.dead = r->class == AWS_OK ? a->waiting : -1;
	if (r->class == AWS_DENIED)
		b->dead_ms = clock_mono_ms() + FORBIDDEN_MS;
	timer_after(b->timer, EVERY_MS);
}

static void
on_queue(void *arg, const struct aws_result *r, const struct sqs_attributes *a)
{
	struct backlog *b = arg;

	b->op = NULL;
	b->view.forbidden = r->class == AWS_DENIED;
	if (r->class != AWS_OK) {
		b->view.waiting = b->view.in_flight = b->view.dead = -1;
		timer_after(
		    b->timer, b->view.forbidden ? FORBIDDEN_MS : EVERY_MS);
		return;
	}
	b->view.waiting = a->waiting;
	b->view.in_flight = a->in_flight;
	b->view.has_dead_letters = a->dead_letter_arn.n > 0;
	sqs_free(&b->dead);
	if (b->view.has_dead_letters)
		b->dead = sqs_dead_letters(b->queue, a->dead_letter_arn);
	if (b->dead != NULL && clock_mono_ms() >= b->dead_ms)
		b->op = sqs_get_attributes(b->dead, on_dead, b);
	else
		timer_after(b->timer, EVERY_MS);
}

static void
on_time(void *arg)
{
	struct backlog *b = arg;

	b->op = sqs_get_attributes(b->queue, on_queue, b);
}

struct backlog *
backlog_new(struct timers *timers, struct sqs *sqs)
{
	struct backlog *b = mem_zalloc(sizeof *b);

	b->queue = sqs;
	b->view = (struct backlog_view){-1, -1, -1, false, false};
	b->timer = timer_new(timers, on_time, b);
	timer_after(b->timer, FIRST_MS);
	return b;
}

void
backlog_free(struct backlog **bp)
{
	struct backlog *b = *bp;

	if (b == NULL)
		return;
	sqs_cancel(&b->op);
	sqs_free(&b->dead);
	timer_free(&b->timer);
	mem_free(b);
	*bp = NULL;
}

struct backlog_view
backlog_view(const struct backlog *b)
{
	static const struct backlog_view none = {-1, -1, -1, false, false};

	return b != NULL ? b->view : none;
}
