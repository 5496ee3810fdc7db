/*
 * The whole flow under load, in virtual time: any number of processes (each a
 * shipper of its own with the real aws, sink and flow layers) on one model of
 * an SQS queue, of S3 and of Dassana. What is asked is not whether a fault is
 * handled, but what becomes of honest objects beside it.
 *
 * A row (sim_rows.c) says what comes into the queue, what goes wrong and what
 * must hold in the end. Everything random comes from the run's seed. Nothing
 * is compressed or signed, and time jumps from event to event, so that hours
 * take seconds.
 */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "flow/shipper.h"

enum {
	SIM_S = 1000,
	SIM_MIN = 60 * SIM_S,
	SIM_H = 60 * SIM_MIN,
	SIM_PROCS_MAX = 20,
	SIM_LOADS_MAX = 4,
	SIM_FAULTS_MAX = 3,
};

/* How S3 answers a GET. */
enum sim_s3 {
	S3_OK,
	S3_DENIED,    /* 403 */
	S3_SSE_C,     /* 400: encrypted with a key of the customer */
	S3_BROKEN,    /* 500 */
	S3_NO_BUCKET, /* 404 */
	S3_KMS,	      /* 400: the key is disabled */
	S3_MISSING,   /* 404 */
	S3_DRIP,      /* a byte a second */
};

/* How Dassana answers a POST. */
enum sim_dassana {
	SAYS_OK,
	SAYS_400,
	SAYS_403,
	SAYS_302,
	SAYS_ZERO,  /* docCount 0 */
	SAYS_ERROR, /* 200, and an object that tells of an error */
	SAYS_EMPTY, /* 200, {} */
	SAYS_FALSE, /* 200, {"success":false} */
	SAYS_BOM,   /* taken, with a byte order mark before the JSON */
	SAYS_500,
	SAYS_429, /* without Retry-After */
};

/* Messages of one kind. They are honest if nothing is wrong with them. */
struct sim_load {
	double per_s;	  /* drawn at ½ … 4 times of it; and */
	unsigned at_once; /* as many at the start */
	unsigned objects; /* that a message names; 0: 1 */
	unsigned events;  /* of an object; 0: 1 to 3 */
	unsigned each;	  /* bytes of an event; 0: 122 */
	enum sim_s3 s3;
	enum sim_dassana dassana; /* what it says to any of ... */
	unsigned bad;		  /* ... the first so many events */
	unsigned bucket;
	bool bad_bucket; /* a name that no bucket can have */
	bool twin;	 /* of an honest one: the same, in a wrong region */
	bool late;	 /* honest, but its lag is not looked at */
	int64_t from_ms;
};

/* Something that goes wrong for all, for a time. */
struct sim_fault {
	int64_t from_ms, until_ms; /* none if equal */
	int64_t every_ms, for_ms;  /* if set: so long, again and again */
	enum sim_s3 s3;		   /* S3 says this of ... */
	unsigned bucket;	   /* ... this bucket; */
	enum sim_dassana dassana;  /* or Dassana says this to everything */
};

struct sim_row {
	const char *name;
	int64_t ms; /* 0: 3 h */
	struct sim_load load[SIM_LOADS_MAX];
	struct sim_fault fault[SIM_FAULTS_MAX];
	unsigned receives;   /* maxReceiveCount is drawn from so much; 0: 3 */
	size_t buffer_bytes; /* 0: the default */
	int64_t post_ms;     /* Dassana takes so long for each; 0: see there */
	int64_t stop_every_ms; /* SIGTERM to one process, which starts again */
	int64_t kill_every_ms; /* SIGKILL */
	/* What must hold, besides what always must. */
	int64_t lag_ms;	  /* p99 of the honest; 0: 10 s */
	int64_t told_ms;  /* somebody is told so long after a fault's start;
			   * 0: not asked */
	int64_t drain_ms; /* longest SIGTERM; 0: 25 s */
	/* Of a process, from 10 min or 30 s after a fault's start to its end;
	 * 0: any. */
	unsigned polls_h, posts_s;
	unsigned speed;	 /* messages delivered in the second minute after a
			  * fault, if as many are there; 0: any */
	bool may_refuse; /* some events are refused for good */
	bool may_die;	 /* what is not honest may be dead-lettered */
	bool must_die;	 /* and must in the end, before it is too old */
	bool may_repeat; /* one object is named twice, to two processes */
	bool decides;	 /* over CI: it holds with any seed, and is short */
};

extern const struct sim_row sim_rows[];
extern const size_t sim_nrows;

/* Runs one row, prints its line. Whether all that must hold does. */
bool sim_run(const struct sim_row *row, uint64_t seed, unsigned procs);

#endif
