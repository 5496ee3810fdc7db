/* Whether the bucket may be listed, and messages sent: check_backfill. */
#include "aws/list.h"
#include "backfill/work.h"
#include "commands/check_internal.h"

enum { NAME_BYTES = 4096 };

struct trial {
	struct check *check;
	struct work work;
};

static void
on_page(void *arg, const struct aws_result *r, struct list_page *page)
{
	struct trial *t = arg;
	struct check *p = t->check;
	const struct s3_object o = {.bucket = t->work.bucket};
	struct endpoint host = p->ways.hosts.s3;
	struct buf arn;

	buf_init(&arn, NAME_BYTES);
	check_bucket_arn(p, t->work.bucket, &arn);
	(void)s3_host(p->ways.s3, &o, &host);
	if (page != NULL) {
		buf_str(&p->step.fact, "s3:ListBucket is allowed");
		if (list_page_folders(page) == 0) {
			p->step.mark = REPORT_WARNING;
			buf_str(&p->step.fact, ", but there is nothing in "
					       "AWSLogs/");
			buf_str(&p->step.advice,
			    "name the prefix of the trail: what stands before "
			    "AWSLogs/ in its keys");
		}
	} else {
		check_refused(p, r);
		check_advise(
		    r, "s3:ListBucket", buf_cstr(&arn), &host, &p->step.advice);
	}
	list_page_free(&page);
	buf_fini(&arn);
	check_wake(p);
}

static void
try_to_list(struct trial *t)
{
	struct check *p = t->check;
	struct list_spec spec = {.bucket = t->work.bucket, .folders = true};
	struct buf prefix;

	buf_init(&prefix, NAME_BYTES);
	while (span_ends(t->work.prefix, "/"))
		t->work.prefix.n--;
	buf_span(&prefix, t->work.prefix);
	buf_str(&prefix, prefix.n > 0 ? "/AWSLogs/" : "AWSLogs/");
	spec.prefix = buf_view(&prefix);
	report_step_init(&p->step, "list");
	(void)list_start(p->ways.s3, &spec, on_page, t);
	check_wait(p);
	report_add(&p->report, &p->step);
	buf_fini(&prefix);
}

static bool
is_about_the_message(const struct aws_result *r)
{
	return r->class == AWS_OTHER &&
	       (span_starts(span_str(r->code), "InvalidMessageContents") ||
		   span_starts(span_str(r->code), "InvalidParameterValue"));
}

static void
on_tried(void *arg, const struct aws_result *r,
    const struct sqs_entry_result *entry, size_t n)
{
	struct trial *t = arg;
	struct check *p = t->check;

	if (r->class == AWS_OK || is_about_the_message(r)) {
		buf_str(&p->step.fact, "sqs:SendMessage is allowed");
		if (n > 0 && entry[0].ok)
			buf_str(&p->step.fact,
			    "; this queue took a test message, which a daemon "
			    "deletes");
		if (p->queue.has_kms)
			buf_str(&p->step.fact,
			    "; whether kms:GenerateDataKey is too shows when "
			    "something is sent");
	} else {
		check_refused(p, r);
		check_advise(r, "sqs:SendMessage", buf_cstr(&p->queue_arn),
		    &p->ways.hosts.sqs, &p->step.advice);
	}
	check_wake(p);
}

void
check_backfill(struct check *p)
{
	struct trial t = {.check = p};

	if (p->args->backfill == NULL)
		return;
	if (!work_take_place(&t.work, p->args->backfill)) {
		report_step_init(&p->step, "list");
		p->step.mark = REPORT_FAILED;
		buf_printf(&p->step.fact,
		    "\"%.200s\" is not of the form s3://BUCKET[/PREFIX]",
		    p->args->backfill);
		report_add(&p->report, &p->step);
		return;
	}
	try_to_list(&t);
	report_step_init(&p->step, "send");
	sqs_try_send(p->ways.sqs, on_tried, &t);
	check_wait(p);
	report_add(&p->report, &p->step);
}
