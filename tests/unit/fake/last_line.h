/* The last line of the log, and how many there were. */
#ifndef FAKE_LAST_LINE_H
#define FAKE_LAST_LINE_H

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

static char last[16 * 1024];
static size_t last_n;
static unsigned lines;

static inline void
keep_line(void *arg, struct span line)
{
	(void)arg;
	CHECK(line.n < sizeof last);
	memcpy(last, line.p, line.n);
	last[line.n] = '\0';
	last_n = line.n;
	lines++;
}

/* The clock stands. */
static inline void
keep_lines(enum log_level level)
{
	clock_set_test(0, 1795348800123);
	log_set_sink(keep_line, NULL);
	log_set_level(level);
	lines = 0;
}

static inline void
keep_no_lines(void)
{
	clock_use_real();
	log_set_sink(NULL, NULL);
}

#endif
