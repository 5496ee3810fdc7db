#include "base/log_mask.h"

#include <stdbool.h>

#include "base/secret.h"

enum { TEXT_MAX = 64 * 1024 };

static bool
has_secret(const struct log_field *f)
{
	return f->kind == LOG_F_SPAN && secret_is_in(f->text);
}

/* Appends the text; where it lies is known once all are there. */
static void
hide(struct log_mask *m, struct log_field *f)
{
	f->num = (int64_t)m->text.n;
	secret_mask(&m->text, f->text);
	f->text = (struct span){NULL, m->text.n - (size_t)f->num};
}

const struct log_field *
log_mask_init(struct log_mask *m, const struct log_field *fields)
{
	const struct log_field *f = fields;
	size_t n = 0;

	buf_init(&m->text, TEXT_MAX);
	while (f->name != NULL && !has_secret(f))
		f++;
	if (f->name == NULL)
		return fields;
	for (f = fields; f->name != NULL && n < LOG_MASK_FIELDS; f++, n++) {
		m->field[n] = *f;
		if (has_secret(f))
			hide(m, &m->field[n]);
	}
	m->field[n] = (struct log_field){.name = NULL};
	for (size_t i = 0; i < n; i++) {
		struct log_field *t = &m->field[i];

		if (t->kind == LOG_F_SPAN && t->text.p == NULL && t->text.n > 0)
			t->text.p = m->text.p + t->num;
	}
	return m->field;
}

void
log_mask_fini(struct log_mask *m)
{
	buf_fini(&m->text);
}
