/*
 * What is wrong with the settings, as lines of the log.
 */
#ifndef DAEMON_NOTE_H
#define DAEMON_NOTE_H

#include <stdbool.h>

/* A config_note_fn; arg is not used. */
void note_log(void *arg, bool fatal, const char *text);

#endif
