/*
 * What the command line says of itself, all of it from the table of args.h.
 */
#ifndef COMMANDS_USAGE_H
#define COMMANDS_USAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "commands/args.h"

/* How it is called, in a few lines. */
void usage_write(FILE *out);
/* One screen: --help. */
void usage_write_help(FILE *out);
/* Of one command. */
void usage_write_command(FILE *out, enum command c);
/* A file that makes "bash", "zsh" or "fish" complete commands, options and
 * settings. false: there is none for this shell. */
bool usage_write_completion(FILE *out, const char *shell);

#endif
