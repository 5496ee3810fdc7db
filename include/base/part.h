/*
 * How a part of the work is doing, for whoever looks on: whether it was tried
 * at all, and if it is in trouble, what is wrong and what to do about it.
 */
#ifndef BASE_PART_H
#define BASE_PART_H

#include <stdint.h>

enum part_mood {
	PART_UNTRIED,
	PART_WELL,
	PART_ILL,
};

/* Texts are never NULL, never hold a secret, and are borrowed until control
 * returns to the loop. Of all but PART_ILL they are "". */
struct part {
	enum part_mood mood;
	const char *problem; /* ours: "the token was refused" */
	const char *code;    /* theirs, or of the transport: "AccessDenied" */
	const char *detail;  /* theirs: a line from outside */
	const char *advice;
	int64_t since_ms; /* monotonic; of PART_ILL */
};

#define PART_IN(mood_)                                                         \
	((struct part){.mood = (mood_),                                        \
	    .problem = "",                                                     \
	    .code = "",                                                        \
	    .detail = "",                                                      \
	    .advice = ""})

#endif
