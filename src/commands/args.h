/*
 * The command line: its table of options, and what somebody gave. Options may
 * stand before and after the command. --help, the completions of shells and the
 * parser come from the one table.
 */
#ifndef COMMANDS_ARGS_H
#define COMMANDS_ARGS_H

#include <stdbool.h>
#include <stddef.h>

#include "commands/backfill.h"
#include "commands/check.h"

enum command {
	CMD_RUN, /* none is named */
	CMD_CHECK,
	CMD_HEALTH,
	CMD_CAT,
	CMD_BACKFILL,
	CMD_DLQ,
	CMD_HELP,
	CMD_COUNT
};

/* In the order of the table. */
enum arg {
	ARG_FILE,
	ARG_SETTING,
	ARG_VERBOSE,
	ARG_OBJECT,
	ARG_PEEK,
	ARG_SEND,
	ARG_BACKFILL,
	ARG_JSON,
	ARG_FROM,
	ARG_TO,
	ARG_ACCOUNT,
	ARG_REGION,
	ARG_ORGANIZATION,
	ARG_ANY_KEY,
	ARG_DRY_RUN,
	ARG_YES,
	ARG_MAX_WAITING,
	ARG_AFTER,
	ARG_STATE,
	ARG_PROFILE,
	ARG_ONLY,
	ARG_SUMMARY,
	ARG_LIVE,
	ARG_READY,
	ARG_CONFIG,
	ARG_DEFAULT,
	ARG_OPTIONS,
	ARG_METRICS,
	ARG_COMPLETION,
	ARG_HELP,
	ARG_VERSION,
	ARG_COUNT
};

_Static_assert(ARG_COUNT <= 32, "struct args has a bit for each");

struct arg_row {
	const char *name;  /* without its dashes; NULL: only a letter */
	char letter;	   /* 0: none */
	const char *value; /* what it takes, as --help calls it; or NULL */
	unsigned commands; /* bits 1 << enum command */
	const char *help;
	bool may_lack_value;
};

struct args {
	enum command command;
	unsigned given;	     /* bits 1 << enum arg */
	const char *program; /* as it was called */
	const char *profile; /* NULL: as the environment has it */
	const char *file;
	const char **options; /* of -o; owned */
	size_t noptions;
	unsigned verbose;
	const char *const *operands; /* what follows the command */
	size_t noperands;
	const char *value; /* of --print-options, --print-completion, --help */
	struct check_args check;
	struct backfill_args backfill;
	const char *only; /* of dlq redrive; NULL: all */
};

const struct arg_row *args_row(enum arg a);
const char *args_command_name(enum command c); /* "" for CMD_RUN */

/* Sorts argv: operands come last. false after a mistake, which was told. */
bool args_parse(struct args *a, int argc, char **argv);
void args_fini(struct args *a);
bool args_has(const struct args *a, enum arg which);

#endif
