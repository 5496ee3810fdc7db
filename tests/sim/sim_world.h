/* What the models of one run share. */
#ifndef SIM_WORLD_H
#define SIM_WORLD_H

#include "aws/call.h"
#include "aws/creds.h"
#include "sim.h"
#include "sim_net.h"

struct sim_object {
	uint64_t first; /* of its events in S.acks */
	unsigned events, load;
	bool asked; /* a GET was answered */
};

struct sim_message {
	struct sim_ev hidden;  /* until when */
	struct sim_ev visible; /* its place among those to hand out */
	int64_t sent_ms, received_ms, deleted_ms; /* −1: never */
	unsigned id, object, objects, load, receives;
	bool in_flight, dead, too_old;
};

struct sim_proc {
	struct http http; /* its number */
	struct creds_keeper *keeper;
	struct aws *aws;
	struct sqs *sqs;
	struct s3 *s3;
	struct dassana *dassana;
	struct shipper *shipper; /* NULL: it does not run */
	struct sim_ev begin;	 /* when it starts (again) */
	int64_t drain_ms;	 /* when SIGTERM came; −1: it did not */
	int64_t polled_ms;	 /* when its last poll ended */
	/* During a fault, once it has lasted so long. */
	uint64_t fault_polls, fault_posts;
};

enum sim_order { NEWEST, OLDEST, ANY, SIM_ORDERS };

extern struct sim {
	const struct sim_row *row;
	uint64_t seed, rng;
	unsigned procs, max_receives;
	enum sim_order order;
	double per_s[SIM_LOADS_MAX];
	struct sim_ev arrival[SIM_LOADS_MAX], tick;
	struct sim_proc proc[SIM_PROCS_MAX];
	struct filter *filter;

	struct sim_object *object;
	struct sim_message **message;
	uint8_t *acks; /* of each event, by whom ever */
	size_t nobjects, nmessages, nacks;
	struct sim_heap waiting; /* messages, in order of S.order */
	unsigned in_flight;

	uint64_t polls, posts, events, again, deletes;
	int64_t told_at[SIM_FAULTS_MAX];   /* −1: nobody yet */
	uint64_t fault_polls, fault_posts; /* of the busiest process */
	uint64_t deletes_then;		   /* a minute after a fault */
	bool too_slow;			   /* in the next one */
	int64_t drain_max_ms;
	uint64_t refused; /* objects, as the shippers that are gone say */
} S;

uint64_t sim_random(uint64_t n); /* in [0, n) */
unsigned sim_between(unsigned min, unsigned max);

unsigned sim_event_bytes(const struct sim_load *l);
/* A message of that load comes into the queue. */
void sim_arrive(unsigned load);
void sim_queue_add(struct sim_message *m);
void sim_queue_body(const struct sim_message *m, struct buf *out);
bool sim_is_honest(unsigned load);
/* The fault in force now; NULL: none. */
const struct sim_fault *sim_fault_now(void);

void sim_proc_start(struct sim_proc *p);
void sim_proc_kill(struct sim_proc *p);
/* During a fault, every second; told: somebody says so by now. */
void sim_watch_fault(const struct sim_fault *f, int64_t *told_at, bool told);
bool sim_judge(int64_t end_ms);

#endif
