/* How far a pass is: a line that is written anew each second on a terminal,
 * elsewhere one a minute. */
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/enc.h"
#include "base/mem.h"
#include "commands/backfill_internal.h"

enum { BAR = 20, LINE_MAX_BYTES = 512, SECOND_MS = 1000, MINUTE_MS = 60000 };

struct progress {
	struct timer *timer;
	const struct backfill *pass;
	const struct backfill_view *total; /* NULL: it counts */
	int64_t began_ms;
	bool terminal;
};

static void
add_left(struct buf *b, double seconds)
{
	if (seconds >= 2 * 3600)
		buf_printf(b, ", %.0f h left", seconds / 3600);
	else if (seconds >= 120)
		buf_printf(b, ", %.0f min left", seconds / 60);
	else
		buf_printf(b, ", %.0f s left", seconds);
}

static void
add_counting(struct buf *b, const struct backfill_view *v, double seconds)
{
	uint64_t seen = 0;

	for (int i = 0; i < CHOICES; i++)
		seen += v->tally.objects[i];
	buf_printf(b,
	    "counting: %llu days' folders, %llu objects seen, %.0f/s, "
	    "%llu to send, ",
	    (unsigned long long)v->listed.days, (unsigned long long)seen,
	    (double)seen / seconds,
	    (unsigned long long)v->tally.objects[CHOICE_SEND]);
	tell_bytes(b, v->tally.bytes[CHOICE_SEND]);
}

static void
add_sending(struct buf *b, const struct progress *p,
    const struct backfill_view *v, double seconds)
{
	uint64_t all = p->total->tally.objects[CHOICE_SEND];
	double part = all > 0 ? (double)v->sent_objects / (double)all : 1;
	double rate = (double)v->sent_objects / seconds;

	part = part < 1 ? part : 1;
	if (p->terminal) {
		buf_char(b, '[');
		for (int i = 0; i < BAR; i++)
			buf_char(b, i < (int)(part * (double)BAR) ? '#' : '-');
		buf_str(b, "] ");
	}
	buf_printf(b, "%.0f %%, %llu of %llu objects, ", part * 100,
	    (unsigned long long)v->sent_objects, (unsigned long long)all);
	tell_bytes(b, v->sent_bytes);
	buf_str(b, " of ");
	tell_bytes(b, p->total->tally.bytes[CHOICE_SEND]);
	buf_printf(b, ", day %llu of %llu, %.0f/s",
	    (unsigned long long)v->listed.days,
	    (unsigned long long)p->total->listed.days, rate);
	if (rate > 0 && part < 1)
		add_left(b, (double)(all - v->sent_objects) / rate);
	if (v->is_held)
		buf_str(b, "; the queue is full enough");
}

static void
say(struct progress *p)
{
	struct backfill_view v = backfill_view(p->pass);
	double seconds = (double)(clock_mono_ms() - p->began_ms) / 1000;
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	if (seconds < 0.001)
		seconds = 0.001;
	if (p->total != NULL)
		add_sending(&b, p, &v, seconds);
	else
		add_counting(&b, &v, seconds);
	if (v.trouble != NULL) {
		buf_str(&b, "; tries again: ");
		enc_visible(&b, span_str(v.trouble->code));
		buf_char(&b, ' ');
		enc_visible(&b, span_str(v.trouble->message));
	}
	/* ("\033[K" wipes what an earlier, longer line left.) */
	fprintf(stderr, p->terminal ? "\r%s\033[K" : "%s\n", buf_cstr(&b));
	fflush(stderr);
	buf_fini(&b);
}

static void
on_time(void *arg)
{
	struct progress *p = arg;

	say(p);
	timer_after(p->timer, p->terminal ? SECOND_MS : MINUTE_MS);
}

struct progress *
progress_new(struct timers *t, const struct backfill *b,
    const struct backfill_view *total)
{
	struct progress *p = mem_zalloc(sizeof *p);

	p->pass = b;
	p->total = total;
	p->began_ms = clock_mono_ms();
	p->terminal = isatty(STDERR_FILENO) == 1;
	p->timer = timer_new(t, on_time, p);
	timer_after(p->timer, p->terminal ? SECOND_MS : MINUTE_MS);
	return p;
}

void
progress_free(struct progress **pp)
{
	struct progress *p = *pp;

	if (p == NULL)
		return;
	timer_free(&p->timer);
	if (p->terminal)
		fputs("\r\033[K", stderr);
	mem_free(p);
	*pp = NULL;
}
