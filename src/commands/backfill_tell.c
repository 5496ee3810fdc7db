/* What a backfill says of what it found, and of its end. */
#include <string.h>

#include "backfill/backfill.h"
#include "base/clock.h"
#include "base/enc.h"
#include "base/json_out.h"
#include "commands/backfill_internal.h"

enum { NAME_BYTES = 4096, DOCUMENT_MAX = 64 * 1024 };

void
tell_bytes(struct buf *b, uint64_t bytes)
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
	double x = (double)bytes;
	size_t i = 0;

	while (x >= 1000 && i + 1 < sizeof units / sizeof units[0]) {
		x /= 1000;
		i++;
	}
	buf_printf(b, i == 0 ? "%.0f %s" : "%.1f %s", x, units[i]);
}

static void
add_count(struct buf *b, uint64_t n, const char *what)
{
	if (n > 0)
		buf_printf(b, ", %llu %s", (unsigned long long)n, what);
}

/* ---- refusals ---- */

static void
refused_listing(struct fill *f)
{
	struct check *p = &f->check;
	const struct s3_object o = {.bucket = f->work.bucket};
	struct endpoint host = p->ways.hosts.s3;
	struct buf arn;

	buf_init(&arn, NAME_BYTES);
	check_bucket_arn(p, f->work.bucket, &arn);
	(void)s3_host(p->ways.s3, &o, &host);
	check_refused(p, &f->failure);
	check_advise(&f->failure, "s3:ListBucket", buf_cstr(&arn), &host,
	    &p->step.advice);
	buf_printf(&p->step.advice, "%sit was about s3://%.*s/%.*s",
	    p->step.advice.n > 0 ? "; " : "", (int)f->work.bucket.n,
	    f->work.bucket.p, (int)f->at.n, buf_view(&f->at).p);
	buf_fini(&arn);
}

void
tell_refusal(struct fill *f)
{
	struct check *p = &f->check;
	enum backfill_end end = f->sent.end;
	const char *action = end == BACKFILL_NO_SEND ? "sqs:SendMessage"
						     : "sqs:GetQueueAttributes";

	report_step_init(
	    &p->step, end == BACKFILL_NO_LIST ? "listing" : "send");
	if (end == BACKFILL_NO_LIST) {
		refused_listing(f);
	} else {
		check_refused(p, &f->failure);
		check_advise(&f->failure, action, buf_cstr(&p->queue_arn),
		    &p->ways.hosts.sqs, &p->step.advice);
	}
	report_add(&p->report, &p->step);
}

/* ---- before ---- */

static void
add_left_out(const struct fill *f, struct report_step *s)
{
	const struct tally *t = &f->counted.tally;

	add_count(&s->fact, t->objects[CHOICE_TIME], "of another time");
	if (t->objects[CHOICE_FILTER] > 0) {
		add_count(&s->fact, t->objects[CHOICE_FILTER],
		    "left out, since key_include, key_exclude or "
		    "cloudtrail_folders_only leave them out");
		buf_str(&s->advice, "a daemon with other settings of these "
				    "deletes what they leave out");
	}
	if (t->objects[CHOICE_ARCHIVED] > 0) {
		s->mark = REPORT_WARNING;
		add_count(&s->fact, t->objects[CHOICE_ARCHIVED],
		    "left out, since they are archived (");
		tell_bytes(&s->fact, t->bytes[CHOICE_ARCHIVED]);
		buf_char(&s->fact, ')');
		buf_printf(&s->advice,
		    "%sto bring archived objects, restore them (aws s3api "
		    "restore-object, or S3 Batch Operations for many), and "
		    "copy them back to STANDARD; then run this again",
		    s->advice.n > 0 ? "; " : "");
	}
}

/* A wrong prefix lists nothing, which is no error of S3's. */
static void
warn_of_nothing(const struct fill *f, struct report_step *s)
{
	if (f->work.any_key || f->counted.listed.accounts > 0)
		return;
	s->mark = REPORT_WARNING;
	buf_printf(&s->advice,
	    "there is no trail at s3://%.*s/%.*s%sAWSLogs/: name its prefix, "
	    "which is what stands before AWSLogs/ in its keys, and look at "
	    "--organization and --account",
	    (int)f->work.bucket.n, f->work.bucket.p, (int)f->work.prefix.n,
	    f->work.prefix.p, f->work.prefix.n > 0 ? "/" : "");
}

bool
tell_listing(struct fill *f)
{
	struct check *p = &f->check;
	struct report_step *s = &p->step;
	const struct backfill_view *v = &f->counted;

	report_step_init(s, "listing");
	if (v->end != BACKFILL_DONE) {
		refused_listing(f);
	} else {
		buf_printf(&s->fact, "%llu objects to announce, ",
		    (unsigned long long)v->tally.objects[CHOICE_SEND]);
		tell_bytes(&s->fact, v->tally.bytes[CHOICE_SEND]);
		if (!f->work.any_key)
			buf_printf(&s->fact,
			    ", in %llu accounts and %llu regions",
			    (unsigned long long)v->listed.accounts,
			    (unsigned long long)v->listed.regions);
		add_count(&s->fact, v->tally.recent,
		    "of them newer than the queue, so perhaps announced "
		    "already");
		add_left_out(f, s);
		warn_of_nothing(f, s);
	}
	report_add(&p->report, s);
	return v->end == BACKFILL_DONE;
}

static void
warn_of_retention(struct fill *f, const struct estimate *e)
{
	struct report_step *s = &f->check.step;
	int64_t retention_s = f->check.queue.retention_s;

	if (retention_s < 0 || e->hours * 3600 <= (double)retention_s)
		return;
	s->mark = REPORT_WARNING;
	buf_printf(&s->advice,
	    "the queue keeps messages for %.1f days, which is less than the "
	    "work may take: raise its MessageRetentionPeriod to 14 days, or "
	    "bring less at once",
	    (double)retention_s / (double)WHEN_DAY_S);
}

void
tell_work(struct fill *f)
{
	struct estimate e =
	    tally_estimate(&f->counted.tally, f->counted.listed.lists);
	struct report_step *s = &f->check.step;
	unsigned long long of_s3 = e.lists + e.gets;

	report_step_init(s, "work");
	buf_printf(&s->fact,
	    "%llu messages; %llu requests to S3 and %llu to SQS in all, about "
	    "$%.2f; %.1f hours of what Dassana takes (50 GB an hour, if a file "
	    "is %d times as large unpacked)",
	    (unsigned long long)e.messages, of_s3, (unsigned long long)e.sqs,
	    e.dollars, e.hours, ESTIMATE_GROWTH);
	warn_of_retention(f, &e);
	report_add(&f->check.report, s);
}

/* ---- after ---- */

static void
add_time(struct json_out *j, const char *name, int64_t t)
{
	if (t < 0)
		json_null(j, name);
	else
		json_time(j, name, t * 1000);
}

static void
add_tally(struct json_out *j, const struct backfill_view *v)
{
	static const char *const names[CHOICES] = {
	    [CHOICE_SEND] = "to_send",
	    [CHOICE_TIME] = "other_time",
	    [CHOICE_FILTER] = "filter",
	    [CHOICE_ARCHIVED] = "archived",
	};

	for (int i = 0; i < CHOICES; i++) {
		json_begin(j, names[i], '{');
		json_count(j, "objects", v->tally.objects[i]);
		json_count(j, "bytes", v->tally.bytes[i]);
		json_end(j, '}');
	}
	json_count(j, "newer_than_queue", v->tally.recent);
	json_count(j, "accounts", v->listed.accounts);
	json_count(j, "regions", v->listed.regions);
	json_count(j, "days", v->listed.days);
}

static void
add_estimate(struct json_out *j, const struct fill *f)
{
	struct estimate e =
	    tally_estimate(&f->counted.tally, f->counted.listed.lists);

	json_begin(j, "estimate", '{');
	json_count(j, "messages", e.messages);
	json_count(j, "list_requests", e.lists);
	json_count(j, "get_requests", e.gets);
	json_count(j, "sqs_requests", e.sqs);
	json_real(j, "dollars", e.dollars);
	json_real(j, "hours", e.hours);
	json_end(j, '}');
}

static void
write_json(const struct fill *f, const char *how, const char *command)
{
	struct json_out j;
	struct buf b, after;

	buf_init(&b, DOCUMENT_MAX);
	buf_init(&after, 3 * NAME_BYTES);
	enc_uri(&after, buf_view(&f->state.after), true);
	j = (struct json_out){.b = &b};
	json_begin(&j, NULL, '{');
	json_text(&j, "result", span_str(how));
	json_flag(&j, "dry_run", f->asked->dry_run);
	json_text(&j, "bucket", f->work.bucket);
	json_text(&j, "prefix", f->work.prefix);
	add_time(&j, "from", f->work.from_s);
	add_time(&j, "to", f->work.to_s);
	json_begin(&j, "listed", '{');
	add_tally(&j, &f->counted);
	json_end(&j, '}');
	add_estimate(&j, f);
	json_begin(&j, "sent", '{');
	json_count(&j, "objects", f->sent.sent_objects);
	json_count(&j, "bytes", f->sent.sent_bytes);
	json_count(&j, "messages", f->sent.sent_messages);
	json_count(&j, "messages_again", f->sent.sent_again);
	json_end(&j, '}');
	json_text(&j, "after", buf_view(&after));
	json_text(&j, "go_on", span_str(command));
	json_real(
	    &j, "seconds", (double)(clock_mono_ms() - f->began_ms) / 1000);
	json_end(&j, '}');
	puts(buf_cstr(&b));
	buf_fini(&b);
	buf_fini(&after);
}

void
tell_end(struct fill *f, const char *how)
{
	const struct backfill_view *v = &f->sent;
	bool goes_on = v->end != BACKFILL_DONE && f->state.after.n > 0;
	struct buf b, command;

	buf_init(&b, NAME_BYTES);
	buf_init(&command, DOCUMENT_MAX / 2);
	if (goes_on)
		plan_command(f, &command);
	if (!f->asked->dry_run) {
		buf_printf(&b, "%s: %llu objects announced, ", how,
		    (unsigned long long)v->sent_objects);
		tell_bytes(&b, v->sent_bytes);
		buf_printf(&b, ", by %llu messages",
		    (unsigned long long)v->sent_messages);
		add_count(&b, v->sent_again, "of them sent again");
		fprintf(stderr, "%s\n", buf_cstr(&b));
	}
	if (goes_on)
		fprintf(stderr, "to go on:\n  %s\n", buf_cstr(&command));
	if (f->asked->json)
		write_json(f, how, buf_cstr(&command));
	buf_fini(&b);
	buf_fini(&command);
}
