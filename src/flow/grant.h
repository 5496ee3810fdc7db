/*
 * Whether S3 lets us read at all: tells one forbidden key from a set-up that
 * forbids everything, so that a wrong IAM policy, KMS grant or bucket name does
 * not spend the messages' receive counts and send the trail to the dead-letter
 * queue.
 *
 *   OPEN --8 GETs in a row on distinct keys refused, none read--> CLOSED
 *     ^                                                             |
 *     +---------- a GET is answered, or none is held any more ------+
 *
 * Refused credentials close it at once: no key can be read without them. While
 * it is closed, refused objects are held instead of failed, nobody polls, and
 * one object at a time is tried: 1 s later, doubling to 60 s. The held take
 * turns at that, since the first may be forbidden for a reason of its own, and
 * every other time it is the turn of one that was not refused yet, for which
 * one message may be received (a trial), since all that are held may be: keys
 * that are gone look forbidden to who may not list the bucket.
 */
#ifndef FLOW_GRANT_H
#define FLOW_GRANT_H

#include <stdbool.h>

#include "aws/call.h"
#include "base/part.h"
#include "base/span.h"
#include "net/timer.h"

enum { GRANT_REFUSALS = 8 };

struct grant;

/* retry runs when an object may be tried again: after a probe's delay, or when
 * it has opened. */
typedef void grant_retry_fn(void *arg);

struct grant *grant_new(struct timers *t, grant_retry_fn *retry, void *arg);
void grant_free(struct grant **g);

bool grant_open(const struct grant *g);
struct part grant_part(const struct grant *g);
/* Whether one more GET may start now; asking takes a probe's turn. */
bool grant_start(struct grant *g);
/* Closed, and the turn is that of an object that was not refused yet. */
bool grant_on_trial(const struct grant *g);
/* Grows with each closing; a GET remembers the era that it began in. */
unsigned grant_era(const struct grant *g);
/* A GET brought the object's head. True: that has opened it, which one begun
 * before it closed does not. */
bool grant_read(struct grant *g, unsigned era);
/* A GET failed for a reason of its own. */
void grant_failed(struct grant *g);
bool grant_needs_creds(const struct aws_result *r);
/*
 * A GET of bucket and key failed. True: the set-up's fault, hold the object.
 * False: the object's own.
 */
bool grant_refused(struct grant *g, struct span bucket, struct span key,
    const struct aws_result *r);
/* No object is held any more: nothing to probe with, so polling may bring
 * some. */
void grant_nothing_held(struct grant *g);
/* Something may have mended it (new credentials): probe at once. */
void grant_probe_now(struct grant *g);

#endif
