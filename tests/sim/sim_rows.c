/* What can go wrong beside honest objects, a row each. */
#include "sim.h"

#define HONEST(rate)                                                           \
	{                                                                      \
		.per_s = (rate)                                                \
	}

/* Real trails have this: objects that another account owns. */
#define BAD_KEYS(name_, way)                                                   \
	{                                                                      \
		.name = (name_), .may_die = true, .load = {                    \
			HONEST(20),                                            \
			{.per_s = 10, .s3 = (way)}                             \
		}                                                              \
	}
/* Events that Dassana does not take, one in the first of these objects. */
#define BAD_EVENT(name_, way)                                                  \
	{                                                                      \
		.name = (name_), .may_die = true, .may_refuse = true,          \
		.load = {                                                      \
			HONEST(20),                                            \
			{.at_once = 1,                                         \
			    .events = 20,                                      \
			    .dassana = (way),                                  \
			    .bad = 1}                                          \
		}                                                              \
	}
/* No POST is taken for a while; the messages name much, but no more than that
 * buffer carries at four times the rate: a buffer's worth in the 0.4 s of a
 * POST, and in 5 minutes what has come in 20 beside what comes. */
#define OUTAGE(name_, bytes, n, way)                                           \
	{                                                                      \
		.name = (name_), .buffer_bytes = (bytes), .posts_s = 1,        \
		.lag_ms = 5 * SIM_MIN, .told_ms = 90 * SIM_S,                  \
		.load = {{.per_s = 5, .events = (n), .each = 2000}},           \
		.fault = {                                                     \
			{.from_ms = SIM_H,                                     \
			    .until_ms = SIM_H + 20 * SIM_MIN,                  \
			    .dassana = (way)}                                  \
		}                                                              \
	}
/* From the start on Dassana says something odd to everything. */
#define ODD(name_, way, lag)                                                   \
	{                                                                      \
		.name = (name_), .decides = (way) == SAYS_ERROR,               \
		.lag_ms = (lag), .told_ms = 90 * SIM_S, .load = {HONEST(5)},   \
		.fault = {                                                     \
			{.until_ms = 30 * SIM_MIN, .dassana = (way)}           \
		}                                                              \
	}

const struct sim_row sim_rows[] = {
    {.name = "nothing wrong", .load = {HONEST(20)}},
    {.name = "1 a few refused events",
	.may_refuse = true,
	.may_die = true,
	.load = {HONEST(20),
	    {.per_s = 0.2, .events = 20, .dassana = SAYS_400, .bad = 20}}},
    {.name = "2 many refused events",
	.decides = true,
	.may_refuse = true,
	.may_die = true,
	.load = {HONEST(1),
	    {.per_s = 1, .events = 100, .dassana = SAYS_400, .bad = 100}}},
    /* As many refused as honest, before anything was ever taken. */
    {.name = "2 refused at the start",
	.decides = true,
	.ms = 2 * SIM_MIN,
	.lag_ms = 30 * SIM_S,
	.may_refuse = true,
	.may_die = true,
	.load = {HONEST(1), {.per_s = 1,
				.at_once = 1,
				.events = 100,
				.dassana = SAYS_400,
				.bad = 100}}},
    /* A wrong endpoint: what it is sent, and what is received for it, ends. */
    {.name = "2 all refused from the start",
	.decides = true,
	.posts_s = 1,
	.polls_h = 60,
	.lag_ms = 10 * SIM_MIN,
	.told_ms = 10 * SIM_S,
	.load = {HONEST(5)},
	.fault = {{.until_ms = 2 * SIM_H, .dassana = SAYS_400}}},
    {.name = "3 messages of 9000 bad keys",
	.may_die = true,
	.load = {HONEST(2), {.at_once = 2, .objects = 9000, .s3 = S3_DENIED}}},
    BAD_KEYS("4 denied keys", S3_DENIED),
    BAD_KEYS("4 SSE-C keys", S3_SSE_C),
    BAD_KEYS("4 keys that answer 500", S3_BROKEN),
    BAD_KEYS("4 no such bucket", S3_NO_BUCKET),
    BAD_KEYS("4 wrong KMS key", S3_KMS),
    BAD_KEYS("4 missing keys", S3_MISSING),
    {.name = "5 450 denied keys first",
	.may_die = true,
	.lag_ms = 90 * SIM_S,
	.load = {{.per_s = 1, .from_ms = 30 * SIM_S},
	    {.at_once = 450, .s3 = S3_DENIED}}},
    {.name = "5 1500 denied keys first",
	.may_die = true,
	.lag_ms = SIM_H,
	.load = {{.per_s = 1, .from_ms = 30 * SIM_S},
	    {.at_once = 1500, .s3 = S3_DENIED}}},
    {.name = "6 a wrong region",
	.may_die = true,
	.may_repeat = true,
	.load = {HONEST(1), {.per_s = 1, .twin = true}}},
    {.name = "7 a byte a second",
	.may_die = true,
	.load = {HONEST(20),
	    {.at_once = 40, .events = 20, .each = 600, .s3 = S3_DRIP}}},
    {.name = "7 records of 1 MB",
	.load = {HONEST(20),
	    {.at_once = 40, .events = 20, .each = 1000000, .late = true}}},
    /* Compressed as much fits into the default. */
    {.name = "7 large ones, slow POSTs",
	.decides = true,
	.ms = 4 * SIM_MIN,
	.post_ms = 2 * SIM_S,
	.buffer_bytes = 128 << 20,
	.load = {HONEST(5),
	    {.at_once = 8, .events = 50, .each = 1000000, .late = true}}},
    {.name = "8 messages of 500 objects",
	.lag_ms = 10 * SIM_MIN,
	.load = {{.at_once = 100, .objects = 500}}},
    {.name = "9 outage from the start",
	.decides = true,
	.lag_ms = 70 * SIM_S,
	.told_ms = 90 * SIM_S,
	.load = {HONEST(1)},
	.fault = {{.until_ms = 330 * SIM_S, .dassana = SAYS_500}}},
    {.name = "9 outages of minutes",
	.ms = 24 * SIM_H,
	.lag_ms = 11 * SIM_MIN,
	.load = {{.per_s = 0.5, .events = 1}},
	.fault = {{.from_ms = 5 * SIM_S,
	    .until_ms = 24 * SIM_H,
	    .every_ms = 15 * SIM_MIN,
	    .for_ms = 10 * SIM_MIN,
	    .dassana = SAYS_500}}},
    {.name = "10 one bad event, then quiet",
	.ms = 11 * 24 * SIM_H,
	.may_refuse = true,
	.may_die = true,
	.must_die = true,
	.may_repeat = true,
	.stop_every_ms = 6 * SIM_H,
	.drain_ms = 2 * SIM_S,
	.load = {{.at_once = 20},
	    {.at_once = 1, .events = 20, .dassana = SAYS_400, .bad = 1}}},
    OUTAGE("11 outage, 1 MiB", 1 << 20, 4, SAYS_500),
    OUTAGE("11 outage, 16 MiB", 16 << 20, 50, SAYS_429),
    OUTAGE("11 outage, 128 MiB", 128 << 20, 50, SAYS_500),
    ODD("12 an error with 200", SAYS_ERROR, 5 * SIM_MIN),
    ODD("12 success: false", SAYS_FALSE, 5 * SIM_MIN),
    ODD("12 no docCount", SAYS_EMPTY, 65 * SIM_MIN),
    {.name = "13 a byte order mark",
	.decides = true,
	.load = {{.per_s = 5, .dassana = SAYS_BOM, .bad = 3}}},
    {.name = "14 all refused now and then",
	.lag_ms = SIM_MIN,
	.load = {HONEST(2)},
	.fault = {{.until_ms = 3 * SIM_H,
	    .every_ms = SIM_MIN,
	    .for_ms = 3 * SIM_S,
	    .dassana = SAYS_400}}},
    {.name = "15 no name for a bucket",
	.decides = true,
	.may_die = true,
	.load = {HONEST(1), {.at_once = 100, .per_s = 1, .bad_bucket = true}}},
    BAD_EVENT("an event answered 403", SAYS_403),
    BAD_EVENT("an event answered 302", SAYS_302),
    BAD_EVENT("an event answered 0", SAYS_ZERO),
    BAD_EVENT("an event answered an error", SAYS_ERROR),
    {.name = "policy wrong for 60 h",
	.receives = 10,
	.ms = 75 * SIM_H,
	.lag_ms = 13 * SIM_H,
	.told_ms = 2 * SIM_MIN,
	.polls_h = 60,
	.speed = 600,
	.load = {{.at_once = 2000, .per_s = 20. / 60}},
	.fault = {{.until_ms = 60 * SIM_H, .s3 = S3_DENIED}}},
    /* Each receive is good for 12 h at most, and some come twice. */
    {.name = "policy wrong, 1 an hour",
	.receives = 8,
	.ms = 61 * SIM_H,
	.lag_ms = 70 * SIM_S,
	.told_ms = 2 * SIM_MIN,
	.load = {{.at_once = 1, .per_s = 1. / 3600}},
	.fault = {{.until_ms = 60 * SIM_H, .s3 = S3_DENIED}}},
    /* Who is stopped hides what is parked for 30 s, 4, 32 and 120 minutes, by
     * its receives. With a stop every 10 minutes they come at 0, 10.5, 24, 62
     * and 190 minutes at most, when the fault is over: that is five, and one
     * for what a poll brings twice. */
    {.name = "full lot and SIGTERM",
	.receives = 6,
	.ms = 17 * SIM_H,
	.lag_ms = 13 * SIM_H,
	.stop_every_ms = 10 * SIM_MIN,
	.drain_ms = 2 * SIM_S,
	.load = {{.at_once = 2000, .per_s = 20. / 60}},
	.fault = {{.until_ms = 3 * SIM_H, .s3 = S3_DENIED}}},
    /* Who is killed has hidden its messages for what is left of their leases:
     * 7 to 15 minutes, so each is there at every second start. That is 9 in
     * 3 h, and one for what comes twice; longer leases would hide them longer
     * when nothing is wrong. */
    {.name = "full lot and SIGKILL",
	.receives = 10,
	.ms = 17 * SIM_H,
	.lag_ms = 13 * SIM_H,
	.kill_every_ms = 10 * SIM_MIN,
	.load = {{.at_once = 2000, .per_s = 20. / 60}},
	.fault = {{.until_ms = 3 * SIM_H, .s3 = S3_DENIED}}},
    {.name = "one bucket of two denied",
	.ms = 8 * SIM_H,
	.told_ms = 2 * SIM_MIN,
	.load = {HONEST(5), {.per_s = 0.5, .bucket = 1, .late = true}},
	.fault = {{.from_ms = SIM_H,
	    .until_ms = 5 * SIM_H,
	    .s3 = S3_KMS,
	    .bucket = 1}}},
    {.name = "a bad key an hour",
	.ms = 15 * 24 * SIM_H,
	.may_die = true,
	.must_die = true,
	.load = {{.per_s = 1. / 60}, {.per_s = 1. / 3600, .s3 = S3_DENIED}}},
    {.name = "healthy and SIGTERM",
	.stop_every_ms = 5 * SIM_MIN,
	.load = {HONEST(10)}},
};
const size_t sim_nrows = sizeof sim_rows / sizeof *sim_rows;
