/*
 * Memory that is there or the process is not. Everything taken here is small
 * and bounded by the configuration; when even that cannot be had, dying at once
 * is the safe answer, because SQS delivers again what was not deleted.
 * CHECK is for bugs: it aborts in release builds too.
 */
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#define CHECK(cond)                                                            \
	((cond) ? (void)0 : mem_check_failed(#cond, __FILE__, __LINE__))

_Noreturn void mem_check_failed(const char *cond, const char *file, int line);

/* Says so and ends the process: for when a library had no memory. */
_Noreturn void mem_exhausted(void);

/* Each returns memory or does not return. n = 0 gives a unique pointer. */
void *mem_alloc(size_t n) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *p, size_t n) __attribute__((returns_nonnull));
/* n bytes of p plus a NUL that is not counted. */
char *
mem_strndup(const char *p, size_t n) __attribute__((malloc, returns_nonnull));
void mem_free(void *p);
/* Overwrites n bytes before they are freed; for secrets. p may be NULL. */
void mem_wipe(void *p, size_t n);

#endif
