/*
 * What a check of the set-up has found, step by step: lines for people or one
 * JSON document. A step is written as soon as it is known.
 */
#ifndef COMMANDS_REPORT_H
#define COMMANDS_REPORT_H

#include <stdbool.h>
#include <stdio.h>

#include "aws/call.h"
#include "base/buf.h"

enum report_mark {
	REPORT_OK,
	REPORT_WARNING,
	REPORT_SKIPPED,
	REPORT_FAILED,
};

struct report_step {
	const char *name; /* "queue"; lives until it is written */
	enum report_mark mark;
	struct buf fact;   /* what was found */
	struct buf advice; /* what to do about it; may stay empty */
	/* Of a refusal: shown with it. */
	int status;
	char code[96], request_id[96];
};

struct report {
	FILE *out;
	bool json;
	unsigned steps, failed;
};

void report_begin(struct report *r, FILE *out, bool json);
void report_step_init(struct report_step *s, const char *name);
/* Writes it, and frees what is in it. */
void report_add(struct report *r, struct report_step *s);
void report_end(struct report *r);

#endif
