#include "oom.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RUNS_MAX = 20000, RUN_S = 20, TEXT_MAX = 4096 };
enum { NOT_REACHED = 10, LEAKED = 11, DEATH = 70 };

/* ---- an allocator that can fail ---- */

/* glibc's own, under the names it keeps for those who replace malloc. */
void *__libc_malloc(size_t n);
void *__libc_calloc(size_t n, size_t size);
void *__libc_realloc(void *p, size_t n);
void *__libc_memalign(size_t align, size_t n);
void __libc_free(void *p);

static struct {
	long live;	   /* allocations not given back */
	unsigned long nth; /* the one that fails; 0: none */
	unsigned long seen;
	bool all_after;
} mem;

static bool
fails(void)
{
	if (mem.nth == 0)
		return false;
	mem.seen++;
	if (mem.seen != mem.nth && !(mem.all_after && mem.seen > mem.nth))
		return false;
	errno = ENOMEM;
	return true;
}

static void *
counted(void *p)
{
	mem.live += p != NULL;
	return p;
}

void *
malloc(size_t n)
{
	return fails() ? NULL : counted(__libc_malloc(n));
}

void *
calloc(size_t n, size_t size)
{
	return fails() ? NULL : counted(__libc_calloc(n, size));
}

void *
realloc(void *p, size_t n)
{
	void *q;

	if (fails())
		return NULL;
	q = __libc_realloc(p, n);
	if (p == NULL)
		mem.live += q != NULL;
	else if (q == NULL && n == 0)
		mem.live--;
	return q;
}

void *
memalign(size_t align, size_t n)
{
	return fails() ? NULL : counted(__libc_memalign(align, n));
}

void *
aligned_alloc(size_t align, size_t n)
{
	return memalign(align, n);
}

int
posix_memalign(void **p, size_t align, size_t n)
{
	void *q = memalign(align, n);

	if (q == NULL)
		return ENOMEM;
	*p = q;
	return 0;
}

void
free(void *p)
{
	mem.live -= p != NULL;
	__libc_free(p);
}

/* ---- one run ---- */

/* Its exit status is the verdict. */
static _Noreturn void
child(const struct oom_scenario *s, unsigned long nth, bool all_after, int out)
{
	const struct rlimit none = {0, 0};
	long before;
	bool reached;

	(void)setrlimit(RLIMIT_CORE, &none);
	(void)dup2(out, STDERR_FILENO);
	alarm(RUN_S);
	before = mem.live;
	mem.all_after = all_after;
	mem.nth = nth;
	s->run();
	reached = mem.seen >= nth;
	mem.nth = 0;
	if (mem.live > before) {
		dprintf(STDERR_FILENO, "%ld allocations were not given back\n",
		    mem.live - before);
		_exit(LEAKED);
	}
	_exit(reached ? EXIT_SUCCESS : NOT_REACHED);
}

/* A wait status; what it wrote to stderr in text. */
static int
run_one(const struct oom_scenario *s, unsigned long nth, bool all_after,
    char text[TEXT_MAX])
{
	int out = memfd_create("stderr", MFD_CLOEXEC), status;
	ssize_t n;
	pid_t pid;

	if (out < 0 || (pid = fork()) < 0) {
		perror("oom");
		exit(EXIT_FAILURE);
	}
	if (pid == 0)
		child(s, nth, all_after, out);
	while (waitpid(pid, &status, 0) < 0)
		;
	n = pread(out, text, TEXT_MAX - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	close(out);
	return status;
}

static bool
is_good(const struct oom_scenario *s, int status, const char *text)
{
	bool aborted = WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;

	for (const char *const *w = s->last_words; aborted && *w != NULL; w++) {
		if (strstr(text, *w) != NULL)
			return true;
	}
	if (!WIFEXITED(status))
		return false;
	switch (WEXITSTATUS(status)) {
	case EXIT_SUCCESS:
	case NOT_REACHED:
		return true;
	case LEAKED:
		return s->may_leak;
	case DEATH:
		return strstr(text, "event=memory.exhausted") != NULL;
	default:
		return false;
	}
}

/* Fails the allocations one after the other until one is not reached. */
static bool
run_scenario(const struct oom_scenario *s, bool all_after)
{
	char text[TEXT_MAX];
	unsigned long n, bad = 0, survived = 0;
	int status = 0;

	for (n = 1; n < RUNS_MAX; n++) {
		status = run_one(s, n, all_after, text);
		if (WIFEXITED(status) && WEXITSTATUS(status) == NOT_REACHED)
			break;
		survived += status == 0;
		if (is_good(s, status, text))
			continue;
		if (bad++ == 0)
			printf("oom %s: allocation %lu%s: %s %d\n%s", s->name,
			    n, all_after ? " and all after" : "",
			    WIFSIGNALED(status) ? "signal" : "exit status",
			    WIFSIGNALED(status) ? WTERMSIG(status)
						: WEXITSTATUS(status),
			    text);
	}
	printf("oom %s: %lu allocations%s, %lu survived, %lu bad\n", s->name,
	    n - 1, all_after ? " and all after" : "", survived, bad);
	return bad == 0 && n > 1 && n < RUNS_MAX;
}

int
oom_main(const struct oom_scenario *s)
{
	unsigned passed = 0, failed = 0;
	long before;

	setvbuf(stdout, NULL, _IONBF, 0);
	for (; s->name != NULL; s++) {
		/* What libraries take once for all is taken here. */
		s->run();
		before = mem.live;
		s->run();
		if (mem.live != before) {
			printf("oom %s: leaks with enough memory\n", s->name);
			failed++;
			continue;
		}
		for (int all = 0; all < 2; all++) {
			if (run_scenario(s, all != 0))
				passed++;
			else
				failed++;
		}
	}
	printf("%u passed, %u failed\n", passed, failed);
	return failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
