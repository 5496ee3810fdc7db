/* Why there are no credentials, as a value, and as a line of the log. */
#include "aws/creds_priv.h"

#include <string.h>

enum { TEXT_MAX = 1024 };

void
creds_failure_init(struct creds_failure *f)
{
	*f = (struct creds_failure){.status = 0};
	buf_init(&f->text, TEXT_MAX);
	buf_init(&f->advice, TEXT_MAX);
}

void
creds_failure_fini(struct creds_failure *f)
{
	buf_fini(&f->text);
	buf_fini(&f->advice);
}

void
creds_failure_reset(struct creds_failure *f)
{
	buf_reset(&f->text);
	buf_reset(&f->advice);
	f->status = 0;
	f->again_ms = 0;
	f->code[0] = f->request_id[0] = '\0';
}

void
creds_failure_add(struct creds_failure *to, const struct creds_failure *from)
{
	buf_span(&to->text, buf_view(&from->text));
	buf_reset(&to->advice);
	buf_span(&to->advice, buf_view(&from->advice));
	to->status = from->status;
	to->again_ms = from->again_ms;
	memcpy(to->code, from->code, sizeof to->code);
	memcpy(to->request_id, from->request_id, sizeof to->request_id);
}

/* But for digits, which tell how long it took or which port it was. */
bool
creds_failure_is_same(
    const struct creds_failure *a, const struct creds_failure *b)
{
	struct span s = buf_view(&a->text), t = buf_view(&b->text);

	if (s.n != t.n)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		bool digit = s.p[i] >= '0' && s.p[i] <= '9' && t.p[i] >= '0' &&
			     t.p[i] <= '9';

		if (s.p[i] != t.p[i] && !digit)
			return false;
	}
	return true;
}

void
creds_failure_log(const struct creds_failure *f, enum log_level level,
    const char *source, unsigned failures, bool still_valid)
{
	LOG_AT(level, "creds.fetch", F_STR("source", source),
	    F_SPAN("error", buf_view(&f->text)),
	    F_SPAN("advice", buf_view(&f->advice)), F_SOME("status", f->status),
	    F_STR("code", f->code), F_STR("request_id", f->request_id),
	    F_INT("failures", failures),
	    F_STR("still_valid", still_valid ? "yes" : "no"));
}
