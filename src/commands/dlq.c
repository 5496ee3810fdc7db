/*
 *	open → receive → look at each → (send, delete) → receive … → release
 *
 * It ends when SQS has no more to give, after a signal, and when it holds as
 * many messages, or for as long, as it may.
 */
#include "commands/dlq.h"

#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "commands/command.h"
#include "commands/dlq_internal.h"
#include "daemon/signals.h"

enum {
	WAIT_S = 2,
	HOLD_S = 3600,
	LOOK_S = 3000, /* before the first can be seen again */
	BODY_MAX = SQS_REPLY_MAX,
	DETAIL_MAX = 4096,
};

/* ---- receiving ---- */

static void
copy(struct buf *b, struct span s)
{
	buf_reset(b);
	buf_span(b, s);
}

static void
keep_letter(struct dlq *d, const struct sqs_message *m)
{
	struct dlq_letter *l = &d->letter[d->n++];

	copy(&l->id, m->id);
	copy(&l->handle, m->handle);
	copy(&l->body, m->body);
	buf_reset(&l->attributes);
	sqs_copy_attributes(&l->attributes, m->attributes);
	l->receives = m->receive_count;
	l->sent_ms = m->sent_ms;
}

static void
on_received(void *arg, const struct aws_result *r, const struct sqs_message *m,
    size_t n)
{
	struct dlq *d = arg;
	struct check *p = &d->check;

	if (r->class != AWS_OK) {
		d->failed = true;
		report_step_init(&p->step, "receive");
		check_refused(p, r);
		check_advise(r, "sqs:ReceiveMessage",
		    buf_cstr(&p->queue.dead_letter_arn), &p->ways.hosts.sqs,
		    &p->step.advice);
		report_add(&p->report, &p->step);
	}
	for (size_t i = 0; i < n; i++)
		keep_letter(d, &m[i]);
	check_wake(p);
}

static void
hold(struct dlq *d, const struct dlq_letter *l)
{
	struct span h = buf_view(&l->handle);

	d->held[d->nheld++] = mem_strndup(h.p, h.n);
}

static void
on_released(void *arg, const struct aws_result *r,
    const struct sqs_entry_result *entry, size_t n)
{
	struct dlq *d = arg;

	(void)r;
	(void)entry;
	(void)n;
	check_wake(&d->check);
}

/* What cannot be released comes back by itself. */
static void
release_all(struct dlq *d)
{
	static const unsigned now[SQS_BATCH_MAX];
	struct span handle[SQS_BATCH_MAX];
	size_t n = 0;

	for (size_t i = 0; i < d->nheld; i++) {
		handle[n++] = span_str(d->held[i]);
		if (n < SQS_BATCH_MAX && i + 1 < d->nheld)
			continue;
		sqs_change_visibility(d->queue, handle, now, n, on_released, d);
		check_wait(&d->check);
		n = 0;
	}
	for (size_t i = 0; i < d->nheld; i++)
		mem_free(d->held[i]);
	d->nheld = 0;
}

/* ---- what becomes of them ---- */

static bool
is_over(const struct dlq *d)
{
	return d->stopped || clock_mono_ms() > d->until_ms;
}

static bool
may_look(struct dlq *d)
{
	if (d->stopped || d->failed)
		return false;
	d->partial = is_over(d) || d->nheld + SQS_BATCH_MAX > DLQ_HELD_MAX;
	return !d->partial;
}

static void
take_letter(struct dlq *d, struct dlq_letter *l)
{
	bool known;

	if (is_over(d)) {
		hold(d, l);
		return;
	}
	known = look_at(d, l);
	if (known) {
		d->seen++;
		d->causes[l->cause]++;
	}
	if (!known || !d->redrives || d->failed || l->cause != d->only ||
	    !redrive_one(d, l))
		hold(d, l);
}

static void
go_through(struct dlq *d)
{
	static const struct sqs_ask ask = {
	    .max = SQS_BATCH_MAX, .wait_s = WAIT_S, .visibility_s = HOLD_S};

	d->until_ms = clock_mono_ms() + LOOK_S * 1000;
	do {
		d->n = 0;
		sqs_receive(d->queue, &ask, on_received, d);
		check_wait(&d->check);
		for (size_t i = 0; i < d->n; i++)
			take_letter(d, &d->letter[i]);
	} while (d->n > 0 && may_look(d));
}

static void
on_total(void *arg, const struct aws_result *r, const struct sqs_attributes *a)
{
	struct dlq *d = arg;

	(void)r;
	if (a != NULL && a->waiting >= 0)
		d->total = a->waiting + (a->in_flight > 0 ? a->in_flight : 0);
	check_wake(&d->check);
}

static void
on_stop(void *arg, int signum)
{
	struct dlq *d = arg;

	(void)signum;
	d->stopped = true;
	look_stop(d);
}

static void
on_reload(void *arg)
{
	(void)arg;
}

static void
run(struct dlq *d)
{
	struct signals *signals = signals_new();
	const struct signals_to to = {on_stop, on_reload, d};

	signals_watch(signals, d->check.ways.loop, &to);
	sqs_get_attributes(d->queue, on_total, d);
	check_wait(&d->check);
	tell_begin(d);
	go_through(d);
	release_all(d);
	tell_dlq_end(d);
	signals_free(&signals);
}

/* ---- life ---- */

static bool
open_queue(struct dlq *d)
{
	struct check *p = &d->check;
	struct span arn;

	if (!check_open(p) || !p->has_creds)
		return false;
	check_queue(p);
	arn = buf_view(&p->queue.dead_letter_arn);
	if (!p->queue.known || arn.n == 0)
		return false;
	d->queue = sqs_dead_letters(p->ways.sqs, arn);
	return d->queue != NULL;
}

static bool
read_args(struct dlq *d)
{
	const struct args *a = d->args;
	const char *what = a->noperands > 0 ? a->operands[0] : "";

	d->redrives = strcmp(what, "redrive") == 0;
	d->all = d->redrives && a->only == NULL;
	d->json = a->check.json;
	if (!d->redrives && strcmp(what, "list") != 0)
		fputs("trailpost: say dlq list or dlq redrive\n", stderr);
	else if (!d->redrives && a->only != NULL)
		fputs("trailpost: --only is for dlq redrive\n", stderr);
	else if (a->only != NULL && !dlq_cause_find(a->only, &d->only))
		fputs("trailpost: --only takes fine, gone, denied, archived, "
		      "corrupt, unread, no_object or unknown\n",
		    stderr);
	else if (d->all && d->json)
		fputs("trailpost: --json is for dlq list, and for dlq redrive "
		      "with --only: of all, SQS moves them and tells nothing\n",
		    stderr);
	else
		return true;
	return false;
}

static void
letters_make(struct dlq *d, bool make)
{
	for (size_t i = 0; i < SQS_BATCH_MAX; i++) {
		struct dlq_letter *l = &d->letter[i];
		struct buf *const all[] = {
		    &l->id, &l->handle, &l->body, &l->attributes};

		for (size_t k = 0; k < 4; k++) {
			if (make)
				buf_init(all[k], BODY_MAX);
			else
				buf_fini_wipe(all[k]);
		}
	}
}

int
dlq_command(const struct config_sources *sources, const struct args *a)
{
	struct config_sources src = *sources;
	struct dlq d = {.args = a, .total = -1};
	struct config c;
	bool ok = false;

	ways_protect();
	if (!read_args(&d))
		return EXIT_USAGE;
	src.aws_only = true;
	check_init(&d.check, &c, &a->check);
	buf_init(&d.detail, DETAIL_MAX);
	d.held = mem_zalloc(DLQ_HELD_MAX * sizeof *d.held);
	letters_make(&d, true);
	report_begin(&d.check.report, stderr, false);
	if (config_load(&c, &src, check_note, &d.check) == 0) {
		if (a->profile != NULL)
			*c.assume_role_arn = '\0';
		ok = open_queue(&d);
	}
	if (ok && d.all)
		redrive_all(&d);
	else if (ok)
		run(&d);
	sqs_free(&d.queue);
	check_fini(&d.check);
	buf_fini(&d.detail);
	letters_make(&d, false);
	mem_free(d.held);
	return ok && !d.failed ? EXIT_OK : EXIT_TROUBLE;
}
