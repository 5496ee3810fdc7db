/* What is said of dead letters: lines for people, or one JSON document. */
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/mem.h"
#include "commands/dlq_internal.h"

enum { LINE_MAX_BYTES = 16 * 1024 };

static const char *const names[DLQ_CAUSES] = {
    [DLQ_FINE] = "fine",
    [DLQ_GONE] = "gone",
    [DLQ_DENIED] = "denied",
    [DLQ_ARCHIVED] = "archived",
    [DLQ_CORRUPT] = "corrupt",
    [DLQ_UNREAD] = "unread",
    [DLQ_NO_OBJECT] = "no_object",
    [DLQ_UNKNOWN] = "unknown",
};

const char *
dlq_cause_name(enum dlq_cause c)
{
	CHECK((unsigned)c < DLQ_CAUSES);
	return names[c];
}

bool
dlq_cause_find(const char *name, enum dlq_cause *out)
{
	for (unsigned i = 0; i < DLQ_CAUSES; i++) {
		if (strcmp(name, names[i]) == 0) {
			*out = (enum dlq_cause)i;
			return true;
		}
	}
	return false;
}

static void
flush(struct dlq *d)
{
	fputs(buf_cstr(&d->out), stdout);
	fflush(stdout);
	buf_reset(&d->out);
}

void
tell_begin(struct dlq *d)
{
	buf_init(&d->out, 16 * LINE_MAX_BYTES);
	d->j = (struct json_out){.b = &d->out};
	if (!d->json)
		return;
	json_begin(&d->j, NULL, '{');
	json_begin(&d->j, "messages", '[');
}

void
tell_letter(struct dlq *d, const struct dlq_letter *l)
{
	int64_t age_s = (clock_wall_ms() - l->sent_ms) / 1000;

	if (d->json) {
		json_begin(&d->j, NULL, '{');
		json_text(&d->j, "id", buf_view(&l->id));
		json_count(&d->j, "receives", l->receives);
		if (l->sent_ms >= 0)
			json_count(
			    &d->j, "age_s", age_s > 0 ? (uint64_t)age_s : 0);
		json_begin(&d->j, "objects", '[');
		return;
	}
	enc_visible(&d->out, buf_view(&l->id));
	buf_printf(&d->out, ", received %u times", l->receives);
	if (l->sent_ms >= 0)
		buf_printf(
		    &d->out, ", sent %.1f days ago", (double)age_s / 86400);
	buf_char(&d->out, '\n');
}

void
tell_object(struct dlq *d, const struct notify_object *o)
{
	if (d->json) {
		json_begin(&d->j, NULL, '{');
		json_text(&d->j, "bucket", o->bucket);
		json_text(&d->j, "key", o->key);
		json_text(&d->j, "cause", span_str(dlq_cause_name(d->found)));
		json_text(&d->j, "detail", buf_view(&d->detail));
		json_end(&d->j, '}');
	} else {
		buf_printf(&d->out, "  %-9s s3://", dlq_cause_name(d->found));
		enc_visible(&d->out, o->bucket);
		buf_char(&d->out, '/');
		enc_visible(&d->out, o->key);
		buf_str(&d->out, ": ");
		enc_visible(&d->out, buf_view(&d->detail));
		buf_char(&d->out, '\n');
	}
	if (d->out.n > LINE_MAX_BYTES)
		flush(d);
}

void
tell_text(struct dlq *d, const char *text)
{
	buf_reset(&d->detail);
	buf_str(&d->detail, text);
	if (d->json)
		return;
	buf_str(&d->out, "  ");
	enc_visible(&d->out, span_str(text));
	buf_char(&d->out, '\n');
}

void
tell_letter_end(struct dlq *d, const struct dlq_letter *l)
{
	if (d->json) {
		json_end(&d->j, ']');
		json_text(&d->j, "cause", span_str(dlq_cause_name(l->cause)));
		if (l->cause == DLQ_NO_OBJECT || l->cause == DLQ_UNKNOWN)
			json_text(&d->j, "detail", buf_view(&d->detail));
		json_end(&d->j, '}');
	} else {
		buf_printf(&d->out, "  → %s\n", dlq_cause_name(l->cause));
	}
	flush(d);
}

static void
add_causes(struct dlq *d)
{
	for (unsigned i = 0; i < DLQ_CAUSES; i++) {
		if (d->causes[i] > 0)
			buf_printf(&d->out, ", %llu %s",
			    (unsigned long long)d->causes[i],
			    dlq_cause_name((enum dlq_cause)i));
	}
}

void
tell_dlq_end(struct dlq *d)
{
	if (d->json) {
		json_end(&d->j, ']');
		json_count(&d->j, "seen", d->seen);
		if (d->total >= 0)
			json_count(&d->j, "total", (uint64_t)d->total);
		json_count(&d->j, "moved", d->moved);
		json_flag(&d->j, "stopped", d->stopped);
		json_flag(&d->j, "partial", d->partial);
		json_flag(&d->j, "ok", !d->failed);
		json_end(&d->j, '}');
		buf_char(&d->out, '\n');
	} else {
		buf_printf(
		    &d->out, "%llu messages seen", (unsigned long long)d->seen);
		if (d->total >= 0)
			buf_printf(
			    &d->out, " of about %lld", (long long)d->total);
		add_causes(d);
		if (d->redrives)
			buf_printf(&d->out, "; %llu put back",
			    (unsigned long long)d->moved);
		buf_str(&d->out, "; looking spent a receive of each\n");
		if (d->partial)
			buf_str(&d->out,
			    "there may be more: put back or mend what was "
			    "seen, then look again\n");
	}
	flush(d);
	buf_fini(&d->out);
}
