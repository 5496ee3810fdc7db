/*
 * Whether S3 lets us read at all: tells one key that cannot be read from a
 * set-up that lets nothing be read, so that a wrong IAM policy, KMS grant,
 * bucket name, endpoint or route, or S3 in trouble, does not spend receive
 * counts and send the trail to the dead-letter queue.
 *
 * An object whose GET is refused, or not answered in all its tries, is held,
 * its messages leased, until there is proof:
 *
 *   a GET that began after the refusal is answered: S3 lets us read, so what
 *     was refused before is tried once more and is then at fault itself;
 *   8 GETs in a row on distinct keys refused, none read: the set-up is at
 *     fault. The gate closes and nobody polls until a GET that began after that
 *     is answered, or no object is held any more.
 *
 * Refused credentials close it at once: no key can be read without them. Until
 * there is proof one held object at a time is tried: 1 s later, doubling to
 * 60 s. They take turns at that, since the first may be forbidden for a reason
 * of its own, and every other time it is the turn of one that was not refused
 * yet, for which one message may be received (a trial), since all that are held
 * may be: keys that are gone look forbidden to who may not list the bucket. As
 * long as trials find such objects the delays begin anew. There are no trials
 * while there are no credentials at all.
 */
#ifndef FLOW_GRANT_H
#define FLOW_GRANT_H

#include <stdbool.h>
#include <stdint.h>

#include "aws/call.h"
#include "base/part.h"
#include "base/span.h"
#include "net/timer.h"

enum { GRANT_REFUSALS = 8 };

struct grant;

/* An object may be tried now. True: some are still held, give them more turns.
 */
typedef bool grant_retry_fn(void *arg);

struct grant *grant_new(struct timers *t, grant_retry_fn *retry, void *arg);
void grant_free(struct grant **g);

bool grant_open(const struct grant *g);
/*
 * Whether the GET of an object, held or not, may start now: the number of the
 * GET, from 1 in the order in which they start, or 0 if it may not. Takes the
 * turn if it needs one.
 */
uint64_t grant_start(struct grant *g, bool held);
struct part grant_part(const struct grant *g);
/* Nothing was refused since something was read. */
bool grant_calm(const struct grant *g);
/* The number of the last GET that started: a refusal comes after it. */
uint64_t grant_started(const struct grant *g);
/* The turn is that of an object that was not refused yet. */
bool grant_on_trial(const struct grant *g);
/* The GET of that number brought the object's head. True: it is proof for what
 * was refused before it started; the gate is open. */
bool grant_read(struct grant *g, uint64_t number);
/* No key can be read with these credentials. */
bool grant_needs_creds(const struct aws_result *r);
/*
 * A GET of bucket and key failed; answered: its head had come. True: it may be
 * so for all of them, hold the object. False: the object's own fault.
 */
bool grant_refused(struct grant *g, struct span bucket, struct span key,
    const struct aws_result *r, bool answered);
/* Objects are held, or the gate is closed: there is to be another turn. */
void grant_later(struct grant *g);
/* No object is held any more: nothing to probe with, so polling may bring
 * some. */
void grant_nothing_held(struct grant *g);
/* Something may have mended it (new credentials): probe at once. */
void grant_probe_now(struct grant *g);

#endif
