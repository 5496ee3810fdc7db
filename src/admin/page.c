#include "admin/page.h"

#include <string.h>

#include "admin/html.h"
#include "admin/page_internal.h"
#include "base/clock.h"

/* ---- is it well? ---- */

static void
add_reason(const struct status *s, const struct health_reason *r, struct buf *b)
{
	static const char *const names[HEALTH_PARTS] = {
	    [HEALTH_CREDENTIALS] = "AWS credentials",
	    [HEALTH_QUEUE] = "SQS queue",
	    [HEALTH_S3] = "S3",
	    [HEALTH_DASSANA] = "Dassana"};
	const struct part *p = &r->what;

	if (names[r->part] != NULL)
		buf_printf(b, "<p><strong>%s:</strong> ", names[r->part]);
	else
		buf_str(b, "<p>");
	html_text(b, span_str(p->problem));
	if (p->since_ms > 0) {
		buf_str(b, ", for ");
		html_duration(b, (s->now_mono_ms - p->since_ms) / 1000);
	}
	buf_str(b, ".");
	if (*p->detail != '\0') {
		buf_str(b, " <code>");
		html_text(b, span_str(p->detail));
		buf_str(b, "</code>");
	}
	buf_str(b, "</p>");
	page_add_advice(b, span_str(p->advice));
}

static void
add_state(const struct status *s, struct buf *b)
{
	const char *look = "bad", *title = "Events are held up";
	const struct health *h = &s->health;

	if (h->ready) {
		look = "ok";
		title = "All is well";
	} else if (s->facts.stopping) {
		look = "wait";
		title = "Shutting down";
	} else if (h->reason[0].what.since_ms == 0 &&
		   h->reason[0].part == HEALTH_QUEUE) {
		look = "wait";
		title = "Starting";
	}
	buf_printf(b,
	    "<section class=\"state %s\" role=\"status\">"
	    "<h1 class=\"%s\">%s</h1>",
	    look, look, title);
	for (size_t i = 0; i < h->n; i++)
		add_reason(s, &h->reason[i], b);
	if (h->ready)
		buf_str(
		    b, s->sink.taken_posts > 0
			   ? "<p>Log files are fetched and their events "
			     "delivered.</p>"
			   : "<p>The queue is being watched; nothing has been "
			     "delivered yet.</p>");
	else if (!s->facts.stopping)
		buf_str(b, "<p>Nothing is lost meanwhile: messages stay in "
			   "the queue until their events are delivered.</p>");
	buf_str(b, "</section>");
}

/* ---- figures ---- */

static void
begin_tile(struct buf *b, const char *title)
{
	buf_printf(b, "<div class=\"card\"><h2>%s</h2><p class=\"n\">", title);
}

static void
end_tile(struct buf *b, const char *note)
{
	buf_printf(b, "</p><p class=\"soft\">%s</p></div>", note);
}

/* The latest at the right, whether there are few or many. */
_Static_assert(RATES_STEPS == 60, "the curve is 59 steps wide");

static double
top_rate(const struct status *s)
{
	double top = 1;

	for (size_t i = 0; i < s->nhistory; i++)
		top = s->history[i] > top ? s->history[i] : top;
	return top;
}

static void
add_curve(const struct status *s, struct buf *b)
{
	double top = top_rate(s);
	size_t n = s->nhistory, from = RATES_STEPS - n;

	if (n < 2) {
		buf_str(b, "<p class=\"soft\">The curve begins in a few "
			   "seconds.</p>");
		return;
	}
	buf_printf(b,
	    "<svg viewBox=\"0 0 59 100\" preserveAspectRatio=\"none\" "
	    "role=\"img\" aria-label=\"Events a second over the last five "
	    "minutes, at most %.0f\"><line x1=\"0\" y1=\"98\" x2=\"59\" "
	    "y2=\"98\"/><line x1=\"0\" y1=\"51\" x2=\"59\" y2=\"51\"/>"
	    "<line x1=\"0\" y1=\"4\" x2=\"59\" y2=\"4\"/>"
	    "<polygon points=\"%zu,100",
	    top, from);
	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; i < n; i++)
			buf_printf(b, " %zu,%.1f", from + i,
			    98 - 94 * s->history[i] / top);
		buf_str(b, pass == 0 ? " 59,100\"/><polyline points=\""
				     : "\"/></svg>");
	}
}

static void
add_buffer(const struct status *s, struct buf *b)
{
	size_t all = s->flow.buffer_bytes, used = s->flow.buffer_used;

	begin_tile(b, "Buffer");
	buf_printf(b, "%zu %%", all > 0 ? used * 100 / all : 0);
	buf_printf(b,
	    "</p><p><meter min=\"0\" max=\"%zu\" value=\"%zu\" "
	    "aria-label=\"Buffer in use\"></meter></p><p class=\"soft\">",
	    all, used);
	html_bytes(b, (double)used);
	buf_str(b, " of ");
	html_bytes(b, (double)all);
	buf_str(b, "</p></div>");
}

static const char *
lately(const struct status *s)
{
	return s->uptime_s * 1000 < RATES_WINDOW_MS ? "since the start"
						    : "over the last minute";
}

static void
add_lag(const struct status *s, struct buf *b)
{
	begin_tile(b, "Lag");
	if (s->lag_s >= 0) {
		html_duration(b, (int64_t)(s->lag_s + 0.5));
		buf_str(b, "</p><p class=\"soft\">from S3 to Dassana, ");
		buf_printf(b, "%s</p></div>", lately(s));
	} else if (s->flow.oldest_s > 0) {
		html_duration(b, s->flow.oldest_s);
		end_tile(b, "the oldest log file held has waited");
	} else {
		buf_str(
		    b, "&ndash;</p><p class=\"soft\">nothing was delivered ");
		buf_str(b, lately(s));
		if (s->delivered_s >= 0) {
			buf_str(b, "; the last event ");
			html_duration(b, s->delivered_s);
			buf_str(b, " ago");
		}
		buf_str(b, "</p></div>");
	}
}

static void
add_tiles(const struct status *s, struct buf *b)
{
	buf_str(b, "<div class=\"tiles\"><div class=\"card wide\"><div>"
		   "<h2>Events delivered</h2><p class=\"n\">");
	html_rate(b, s->rate[RATE_EVENTS]);
	buf_printf(b, " /s</p><p class=\"soft\">%s, from ", lately(s));
	html_bytes(b, s->rate[RATE_BYTES]);
	buf_str(b, "/s of log files; the curve is of five minutes, from 0 to ");
	html_rate(b, top_rate(s));
	buf_str(b, " /s</p></div>");
	add_curve(s, b);
	buf_str(b, "</div>");
	add_lag(s, b);
	begin_tile(b, "Messages held");
	html_count(b, s->flow.messages_held);
	end_tile(b, s->flow.paused[SHIPPER_P_FULL]
			? "as many as may be: no more are received"
			: "until their events are delivered");
	begin_tile(b, "Log files");
	html_count(b, s->flow.objects_active);
	buf_str(b, "</p><p class=\"soft\">being fetched, ");
	html_count(b, s->flow.objects_waiting);
	buf_str(b, " waiting</p></div>");
	begin_tile(b, "Batches in flight");
	html_count(b, s->sink.in_flight);
	buf_str(b, "</p><p class=\"soft\">to Dassana, ");
	html_count(b, s->sink.waiting);
	buf_str(b, " waiting</p></div>");
	add_buffer(s, b);
	buf_str(b, "</div>");
}

/* ---- the whole ---- */

/* "2026-11-22 12:00:00 UTC" */
static void
add_time(struct buf *b, int64_t wall_ms)
{
	struct buf t;

	buf_init(&t, 32);
	clock_format_log(&t, wall_ms);
	buf_printf(b, "%.10s %.8s UTC", buf_cstr(&t), buf_cstr(&t) + 11);
	buf_fini(&t);
}

static void
add_head(const struct status *s, struct buf *b)
{
	buf_str(b,
	    "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\">"
	    "<meta name=\"viewport\" "
	    "content=\"width=device-width,initial-scale=1\">"
	    "<meta http-equiv=\"refresh\" content=\"5\">"
	    "<link rel=\"icon\" href=\"data:image/svg+xml,%3Csvg "
	    "xmlns='http://www.w3.org/2000/svg' viewBox='0 0 8 8'%3E%3Ccircle "
	    "cx='4' cy='4' r='3' fill='%23");
	/* Of a green or red dot among the browser's tabs. */
	buf_str(b, s->health.ready ? "1a7f4b" : "b3261e");
	buf_str(b, "'/%3E%3C/svg%3E\"><title>");
	buf_str(b, s->health.ready ? "well" : "not ready");
	buf_str(b, " - trailpost</title><style>");
	buf_str(b, page_style);
	buf_str(b, "</style></head><body><header><b>trailpost</b><span>");
	html_text(b, span_str(s->about.version));
	buf_str(b, "</span><span>up ");
	html_duration(b, s->uptime_s);
	buf_str(b, "</span><span>as of ");
	add_time(b, s->now_ms);
	buf_str(b, ", refreshed every 5 s</span></header><main>");
}

void
page_render(const struct status *s, struct buf *b)
{
	add_head(s, b);
	add_state(s, b);
	add_tiles(s, b);
	page_add_parts(s, b);
	page_add_problems(s, b);
	page_add_totals(s, b);
	buf_str(b, "</main><footer>For machines: <a href=\"/status\">status"
		   "</a>, <a href=\"/metrics\">metrics</a>, "
		   "<a href=\"/readyz\">readiness</a>.</footer>"
		   "</body></html>\n");
}
