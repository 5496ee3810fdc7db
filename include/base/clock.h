/*
 * Time. Monotonic milliseconds for everything inside, which go on while the
 * machine sleeps (CLOCK_BOOTTIME), since leases do; wall clock only for
 * signing, logs and expiry. Pure functions take the time as an argument; tests
 * set both clocks through clock_set_test.
 */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* CLOCK_MONOTONIC, which stands still while the machine sleeps: what libev and
 * systemd go by. */
int64_t clock_awake_us(void);
int64_t clock_wall_ms(void); /* since 1970-01-01T00:00:00Z */
int64_t clock_wall_s(void);

/*
 * By how much a better clock, told of by somebody else, is ahead of our wall
 * clock. It is 0 until it was learned, and again once our clock was set: by
 * more than a minute against the monotonic one.
 */
struct clock_offset {
	int64_t learned_s, base_ms;
};
void clock_offset_learn(struct clock_offset *o, int64_t s);
int64_t clock_offset_s(const struct clock_offset *o);

/* For tests: the clocks stand still at these values until set again;
 * clock_use_real puts the real ones back. */
void clock_set_test(int64_t mono_ms, int64_t wall_ms);
void clock_use_real(void);
/* For tests: each look at either clock moves both on by that first, as time
 * does. 0 at start. */
void clock_step_test(int64_t ms);
/* For tests: the machine sleeps for so long, whether its clocks are real or
 * not. */
void clock_sleep_test(int64_t ms);

/* 20261122T120000Z, as X-Amz-Date wants it; out has room for 17 bytes. */
void clock_format_amz(char out[17], int64_t wall_s);
/* 2026-11-22T12:00:00Z */
void clock_format_iso(struct buf *b, int64_t wall_s);
/* 2026-11-22T12:00:00.123Z */
void clock_format_log(struct buf *b, int64_t wall_ms);
/* HTTP date, the preferred form of RFC 9110 § 5.6.7
 * ("Sun, 06 Nov 1994 08:49:37 GMT"). ERR_SYNTAX. */
enum err clock_parse_http(struct span s, int64_t *wall_s);
/* ISO 8601: 2026-11-22T12:00:00Z, or 20261122T120000Z, with or without a
 * fraction of a second; "t" or a blank and "z" will do, and for the latter UTC
 * (as the AWS CLI has written it), ±HH, ±HHMM or ±HH:MM, behind a blank or not.
 * ERR_SYNTAX. */
enum err clock_parse_iso(struct span s, int64_t *wall_s);

/* Uniform in [0, n); 0 for n = 0. Good enough for jitter, not for keys. */
uint64_t clock_random(uint64_t n);
void clock_seed(uint64_t seed);
/*
 * Back-off with full jitter: uniform in [0, min(cap, base·2^attempt)],
 * attempt counted from 0. (AWS Architecture Blog, "Exponential Backoff And
 * Jitter".)
 */
int64_t clock_backoff_ms(int64_t base_ms, int64_t cap_ms, unsigned attempt);

#endif
