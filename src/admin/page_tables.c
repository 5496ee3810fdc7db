#include "admin/html.h"
#include "admin/page_internal.h"
#include "admin/totals.h"

/* Characters of a rule. */
enum { RULE_SHOWN = 200 };

/* ---- the other sides ---- */

static void
begin_part(const struct status *s, enum health_part which, const char *name,
    struct buf *b)
{
	static const struct {
		const char *look, *word;
	} mood[] = {[PART_UNTRIED] = {"wait", "not tried yet"},
	    [PART_WELL] = {"ok", "well"},
	    [PART_ILL] = {"bad", "in trouble"}};
	const struct part *p = &s->facts.of[which];

	buf_printf(b,
	    "<tr><th scope=\"row\">%s</th><td class=\"%s\">%s</td><td>", name,
	    mood[p->mood].look, mood[p->mood].word);
	if (p->mood == PART_ILL) {
		buf_str(b, "<p>");
		html_text(b, span_str(p->problem));
		if (*p->code != '\0') {
			buf_str(b, ": <code>");
			html_text(b, span_str(p->code));
			buf_str(b, "</code>");
		}
		buf_str(b, "</p>");
	}
}

static void
add_fact(struct buf *b, struct span text)
{
	buf_str(b, "<p class=\"soft\"><code>");
	html_text(b, text);
	buf_str(b, "</code></p>");
}

static void
add_known(struct buf *b, const char *before, int64_t n, const char *what)
{
	if (n < 0)
		return;
	buf_str(b, before);
	html_count(b, (uint64_t)n);
	buf_str(b, what);
}

static void
add_backlog(const struct status *s, struct buf *b)
{
	const struct backlog_view *v = &s->backlog;

	buf_str(b, "<p>");
	if (v->forbidden)
		buf_str(b, "sqs:GetQueueAttributes is not allowed, so it is "
			   "not known what waits");
	add_known(b, "", v->waiting, " messages wait");
	add_known(b, ", ", v->in_flight, " are in flight");
	add_known(b, ", ", v->dead, " in the dead-letter queue");
	if (v->waiting >= 0 && !v->has_dead_letters)
		buf_str(b, ", no dead-letter queue");
	buf_str(b, "</p>");
	if (s->oldest_received_s < 0)
		return;
	buf_str(b, "<p>the oldest message received in the last minute had "
		   "waited for ");
	html_duration(b, s->oldest_received_s);
	buf_str(b, "</p>");
}

void
page_add_parts(const struct status *s, struct buf *b)
{
	buf_str(b,
	    "<section><table class=\"parts\"><caption>Who it works with"
	    "</caption><thead><tr><th scope=\"col\">Part</th>"
	    "<th scope=\"col\">State</th><th scope=\"col\">Details</th></tr>"
	    "</thead><tbody>");
	begin_part(s, HEALTH_CREDENTIALS, "AWS credentials", b);
	buf_str(b, "<p>from ");
	html_text(b, span_str(s->creds_source));
	if (s->creds_valid && s->creds_left_s >= 0) {
		buf_str(b, ", valid for ");
		html_duration(b, s->creds_left_s);
	}
	buf_str(b, "</p></td></tr>");
	begin_part(s, HEALTH_QUEUE, "SQS queue", b);
	add_backlog(s, b);
	add_fact(b, span_str(s->about.queue_url));
	buf_str(b, "</td></tr>");
	begin_part(s, HEALTH_S3, "S3", b);
	buf_str(b, "</td></tr>");
	begin_part(s, HEALTH_DASSANA, "Dassana", b);
	/* That it was refused stands above already, as the problem. */
	if (s->token != TOKEN_REFUSED ||
	    s->facts.of[HEALTH_DASSANA].mood != PART_ILL)
		buf_printf(b, "<p>token %s</p>", status_token_name(s->token));
	add_fact(b, s->about.endpoint);
	buf_str(b, "</td></tr></tbody></table></section>");
}

/* ---- problems ---- */

void
page_add_advice(struct buf *b, struct span advice)
{
	if (advice.n == 0)
		return;
	buf_str(b, "<p>What helps: ");
	html_text(b, advice);
	buf_str(b, advice.p[advice.n - 1] == '?' ? "</p>" : ".</p>");
}

static void
add_problem(const struct status *s, const struct log_problem *p, struct buf *b)
{
	bool error = p->level == LOG_LVL_ERROR;

	buf_printf(b, "<tr><th scope=\"row\"><span class=\"%s\">%s</span> ",
	    error ? "bad" : "wait", error ? "error" : "warning");
	html_text(b, span_str(p->event));
	buf_str(b, "</th><td>");
	html_duration(b, (s->now_ms - p->last_ms) / 1000);
	buf_str(b, " ago");
	if (p->count > 1) {
		buf_str(b, "<p class=\"soft\">");
		html_count(b, p->count);
		buf_str(b, " times in ");
		html_duration(b, (p->last_ms - p->first_ms) / 1000);
		buf_str(b, "</p>");
	}
	buf_str(b, "</td><td><p><code>");
	html_text(b, span_str(p->text));
	buf_str(b, "</code></p>");
	page_add_advice(b, span_str(p->advice));
	buf_str(b, "</td></tr>");
}

void
page_add_problems(const struct status *s, struct buf *b)
{
	buf_str(b, "<section><table class=\"problems\"><caption>Last problems"
		   "</caption>");
	if (s->nproblems == 0)
		buf_str(b, "<tbody><tr><td>None since the start.</td></tr>");
	else
		buf_str(b,
		    "<thead><tr><th scope=\"col\">What</th>"
		    "<th scope=\"col\">When</th><th scope=\"col\">Details"
		    "</th></tr></thead><tbody>");
	for (size_t i = 0; i < s->nproblems; i++)
		add_problem(s, &s->problem[i], b);
	buf_str(b, "</tbody></table></section>");
}

/* ---- totals ---- */

static void
add_group(const struct totals_values *v, enum total_group group,
    const char *caption, struct buf *b)
{
	buf_printf(b, "<table><caption>%s</caption><tbody>", caption);
	for (const struct total *t = totals_table; t->name != NULL; t++) {
		if (t->group != group)
			continue;
		buf_printf(b, "<tr><th scope=\"row\">%s</th><td class=\"num\">",
		    t->words);
		html_count(b, totals_value(v, t) / (t->per > 0 ? t->per : 1));
		buf_str(b, "</td></tr>");
	}
	buf_str(b, "</tbody></table>");
}

/* Whoever looks at what comes should see what does not. */
static void
add_rules(const struct events *e, struct buf *b)
{
	if (events_count(e) == 0)
		return;
	buf_str(b, "<table><caption>Events left out by rule</caption><tbody>");
	for (size_t i = 0; i < events_count(e); i++) {
		struct events_tally t = events_at(e, i);
		struct span rule = span_str(t.rule);

		buf_printf(b, "<tr><th scope=\"row\">%s <code>", t.setting);
		html_text(b, (struct span){rule.p,
				 rule.n < RULE_SHOWN ? rule.n : RULE_SHOWN});
		buf_printf(b, "%s</code></th><td class=\"num\">",
		    rule.n > RULE_SHOWN ? "..." : "");
		html_count(b, t.n);
		buf_str(b, "</td></tr>");
	}
	buf_str(b, "</tbody></table>");
}

void
page_add_totals(const struct status *s, struct buf *b)
{
	struct totals_values v = {s->flow, s->sink};

	buf_str(b, "<section class=\"totals\">");
	add_group(&v, TOTAL_MESSAGES, "Messages since the start", b);
	add_group(&v, TOTAL_OBJECTS, "Log files since the start", b);
	add_group(&v, TOTAL_EVENTS, "Events since the start", b);
	add_rules(s->events, b);
	buf_str(b, "</section>");
}
