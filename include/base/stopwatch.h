/*
 * For how long something was so, in all: started and stopped any number of
 * times. A zeroed one stands at 0, stopped.
 */
#ifndef BASE_STOPWATCH_H
#define BASE_STOPWATCH_H

#include <stdbool.h>
#include <stdint.h>

struct stopwatch {
	bool running;
	int64_t since_ms, total_ms; /* total: without the present run */
};

static inline void
stopwatch_set(struct stopwatch *w, bool running, int64_t now_ms)
{
	if (w->running && !running)
		w->total_ms += now_ms - w->since_ms;
	if (!w->running && running)
		w->since_ms = now_ms;
	w->running = running;
}

static inline int64_t
stopwatch_ms(const struct stopwatch *w, int64_t now_ms)
{
	return w->total_ms + (w->running ? now_ms - w->since_ms : 0);
}

#endif
