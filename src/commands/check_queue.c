/* What the queue says of itself, and what we may do with it: check_queue,
 * check_permissions. */
#include <string.h>

#include "commands/check_internal.h"

/* A lease that is shorter than a call which hangs, and another one, is lost
 * with the first hiccup. */
/* Each receive may hide a message for 12 h; then it should still have a day to
 * come to the dead-letter queue. */
enum {
	HOUR_S = 3600,
	DAY_S = 24 * HOUR_S,
	HIDDEN_S = 12 * HOUR_S,
	RETENTION_MAX_S = 14 * DAY_S, /* that SQS allows */
	RECEIVES_MAX = 1000,	      /* likewise */
};
enum { FEW_RECEIVES = 3, SHORT_LEASE_S = 2 * SQS_TIMEOUT_MS / 1000 };

/* arn:PARTITION:sqs:REGION:ACCOUNT:NAME, from the URL; "" if it has another
 * form. */
static void
guess_arn(struct check *p)
{
	const char *partition = endpoint_partition(p->c->region);
	const char *name = strrchr(p->c->queue_url, '/');
	const char *account = name;

	if (name == NULL)
		return;
	while (account > p->c->queue_url && account[-1] != '/')
		account--;
	buf_printf(&p->queue_arn, "arn:%s:sqs:%s:%.*s:%s",
	    partition != NULL ? partition : "aws", p->c->region,
	    (int)(name - account), account, name + 1);
}

static void
add_count(struct buf *b, int64_t n, const char *what)
{
	if (n >= 0)
		buf_printf(b, ", %lld %s", (long long)n, what);
}

/* Ours counts: each receive names it. */
static void
tell_lease(struct check *p, int64_t queues_own_s)
{
	struct report_step *s = &p->step;
	unsigned ours_s = (unsigned)p->c->visibility_timeout_s;

	buf_printf(&s->fact, ", hidden for %u s (visibility_timeout", ours_s);
	if (queues_own_s >= 0)
		buf_printf(&s->fact, "; the queue's own %lld s does not count",
		    (long long)queues_own_s);
	buf_char(&s->fact, ')');
	if (ours_s >= SHORT_LEASE_S)
		return;
	s->mark = REPORT_WARNING;
	buf_printf(&s->advice,
	    "whenever SQS is slow for some seconds, messages that are being "
	    "worked on come back and are delivered twice: raise "
	    "visibility_timeout to %d s or more",
	    SHORT_LEASE_S);
}

static void
tell_queue(struct check *p, const struct sqs_attributes *a)
{
	struct buf *b = &p->step.fact;

	buf_str(b, buf_cstr(&p->queue_arn));
	add_count(b, a->waiting, "messages waiting");
	add_count(b, a->in_flight, "in flight");
	tell_lease(p, a->visibility_s);
	if (a->kms_key.n > 0)
		buf_printf(b, ", encrypted with KMS key %.*s",
		    (int)a->kms_key.n, a->kms_key.p);
	else
		buf_str(b, a->sqs_encrypted ? ", encrypted by SQS"
					    : ", not encrypted");
	report_add(&p->report, &p->step);
}

/* Or else what cannot be delivered may expire before it gets there. */
static void
tell_retention(struct report_step *s, const struct sqs_attributes *a)
{
	int64_t receives =
	    a->max_receives < RECEIVES_MAX ? a->max_receives : RECEIVES_MAX;
	int64_t least_s = receives * HIDDEN_S + DAY_S;

	if (a->retention_s < 0)
		return;
	buf_printf(&s->fact, ", kept for %.3g days",
	    (double)a->retention_s / (double)DAY_S);
	if (a->retention_s >= least_s)
		return;
	s->mark = REPORT_WARNING;
	if (s->advice.n > 0)
		buf_str(&s->advice, "; ");
	if (least_s <= RETENTION_MAX_S)
		buf_printf(&s->advice,
		    "a message may expire before it gets there: set the "
		    "queue's MessageRetentionPeriod to %d (14 days)",
		    RETENTION_MAX_S);
	else
		buf_printf(&s->advice,
		    "a message may expire before it gets there: set the "
		    "queue's MessageRetentionPeriod to %d (14 days) and "
		    "maxReceiveCount to %d or less",
		    RETENTION_MAX_S, (RETENTION_MAX_S - DAY_S) / HIDDEN_S);
}

/* Without one, what can never be delivered comes back until it expires. */
static void
tell_redrive(struct check *p, const struct sqs_attributes *a)
{
	struct report_step *s = &p->step;

	report_step_init(s, "redrive");
	if (a->max_receives < 0) {
		s->mark = REPORT_WARNING;
		buf_str(&s->fact, "the queue has no redrive policy: a message "
				  "that cannot be delivered comes back until "
				  "it expires");
		buf_str(&s->advice, "give it a dead-letter queue with a "
				    "maxReceiveCount of 5 or more");
	} else {
		buf_printf(&s->fact, "after %lld receives to %.*s",
		    (long long)a->max_receives, (int)a->dead_letter_arn.n,
		    a->dead_letter_arn.p);
		if (a->max_receives < FEW_RECEIVES) {
			s->mark = REPORT_WARNING;
			buf_str(&s->advice,
			    "a short outage uses these up: raise "
			    "maxReceiveCount to 5 or more");
		}
		tell_retention(s, a);
	}
	report_add(&p->report, s);
}

static void
keep_facts(struct check *p, const struct sqs_attributes *a)
{
	p->queue.known = true;
	p->queue.fifo = a->fifo;
	p->queue.has_kms = a->kms_key.n > 0;
	p->queue.created_s = a->created_s;
	p->queue.retention_s = a->retention_s;
	buf_span(&p->queue.dead_letter_arn, a->dead_letter_arn);
}

static void
on_attributes(
    void *arg, const struct aws_result *r, const struct sqs_attributes *a)
{
	struct check *p = arg;

	if (a != NULL) {
		keep_facts(p, a);
		if (a->arn.n > 0) {
			buf_reset(&p->queue_arn);
			buf_span(&p->queue_arn, a->arn);
		}
		tell_queue(p, a);
		tell_redrive(p, a);
	} else {
		check_refused(p, r);
		check_advise(r, "sqs:GetQueueAttributes",
		    buf_cstr(&p->queue_arn), &p->ways.hosts.sqs,
		    &p->step.advice);
		if (r->class == AWS_DENIED && !check_is_kms(r))
			buf_str(&p->step.advice,
			    "; SQS refuses a queue that does not exist in the "
			    "same way: check account and name in queue_url");
		report_add(&p->report, &p->step);
	}
	check_wake(p);
}

void
check_queue(struct check *p)
{
	guess_arn(p);
	report_step_init(&p->step, "queue");
	sqs_get_attributes(p->ways.sqs, on_attributes, p);
	check_wait(p);
}

/* Nobody ever got this receipt handle: SQS looks at the permission first, and
 * then has nothing to do. */
static const struct span no_handle = {"trailpost-check", 15};

struct permission {
	struct check *check;
	const char *action;
};

static void
on_tried(void *arg, const struct aws_result *r,
    const struct sqs_entry_result *entry, size_t n)
{
	struct permission *t = arg;
	struct check *p = t->check;

	(void)entry;
	(void)n;
	/* Of an emulator that knows no batch's own errors. */
	if (r->class == AWS_OK ||
	    strcmp(r->code, "ReceiptHandleIsInvalid") == 0) {
		buf_printf(&p->step.fact, "%s is allowed", t->action);
	} else {
		check_refused(p, r);
		check_advise(r, t->action, buf_cstr(&p->queue_arn),
		    &p->ways.hosts.sqs, &p->step.advice);
	}
	check_wake(p);
}

void
check_permissions(struct check *p)
{
	static const unsigned now = 0;
	struct permission t = {.check = p, .action = "sqs:DeleteMessage"};

	report_step_init(&p->step, "delete");
	sqs_delete(p->ways.sqs, &no_handle, 1, on_tried, &t);
	check_wait(p);
	report_add(&p->report, &p->step);

	t.action = "sqs:ChangeMessageVisibility";
	report_step_init(&p->step, "visibility");
	sqs_change_visibility(p->ways.sqs, &no_handle, &now, 1, on_tried, &t);
	check_wait(p);
	report_add(&p->report, &p->step);
}
