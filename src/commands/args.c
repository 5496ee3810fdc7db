#include "commands/args.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/enc.h"
#include "base/mem.h"
#include "settings/similar.h"

#define RUN    (1u << CMD_RUN)
#define CHECK_ (1u << CMD_CHECK)
#define HEALTH (1u << CMD_HEALTH)
#define CAT    (1u << CMD_CAT)
#define FILL   (1u << CMD_BACKFILL)
#define DLQ    (1u << CMD_DLQ)
#define ALL    ((1u << CMD_COUNT) - 1)

static const struct arg_row rows[ARG_COUNT] = {
    [ARG_FILE] = {NULL, 'c', "FILE", RUN | CHECK_ | HEALTH | FILL | DLQ,
	"read settings from FILE", false},
    [ARG_SETTING] = {NULL, 'o', "KEY=VALUE", ALL & ~(1u << CMD_HELP),
	"one setting; wins over all other sources", false},
    [ARG_VERBOSE] = {NULL, 'v', NULL, RUN | CHECK_ | HEALTH | FILL | DLQ,
	"log more; -vv for all there is", false},
    [ARG_OBJECT] = {"object", 0, "s3://BUCKET/KEY", CHECK_,
	"read the beginning of this object", false},
    [ARG_PEEK] = {"peek", 0, NULL, CHECK_,
	"receive one message, which costs it a receive", false},
    [ARG_SEND] = {"send-one", 0, NULL, CHECK_,
	"send its first event to Dassana, and show the answer", false},
    [ARG_BACKFILL] = {"backfill", 0, "s3://BUCKET", CHECK_,
	"whether a backfill may list it, and send", false},
    [ARG_JSON] = {"json", 0, NULL, CHECK_ | FILL | DLQ, "report in JSON",
	false},
    [ARG_FROM] = {"from", 0, "TIME", FILL,
	"what CloudTrail wrote from then on (UTC)", false},
    [ARG_TO] = {"to", 0, "TIME", FILL, "and before this", false},
    [ARG_ACCOUNT] = {"account", 0, "ID", FILL,
	"of this account alone; several may be given", false},
    [ARG_REGION] = {"region", 0, "REGION", FILL,
	"of this region alone; several may be given", false},
    [ARG_ORGANIZATION] = {"organization", 0, "ID", FILL,
	"of this organisation (o-…) alone", false},
    [ARG_ANY_KEY] = {"any-key", 0, NULL, FILL,
	"whatever the layout, by LastModified", false},
    [ARG_DRY_RUN] = {"dry-run", 0, NULL, FILL, "count, and send nothing",
	false},
    [ARG_YES] = {"yes", 0, NULL, FILL, "do not ask before it sends", false},
    [ARG_MAX_WAITING] = {"max-waiting", 0, "N", FILL,
	"let so many messages wait in the queue", false},
    [ARG_AFTER] = {"after", 0, "KEY", FILL, "go on behind this key", false},
    [ARG_STATE] = {"state", 0, "FILE", FILL, "keep in FILE how far it has come",
	false},
    [ARG_PROFILE] = {"profile", 0, "NAME", FILL | DLQ,
	"credentials of this AWS profile", false},
    [ARG_ONLY] = {"only", 0, "CAUSE", DLQ,
	"redrive what has this cause, as dlq list names it", false},
    [ARG_SUMMARY] = {"summary", 0, NULL, CAT,
	"which kinds of events make up how much", false},
    [ARG_LIVE] = {"live", 0, NULL, HEALTH, "whether it lives", false},
    [ARG_READY] = {"ready", 0, NULL, HEALTH, "whether it can do its work",
	false},
    [ARG_CONFIG] = {"print-config", 0, NULL, RUN,
	"the settings in force, and whence", false},
    [ARG_DEFAULT] = {"print-default-config", 0, NULL, RUN,
	"a settings file with the defaults", false},
    [ARG_OPTIONS] = {"print-options", 0, "FORMAT", RUN,
	"the settings as mdoc or markdown", false},
    [ARG_METRICS] = {"print-metrics", 0, NULL, RUN,
	"what /metrics tells, as Markdown", false},
    [ARG_COMPLETION] = {"print-completion", 0, "SHELL", RUN,
	"completion for bash, zsh or fish", false},
    [ARG_HELP] = {"help", 'h', "settings", ALL, "this, or all settings", true},
    [ARG_VERSION] = {"version", 'V', NULL, ALL, "the version", false},
};

_Static_assert((int)ARG_COUNT <= 32, "args.given has a bit for each");

static const char *const commands[CMD_COUNT] = {
    "", "check", "health", "cat", "backfill", "dlq", "help"};

const struct arg_row *
args_row(enum arg a)
{
	CHECK((unsigned)a < ARG_COUNT);
	return &rows[a];
}

const char *
args_command_name(enum command c)
{
	CHECK((unsigned)c < CMD_COUNT);
	return commands[c];
}

bool
args_has(const struct args *a, enum arg which)
{
	return (a->given & 1u << which) != 0;
}

/* ---- mistakes ---- */

static const char *
nth_long(const void *arg, size_t i)
{
	(void)arg;
	return rows[i].name != NULL ? rows[i].name : "";
}

static const char *
nth_command(const void *arg, size_t i)
{
	(void)arg;
	return commands[i];
}

/* What was typed may hold anything; a terminal gets none of it raw, and nothing
 * of a value, which may be a token. */
static bool
mistake(const char *what, const char *word, const char *better)
{
	struct span rest = span_str(word);
	struct buf b;

	buf_init(&b, 1024);
	enc_visible(&b, span_cut(&rest, '='));
	fprintf(stderr, "trailpost: %s \"%.200s\"", what, buf_cstr(&b));
	if (better != NULL)
		fprintf(stderr, "; did you mean %s?", better);
	fputs("\n", stderr);
	buf_fini(&b);
	return false;
}

static bool
unknown_option(const char *word)
{
	struct span name = span_str(word), rest;
	const char *better = NULL;
	char dashed[64];
	size_t i;

	if (span_starts(name, "--")) {
		rest = (struct span){name.p + 2, name.n - 2};
		i = similar(span_cut(&rest, '='), nth_long, NULL, ARG_COUNT);
		if (i < ARG_COUNT) {
			(void)snprintf(
			    dashed, sizeof dashed, "--%s", rows[i].name);
			better = dashed;
		}
	}
	return mistake("unknown option", word, better);
}

/* ---- reading ---- */

enum { LONG = 256 }; /* long options come as this and their row */

static void
fill_getopt(char *letters, struct option *longs)
{
	*letters++ = ':'; /* a value that lacks is told apart */
	for (int i = 0; i < ARG_COUNT; i++) {
		const struct arg_row *r = &rows[i];

		if (r->letter != 0) {
			*letters++ = r->letter;
			if (r->value != NULL && !r->may_lack_value)
				*letters++ = ':';
		}
		if (r->name != NULL)
			*longs++ = (struct option){r->name,
			    r->value == NULL	? no_argument
			    : r->may_lack_value ? optional_argument
						: required_argument,
			    NULL, LONG + i};
	}
	*letters = '\0';
	*longs = (struct option){NULL, 0, NULL, 0};
}

static enum arg
row_of(int c)
{
	int i = 0;

	if (c >= LONG)
		return (enum arg)(c - LONG);
	while (i < ARG_COUNT && rows[i].letter != c)
		i++;
	CHECK(i < ARG_COUNT);
	return (enum arg)i;
}

/* Where the value of an option goes. */
static const struct {
	enum arg arg;
	size_t at; /* a const char * of struct args */
} texts[] = {
    {ARG_FILE, offsetof(struct args, file)},
    {ARG_OBJECT, offsetof(struct args, check.object)},
    {ARG_BACKFILL, offsetof(struct args, check.backfill)},
    {ARG_FROM, offsetof(struct args, backfill.from)},
    {ARG_TO, offsetof(struct args, backfill.to)},
    {ARG_ORGANIZATION, offsetof(struct args, backfill.organization)},
    {ARG_MAX_WAITING, offsetof(struct args, backfill.max_waiting)},
    {ARG_AFTER, offsetof(struct args, backfill.after)},
    {ARG_STATE, offsetof(struct args, backfill.state)},
    {ARG_PROFILE, offsetof(struct args, profile)},
    {ARG_ONLY, offsetof(struct args, only)},
    {ARG_OPTIONS, offsetof(struct args, value)},
    {ARG_COMPLETION, offsetof(struct args, value)},
    {ARG_HELP, offsetof(struct args, value)},
};

/* The options that are there or not. */
static const struct {
	enum arg arg;
	size_t at; /* a bool of struct args */
} flags[] = {
    {ARG_PEEK, offsetof(struct args, check.peek)},
    {ARG_SEND, offsetof(struct args, check.send)},
    {ARG_JSON, offsetof(struct args, check.json)},
    {ARG_JSON, offsetof(struct args, backfill.json)},
    {ARG_ANY_KEY, offsetof(struct args, backfill.any_key)},
    {ARG_DRY_RUN, offsetof(struct args, backfill.dry_run)},
    {ARG_YES, offsetof(struct args, backfill.yes)},
};

static void *
member(struct args *a, size_t at)
{
	return (char *)a + at;
}

static void
take(struct args *a, enum arg which, const char *value)
{
	a->given |= 1u << which;
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (texts[i].arg == which)
			*(const char **)member(a, texts[i].at) = value;
	}
	for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
		if (flags[i].arg == which)
			*(bool *)member(a, flags[i].at) = true;
	}
	if (which == ARG_SETTING)
		a->options[a->noptions++] = value;
	else if (which == ARG_ACCOUNT)
		a->backfill.accounts[a->backfill.naccounts++] = value;
	else if (which == ARG_REGION)
		a->backfill.regions[a->backfill.nregions++] = value;
	else if (which == ARG_VERBOSE)
		a->verbose++;
}

static bool
read_options(struct args *a, int argc, char **argv)
{
	char letters[2 * ARG_COUNT + 2];
	struct option longs[ARG_COUNT + 1];
	int c;

	fill_getopt(letters, longs);
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1) {
		const char *word = argv[optind - 1];
		char letter[] = {'-', (char)optopt, '\0'};

		if (c == ':')
			return mistake("a value is missing after", word, NULL);
		if (c == '?')
			return unknown_option(
			    optopt > 0 && optopt < LONG ? letter : word);
		take(a, row_of(c), optarg);
	}
	return true;
}

static bool
read_command(struct args *a, const char *word)
{
	size_t i;

	for (i = CMD_CHECK; i < CMD_COUNT; i++) {
		if (strcmp(word, commands[i]) == 0) {
			a->command = (enum command)i;
			return true;
		}
	}
	i = similar(span_str(word), nth_command, NULL, CMD_COUNT);
	return mistake(
	    "unknown command", word, i < CMD_COUNT ? commands[i] : NULL);
}

/* An option of another command would be silently without effect. */
static bool
belong(const struct args *a)
{
	char what[128], name[64];

	for (int i = 0; i < ARG_COUNT; i++) {
		const struct arg_row *r = &rows[i];

		if (!args_has(a, (enum arg)i) ||
		    (r->commands & 1u << a->command) != 0)
			continue;
		if (r->name != NULL)
			(void)snprintf(name, sizeof name, "--%s", r->name);
		else
			(void)snprintf(name, sizeof name, "-%c", r->letter);
		(void)snprintf(what, sizeof what, "%s has no option",
		    a->command == CMD_RUN ? "without a command it"
					  : commands[a->command]);
		return mistake(what, name, NULL);
	}
	return true;
}

static const char **
new_list(int argc)
{
	return mem_zalloc((size_t)argc * sizeof(char *));
}

bool
args_parse(struct args *a, int argc, char **argv)
{
	*a = (struct args){.program = argv[0],
	    .options = new_list(argc),
	    .backfill.accounts = new_list(argc),
	    .backfill.regions = new_list(argc)};
	if (!read_options(a, argc, argv))
		return false;
	if (optind < argc && !read_command(a, argv[optind++]))
		return false;
	a->operands = (const char *const *)argv + optind;
	a->noperands = (size_t)(argc - optind);
	if (args_has(a, ARG_HELP) || args_has(a, ARG_VERSION))
		return true;
	if ((a->command == CMD_CHECK || a->command == CMD_HEALTH) &&
	    a->noperands > 0)
		return mistake(
		    "there is nothing to do with", a->operands[0], NULL);
	if (a->command == CMD_BACKFILL && a->noperands > 1)
		return mistake(
		    "there is nothing to do with", a->operands[1], NULL);
	if (a->command == CMD_DLQ && a->noperands > 1)
		return mistake(
		    "there is nothing to do with", a->operands[1], NULL);
	a->backfill.place = a->noperands > 0 ? a->operands[0] : NULL;
	return belong(a);
}

void
args_fini(struct args *a)
{
	mem_free(a->options);
	mem_free(a->backfill.accounts);
	mem_free(a->backfill.regions);
}
