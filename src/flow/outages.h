/*
 * What is to be told of S3: a failure that may be everybody's, of a bucket and
 * with a code, and nothing was read from that bucket for a minute since, be it
 * a single object that shows it. Told once at error, and shown until something
 * is read from there or it was not seen for two hours. Of a few at a time: the
 * one that was not seen for longest makes place.
 */
#ifndef FLOW_OUTAGES_H
#define FLOW_OUTAGES_H

#include "aws/call.h"
#include "base/part.h"
#include "base/span.h"
#include "net/timer.h"

struct outages;

struct outages *outages_new(struct timers *t);
void outages_free(struct outages **o);
/* A GET of the key failed; at_once: it is plain already. */
void outages_failed(struct outages *o, struct span bucket, struct span key,
    const struct aws_result *r, bool at_once);
/* Something was read from there. */
void outages_read(struct outages *o, struct span bucket);
/* Ill while something is told. */
struct part outages_part(const struct outages *o);

#endif
