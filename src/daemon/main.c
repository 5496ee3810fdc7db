#include <getopt.h>
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
#include "daemon/command.h"
#include "daemon/config.h"
#include "daemon/inherited.h"
#include "daemon/manual.h"
#include "daemon/note.h"
#include "daemon/probe.h"
#include "sink/gzip.h"

enum action {
	ACT_RUN,
	ACT_CAT,
	ACT_CHECK,
	ACT_HEALTH,
	ACT_HELP,
	ACT_VERSION,
	ACT_CONFIG,
	ACT_DEFAULT,
	ACT_OPTIONS,
	ACT_METRICS
};

struct args {
	enum action action;
	const char *file;
	const char **options; /* of -o; room for all arguments */
	size_t noptions;
	unsigned verbose;
	const char *const *operands; /* of cat */
	size_t noperands;
	const char *format; /* of --print-options */
	struct probe_args check;
	bool ready; /* of health */
};

static void
write_usage(FILE *out)
{
	fputs("usage: trailpost [-v] [-c FILE] [-o KEY=VALUE]...\n"
	      "       trailpost [-v] [-c FILE] [-o KEY=VALUE]... check\n"
	      "                 [--object s3://BUCKET/KEY] [--peek] [--json]\n"
	      "       trailpost [-c FILE] [-o KEY=VALUE]... health\n"
	      "                 [--live|--ready]\n"
	      "       trailpost cat [FILE|-]...\n",
	    out);
}

static void
write_help(void)
{
	write_usage(stdout);
	fputs("\n"
	      "Ships AWS CloudTrail logs from S3 to Dassana. cat writes the "
	      "events of log\n"
	      "files to standard output, one a line. check proves a set-up: "
	      "credentials,\n"
	      "queue, an object that is named or (--peek, which costs a "
	      "message one\n"
	      "receive) found in a notification, and Dassana. It changes "
	      "nothing. health\n"
	      "asks a running daemon, at its admin_listen, whether it lives "
	      "or is ready.\n"
	      "\n"
	      "  -c FILE        read settings from FILE instead of\n"
	      "                 " CONFIG_FILE "\n"
	      "  -o KEY=VALUE   one setting; wins over all other sources\n"
	      "  -v             log more; -vv for all there is\n"
	      "  --print-config           the settings in force, and whence\n"
	      "  --print-default-config   a settings file with the defaults\n"
	      "  --print-options=FORMAT   the settings as mdoc or markdown\n"
	      "  --print-metrics          what /metrics tells, as Markdown\n"
	      "  --help, --version\n"
	      "\n"
	      "Settings, each as \"key = value\" in the file, as "
	      "TRAILPOST_<KEY> in the\n"
	      "environment or with -o:\n\n",
	    stdout);
	manual_write_help(stdout);
}

/* false after a mistake, which was told. */
static bool
parse_args(int argc, char **argv, struct args *a)
{
	static const struct option longs[] = {{"help", no_argument, NULL, 'h'},
	    {"version", no_argument, NULL, 'V'},
	    {"print-config", no_argument, NULL, ACT_CONFIG},
	    {"print-default-config", no_argument, NULL, ACT_DEFAULT},
	    {"print-options", required_argument, NULL, ACT_OPTIONS},
	    {"print-metrics", no_argument, NULL, ACT_METRICS},
	    {NULL, 0, NULL, 0}};
	int c;

	while ((c = getopt_long(argc, argv, "+c:o:vhV", longs, NULL)) != -1) {
		switch (c) {
		case 'c':
			a->file = optarg;
			break;
		case 'o':
			a->options[a->noptions++] = optarg;
			break;
		case 'v':
			a->verbose++;
			break;
		case 'h':
			a->action = ACT_HELP;
			return true;
		case 'V':
			a->action = ACT_VERSION;
			return true;
		case ACT_CONFIG:
		case ACT_DEFAULT:
		case ACT_METRICS:
			a->action = (enum action)c;
			break;
		case ACT_OPTIONS:
			a->action = ACT_OPTIONS;
			a->format = optarg;
			break;
		default:
			return false; /* getopt_long has said why */
		}
	}
	return true;
}

static bool
parse_cat(int argc, char **argv, struct args *a)
{
	if (optind < argc && strcmp(argv[optind], "--help") == 0)
		a->action = ACT_HELP;
	else if (optind < argc && strcmp(argv[optind], "--") == 0)
		optind++;
	else if (optind < argc && argv[optind][0] == '-' &&
		 argv[optind][1] != '\0') {
		fprintf(stderr, "trailpost cat: unknown option \"%s\"\n",
		    argv[optind]);
		return false;
	}
	a->operands = (const char *const *)argv + optind;
	a->noperands = (size_t)(argc - optind);
	return true;
}

static bool
parse_check(int argc, char **argv, struct args *a)
{
	for (; optind < argc; optind++) {
		const char *arg = argv[optind];

		if (strcmp(arg, "--help") == 0) {
			a->action = ACT_HELP;
		} else if (strcmp(arg, "--peek") == 0) {
			a->check.peek = true;
		} else if (strcmp(arg, "--json") == 0) {
			a->check.json = true;
		} else if (strncmp(arg, "--object=", 9) == 0) {
			a->check.object = arg + 9;
		} else if (strcmp(arg, "--object") == 0 && optind + 1 < argc) {
			a->check.object = argv[++optind];
		} else {
			fprintf(stderr,
			    "trailpost check: unknown option \"%s\"\n", arg);
			return false;
		}
	}
	return true;
}

/* -c and -o may come here too, as probes are often written that way. */
static bool
parse_health(int argc, char **argv, struct args *a)
{
	for (; optind < argc; optind++) {
		const char *arg = argv[optind];

		if (strcmp(arg, "--help") == 0) {
			a->action = ACT_HELP;
		} else if (strcmp(arg, "--ready") == 0) {
			a->ready = true;
		} else if (strcmp(arg, "--live") == 0) {
			a->ready = false;
		} else if (strcmp(arg, "-c") == 0 && optind + 1 < argc) {
			a->file = argv[++optind];
		} else if (strcmp(arg, "-o") == 0 && optind + 1 < argc) {
			a->options[a->noptions++] = argv[++optind];
		} else {
			fprintf(stderr,
			    "trailpost health: unknown option \"%s\"\n", arg);
			return false;
		}
	}
	return true;
}

/* The sub-command and what follows it. */
static bool
parse_operands(int argc, char **argv, struct args *a)
{
	const char *command;

	if (optind == argc || a->action == ACT_HELP)
		return true;
	command = argv[optind++];
	if (a->action == ACT_RUN && strcmp(command, "cat") == 0) {
		a->action = ACT_CAT;
		return parse_cat(argc, argv, a);
	}
	if (a->action == ACT_RUN && strcmp(command, "check") == 0) {
		a->action = ACT_CHECK;
		return parse_check(argc, argv, a);
	}
	if (a->action == ACT_RUN && strcmp(command, "health") == 0) {
		a->action = ACT_HEALTH;
		return parse_health(argc, argv, a);
	}
	fprintf(stderr, "trailpost: unknown command \"%s\"\n", command);
	return false;
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

	if (a->action == ACT_CHECK)
		return probe_setup(&src, &a->check);
	if (a->action == ACT_HEALTH)
		return ask_health(&src, a->ready);
	if (a->action == ACT_RUN)
		return run_daemon(&src);
	mistakes = config_load(&c, &src, note_log, NULL);
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

static int
dispatch(const struct args *a)
{
	switch (a->action) {
	case ACT_HELP:
		write_help();
		break;
	case ACT_VERSION:
		printf("trailpost " TRAILPOST_VERSION "\ndeflate by %s\n",
		    gzip_codec(1));
		break;
	case ACT_DEFAULT:
		manual_write_file(stdout);
		break;
	case ACT_OPTIONS:
		return print_options(a->format);
	case ACT_METRICS:
		print_metrics();
		break;
	case ACT_CAT:
		return cat_files(a->operands, a->noperands);
	case ACT_CHECK:
	case ACT_HEALTH:
	case ACT_CONFIG:
	case ACT_RUN:
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
	return a->action == ACT_CHECK ? LOG_LVL_ERROR : LOG_LVL_INFO;
}

int
main(int argc, char **argv)
{
	struct args a = {.options = mem_zalloc((size_t)argc * sizeof(char *))};
	int status;

	inherited_undo();
	env_trim(environ);
	if (parse_args(argc, argv, &a) && parse_operands(argc, argv, &a)) {
		(void)log_set_journal(getenv("JOURNAL_STREAM"));
		log_set_level(level_of(&a));
		if (a.verbose > 0)
			log_set_verbose(level_of(&a));
		status = dispatch(&a);
	} else {
		write_usage(stderr);
		status = EXIT_USAGE;
	}
	log_end();
	mem_free(a.options);
	if ((fflush(stdout) != 0 || ferror(stdout)) && status == EXIT_OK)
		status = EXIT_TROUBLE;
	return status;
}
