/*
 * Mistakes and warnings about the settings: collected where they are found,
 * told where the caller wants them.
 */
#ifndef SETTINGS_NOTES_H
#define SETTINGS_NOTES_H

#include "settings/config.h"

/* Where they go. */
struct notes {
	config_note_fn *fn;
	void *arg;
	unsigned fatal; /* mistakes so far */
};

void notes_fatal(struct notes *n, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void notes_warn(struct notes *n, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* A config_note_fn: a note as a line of the log. arg is not used. */
void notes_log(void *arg, bool fatal, const char *text);

#endif
