/* Why an object was not delivered whole. */
#ifndef FLOW_FAILURE_H
#define FLOW_FAILURE_H

enum failure {
	FAILURE_REFUSED, /* Dassana did not take all of it */
	FAILURE_UNREAD,	 /* its GET failed */
	FAILURE_DAMAGED, /* it is no log file, or broken */
	FAILURE_IN_PART, /* records of it were left out, all others taken */
	FAILURES
};
const char *failure_name(enum failure f);

#endif
