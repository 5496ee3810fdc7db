/*
 * What an operator can do, by cause: the one place of these words. A layer
 * knows its own codes and says which cause they have. Texts are static.
 *
 * What follows from no code, but from where the program stands, is said there.
 */
#ifndef BASE_ADVICE_H
#define BASE_ADVICE_H

#include "base/buf.h"
#include "base/span.h"

enum cause {
	CAUSE_NONE, /* nothing to say but to wait */

	/* Of credentials and regions, while objects and messages are read. */
	CAUSE_NO_CREDS,
	CAUSE_BAD_CREDS,
	CAUSE_WRONG_REGION,

	/* Of the queue, while it is read. */
	CAUSE_QUEUE_DENIED,
	CAUSE_QUEUE_KEY,
	CAUSE_QUEUE_MISSING,
	CAUSE_QUEUE_UNREACHED,
	CAUSE_QUEUE_TROUBLE,
	CAUSE_QUEUE_IN_FLIGHT,
	CAUSE_QUEUE_TOO_LARGE,

	/* Of an object, while it is read. */
	CAUSE_OBJECT_DENIED,
	CAUSE_OBJECT_ARCHIVED,
	CAUSE_OBJECT_GONE,
	CAUSE_VERSION_GONE,
	CAUSE_BUCKET_GONE,
	CAUSE_OBJECT_CHANGED,
	CAUSE_S3_UNREACHED,
	CAUSE_S3_TROUBLE,
	CAUSE_S3_BUSY,

	/* Of what a command asks of AWS. */
	CAUSE_CALL_DENIED,
	CAUSE_CALL_TROUBLE,
	CAUSE_CALL_BUSY,
	CAUSE_CALL_CREDS,
	CAUSE_CALL_WRONG_REGION,
	CAUSE_CALL_MISSING,
	CAUSE_NO_OBJECT,
	CAUSE_NO_VERSION,
	CAUSE_NO_BUCKET,

	/* Of the key that something is encrypted with. */
	CAUSE_KEY_DENIED,
	CAUSE_KEY_OF_DENIED,
	CAUSE_KEY_DISABLED,
	CAUSE_KEY_UNUSABLE,
	CAUSE_KEY_MISSING,
	CAUSE_KEY_UNFIT,

	/* No answer from the host {1}. */
	CAUSE_HOST_UNKNOWN,
	CAUSE_HOST_UNTRUSTED,
	CAUSE_HOST_UNREACHED,

	/* Of a source of credentials. */
	CAUSE_CREDS_UNREADABLE,
	CAUSE_CREDS_NO_FILE,
	CAUSE_CREDS_BAD_PROFILES,
	CAUSE_CREDS_BROKEN,
	CAUSE_CREDS_EXPIRED,
	CAUSE_CREDS_PERSON,
	CAUSE_ROLE_DENIED,
	CAUSE_ROLE_BAD_SIGNER,
	CAUSE_ROLE_NO_REGION,
	CAUSE_WEB_DENIED,
	CAUSE_WEB_EXPIRED,
	CAUSE_WEB_INVALID,
	CAUSE_WEB_REJECTED,
	CAUSE_AGENT_UNREACHED,
	CAUSE_AGENT_REFUSES,
	CAUSE_SSO_LOGIN,
	CAUSE_SSO_SERVICE_LOGIN,
	CAUSE_SSO_NO_ROLE,
	CAUSE_SSO_OPEN_FOLDER,
	CAUSE_SSO_OPEN_FILE,

	/* Of Dassana. */
	CAUSE_DASSANA_ENDPOINT,
	CAUSE_DASSANA_TOKEN,
	CAUSE_DASSANA_PROXY,
	CAUSE_DASSANA_NAME,
	CAUSE_DASSANA_PATH,
	CAUSE_DASSANA_TLS,
	CAUSE_DASSANA_SLOW,
	CAUSE_DASSANA_RATE,
	CAUSE_DASSANA_BATCH,
	CAUSE_DASSANA_EVENTS,
	CAUSE_DASSANA_UNCOUNTED,
	CAUSE_DASSANA_NONE_TAKEN,
	CAUSE_DASSANA_FAILURE,

	CAUSES
};

/* Never NULL. What has places, {1} and {2}, is for advice_add. */
const char *advice_of(enum cause why);
/* Appends it, with what it is about in its places; nothing if that is more than
 * out has room for. */
void advice_add(
    struct buf *out, enum cause why, struct span first, struct span second);

#endif
