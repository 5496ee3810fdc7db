#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/metrics.h"
#include "aws/profile.h"
#include "aws/region.h"
#include "base/env.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/secret.h"
#include "commands/args.h"
#include "commands/check.h"
#include "commands/command.h"
#include "commands/dlq.h"
#include "commands/inherited.h"
#include "commands/usage.h"
#include "settings/config.h"
#include "settings/manual.h"
#include "settings/notes.h"
#include "sink/gzip.h"

/* As with the AWS CLI, keys in the environment are not meant then. */
static void
use_profile(const char *name)
{
	static const char *const others[] = {"AWS_ACCESS_KEY_ID",
	    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
	    "AWS_CREDENTIAL_EXPIRATION", "AWS_WEB_IDENTITY_TOKEN_FILE"};

	CHECK(setenv("AWS_PROFILE", name, 1) == 0);
	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		CHECK(unsetenv(others[i]) == 0);
}

static int
with_config(const struct args *a)
{
	struct config_sources src = {
	    .file = a->file != NULL ? a->file : CONFIG_FILE,
	    .file_required = a->file != NULL,
	    .env = (const char *const *)environ,
	    .options = a->options,
	    .noptions = a->noptions,
	    .profile_fault = profile_fault,
	    .profile_setting = profile_setting,
	    .profile_endpoint = profile_endpoint,
	    .region_later = region_can_be_looked_up(),
	};
	struct config c;
	unsigned mistakes;

	if (a->command == CMD_BACKFILL)
		return backfill_command(&src, a);
	if (a->command == CMD_DLQ)
		return dlq_command(&src, a);
	if (a->command == CMD_CHECK)
		return check_setup(&src, &a->check);
	if (a->command == CMD_HEALTH)
		return ask_health(&src, args_has(a, ARG_READY));
	if (!args_has(a, ARG_CONFIG))
		return run_daemon(&src);
	mistakes = config_load(&c, &src, notes_log, NULL);
	config_print(&c, stdout);
	config_fini(&c);
	return mistakes > 0 ? EXIT_USAGE : EXIT_OK;
}

static int
print_options(const char *format)
{
	if (strcmp(format, "mdoc") == 0) {
		manual_write_mdoc(stdout);
	} else if (strcmp(format, "markdown") == 0) {
		manual_write_markdown(stdout);
	} else {
		fputs("trailpost: --print-options takes mdoc or markdown\n",
		    stderr);
		return EXIT_USAGE;
	}
	return EXIT_OK;
}

static void
print_metrics(void)
{
	struct buf page;

	buf_init(&page, METRICS_MAX);
	metrics_document(&page);
	(void)fputs(buf_cstr(&page), stdout);
	buf_fini(&page);
}

/* help, help settings, help COMMAND; check --help. */
static int
help(const struct args *a)
{
	const char *about = a->value;

	if (a->command == CMD_HELP && a->noperands > 0)
		about = a->operands[0];
	else if (a->command != CMD_RUN && a->command != CMD_HELP)
		about = args_command_name(a->command);
	if (about == NULL) {
		usage_write_help(stdout);
		return EXIT_OK;
	}
	if (strcmp(about, "settings") == 0) {
		manual_write_help(stdout);
		return EXIT_OK;
	}
	for (int c = CMD_CHECK; c < CMD_COUNT; c++) {
		if (strcmp(about, args_command_name((enum command)c)) == 0) {
			usage_write_command(stdout, (enum command)c);
			return EXIT_OK;
		}
	}
	fputs("trailpost: there is help on settings, check, health, cat, "
	      "backfill and dlq\n",
	    stderr);
	return EXIT_USAGE;
}

static int
print_completion(const char *shell)
{
	if (usage_write_completion(stdout, shell))
		return EXIT_OK;
	fputs(
	    "trailpost: --print-completion takes bash, zsh or fish\n", stderr);
	return EXIT_USAGE;
}

static int
cat(const struct args *a)
{
	struct cat_args how = {.files = a->operands,
	    .n = a->noperands,
	    .options = a->options,
	    .noptions = a->noptions,
	    .summary = args_has(a, ARG_SUMMARY)};

	return cat_files(&how);
}

static int
dispatch(const struct args *a)
{
	if (args_has(a, ARG_VERSION))
		printf("trailpost " TRAILPOST_VERSION "\ndeflate by %s\n",
		    gzip_codec(1));
	else if (args_has(a, ARG_HELP) || a->command == CMD_HELP)
		return help(a);
	else if (args_has(a, ARG_DEFAULT))
		manual_write_file(stdout);
	else if (args_has(a, ARG_OPTIONS))
		return print_options(a->value);
	else if (args_has(a, ARG_COMPLETION))
		return print_completion(a->value);
	else if (args_has(a, ARG_METRICS))
		print_metrics();
	else if (a->command == CMD_CAT)
		return cat(a);
	else {
		if (a->profile != NULL)
			use_profile(a->profile);
		return with_config(a);
	}
	return EXIT_OK;
}

/* The check's steps say what the log would. */
static enum log_level
level_of(const struct args *a)
{
	if (a->verbose > 0)
		return a->verbose == 1 ? LOG_LVL_DEBUG : LOG_LVL_TRACE;
	return a->command == CMD_CHECK || a->command == CMD_BACKFILL ||
		       a->command == CMD_DLQ
		   ? LOG_LVL_ERROR
		   : LOG_LVL_INFO;
}

static bool
is_set(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && *value != '\0';
}

/* (no-color.org) */
static bool
has_colours(void)
{
	const char *term = getenv("TERM");

	return !is_set("NO_COLOR") && term != NULL && *term != '\0' &&
	       strcmp(term, "dumb") != 0;
}

int
main(int argc, char **argv)
{
	struct args a;
	int status;

	inherited_undo();
	env_trim(environ);
	if (args_parse(&a, argc, argv)) {
		bool shown = isatty(STDERR_FILENO) == 1;

		(void)log_set_journal(getenv("JOURNAL_STREAM"));
		log_set_terminal(shown && !is_set("NOTIFY_SOCKET") &&
				     !is_set("JOURNAL_STREAM"),
		    shown && has_colours());
		log_set_level(level_of(&a));
		if (a.verbose > 0)
			log_set_verbose(level_of(&a));
		status = dispatch(&a);
	} else {
		usage_write(stderr);
		status = EXIT_USAGE;
	}
	log_end();
	args_fini(&a);
	secret_forget();
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_OK)
		status = EXIT_TROUBLE;
	return status;
}
