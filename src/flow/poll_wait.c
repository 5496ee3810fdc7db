#include "flow/poll_wait.h"

enum {
	CUTS = 2,
	BRIEF_MS = 1000, /* who breaks so early was not cut for its age */
	EARLY_MS = 500,	 /* before its time, and still whole */
	PATIENCE_MS = 10 * 60 * 1000,
	PATIENCE_MAX_MS = 2 * 3600 * 1000,
};

void
poll_wait_init(struct poll_wait *w, unsigned max_s)
{
	*w = (struct poll_wait){.max_s = max_s,
	    .lives_s = max_s,
	    .try_ms = INT64_MAX,
	    .patience_ms = PATIENCE_MS};
}

unsigned
poll_wait_s(struct poll_wait *w, int64_t now_ms)
{
	if (now_ms < w->try_ms)
		return w->lives_s;
	w->try_ms = now_ms + w->patience_ms;
	return 2 * w->lives_s < w->max_s ? 2 * w->lives_s : w->max_s;
}

static void
note_cut(struct poll_wait *w, int64_t lived_ms, int64_t now_ms)
{
	if (w->cuts > 0 && now_ms - w->cut_ms > PATIENCE_MS)
		w->cuts = 0;
	if (w->cuts == 0 || lived_ms < w->shortest_ms)
		w->shortest_ms = lived_ms;
	w->cuts++;
	w->cut_ms = now_ms;
}

bool
poll_wait_cut(
    struct poll_wait *w, unsigned wait_s, int64_t lasted_ms, int64_t now_ms)
{
	unsigned s;

	if (wait_s <= 1 || lasted_ms < BRIEF_MS)
		return false;
	if (wait_s > w->lives_s) {
		w->patience_ms = 2 * w->patience_ms < PATIENCE_MAX_MS
				     ? 2 * w->patience_ms
				     : PATIENCE_MAX_MS;
		w->try_ms = now_ms + w->patience_ms;
		return false;
	}
	/* Nobody says when one was cut that ran into our own time-out. */
	if (lasted_ms >= (int64_t)wait_s * 1000)
		lasted_ms = (int64_t)wait_s * 500;
	note_cut(w, lasted_ms, now_ms);
	if (w->cuts < CUTS)
		return false;
	s = (unsigned)(w->shortest_ms * 3 / 4 / 1000);
	w->lives_s = s > 0 ? s : 1;
	w->cuts = 0;
	w->try_ms = now_ms + w->patience_ms;
	return true;
}

bool
poll_wait_lived(
    struct poll_wait *w, unsigned wait_s, int64_t lasted_ms, int64_t now_ms)
{
	if (wait_s < w->lives_s ||
	    lasted_ms + EARLY_MS < (int64_t)wait_s * 1000)
		return false;
	w->cuts = 0;
	if (wait_s == w->lives_s)
		return false;
	w->lives_s = wait_s;
	w->patience_ms = PATIENCE_MS;
	w->try_ms = now_ms + w->patience_ms;
	return wait_s == w->max_s;
}
