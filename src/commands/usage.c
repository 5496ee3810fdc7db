#include "commands/usage.h"

#include "base/mem.h"
#include "settings/config.h"

enum { COLUMN = 28 };

static const char *const does[CMD_COUNT] = {
    [CMD_RUN] = "ship events, until SIGTERM or SIGINT",
    [CMD_CHECK] = "prove a set-up; changes nothing",
    [CMD_HEALTH] = "ask a running one, at its admin_listen",
    [CMD_CAT] = "write the events of log files, one a line",
    [CMD_BACKFILL] = "announce the files of a time that is past",
    [CMD_DLQ] = "look at the dead letters, or put them back",
    [CMD_HELP] = "say more of a command, or of the settings",
};

static const char *const operands[CMD_COUNT] = {"", "", "", " [FILE|-]...",
    " s3://BUCKET", " list|redrive", " [COMMAND|settings]"};

void
usage_write(FILE *out)
{
	fputs("usage: trailpost [COMMAND] [OPTION]...\n"
	      "trailpost help says more\n",
	    out);
}

static void
write_option(FILE *out, enum arg a)
{
	const struct arg_row *r = args_row(a);
	int n = fprintf(out, "  ");

	if (r->name == NULL)
		n += fprintf(out, "-%c", r->letter);
	else
		n += fprintf(out, "--%s", r->name);
	if (r->value != NULL)
		n += fprintf(out,
		    r->may_lack_value ? "[=%s]"
		    : r->name != NULL ? "=%s"
				      : " %s",
		    r->value);
	fprintf(out, "%*s%s\n", n < COLUMN ? COLUMN - n : 1, "", r->help);
}

/* What only manuals and packages are made with stays out of the one screen. */
static bool
is_rare(enum arg a)
{
	return a == ARG_OPTIONS || a == ARG_METRICS || a == ARG_COMPLETION;
}

/* Those of the one command and of no other, or those of several. */
static void
write_options(FILE *out, enum command c, bool shared)
{
	for (int i = 0; i < ARG_COUNT; i++) {
		unsigned bits = args_row((enum arg)i)->commands;
		bool alone = (bits & (bits - 1)) == 0;

		if ((bits & 1u << c) != 0 && alone != shared &&
		    !is_rare((enum arg)i))
			write_option(out, (enum arg)i);
	}
}

void
usage_write_help(FILE *out)
{
	fputs("trailpost ships AWS CloudTrail logs from S3 to Dassana.\n"
	      "usage: trailpost [COMMAND] [OPTION]...\n",
	    out);
	for (int c = 0; c < CMD_COUNT; c++) {
		int n = fprintf(out, "  %s%s",
		    c == CMD_RUN ? "(none)"
				 : args_command_name((enum command)c),
		    operands[c]);

		fprintf(out, "%*s%s\n", COLUMN - n, "", does[c]);
	}
	write_options(out, CMD_RUN, true);
	fputs("without a command:\n", out);
	write_options(out, CMD_RUN, false);
	fputs("check:\n", out);
	write_options(out, CMD_CHECK, false);
}

void
usage_write_command(FILE *out, enum command c)
{
	CHECK(c > CMD_RUN && c < CMD_COUNT);
	fprintf(out, "usage: trailpost %s%s%s\n%s\n", args_command_name(c),
	    c == CMD_HELP ? "" : " [OPTION]...", operands[c], does[c]);
	write_options(out, c, false);
	write_options(out, c, true);
	if (c == CMD_CHECK || c == CMD_HEALTH || c == CMD_BACKFILL ||
	    c == CMD_DLQ)
		fputs("Settings come from " CONFIG_FILE
		      ", TRAILPOST_… and -o.\n",
		    out);
}
