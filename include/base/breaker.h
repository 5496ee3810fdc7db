/*
 * When to ask again a side that answers nobody: S3, Dassana, the queue.
 *
 *   CLOSED --so many failures in a row--> OPEN --a probe succeeds--> CLOSED
 *                                         |  ^
 *                                         +--+ a probe fails: waits twice as
 *                                              long
 *
 * While it is open one request at a time may begin, a probe, and not before
 * breaker_due. Each change begins a new turn; what began in an earlier one is
 * no news and moves nothing. Others may go on beside the probes, with the turn
 * as their ticket: a success of theirs closes it, too, but of their failures it
 * hears only while it is closed. Pure: who calls brings the time.
 */
#ifndef BASE_BREAKER_H
#define BASE_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

#define BREAKER_NEVER INT64_MAX

/* How a kind of failure is met. */
struct breaker_pace {
	unsigned failures;	  /* in a row that open it */
	int64_t first_ms, max_ms; /* until the first probe, and at most */
};

/* Zeroed: closed. */
struct breaker {
	bool open;
	bool probing;
	unsigned turn;
	unsigned failures; /* in a row */
	unsigned probes;   /* that failed since it opened */
	int64_t wait_ms, due_ms;
	int64_t since_ms; /* it opened */
};

/* When the next request may begin: 0 at any time, BREAKER_NEVER not before the
 * probe under way has ended. */
int64_t breaker_due(const struct breaker *b);
/* One begins, as it may: its ticket. */
unsigned breaker_begin(struct breaker *b);
/* True: it has closed by that. */
bool breaker_succeeded(struct breaker *b, unsigned ticket);
/* True: it has opened by that. */
bool breaker_failed(struct breaker *b, unsigned ticket,
    const struct breaker_pace *pace, int64_t now_ms);
/* The request was cancelled: another may probe in its place. */
void breaker_cancelled(struct breaker *b, unsigned ticket);
/* Another side is asked from now on, at once: what began before is no news. */
void breaker_turn_away(struct breaker *b, int64_t now_ms);
/* Something may have mended it: the next probe may begin now. */
void breaker_hurry(struct breaker *b, int64_t now_ms);

#endif
