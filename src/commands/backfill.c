/*
 *	plan → who we are, which queue → count → one GET → ask → send → end
 *
 * Each step but the sending ends it if something is wrong, so that nothing was
 * sent. All steps are told on stderr; stdout has the document of --json alone.
 */
#include "commands/backfill.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "commands/backfill_internal.h"
#include "commands/command.h"
#include "daemon/signals.h"

enum { NAME_BYTES = 4096 };

/* ---- one pass ---- */

/* false: f->why. */
static bool
keep_state(struct fill *f)
{
	struct buf why;
	bool ok;

	if (f->asked->state == NULL)
		return true;
	buf_init(&why, sizeof f->why);
	ok = state_write(&f->state, f->asked->state, &f->work, &why);
	(void)snprintf(f->why, sizeof f->why, "%s", buf_cstr(&why));
	buf_fini(&why);
	return ok;
}

static bool
on_sent(void *arg, struct span key, uint64_t objects, uint64_t bytes,
    uint64_t messages)
{
	struct fill *f = arg;

	(void)bytes;
	buf_reset(&f->state.after);
	buf_span(&f->state.after, key);
	f->state.objects += objects;
	f->state.messages += messages;
	return keep_state(f);
}

static void
on_end(void *arg)
{
	struct fill *f = arg;

	check_wake(&f->check);
}

/* What the view points to goes with the pass. */
static void
keep_view(struct fill *f, struct backfill_view *out)
{
	*out = backfill_view(f->pass);
	if (out->failure != NULL) {
		f->failure = *out->failure;
		out->failure = &f->failure;
	}
	buf_reset(&f->at);
	buf_span(&f->at, out->at);
	if (f->first.n == 0)
		buf_span(&f->first, out->first);
	out->trouble = NULL;
	out->listed.trouble = NULL;
}

static void
run_pass(struct fill *f, bool sends, struct backfill_view *out)
{
	const struct backfill_view *total = sends ? &f->counted : NULL;
	struct backfill_conf conf = {.s3 = f->check.ways.s3,
	    .sqs = f->check.ways.sqs,
	    .timers = f->check.ways.timers,
	    .work = &f->work,
	    .filter = f->filter,
	    .after = buf_view(&f->state.after),
	    .since_s = f->check.queue.created_s,
	    .sends = sends,
	    .max_waiting = f->max_waiting,
	    .on_sent = on_sent,
	    .on_end = on_end,
	    .arg = f};

	f->pass = backfill_new(&conf);
	f->progress = progress_new(f->check.ways.timers, f->pass, total);
	if (f->signalled)
		backfill_stop(f->pass);
	check_wait(&f->check);
	progress_free(&f->progress);
	keep_view(f, out);
	backfill_free(&f->pass);
}

static void
on_stop(void *arg, int signum)
{
	struct fill *f = arg;

	(void)signum;
	f->signalled = true;
	if (f->pass != NULL)
		backfill_stop(f->pass);
}

static void
on_reload(void *arg)
{
	(void)arg;
}

/* From here on a signal lets the batch under way be answered first. */
static void
send_all(struct fill *f)
{
	struct signals *signals = signals_new();
	const struct signals_to to = {on_stop, on_reload, f};

	signals_watch(signals, f->check.ways.loop, &to);
	run_pass(f, true, &f->sent);
	signals_free(&signals);
}

/* ---- the steps ---- */

/* The one object stands for all: a bucket that cannot be read would make dead
 * letters of them. */
static bool
try_object(struct fill *f)
{
	buf_span(&f->check.bucket, f->work.bucket);
	buf_span(&f->check.key, buf_view(&f->first));
	return check_read(&f->check);
}

static bool
is_confirmed(struct fill *f)
{
	char answer[16] = "";
	bool yes;

	if (f->asked->yes)
		return true;
	if (isatty(STDIN_FILENO) != 1) {
		fputs("trailpost: nothing was sent: say --yes where nobody can "
		      "be asked\n",
		    stderr);
		return false;
	}
	fputs("Announce them? [y/N] ", stderr);
	fflush(stderr);
	yes = fgets(answer, sizeof answer, stdin) != NULL &&
	      (answer[0] == 'y' || answer[0] == 'Y');
	if (!yes)
		fputs("trailpost: nothing was sent\n", stderr);
	return yes;
}

static int
end_sending(struct fill *f)
{
	enum backfill_end end = f->sent.end;

	f->state.done = end == BACKFILL_DONE;
	if (f->state.done)
		(void)keep_state(f);
	if (f->why[0] != '\0') {
		fprintf(stderr, "trailpost: %s\n", f->why);
		tell_end(f, "failed");
		return EXIT_TROUBLE;
	}
	if (end == BACKFILL_DONE || end == BACKFILL_STOPPED) {
		tell_end(f, end == BACKFILL_DONE ? "done" : "stopped");
		return EXIT_OK;
	}
	tell_refusal(f);
	tell_end(f, "failed");
	return EXIT_TROUBLE;
}

/* false: *status says why there is nothing to send. */
static bool
prepare(struct fill *f, int *status)
{
	struct check *p = &f->check;

	*status = EXIT_TROUBLE;
	if (!check_open(p) || !p->has_creds)
		return false;
	check_queue(p);
	if (!p->queue.known || !plan_settle(f))
		return false;
	run_pass(f, false, &f->counted);
	if (!tell_listing(f))
		return false;
	*status = EXIT_OK;
	f->sent.end = BACKFILL_DONE;
	if (f->counted.tally.objects[CHOICE_SEND] == 0) {
		tell_end(f, "done");
		return false;
	}
	if (!try_object(f)) {
		*status = EXIT_TROUBLE;
		return false;
	}
	tell_work(f);
	if (f->asked->dry_run) {
		tell_end(f, "counted");
		return false;
	}
	*status = EXIT_TROUBLE;
	return is_confirmed(f);
}

static int
run(struct fill *f)
{
	int status;

	if (!prepare(f, &status))
		return status;
	/* A file that cannot be written shows before anything is sent. */
	f->state.done = false;
	if (!keep_state(f)) {
		fprintf(stderr, "trailpost: %s\n", f->why);
		tell_end(f, "failed");
		return EXIT_TROUBLE;
	}
	send_all(f);
	return end_sending(f);
}

int
backfill_command(const struct config_sources *sources, const struct args *a)
{
	struct config_sources src = *sources;
	struct fill f = {.args = a, .asked = &a->backfill};
	struct config c;
	int status = EXIT_USAGE;

	ways_protect();
	if (!plan_read(&f))
		return EXIT_USAGE;
	src.aws_only = true;
	check_init(&f.check, &c, &a->check);
	state_init(&f.state);
	buf_init(&f.at, NAME_BYTES);
	buf_init(&f.first, NAME_BYTES);
	f.began_ms = clock_mono_ms();
	report_begin(&f.check.report, stderr, false);
	if (config_load(&c, &src, check_note, &f.check) == 0) {
		/* The role of the settings is the daemon's. */
		if (a->profile != NULL)
			*c.assume_role_arn = '\0';
		f.filter = filter_new(c.key_include, c.key_exclude,
		    c.cloudtrail_folders_only != 0);
		status = run(&f);
	}
	filter_free(&f.filter);
	check_fini(&f.check);
	state_fini(&f.state);
	buf_fini(&f.at);
	buf_fini(&f.first);
	return status;
}
