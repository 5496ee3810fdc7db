/* What the exit status of each command means. */
#ifndef DAEMON_EXIT_H
#define DAEMON_EXIT_H

enum {
	EXIT_OK = 0,
	EXIT_TROUBLE = 1, /* some of the work could not be done */
	EXIT_USAGE = 2,	  /* a mistake in the command line or settings */
	EXIT_SECOND_SIGNAL = 130,
};

#endif
