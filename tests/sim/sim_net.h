/*
 * The clock, and stand-ins for net/timer.h and net/http.h on it. One heap holds
 * all that is to happen; what falls due at the same time happens in the order
 * in which it was asked for.
 */
#ifndef SIM_NET_H
#define SIM_NET_H

#include "base/buf.h"
#include "net/http.h"
#include "net/timer.h"
#include "sim.h"

/* Something that is to happen, or a place in an order; part of what it is
 * about. All zero is none. */
struct sim_ev {
	int64_t at; /* ms, or a rank */
	uint64_t seq;
	size_t pos; /* in the heap, from 1 on; 0: not in it */
	void (*fn)(void *arg);
	void *arg;
};

struct sim_heap {
	struct sim_ev **ev;
	size_t n, cap;
	uint64_t seq;
};
void sim_heap_put(struct sim_heap *h, struct sim_ev *e, int64_t at);
void sim_heap_drop(struct sim_heap *h, struct sim_ev *e);
struct sim_ev *sim_heap_first(const struct sim_heap *h); /* NULL: empty */

void sim_clock_start(void);
int64_t sim_now(void);			   /* ms since the start */
void sim_at(struct sim_ev *e, int64_t ms); /* replaces what it was put to */
void sim_after(struct sim_ev *e, int64_t ms);
void sim_off(struct sim_ev *e);
bool sim_step(int64_t end_ms); /* one event; false: none until then */

/* ---- requests, as those who answer them see them ---- */

enum sim_op { OP_RECEIVE, OP_DELETE, OP_HIDE, OP_GET, OP_POST };

struct request {
	struct sim_ev ev;
	struct request_spec spec; /* headers are gone */
	struct http *http;
	enum sim_op op;
	char *url;
	uint64_t range; /* first byte asked for */
	int64_t deadline_ms;
	struct reply reply;
	struct buf head, body;
	size_t sent, piece;
	int64_t piece_ms;
	void (*serve)(struct request *r);
	bool streaming, paused, busy, cancelled, head_told, failed;
	/* Of a receive. */
	int64_t until_ms;
	size_t waiting;		  /* place among those who wait, from 1 on */
	enum sim_dassana refusal; /* of a POST */
};

struct http {
	unsigned proc;
};

/* Calls r->serve in so many ms, or ends it if it times out before. */
void sim_later(struct request *r, int64_t ms, void (*serve)(struct request *));
void sim_reply(struct request *r, int status, const char *head, const char *fmt,
    ...) __attribute__((format(printf, 4, 5)));
/* What was put into r->body; a stream: piece bytes at a time. */
void sim_reply_body(struct request *r, int status, const char *head);
void sim_fail(struct request *r, enum err err);
size_t sim_open_requests(void);

/* Who answers; called when a request is started. */
void sim_sqs_open(struct request *r);
void sim_sqs_forget(struct request *r); /* before it goes */
void sim_s3_open(struct request *r);
void sim_dassana_open(struct request *r);

#endif
