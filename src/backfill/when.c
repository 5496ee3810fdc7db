/* Times, as people and CloudTrail write them. */
#include "backfill/work.h"

#include "base/clock.h"

static bool
is_date(struct span s)
{
	return s.n >= 10 && s.p[4] == '-' && s.p[7] == '-';
}

enum err
when_parse(struct span s, int64_t *wall_s)
{
	struct buf b, day;
	struct span given = {s.p, s.n < 10 ? s.n : 10};
	enum err err;

	buf_init(&b, 64);
	buf_init(&day, 64);
	if (is_date(s) && s.n == 10) {
		buf_span(&b, s);
		buf_str(&b, "T00:00:00Z");
	} else if (is_date(s) && s.n == 17 && s.p[16] == 'Z') {
		buf_add(&b, s.p, 16);
		buf_str(&b, ":00Z");
	} else {
		buf_span(&b, s);
	}
	err = b.err == ERR_OK ? clock_parse_iso(buf_view(&b), wall_s)
			      : ERR_SYNTAX;
	/* The 31st of February would be the 3rd of March. */
	if (err == ERR_OK && is_date(s) && span_ends(buf_view(&b), "Z")) {
		clock_format_iso(&day, *wall_s);
		if (!span_eq((struct span){buf_view(&day).p, 10}, given))
			err = ERR_SYNTAX;
	}
	buf_fini(&b);
	buf_fini(&day);
	return err;
}

/* "20260131T1200Z" */
static int64_t
parse_stamp(struct span s)
{
	struct buf b;
	int64_t t = -1;

	if (s.n != 14 || s.p[8] != 'T' || s.p[13] != 'Z')
		return -1;
	buf_init(&b, 32);
	buf_add(&b, s.p, 13);
	buf_str(&b, "00Z");
	if (clock_parse_iso(buf_view(&b), &t) != ERR_OK)
		t = -1;
	buf_fini(&b);
	return t;
}

int64_t
when_of_key(struct span key)
{
	struct span name = key;
	int64_t t = -1;

	while (key.p != NULL)
		name = span_cut(&key, '/');
	while (name.p != NULL && t < 0)
		t = parse_stamp(span_cut(&name, '_'));
	return t;
}

void
when_day_folder(struct buf *b, int64_t day)
{
	struct buf iso;
	const char *p;

	buf_init(&iso, 32);
	clock_format_iso(&iso, day * WHEN_DAY_S);
	p = buf_cstr(&iso);
	buf_printf(b, "%.4s/%.2s/%.2s/", p, p + 5, p + 8);
	buf_fini(&iso);
}
