/*
 * What http.c (the multi handle on the loop), request.c (life of one request),
 * transfer.c (its curl handle) and handles.c (what they take turns with) share.
 * Each knows those after it, and none before.
 */
#ifndef NET_HTTP_INTERNAL_H
#define NET_HTTP_INTERNAL_H

#include <curl/curl.h>
#include <sys/queue.h>

#include "base/buf.h"
#include "net/http.h"
#include "net/timer.h"

enum { HTTP_SPARE_MAX = 16 };

LIST_HEAD(request_list, request);

struct http {
	struct ev_loop *loop;
	CURLM *multi;
	CURLSH *share; /* TLS sessions, which a handle has alone otherwise */
	struct timers *timers;
	struct timer *curl_timer; /* curl's one time-out */
	struct timer *turn_timer; /* deferred work on the ready list */
	char *ca_file, *user_agent;
	long connect_timeout_ms;
	CURL *spare[HTTP_SPARE_MAX]; /* handles to use again */
	size_t nspare;
	struct request_list live;  /* all but those whose on_done runs */
	struct request_list ready; /* with work to do; the last is first */
	struct request *current; /* whose callback runs; NULL once cancelled */
	bool in_turn;
	struct http_stats stats;
};

/* A limit of time. */
struct request_limit {
	struct timer *timer; /* NULL: none */
	bool over;	     /* but for what has come and is not read yet */
};

struct request {
	struct http *http;
	LIST_ENTRY(request) live, ready;
	bool is_ready;
	CURL *easy; /* NULL once the transfer has ended */
	char *url;
	uint64_t id;		   /* for the log */
	const char *method;	   /* static */
	struct curl_slist *header; /* one block with all its lines */
	size_t header_bytes;	   /* of that block */

	const struct span *body; /* borrowed from the caller */
	size_t nbody;
	size_t part, part_off; /* where curl reads it */
	int64_t uploaded;
	int64_t begun_us; /* with the request, and anew with a socket */
	uint64_t bytes_in;

	struct request_limit total, stall;
	int64_t stall_ms, progress_ms; /* progress: last byte in or out */

	struct buf head;
	size_t head_bytes; /* of all heads and trailers, to limit them */
	struct buf in;	   /* a stream's stash, else the collected body */
	size_t taken;	   /* of the stash by the consumer */
	size_t reply_max;
	struct http_budget *budget; /* of the collected body; may be NULL */
	size_t charged;		    /* to it */
	enum err abort;		    /* why a curl callback gave up */
	const char *why;	    /* the same for people */
	bool head_done;		    /* the final head is whole */
	bool head_told;		    /* on_head was called */
	bool streaming;		    /* a 200 or 206 with on_data */
	bool waiting;		    /* the consumer took less; until resume */
	bool choked;		    /* the stash is full, curl is paused */
	bool done;		    /* on_done is running */

	request_head_fn *on_head;
	request_data_fn *on_data;
	request_done_fn *on_done;
	void *arg;
	struct reply reply;
	char detail[CURL_ERROR_SIZE];
};

/* handles.c */
CURL *http_take_easy(struct http *h);
/* Not in the multi any more. clean: its transfer went to its end; only such
 * a handle is used again, as curl leaves traces of failed ones. */
void http_put_easy(struct http *h, CURL *easy, bool clean);
/* request_step(r) will run in this or the next turn, once. */
void http_ready(struct http *h, struct request *r);

/* request.c */
void request_step(struct request *r);
/* The transfer is over: err, or what rc means if err is ERR_OK. Not from
 * inside curl's callbacks. */
void request_ended(struct request *r, CURLcode rc, enum err err);

/* transfer.c */
/* Sets all options of r->easy. */
enum err transfer_setup(struct request *r, const struct request_spec *spec);

/* outcome.c */
/* Fills r->reply in with what curl knows of a transfer that is over. */
void outcome_fill(struct request *r, CURLcode rc, enum err err);

#endif
