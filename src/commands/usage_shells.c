/* Completion for shells: usage_write_completion. */
#include <string.h>

#include "commands/usage.h"
#include "settings/option.h"

/* ---- lists of words ---- */

static void
write_commands(FILE *out)
{
	for (int c = CMD_CHECK; c < CMD_COUNT; c++)
		fprintf(out, "%s%s", c > CMD_CHECK ? " " : "",
		    args_command_name((enum command)c));
}

static void
write_words(FILE *out, unsigned commands)
{
	const char *before = "";

	for (int i = 0; i < ARG_COUNT; i++) {
		const struct arg_row *r = args_row((enum arg)i);

		if ((r->commands & commands) == 0)
			continue;
		if (r->letter != 0 && r->name == NULL)
			fprintf(out, "%s-%c", before, r->letter);
		if (r->name != NULL)
			fprintf(out, "%s--%s%s", before, r->name,
			    r->value != NULL && !r->may_lack_value ? "=" : "");
		before = " ";
	}
}

static void
write_settings(FILE *out)
{
	for (size_t i = 0; i < option_count(); i++)
		fprintf(out, "%s%s=", i > 0 ? " " : "", option_at(i)->key);
}

/* The words of a setting that has words. */
static bool
write_values(FILE *out, const struct option_row *o)
{
	if (o->type == OPTION_FLAG)
		fputs("yes no", out);
	else if (o->type == OPTION_CHOICE)
		for (size_t k = 0; o->choices[k] != NULL; k++)
			fprintf(out, "%s%s", k > 0 ? " " : "", o->choices[k]);
	return o->type == OPTION_FLAG || o->type == OPTION_CHOICE;
}

static bool
has_words(const struct option_row *o)
{
	return o->type == OPTION_FLAG || o->type == OPTION_CHOICE;
}

/* ---- bash ---- */

static void
write_bash_values(FILE *out)
{
	for (size_t i = 0; i < option_count(); i++) {
		if (!has_words(option_at(i)))
			continue;
		fprintf(out, "\t%s=*) words='", option_at(i)->key);
		(void)write_values(out, option_at(i));
		fputs("' ;;\n", out);
	}
}

/* What each command takes. */
static void
write_bash_commands(FILE *out)
{
	for (int c = CMD_CHECK; c < CMD_COUNT; c++) {
		fprintf(
		    out, "\t\t%s) words='", args_command_name((enum command)c));
		write_words(out, 1u << c);
		if (c == CMD_HELP) {
			fputs(" settings ", out);
			write_commands(out);
		}
		fputs("' ;;\n", out);
	}
	fputs("\t\t*) words='", out);
	write_commands(out);
	fputc(' ', out);
	write_words(out, 1u << CMD_RUN);
}

/* Without the bash-completion package: '=' is a word of its own there. */
static void
write_bash(FILE *out)
{
	fputs("# Completion of trailpost for bash, written by make conf.\n"
	      "_trailpost()\n{\n"
	      "\tlocal line=${COMP_LINE:0:COMP_POINT} words= command= w\n"
	      "\tlocal cur=${line##*[[:blank:]]} before\n"
	      "\tbefore=${line%\"$cur\"}\n"
	      "\tbefore=${before%\"${before##*[![:blank:]]}\"}\n"
	      "\tbefore=${before##*[[:blank:]]}\n"
	      "\tfor w in \"${COMP_WORDS[@]:1:COMP_CWORD-1}\"; do\n"
	      "\t\tcase $w in ",
	    out);
	for (int c = CMD_CHECK; c < CMD_COUNT; c++)
		fprintf(out, "%s%s", c > CMD_CHECK ? "|" : "",
		    args_command_name((enum command)c));
	fputs(") command=$w ;; esac\n\tdone\n"
	      "\tcase $before:$cur in\n"
	      "\t-c:*) compopt -o filenames; "
	      "COMPREPLY=($(compgen -f -- \"$cur\")); return ;;\n"
	      "\t-o:*=*) _trailpost_value \"$cur\"; return ;;\n"
	      "\t-o:*) compopt -o nospace; words='",
	    out);
	write_settings(out);
	fputs("' ;;\n\t*:--print-completion=*) cur=${cur#*=}; "
	      "words='bash zsh fish' ;;\n"
	      "\t*:--print-options=*) cur=${cur#*=}; words='mdoc markdown' ;;\n"
	      "\t*:--help=*) cur=${cur#*=}; words=settings ;;\n"
	      "\t*) case $command in\n",
	    out);
	write_bash_commands(out);
	fputs("' ;;\n\t\tesac\n"
	      "\t\tif [[ $command = cat && $cur != -* ]]; then\n"
	      "\t\t\tcompopt -o filenames\n"
	      "\t\t\tCOMPREPLY=($(compgen -f -- \"$cur\"))\n"
	      "\t\t\treturn\n\t\tfi ;;\n\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n"
	      "\t[[ ${#COMPREPLY[@]} -ne 1 || ${COMPREPLY[0]} != *= ]] || "
	      "compopt -o nospace\n"
	      "}\n"
	      "# _trailpost_value KEY=BEGINNING\n"
	      "_trailpost_value()\n{\n\tlocal words=\n\tcase $1 in\n",
	    out);
	write_bash_values(out);
	fputs("\t*_file=*) compopt -o filenames\n"
	      "\t\tCOMPREPLY=($(compgen -f -- \"${1#*=}\")); return ;;\n"
	      "\tesac\n"
	      "\tCOMPREPLY=($(compgen -W \"$words\" -- \"${1#*=}\"))\n"
	      "}\ncomplete -F _trailpost trailpost\n",
	    out);
}

/* ---- zsh ---- */

/* Within single quotes, where a ':' would end a description. */
static void
write_zsh_text(FILE *out, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == ':' || *s == '[' || *s == ']')
			fputc('\\', out);
		fputc(*s, out);
	}
}

static void
write_zsh_option(FILE *out, enum arg a, unsigned commands)
{
	const struct arg_row *r = args_row(a);
	const char *action = a == ARG_FILE	? ":file:_files"
			     : a == ARG_SETTING ? ":setting:_trailpost_settings"
			     : a == ARG_COMPLETION ? ":shell:(bash zsh fish)"
			     : a == ARG_OPTIONS	   ? ":format:(mdoc markdown)"
			     : a == ARG_HELP	   ? "::about:(settings)"
			     : r->value != NULL	   ? ":value:"
						   : "";

	if ((r->commands & commands) == 0)
		return;
	fputs("\t\t'", out);
	if (a == ARG_SETTING || a == ARG_VERBOSE)
		fputc('*', out);
	if (r->name == NULL)
		fprintf(out, "-%c[", r->letter);
	else
		fprintf(out, "--%s%s[", r->name,
		    r->value == NULL	? ""
		    : r->may_lack_value ? "=-"
					: "=");
	write_zsh_text(out, r->help);
	fprintf(out, "]%s'\n", action);
}

static void
write_zsh(FILE *out)
{
	fputs("#compdef trailpost\n"
	      "# Completion of trailpost for zsh, written by make conf.\n"
	      "_trailpost_settings()\n{\n\tlocal -a keys\n"
	      "\tif compset -P '*='; then\n\t\tcase $IPREFIX in\n",
	    out);
	for (size_t i = 0; i < option_count(); i++) {
		if (!has_words(option_at(i)))
			continue;
		fprintf(out, "\t\t*%s=) compadd ", option_at(i)->key);
		(void)write_values(out, option_at(i));
		fputs(" ;;\n", out);
	}
	fputs("\t\t*) _files ;;\n\t\tesac\n\t\treturn\n\tfi\n\tkeys=(", out);
	write_settings(out);
	fputs(")\n\tcompadd -S '' -- $keys\n}\n"
	      "_trailpost()\n{\n\tlocal -a options\n\tlocal command=\n"
	      "\tlocal w\n\tfor w in ${words[2,CURRENT-1]}; do\n"
	      "\t\tcase $w in check|health|cat|help) command=$w ;; esac\n"
	      "\tdone\n\tcase $command in\n",
	    out);
	for (int c = CMD_CHECK; c <= CMD_COUNT; c++) {
		int at = c < CMD_COUNT ? c : CMD_RUN;

		fprintf(out, "\t%s) options=(\n",
		    at == CMD_RUN ? "*" : args_command_name((enum command)at));
		for (int i = 0; i < ARG_COUNT; i++)
			write_zsh_option(out, (enum arg)i, 1u << at);
		if (at == CMD_CAT)
			fputs("\t\t'*:file:_files'\n", out);
		if (at == CMD_HELP)
			fputs(
			    "\t\t'*:about:(settings check health cat)'\n", out);
		if (at == CMD_CHECK || at == CMD_HEALTH)
			fprintf(out, "\t\t'1:command:(%s)'\n",
			    args_command_name((enum command)at));
		if (at == CMD_RUN)
			fputs("\t\t'1:command:(check health cat help)'\n", out);
		fputs("\t\t) ;;\n", out);
	}
	fputs("\tesac\n\t_arguments -s $options\n}\n_trailpost \"$@\"\n", out);
}

/* ---- fish ---- */

static void
write_fish_option(FILE *out, enum arg a)
{
	const struct arg_row *r = args_row(a);

	fputs(a == ARG_FILE ? "complete -c trailpost"
			    : "complete -c trailpost -f",
	    out);
	if (r->commands == 1u << CMD_RUN) {
		fputs(" -n __fish_use_subcommand", out);
	} else if ((r->commands & 1u << CMD_RUN) == 0) {
		fputs(" -n '__fish_seen_subcommand_from", out);
		for (int c = CMD_CHECK; c < CMD_COUNT; c++) {
			if ((r->commands & 1u << c) != 0)
				fprintf(out, " %s",
				    args_command_name((enum command)c));
		}
		fputc('\'', out);
	}
	if (r->letter != 0)
		fprintf(out, " -s %c", r->letter);
	if (r->name != NULL)
		fprintf(out, " -l %s", r->name);
	if (r->value != NULL && !r->may_lack_value)
		fputs(a == ARG_FILE ? " -r -F" : " -x", out);
	if (a == ARG_COMPLETION)
		fputs(" -a 'bash zsh fish'", out);
	if (a == ARG_OPTIONS)
		fputs(" -a 'mdoc markdown'", out);
	if (a == ARG_SETTING) {
		fputs(" -a '", out);
		write_settings(out);
		fputc('\'', out);
	}
	fprintf(out, " -d '%s'\n", r->help);
}

static void
write_fish(FILE *out)
{
	fputs("# Completion of trailpost for fish, written by make conf.\n"
	      "complete -c trailpost -f\n"
	      "complete -c trailpost -n __fish_use_subcommand -a '",
	    out);
	write_commands(out);
	fputs("'\ncomplete -c trailpost -n '__fish_seen_subcommand_from help' "
	      "-a 'settings check health cat'\n"
	      "complete -c trailpost -n '__fish_seen_subcommand_from cat' -F\n",
	    out);
	for (int i = 0; i < ARG_COUNT; i++)
		write_fish_option(out, (enum arg)i);
}

bool
usage_write_completion(FILE *out, const char *shell)
{
	static const struct {
		const char *shell;
		void (*write)(FILE *out);
	} shells[] = {
	    {"bash", write_bash}, {"zsh", write_zsh}, {"fish", write_fish}};

	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++) {
		if (strcmp(shell, shells[i].shell) == 0) {
			shells[i].write(out);
			return true;
		}
	}
	return false;
}
