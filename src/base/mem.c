#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* A log line without the logger, which needs memory. */
static void
last_line(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

static void
last_line(const char *fmt, ...)
{
	char line[1024], stamp[sizeof "2026-11-22T12:00:00"];
	struct timespec now = {0, 0};
	struct tm tm = {0};
	va_list ap;

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(stamp, sizeof stamp, "%Y-%m-%dT%H:%M:%S", &tm);
	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof line, fmt, ap);
	va_end(ap);
	dprintf(STDERR_FILENO, "%s.%03ldZ level=error %s\n", stamp,
	    now.tv_nsec / 1000000, line);
}

void
mem_check_failed(const char *cond, const char *file, int line)
{
	char text[256];
	size_t n = 0;

	/* Quotes inside of quotes would need escapes. */
	for (; cond[n] != '\0' && n < sizeof text - 1; n++)
		text[n] = cond[n] == '"' || cond[n] == '\\' ? '\'' : cond[n];
	text[n] = '\0';
	last_line("event=bug check=\"%s\" at=%s:%d", text, file, line);
	abort();
}

void
mem_exhausted(void)
{
	last_line(
	    "event=memory.exhausted advice=\"give the process more memory "
	    "or lower buffer_max_bytes; nothing is lost, messages that "
	    "were not deleted are delivered again\"");
	_exit(70);
}

void *
mem_alloc(size_t n)
{
	void *p = malloc(n > 0 ? n : 1);

	if (p == NULL)
		mem_exhausted();
	return p;
}

void *
mem_zalloc(size_t n)
{
	void *p = calloc(1, n > 0 ? n : 1);

	if (p == NULL)
		mem_exhausted();
	return p;
}

void *
mem_realloc(void *p, size_t n)
{
	p = realloc(p, n > 0 ? n : 1);
	if (p == NULL)
		mem_exhausted();
	return p;
}

char *
mem_strndup(const char *p, size_t n)
{
	char *s = mem_alloc(n + 1);

	if (n > 0)
		memcpy(s, p, n);
	s[n] = '\0';
	return s;
}

void
mem_free(void *p)
{
	free(p);
}

void
mem_wipe(void *p, size_t n)
{
	if (p != NULL)
		explicit_bzero(p, n);
}
