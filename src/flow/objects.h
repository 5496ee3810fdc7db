/*
 * The objects that the held messages name (flow/object.h): who is read when,
 * what became of them, and whose fault it is if something did not. objects.c
 * has their lives, objects_start.c who is next, doubt.c what a failure means.
 *
 * First tries go in their messages' turns (flow/line.h). What fails in a way
 * that may be everybody's is parked (flow/lot.h) and tried again with at most a
 * quarter of the slots. Its message is at fault only by comparison
 * (base/judge.h): then it is given back. While nothing succeeds nobody is
 * blamed; one of those parked at a time is tried, in turn, and the first
 * success sets all of them free.
 *
 * What Dassana has refused is read again by itself, one object at a time, its
 * events in batches of their own, so that others do not share its trouble.
 */
#ifndef FLOW_OBJECTS_H
#define FLOW_OBJECTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "aws/s3.h"
#include "flow/messages.h"
#include "flow/object.h"
#include "sink/batcher.h"
#include "sink/delivery.h"
#include "trail/slicer.h"

struct objects;

struct objects_conf {
	struct timers *timers; /* all borrowed */
	struct s3 *s3;
	struct batcher *batcher;
	struct batcher *lane; /* for suspects */
	struct delivery *delivery;
	struct messages *messages;
	struct judge *judge;
	struct events *events;
	unsigned concurrency;
	size_t max_record_bytes;
	size_t remember;     /* objects in the ledger */
	unsigned max_parked; /* messages */
	void (*changed)(
	    void *arg); /* an object became active, ended, is gone */
	void *arg;
};

struct objects_stats {
	uint64_t failed_by[FAILURES];
	uint64_t done, failed, joined, bytes, json_bytes, sliced, delivered;
	uint64_t left_out[SLICER_CAUSES]; /* records */
	uint64_t empty;			  /* objects without any record */
	uint64_t skipped;		  /* events not sent again */
	uint64_t ruled_out;		  /* events that rules left out */
	uint64_t known;			  /* objects not even read again */
	uint64_t refused;		  /* events, for good */
	uint64_t released;		  /* messages, from the lot */
	unsigned active, waiting, parked;
};

struct objects *objects_new(const struct objects_conf *conf);
/* Cancels every GET; messages hear nothing. */
void objects_free(struct objects **os);

/* m names this object: joins the one that is here or makes a new one (calls
 * message_expect), or nothing at all if it is known to be delivered. */
void objects_want(
    struct objects *os, struct message *m, const struct notify_object *n);
/* That was all that m names, and it has no other hold. */
void objects_wanted(struct objects *os, struct message *m);
/* Starts GETs while slots are free. */
void objects_start(struct objects *os);
/* There may be room in the batcher again. */
void objects_wake(struct objects *os);
/* A run of an object's events is settled. */
void objects_settled(struct objects *os, const struct delivery_settled *s);
/* Messages that are parked. */
unsigned objects_parked(const struct objects *os);
size_t objects_parked_bytes(const struct objects *os);
/* Nothing is read or taken, and no more can be parked, or nothing can be read
 * with these credentials: little should be received. */
bool objects_stand_still(const struct objects *os);
/* No key can be read with these credentials, and nothing was since. */
bool objects_lack_creds(const struct objects *os);
struct part objects_part(const struct objects *os); /* what S3 is like */
/* Something may have mended it (new credentials): try at once. */
void objects_retry(struct objects *os);
/* Shutdown: gives back what is parked and what has not begun; what fails from
 * now on is given back too. */
void objects_drain(struct objects *os);
/* Shutdown: gives up everything; messages hear nothing. */
void objects_abandon(struct objects *os);

bool objects_idle(const struct objects *os); /* none waiting, none active */
struct objects_stats objects_stats(const struct objects *os);
struct lag;
const struct lag *objects_lag(const struct objects *os);
/* When S3 had the oldest object that is held, wall clock; −1: none tells. */
int64_t objects_oldest_s(const struct objects *os);
bool objects_choked(const struct objects *os); /* for want of room */
/* For how long at least one object had to wait for room in the batcher. */
int64_t objects_choked_ms(const struct objects *os);

#endif
