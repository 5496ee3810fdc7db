#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void
mem_check_failed(const char *cond, const char *file, int line)
{
	dprintf(STDERR_FILENO, "level=error event=bug check=\"%s\" at=%s:%d\n",
	    cond, file, line);
	abort();
}

static _Noreturn void
die(void)
{
	static const char text[] =
	    "level=error event=memory.exhausted advice=\"give the process more "
	    "memory or lower buffer_max_bytes; nothing is lost, messages that "
	    "were not deleted are delivered again\"\n";

	(void)!write(STDERR_FILENO, text, sizeof text - 1);
	_exit(70);
}

void *
mem_alloc(size_t n)
{
	void *p = malloc(n > 0 ? n : 1);

	if (p == NULL)
		die();
	return p;
}

void *
mem_zalloc(size_t n)
{
	void *p = calloc(1, n > 0 ? n : 1);

	if (p == NULL)
		die();
	return p;
}

void *
mem_realloc(void *p, size_t n)
{
	p = realloc(p, n > 0 ? n : 1);
	if (p == NULL)
		die();
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
