/* What a backfill is asked to do: plan_read, plan_settle, plan_command. */
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "commands/backfill_internal.h"

enum { YOUNG_S = 24 * 3600, WAITING_MAX = 100 * 1000 };

/* value is NULL where there is nothing to quote. */
static bool
mistake(const char *option, const char *value, const char *what)
{
	struct buf b;

	buf_init(&b, 4096);
	buf_str(&b, "trailpost: ");
	if (option != NULL)
		buf_printf(&b, "%s: ", option);
	if (value != NULL) {
		buf_char(&b, '"');
		enc_visible(&b, span_str(value));
		buf_str(&b, "\" ");
	}
	buf_str(&b, what);
	fprintf(stderr, "%s\n", buf_cstr(&b));
	buf_fini(&b);
	return false;
}

static bool
read_place(struct work *w, const char *place)
{
	if (place == NULL)
		return mistake(NULL, NULL,
		    "name the bucket: trailpost backfill s3://BUCKET[/PREFIX] "
		    "--from TIME");
	if (!work_take_place(w, place))
		return mistake(
		    NULL, place, "is not of the form s3://BUCKET[/PREFIX]");
	if (w->any_key)
		return true;
	while (span_ends(w->prefix, "/"))
		w->prefix.n--;
	if (span_is(w->prefix, "AWSLogs") || span_ends(w->prefix, "/AWSLogs") ||
	    memmem(w->prefix.p, w->prefix.n, "AWSLogs/", 8) != NULL)
		return mistake(NULL, place,
		    "goes too far: leave out AWSLogs and what comes after it; "
		    "--organization, --account and --region choose among that, "
		    "and --any-key takes any prefix");
	return true;
}

static bool
read_time(const char *option, const char *s, int64_t *out)
{
	if (s == NULL || when_parse(span_str(s), out) == ERR_OK)
		return true;
	return mistake(
	    option, s, "is no time such as 2026-01-31 or 2026-01-31T12:00Z");
}

static bool
is_account(const char *s)
{
	return strlen(s) == 12 && strspn(s, "0123456789") == 12;
}

static bool
read_choices(struct work *w, const struct backfill_args *a)
{
	const char *o = a->organization;

	if (a->any_key && (a->naccounts > 0 || a->nregions > 0 || o != NULL))
		return mistake("--any-key", NULL,
		    "it knows no accounts, regions and organisations");
	for (size_t i = 0; i < a->naccounts; i++) {
		if (!is_account(a->accounts[i]))
			return mistake(
			    "--account", a->accounts[i], "has not 12 digits");
	}
	for (size_t i = 0; i < a->nregions; i++) {
		if (endpoint_dns_suffix(a->regions[i]) == NULL)
			return mistake(
			    "--region", a->regions[i], "is no AWS region");
	}
	if (o != NULL && (strncmp(o, "o-", 2) != 0 || strchr(o, '/') != NULL))
		return mistake("--organization", o, "does not begin with o-");
	w->accounts = a->accounts;
	w->naccounts = a->naccounts;
	w->regions = a->regions;
	w->nregions = a->nregions;
	w->organization = span_str(o);
	return true;
}

/* One that sorts behind all would have nothing sent, and call that done. */
static bool
read_after(const struct work *w, const char *after)
{
	struct span rest = span_str(after);
	struct buf front;
	bool right;

	if (after == NULL)
		return true;
	buf_init(&front, 2048);
	buf_span(&front, w->prefix);
	if (!w->any_key)
		buf_str(&front, w->prefix.n > 0 ? "/AWSLogs/" : "AWSLogs/");
	right = span_starts(rest, buf_cstr(&front));
	buf_fini(&front);
	return right || mistake("--after", after,
			    "is no key of it: give the whole key, without "
			    "s3://BUCKET/");
}

bool
plan_read(struct fill *f)
{
	const struct backfill_args *a = f->asked;
	struct work *w = &f->work;

	*w = (struct work){.from_s = -1, .to_s = -1, .any_key = a->any_key};
	f->max_waiting = BACKFILL_WAITING;
	if (!read_place(w, a->place) || !read_choices(w, a))
		return false;
	if (a->from == NULL)
		return mistake(
		    NULL, NULL, "say from when on: --from 2026-01-31");
	if (!read_time("--from", a->from, &w->from_s) ||
	    !read_time("--to", a->to, &w->to_s))
		return false;
	if (w->to_s >= 0 && w->to_s <= w->from_s)
		return mistake("--to", a->to, "is not after --from");
	if (a->max_waiting != NULL &&
	    span_u64(span_str(a->max_waiting), 1, WAITING_MAX,
		&f->max_waiting) != ERR_OK)
		return mistake("--max-waiting", a->max_waiting,
		    "is no number from 1 to 100000");
	if (a->state != NULL && a->after != NULL)
		return mistake("--after", NULL,
		    "--state says too where to go on: leave one of them");
	return read_after(w, a->after);
}

static bool
fail(struct fill *f, const char *step, struct buf *why)
{
	struct report_step *s = &f->check.step;

	report_step_init(s, step);
	s->mark = REPORT_FAILED;
	buf_span(&s->fact, buf_view(why));
	report_add(&f->check.report, s);
	return false;
}

static bool
settle_end(struct fill *f, struct buf *why)
{
	int64_t now = aws_now_s(f->check.ways.aws);
	int64_t made = f->check.queue.created_s;

	if (f->work.to_s >= 0)
		return true;
	if (made >= 0 && now - made < YOUNG_S) {
		f->work.to_s = now;
		if (now > f->work.from_s)
			return true;
		buf_str(why, "--from is not in the past");
		return false;
	}
	buf_str(why, "the queue is older than a day, so say up to when: --to "
		     "TIME, a moment when notifications certainly came "
		     "already. A file that is announced twice is cheap, one "
		     "that never is is missing");
	return false;
}

bool
plan_settle(struct fill *f)
{
	bool ok = true;
	struct buf why;

	buf_init(&why, 2048);
	f->work.queue = span_str(f->check.c->queue_url);
	if (f->asked->after != NULL)
		buf_str(&f->state.after, f->asked->after);
	if (f->asked->state != NULL) {
		ok = state_read(&f->state, f->asked->state, &f->work, &why);
		if (ok && f->work.to_s < 0)
			f->work.to_s = f->state.to_s;
		if (!ok)
			ok = fail(f, "state", &why);
	}
	if (ok && !settle_end(f, &why))
		ok = fail(f, "time", &why);
	if (ok && f->check.queue.fifo) {
		buf_str(&why, "the queue is a FIFO queue, which S3 sends no "
			      "notifications to");
		ok = fail(f, "queue", &why);
	}
	buf_fini(&why);
	return ok;
}

/* ---- the command to go on with ---- */

/* What no shell takes for anything else stays as it is. */
static void
add_word(struct buf *b, struct span s)
{
	static const char plain[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
	    "-_./:=,@%+";
	bool quote = s.n == 0, escape = false;

	for (size_t i = 0; i < s.n; i++) {
		quote |= s.p[i] == '\0' || strchr(plain, s.p[i]) == NULL;
		escape |= s.p[i] < ' ' || s.p[i] > '~' || s.p[i] == '\'';
	}
	buf_str(b, escape ? "$'" : quote ? "'" : "");
	for (size_t i = 0; i < s.n; i++) {
		if (!escape || (s.p[i] >= ' ' && s.p[i] <= '~' &&
				   s.p[i] != '\'' && s.p[i] != '\\'))
			buf_char(b, s.p[i]);
		else
			buf_printf(b, "\\x%02x", (unsigned char)s.p[i]);
	}
	buf_str(b, quote || escape ? "'" : "");
}

static void
add_option(struct buf *b, const char *name, struct span value)
{
	if (value.n == 0)
		return;
	buf_printf(b, " --%s=", name);
	add_word(b, value);
}

/* Nothing of Dassana is needed, and some of it is secret. */
static void
add_settings(struct buf *b, const struct args *a)
{
	if (a->file != NULL) {
		buf_str(b, " -c ");
		add_word(b, span_str(a->file));
	}
	for (size_t i = 0; i < a->noptions; i++) {
		if (span_starts(span_trim(span_str(a->options[i])), "dassana_"))
			continue;
		buf_str(b, " -o ");
		add_word(b, span_str(a->options[i]));
	}
}

static void
add_time(struct buf *b, const char *name, int64_t t)
{
	struct buf iso;

	buf_init(&iso, 64);
	clock_format_iso(&iso, t);
	add_option(b, name, buf_view(&iso));
	buf_fini(&iso);
}

void
plan_command(const struct fill *f, struct buf *out)
{
	const struct backfill_args *a = f->asked;

	add_word(out, span_str(f->args->program));
	add_settings(out, f->args);
	buf_str(out, " backfill ");
	add_word(out, span_str(a->place));
	add_time(out, "from", f->work.from_s);
	add_time(out, "to", f->work.to_s);
	for (size_t i = 0; i < a->naccounts; i++)
		add_option(out, "account", span_str(a->accounts[i]));
	for (size_t i = 0; i < a->nregions; i++)
		add_option(out, "region", span_str(a->regions[i]));
	add_option(out, "organization", span_str(a->organization));
	if (a->any_key)
		buf_str(out, " --any-key");
	add_option(out, "max-waiting", span_str(a->max_waiting));
	add_option(out, "profile", span_str(f->args->profile));
	if (a->state != NULL && f->why[0] == '\0')
		add_option(out, "state", span_str(a->state));
	else
		add_option(out, "after", buf_view(&f->state.after));
	if (a->yes)
		buf_str(out, " --yes");
	if (a->json)
		buf_str(out, " --json");
}
