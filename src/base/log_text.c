#include "base/log_text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/enc.h"
#include "base/hash.h"
#include "base/log_format.h"

enum {
	EVENT_COLUMNS = 22,
	TEXT_MAX = 512,
	NAME_MAX = 96, /* of a key's last part */
	BRIEF_MAX = 40,
	TAG = 4,
	TAGS_MAX = 3,
	STATS_MAX = 9, /* fields */
};

const char *
log_level_name(enum log_level level)
{
	static const char *const names[] = {
	    "error", "warn", "info", "debug", "trace"};

	return names[level];
}

static struct {
	bool colours;
	bool told; /* day and zone */
	int day;
	long zone_s;
} eyes;

void
log_text_set_colours(bool on)
{
	eyes.colours = on;
}

static void
colour(struct buf *b, const char *sgr)
{
	if (eyes.colours)
		buf_printf(b, "\033[%sm", sgr);
}

/* ---- head ---- */

static void
tell_day(struct buf *b, const struct tm *tm)
{
	char day[64];

	if (eyes.told && eyes.day == tm->tm_yday &&
	    eyes.zone_s == tm->tm_gmtoff)
		return;
	eyes.told = true;
	eyes.day = tm->tm_yday;
	eyes.zone_s = tm->tm_gmtoff;
	if (strftime(
		day, sizeof day, "%A, %Y-%m-%d; times are %Z, UTC%z", tm) == 0)
		return;
	colour(b, "2");
	buf_printf(b, "%s", day);
	colour(b, "0");
	buf_char(b, '\n');
}

void
log_text_head(
    struct buf *b, int64_t wall_ms, enum log_level level, const char *event)
{
	static const char *const colours[] = {"1;31", "1;33", "32", "36", "2"};
	time_t s = (time_t)(wall_ms / 1000);
	struct tm tm = {0};

	if (wall_ms >= 0 && localtime_r(&s, &tm) != NULL) {
		tell_day(b, &tm);
		colour(b, "2");
		buf_printf(b, "%02d:%02d:%02d.%03d ", tm.tm_hour, tm.tm_min,
		    tm.tm_sec, (int)(wall_ms % 1000));
		colour(b, "0");
	}
	colour(b, colours[level]);
	buf_printf(b, "%-5s", log_level_name(level));
	colour(b, "0");
	buf_printf(b, " %-*s", EVENT_COLUMNS, event);
}

/* ---- fields ---- */

static const struct log_field *
find(const struct log_field *fields, const char *name)
{
	for (; fields->name != NULL; fields++) {
		if (strcmp(fields->name, name) == 0 &&
		    fields->kind != LOG_F_NONE &&
		    (fields->kind != LOG_F_SPAN || fields->text.n > 0))
			return fields;
	}
	return NULL;
}

static struct span
text_of(const struct log_field *fields, const char *name)
{
	const struct log_field *f = find(fields, name);

	return f != NULL && f->kind == LOG_F_SPAN ? f->text : SPAN("");
}

/* At most so many bytes of it, and no part of a character. */
static struct span
front(struct span s, size_t most)
{
	if (s.n <= most)
		return s;
	while (most > 0 && ((unsigned char)s.p[most] & 0xc0) == 0x80)
		most--;
	return (struct span){s.p, most};
}

static void
add_text(struct buf *b, struct span s)
{
	enc_visible(b, front(s, TEXT_MAX));
	if (s.n > TEXT_MAX)
		buf_str(b, "…");
}

/* Of several messages the first few. */
static void
add_tags(struct buf *b, struct span ids)
{
	static const char *const colours[] = {
	    "31", "32", "33", "34", "35", "36"};
	unsigned n = 0;

	buf_str(b, " [");
	for (; ids.n > 0; n++) {
		struct span id = span_cut(&ids, ',');

		if (n >= TAGS_MAX)
			continue;
		if (id.n > TAG)
			id.n = TAG;
		buf_str(b, n > 0 ? " " : "");
		colour(b, colours[hash_add(HASH_START, id.p, id.n) % 6]);
		enc_visible(b, id);
		colour(b, "0");
	}
	if (n > TAGS_MAX)
		buf_printf(b, " +%u", n - TAGS_MAX);
	buf_char(b, ']');
}

/* s3://bucket/…/name: the folders between are the same for all. */
static void
add_object(struct buf *b, struct span bucket, struct span key, size_t most)
{
	const char *slash = key.n > 1 ? memrchr(key.p, '/', key.n - 1) : NULL;
	struct span name = key;

	if (slash != NULL)
		name = (struct span){
		    slash + 1, (size_t)(key.p + key.n - slash - 1)};
	buf_str(b, bucket.n > 0 ? " s3://" : " ");
	add_text(b, bucket);
	buf_str(b, bucket.n > 0 ? "/" : "");
	buf_str(b, slash != NULL ? "…/" : "");
	if (name.n <= most) {
		add_text(b, name);
		return;
	}
	/* Its end is what differs. */
	enc_visible(b, front(name, most / 4));
	buf_str(b, "…");
	name = (struct span){name.p + name.n - most * 3 / 4, most * 3 / 4};
	while (name.n > 0 && ((unsigned char)*name.p & 0xc0) == 0x80) {
		name.p++;
		name.n--;
	}
	enc_visible(b, name);
}

static void
add_value(struct buf *b, const struct log_field *f)
{
	bool blank;

	switch (f->kind) {
	case LOG_F_SPAN:
		blank = memchr(f->text.p, ' ', f->text.n) != NULL;
		buf_str(b, blank ? "\"" : "");
		add_text(b, f->text);
		buf_str(b, blank ? "\"" : "");
		break;
	case LOG_F_INT:
		buf_printf(b, "%lld", (long long)f->num);
		break;
	case LOG_F_FLOAT:
		buf_printf(b, "%.1f", isfinite(f->real) ? f->real : 0.0);
		break;
	case LOG_F_NONE:
		break;
	}
}

static void
add_plain(struct buf *b, const struct log_field *f)
{
	size_t before = b->n;

	colour(b, "2");
	buf_printf(b, " %s=", f->name);
	colour(b, "0");
	add_value(b, f);
	if (b->err != ERR_OK)
		buf_cut(b, before);
}

void
log_text_plain(struct buf *b, const struct log_field *fields)
{
	for (; fields->name != NULL; fields++) {
		if (fields->kind != LOG_F_NONE &&
		    (fields->kind != LOG_F_SPAN || fields->text.n > 0))
			add_plain(b, fields);
	}
}

/* ---- body ---- */

/* What is said as it is, in this order. */
static const char *const sentences[] = {
    "problem", "text", "cause", "because", "at", NULL};
/* What has its own place. */
static const char *const placed[] = {
    "message_id", "bucket", "key", "version", "advice", NULL};

static bool
is_one(const char *name, const char *const *names)
{
	while (*names != NULL && strcmp(*names, name) != 0)
		names++;
	return *names != NULL;
}

static void
add_sentences(struct buf *b, const struct log_field *fields, bool begun)
{
	for (const char *const *name = sentences; *name != NULL; name++) {
		struct span s = text_of(fields, *name);

		if (s.n == 0)
			continue;
		buf_str(b, begun ? ": " : " ");
		add_text(b, s);
		begun = true;
	}
}

static void
add_rest(struct buf *b, const char *event, const struct log_field *fields)
{
	int left = strcmp(event, "stats") == 0 ? STATS_MAX : 1000;

	for (; fields->name != NULL && left > 0; fields++) {
		bool said = fields->kind == LOG_F_SPAN &&
			    is_one(fields->name, sentences);

		if (find(fields, fields->name) != fields || said ||
		    is_one(fields->name, placed))
			continue;
		add_plain(b, fields);
		left--;
	}
}

void
log_text_body(struct buf *b, const char *event, bool brief,
    const struct log_field *fields)
{
	const char *words = log_words(event);
	struct span ids = text_of(fields, "message_id");
	struct span key = text_of(fields, "key");
	struct span advice = text_of(fields, "advice");
	size_t before;

	if (ids.n > 0)
		add_tags(b, ids);
	if (*words != '\0')
		buf_printf(b, " %s", words);
	add_sentences(b, fields, *words != '\0');
	if (key.n > 0)
		add_object(b, text_of(fields, "bucket"), key,
		    brief ? BRIEF_MAX : NAME_MAX);
	add_rest(b, event, fields);
	before = b->n;
	if (advice.n > 0) {
		buf_str(b, "\n             → ");
		add_text(b, advice);
	}
	if (b->err != ERR_OK)
		buf_cut(b, before);
}

size_t
log_text_first_line(struct span body)
{
	const char *end = body.n > 0 ? memchr(body.p, '\n', body.n) : NULL;

	return end != NULL ? (size_t)(end - body.p) : body.n;
}
