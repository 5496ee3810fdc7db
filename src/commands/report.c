#include "commands/report.h"

#include "base/enc.h"
#include "base/secret.h"

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
add_member(struct buf *b, const char *name, struct span value)
{
	struct buf plain;

	if (value.n == 0)
		return;
	buf_init(&plain, 2 * TEXT_MAX);
	secret_mask(&plain, value);
	buf_printf(b, ",\"%s\":", name);
	enc_json_string(b, buf_view(&plain));
	buf_fini(&plain);
}

static void
make_json(const struct report_step *s, struct buf *b)
{
	static const char *const words[] = {
	    [REPORT_OK] = "ok",
	    [REPORT_WARNING] = "warning",
	    [REPORT_SKIPPED] = "skipped",
	    [REPORT_FAILED] = "failed",
	};

	buf_printf(
	    b, "\n{\"step\":\"%s\",\"result\":\"%s\"", s->name, words[s->mark]);
	add_member(b, "fact", buf_view(&s->fact));
	if (s->status != 0)
		buf_printf(b, ",\"status\":%d", s->status);
	add_member(b, "code", span_str(s->code));
	add_member(b, "request_id", span_str(s->request_id));
	add_member(b, "advice", buf_view(&s->advice));
	buf_char(b, '}');
}

void
report_add(struct report *r, struct report_step *s)
{
	struct buf b;

	buf_init(&b, LINE_MAX_BYTES);
	if (r->json && r->steps > 0)
		buf_char(&b, ',');
	if (r->json)
		make_json(s, &b);
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
