#include "base/log_fold.h"

#include <string.h>

#include "base/hash.h"

/* Static as the logger is: there is one log. */
static struct log_fold folds[LOG_FOLD_KINDS];

static const int64_t open_ms[] = {10 * 1000, 60 * 1000, 600 * 1000};
enum { STEPS = sizeof open_ms / sizeof open_ms[0], MINUTE_MS = 60 * 1000 };

/* How much was said of an event. */
struct said {
	uint64_t event; /* a hash, with its level; 0: free */
	int64_t until_ms;
	unsigned lines;
};
static struct said said[LOG_FOLD_EVENTS];

/* What names one thing among many, or quotes somebody, makes no kind. */
static const char *const passed_over[] = {"key", "version", "message_id",
    "message", "request_id", "reply", "body", "detail"};

static bool
makes_kind(const struct log_field *f)
{
	if (f->kind == LOG_F_INT)
		return strcmp(f->name, "status") == 0;
	if (f->kind != LOG_F_SPAN)
		return false;
	for (size_t i = 0; i < sizeof passed_over / sizeof *passed_over; i++) {
		if (strcmp(f->name, passed_over[i]) == 0)
			return false;
	}
	return true;
}

uint64_t
log_fold_kind(
    enum log_level level, const char *event, const struct log_field *fields)
{
	uint64_t h = hash_add(HASH_START, &level, sizeof level);

	h = hash_add(h, event, strlen(event) + 1);
	for (; fields->name != NULL; fields++) {
		if (!makes_kind(fields))
			continue;
		h = hash_add(h, fields->name, strlen(fields->name) + 1);
		if (fields->kind == LOG_F_INT)
			h = hash_add(h, &fields->num, sizeof fields->num);
		else
			h = hash_add(h, fields->text.p, fields->text.n);
		h = hash_add(h, "", 1);
	}
	return h != 0 ? h : 1;
}

static void
tell_if_repeated(struct log_fold *f, log_fold_tell_fn *tell)
{
	if (f->kind != 0 && f->repeated > 0)
		tell(f);
	f->repeated = 0;
}

static struct log_fold *
find(uint64_t kind)
{
	for (struct log_fold *f = folds; f < folds + LOG_FOLD_KINDS; f++) {
		if (f->kind == kind)
			return f;
	}
	return NULL;
}

/* A free one, or the one that was quiet for longest. */
static struct log_fold *
make_room(log_fold_tell_fn *tell)
{
	struct log_fold *oldest = find(0);

	if (oldest != NULL)
		return oldest;
	oldest = folds;
	for (struct log_fold *f = folds; f < folds + LOG_FOLD_KINDS; f++) {
		if (f->last_ms < oldest->last_ms)
			oldest = f;
	}
	tell_if_repeated(oldest, tell);
	return oldest;
}

void
log_fold_begin(uint64_t kind, enum log_level level, const char *event,
    int64_t now_ms, log_fold_tell_fn *tell)
{
	struct log_fold *f = find(kind);

	if (f != NULL)
		tell_if_repeated(f, tell);
	else
		f = make_room(tell);
	*f = (struct log_fold){.kind = kind,
	    .level = level,
	    .event = event,
	    .from_ms = now_ms,
	    .until_ms = now_ms + open_ms[0],
	    .last_ms = now_ms};
}

struct log_fold *
log_fold_repeated(uint64_t kind, int64_t now_ms)
{
	struct log_fold *f = find(kind);

	if (f == NULL)
		return NULL;
	f->repeated++;
	f->last_ms = now_ms;
	return f;
}

/* The kind of all that is one event, whatever it says. */
static uint64_t
event_of(enum log_level level, const char *event)
{
	const struct log_field none = {0};

	return log_fold_kind(level, event, &none);
}

struct log_fold *
log_fold_rest(enum log_level level, const char *event, int64_t now_ms,
    log_fold_tell_fn *tell)
{
	uint64_t kind = event_of(level, event);

	if (find(kind) == NULL)
		log_fold_begin(kind, level, event, now_ms, tell);
	return log_fold_repeated(kind, now_ms);
}

/* Its own, or the one whose minute ends or has ended first. */
static struct said *
find_said(uint64_t event)
{
	struct said *best = said;

	for (struct said *s = said; s < said + LOG_FOLD_EVENTS; s++) {
		if (s->event == event)
			return s;
		if (s->until_ms < best->until_ms)
			best = s;
	}
	*best = (struct said){.event = event};
	return best;
}

bool
log_fold_spent(enum log_level level, const char *event, int64_t now_ms)
{
	struct said *s = find_said(event_of(level, event));

	if (s->lines == 0 || now_ms >= s->until_ms) {
		s->until_ms = now_ms + MINUTE_MS;
		s->lines = 0;
	}
	if (s->lines >= LOG_FOLD_LINES)
		return true;
	s->lines++;
	return false;
}

void
log_fold_tell_due(int64_t now_ms, log_fold_tell_fn *tell)
{
	for (struct log_fold *f = folds; f < folds + LOG_FOLD_KINDS; f++) {
		if (f->kind == 0 || now_ms < f->until_ms)
			continue;
		if (f->repeated == 0) {
			f->kind = 0;
			continue;
		}
		tell_if_repeated(f, tell);
		f->step += f->step + 1 < STEPS;
		f->from_ms = now_ms;
		f->until_ms = now_ms + open_ms[f->step];
	}
}

void
log_fold_end(log_fold_tell_fn *tell)
{
	for (struct log_fold *f = folds; f < folds + LOG_FOLD_KINDS; f++) {
		tell_if_repeated(f, tell);
		f->kind = 0;
	}
	memset(said, 0, sizeof said);
}
