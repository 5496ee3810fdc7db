/*
 * What stands between messages and the objects that they name, so that neither
 * needs the header of the other.
 */
#ifndef FLOW_WANT_H
#define FLOW_WANT_H

#include <sys/queue.h>

struct message;
struct object;

/* That a message wants an object. */
struct want {
	struct message *message;
	struct object *object;
	TAILQ_ENTRY(want) of_object, of_message;
};
TAILQ_HEAD(wants, want);

/* What an object is doing; see flow/object.h. */
enum object_state { OBJECT_READY, OBJECT_ACTIVE, OBJECT_ENDED, OBJECT_PARKED };
enum { OBJECT_STATES = OBJECT_PARKED + 1 };

/* Why it is tried again, if it is. */
enum object_doubt { DOUBT_NONE, DOUBT_S3, DOUBT_DASSANA };

#endif
