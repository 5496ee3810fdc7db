#include "flow/outages.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "flow/cause.h"

enum {
	ROWS = 8,
	BUCKET_MAX = 128, /* of a bucket or access point, as far as is shown */
	LASTING_MS = 60 * 1000,
	GONE_MS = 2 * 3600 * 1000,
};

struct row {
	bool used, told;
	char bucket[BUCKET_MAX], key[256];
	struct aws_result why; /* the last one */
	int64_t since_ms, seen_ms;
};

struct outages {
	struct timer *timer;
	struct row row[ROWS];
	bool read_any; /* ever */
};

static void
copy(char *to, size_t size, struct span s)
{
	size_t n = s.n < size ? s.n : size - 1;

	memcpy(to, s.p, n);
	to[n] = '\0';
}

static void
tell(struct row *r)
{
	r->told = true;
	LOG_EACH(LOG_LVL_ERROR, "s3.outage", F_STR("bucket", r->bucket),
	    F_STR("key", r->key), F_ERR(r->why.err), AWS_FIELDS(&r->why),
	    F_STR("advice", advice_of(cause_of_get(&r->why))),
	    F_STR("effect",
		"what cannot be read is parked: it stays leased and is tried "
		"again in turn, nothing is lost"));
}

static bool
is_over(const struct row *r, int64_t now)
{
	return now - r->seen_ms >= GONE_MS;
}

static void
on_timer(void *arg)
{
	struct outages *o = arg;
	int64_t now = clock_mono_ms(), next = INT64_MAX;

	for (size_t i = 0; i < ROWS; i++) {
		struct row *r = &o->row[i];
		int64_t left = r->since_ms + LASTING_MS - now;

		if (r->used && is_over(r, now))
			r->used = false;
		if (!r->used)
			continue;
		if (!r->told && left <= 0)
			tell(r);
		if (r->told)
			left = r->seen_ms + GONE_MS - now;
		if (left < next)
			next = left;
	}
	if (next != INT64_MAX)
		timer_after(o->timer, next > 0 ? next : 1);
}

static struct row *
find(struct outages *o, const char *bucket, const char *code)
{
	struct row *best = &o->row[0];

	for (size_t i = 0; i < ROWS; i++) {
		struct row *r = &o->row[i];

		if (r->used && strcmp(r->bucket, bucket) == 0 &&
		    strcmp(cause_code(&r->why), code) == 0)
			return r;
		if (best->used && (!r->used || r->seen_ms < best->seen_ms))
			best = r;
	}
	best->used = best->told = false;
	return best;
}

void
outages_failed(struct outages *o, struct span bucket, struct span key,
    const struct aws_result *why, bool at_once)
{
	char name[BUCKET_MAX];
	int64_t now = clock_mono_ms();
	struct row *r;

	copy(name, sizeof name, bucket);
	r = find(o, name, cause_code(why));
	if (!r->used) {
		r->used = true;
		r->since_ms = now;
		copy(r->bucket, sizeof r->bucket, bucket);
	}
	copy(r->key, sizeof r->key, key);
	r->seen_ms = now;
	r->why = *why;
	r->why.reply = NULL;
	if (at_once && !r->told)
		tell(r);
	if (!timer_armed(o->timer))
		timer_after(o->timer, LASTING_MS);
}

void
outages_read(struct outages *o, struct span bucket)
{
	char name[BUCKET_MAX];

	o->read_any = true;
	copy(name, sizeof name, bucket);
	for (size_t i = 0; i < ROWS; i++) {
		struct row *r = &o->row[i];

		if (!r->used || strcmp(r->bucket, name) != 0)
			continue;
		if (r->told)
			LOG_INFO("s3.outage.over", F_STR("bucket", r->bucket),
			    F_STR("code", cause_code(&r->why)),
			    F_INT("lasted_ms", clock_mono_ms() - r->since_ms));
		r->used = false;
	}
}

struct part
outages_part(const struct outages *o)
{
	struct part p = PART_IN(o->read_any ? PART_WELL : PART_UNTRIED);
	const struct row *worst = NULL;

	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &o->row[i];

		if (r->used && r->told &&
		    (worst == NULL || r->since_ms < worst->since_ms))
			worst = r;
	}
	if (worst == NULL)
		return p;
	p.mood = PART_ILL;
	p.problem = worst->why.class == AWS_NO_CREDS ||
			    worst->why.class == AWS_BAD_CREDS
			? "S3 refuses the credentials"
			: "S3 lets nothing be read from a bucket";
	p.code = cause_code(&worst->why);
	p.detail = worst->why.message;
	p.advice = advice_of(cause_of_get(&worst->why));
	p.since_ms = worst->since_ms;
	return p;
}

struct outages *
outages_new(struct timers *t)
{
	struct outages *o = mem_zalloc(sizeof *o);

	o->timer = timer_new(t, on_timer, o);
	return o;
}

void
outages_free(struct outages **op)
{
	struct outages *o = *op;

	if (o == NULL)
		return;
	timer_free(&o->timer);
	mem_free(o);
	*op = NULL;
}
