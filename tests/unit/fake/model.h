/*
 * A whole world for the flow, without sockets: a model of an SQS queue, of a
 * bucket and of Dassana behind scripted HTTP, and between them the real aws,
 * sink and flow layers with a real shipper. Include model.c in the test.
 *
 * Everything random comes from one seed. Time is virtual and moves from event
 * to event. What must always hold is checked where it can break: a delete is
 * checked against what Dassana acknowledged to this process, a POST's lines
 * against the bytes of the records, the pool against its ceiling.
 */
#ifndef FAKE_MODEL_H
#define FAKE_MODEL_H

#include "fake_http.h"
#include "flow/shipper.h"

/* How many of a thousand go wrong. */
struct model_faults {
	unsigned sqs;	  /* calls: not answered, refused, done but unheard */
	unsigned entry;	  /* entries of a delete or visibility batch */
	unsigned twice;	  /* SQS delivers a message that is invisible */
	unsigned s3;	  /* GETs: 403, 404, 5xx, no answer */
	unsigned cut;	  /* streams: broken, cut short; more than once each */
	unsigned replace; /* an object is written anew, before a GET */
	unsigned dassana; /* POSTs: 429, 5xx, reset before or after taking */
	unsigned window;  /* steps: for minutes all AWS credentials, all GETs,
			   * or all POSTs are refused */
	unsigned restart; /* steps: the process dies and starts again */
	unsigned wall;	  /* steps: somebody sets the wall clock */
	unsigned rules;	  /* steps: other events are wanted from now on */
};

struct model_conf {
	uint64_t seed;
	struct model_faults faults;
	unsigned backlog; /* as many good messages are kept in the queue */
	unsigned bad;	  /* so many of bad objects are put in, at most */
	unsigned poison;  /* of them, so many hold events that Dassana
				* refuses */
	bool one_shape;	  /* of notifications; else an object may be named
				* with and without its ETag at a time, and
				* be read twice */
	unsigned rules;	  /* which events are wanted at first: model_rules.c */
	size_t post_max_bytes; /* Dassana answers more with 413; 0: no limit */
	struct shipper_conf shipper; /* all 0: small defaults */
};

/* LOG=1 in the environment shows the log. Fails the test if anything was left
 * behind. */
void model_begin(const struct model_conf *conf);
void model_end(void);

/* What is in the queue. Objects are numbered by the order of model_object. */
enum model_kind {
	MODEL_GOOD,
	MODEL_MISSING,	 /* 404 */
	MODEL_FORBIDDEN, /* 403 */
	MODEL_CORRUPT,	 /* ends too early */
	MODEL_POISON,	 /* Dassana refuses one of its events */
	MODEL_FILTERED	 /* its key is no log's */
};
unsigned model_object(enum model_kind kind, unsigned events, size_t each);
/* A message that names these objects. */
unsigned model_message(const unsigned *object, unsigned n);
void model_message_text(const char *body, bool nothing); /* or unknown */

/* One event: time moves on to it and it happens. */
void model_step(void);
void model_run(int64_t ms); /* steps, until so much time has passed */
void model_heal(void);	    /* no more faults, no more new messages */
/* Steps until every good message is deleted; how long it took in virtual ms,
 * or −1 if within_ms was not enough. */
int64_t model_settle(int64_t within_ms);
/* SIGTERM; runs until it is over. How long it took. */
int64_t model_drain(int64_t timeout_ms);
/* From now on, for so long: 0 AWS credentials, 1 GETs, 2 POSTs are refused, in
 * one of the ways that they can be. */
void model_refuse(unsigned what, unsigned way, int64_t ms);
/* A way of POSTs that does not come by chance: it is the events' own fault. */
enum { MODEL_REFUSES_EVENTS = 100 };
void model_kill(void); /* the process is gone; model_start: another one */
void model_start(void);

/* For a test's own replies: called for each request before the model answers
 * it; true: it was seen to. */
typedef bool model_hook_fn(struct request *r, const char *what);
void model_set_hook(model_hook_fn *fn);

struct model_stats {
	uint64_t steps, receives, deletes, posts, gets, restarts;
	uint64_t events_taken, events_again; /* acknowledged twice */
	uint64_t taken_unheard;		     /* taken, but the reply was lost */
	unsigned messages, good_left, hidden_by_us;
	unsigned good_receives_max;
	unsigned receives_max; /* of one message */
	size_t pool_max;       /* most pieces in use */
};
struct model_stats model_stats(void);
/* Of objects with an event that is refused: the others that did not arrive. */
unsigned model_poison_left(void);
struct shipper *model_shipper(void);
bool model_deleted(unsigned message);
unsigned model_receive_count(unsigned message);
int64_t model_hidden_ms(unsigned message); /* 0: visible */

#endif
