#include "commands/report.h"

#include "base/enc.h"
#include "base/json_out.h"

enum { TEXT_MAX = 4096, LINE_MAX_BYTES = 32 * 1024, NAME_COLUMNS = 14 };

void
report_begin(struct report *r, FILE *out, bool json)
{
	*r = (struct report){.out = out, .json = json};
	if (json)
		fputs("{\"steps\":[", out);
}

void
report_step_init(struct report_step *s, const char *name)
{
	*s = (struct report_step){.name = name, .mark = REPORT_OK};
	buf_init(&s->fact, TEXT_MAX);
	buf_init(&s->advice, TEXT_MAX);
}

static void
make_text(const struct report_step *s, struct buf *b)
{
	static const char *const marks[] = {
	    [REPORT_OK] = "✓",
	    [REPORT_WARNING] = "!",
	    [REPORT_SKIPPED] = "-",
	    [REPORT_FAILED] = "✗",
	};
	size_t before;

	buf_printf(b, "%s ", marks[s->mark]);
	before = b->n;
	enc_visible(b, span_str(s->name));
	buf_printf(b, "%*s ",
	    b->n - before < NAME_COLUMNS ? NAME_COLUMNS - (int)(b->n - before)
					 : 0,
	    "");
	enc_visible(b, buf_view(&s->fact));
	if (s->status != 0 || s->code[0] != '\0') {
		buf_printf(b, " [%d", s->status);
		if (s->code[0] != '\0') {
			buf_char(b, ' ');
			enc_visible(b, span_str(s->code));
		}
		if (s->request_id[0] != '\0') {
			buf_str(b, ", request id ");
			enc_visible(b, span_str(s->request_id));
		}
		buf_char(b, ']');
	}
	buf_char(b, '\n');
	if (s->advice.n > 0) {
		buf_printf(b, "%*s→ ", NAME_COLUMNS + 3, "");
		enc_visible(b, buf_view(&s->advice));
		buf_char(b, '\n');
	}
}

static void
add_member(struct json_out *j, const char *name, struct span value)
{
	if (value.n > 0)
		json_text(j, name, value);
}

static void
make_json(const struct report_step *s, struct json_out *j)
{
	static const char *const words[] = {
	    [REPORT_OK] = "ok",
	    [REPORT_WARNING] = "warning",
	    [REPORT_SKIPPED] = "skipped",
	    [REPORT_FAILED] = "failed",
	};

	json_begin(j, NULL, '{');
	json_text(j, "step", span_str(s->name));
	json_text(j, "result", span_str(words[s->mark]));
	add_member(j, "fact", buf_view(&s->fact));
	if (s->status != 0)
		json_count(j, "status", (uint64_t)s->status);
	add_member(j, "code", span_str(s->code));
	add_member(j, "request_id", span_str(s->request_id));
	add_member(j, "advice", buf_view(&s->advice));
	json_end(j, '}');
}

void
report_add(struct report *r, struct report_step *s)
{
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	buf_str(&b, r->json ? "\n" : "");
	if (r->json)
		make_json(s, &(struct json_out){&b, r->steps > 0});
	else
		make_text(s, &b);
	fputs(buf_cstr(&b), r->out);
	fflush(r->out);
	r->steps++;
	if (s->mark == REPORT_FAILED)
		r->failed++;
	buf_fini(&b);
	buf_fini(&s->fact);
	buf_fini(&s->advice);
}

void
report_end(struct report *r)
{
	if (r->json)
		fprintf(r->out, "\n],\"ok\":%s}\n",
		    r->failed == 0 ? "true" : "false");
}
