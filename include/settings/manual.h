/*
 * What people read of the options, written from their table.
 */
#ifndef SETTINGS_MANUAL_H
#define SETTINGS_MANUAL_H

#include <stdio.h>

/* The list of settings for --help. */
void manual_write_help(FILE *out);
/* A configuration file in which every option has its default. */
void manual_write_file(FILE *out);
/* The list of options for trailpost.conf(5), in mdoc without warnings. */
void manual_write_mdoc(FILE *out);
/* The same for docs/configuration.md: a heading for each option. */
void manual_write_markdown(FILE *out);

#endif
