/* Times, as people and CloudTrail write them. */
#include "backfill/work.h"

#include "base/clock.h"

static bool
is_date(struct span s)
{
	return s.n >= 10 && s.p[4] == '-' && s.p[7] == '-';
}

/* The 31st of February would be the 3rd of March. */
static bool
is_a_day(struct span date)
{
	struct buf midnight, again;
	int64_t s;
	bool right;

	buf_init(&midnight, 32);
	buf_init(&again, 32);
	buf_span(&midnight, date);
	buf_str(&midnight, "T00:00:00Z");
	right = clock_parse_iso(buf_view(&midnight), &s) == ERR_OK;
	if (right)
		clock_format_iso(&again, s);
	right = right && span_eq((struct span){buf_view(&again).p, 10}, date);
	buf_fini(&midnight);
	buf_fini(&again);
	return right;
}

enum err
when_parse(struct span s, int64_t *wall_s)
{
	struct buf b;
	enum err err;

	buf_init(&b, 64);
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
	if (err == ERR_OK && is_date(s) && !is_a_day((struct span){s.p, 10}))
		err = ERR_SYNTAX;
	buf_fini(&b);
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
