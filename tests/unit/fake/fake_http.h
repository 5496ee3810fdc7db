/*
 * A stand-in for net/http.h and net/timer.h on a virtual clock, moved by the
 * test. Include fake_http.c in the test that wants it: it defines the same
 * symbols as the real modules, which then stay out of the program.
 *
 * Nothing happens inside a call of the module under test: replies are queued
 * and timers armed; fake_run and fake_advance let them happen, each callback
 * on a clean stack, with the promises that the real headers make.
 */
#ifndef FAKE_HTTP_H
#define FAKE_HTTP_H

#include "net/http.h"
#include "net/timer.h"

/* Starts a world: nothing under way, clocks at a fixed time
 * (FAKE_WALL_S, 2026-11-22T12:00:00Z). */
enum { FAKE_WALL_S = 1795348800 };
void fake_begin(void);
/* Ends it; fails the test if a request or a timer was left behind. */
void fake_end(void);
struct http *fake_http(void);
struct timers *fake_timers(void);

/* Runs deferred calls and queued replies until nothing is left to do now. */
void fake_run(void);
/* One of these alone; false: nothing is left. */
bool fake_step(void);
/* Moves both clocks on by ms, firing what falls due on the way. */
void fake_advance(int64_t ms);
/* Somebody sets the wall clock; the monotonic one knows nothing of it. */
void fake_turn_wall(int64_t ms);
/* Milliseconds until the next timer; −1 if none is armed. */
int64_t fake_next_timer(void);

/* The requests that were started and have not been answered to the end, the
 * oldest first; NULL past the last. */
struct request *fake_http_nth(size_t i);
/* Runs, then gives the oldest that nothing was queued for. NULL if none. */
struct request *fake_http_next(void);
/* The same where there must be one. */
struct request *fake_http_expect(void) __attribute__((returns_nonnull));
size_t fake_http_open(void);
/* A request's number, from 1 on in the order of starting: it tells a request
 * from an earlier one at the same address. */
uint64_t fake_serial(const struct request *r);

const char *fake_method(const struct request *r);
const char *fake_url(const struct request *r);
struct span fake_body(const struct request *r);
/* Value of a header of the request; NULL if it has none of that name. */
const char *fake_header(const struct request *r, const char *name);
const struct request_spec *fake_spec(const struct request *r);

/*
 * Answers. headers: raw lines ("ETag: \"x\"\r\n"), NULL for none. A reply is a
 * head, any number of pieces of a body, then an end or a failure; nothing
 * arrives before fake_run. A streamed body is offered in pieces of at most
 * fake_set_cut bytes, and a failure after what was queued before it.
 */
void fake_reply_head(struct request *r, int status, const char *headers);
void fake_reply_body(struct request *r, struct span piece);
void fake_reply_end(struct request *r);
void fake_fail(struct request *r, enum err err);
/* The connection breaks and what was not yet offered is lost with it, as while
 * the stream is paused. */
void fake_break(struct request *r, enum err err);
/* head, body with its Content-Length, end. */
void fake_reply(
    struct request *r, int status, const char *headers, struct span body);
void fake_set_cut(size_t bytes); /* 16 KiB at start */

#endif
