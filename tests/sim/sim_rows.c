/* What was found to go wrong, a row each. */
#include "sim.h"

#define HONEST(rate)                                                           \
	{                                                                      \
		.per_s = (rate)                                                \
	}
#define REFUSED_KEYS(name_, way)                                               \
	{                                                                      \
		.name = (name_), .may_die = true, .load = {                    \
			HONEST(20),                                            \
			{.per_s = 10, .s3 = (way)}                             \
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
	.may_refuse = true,
	.may_die = true,
	.load = {HONEST(1),
	    {.per_s = 1, .events = 100, .dassana = SAYS_400, .bad = 100}}},
    {.name = "3 messages of 9000 bad keys",
	.may_die = true,
	.load = {HONEST(2), {.at_once = 2, .objects = 9000, .s3 = S3_DENIED}}},
    REFUSED_KEYS("4 denied keys", S3_DENIED),
    REFUSED_KEYS("4 SSE-C keys", S3_SSE_C),
    REFUSED_KEYS("4 keys that answer 500", S3_BROKEN),
    REFUSED_KEYS("4 no such bucket", S3_NO_BUCKET),
    REFUSED_KEYS("4 wrong KMS key", S3_KMS),
    {.name = "5 denied keys first",
	.may_die = true,
	.lag_ms = 90 * SIM_S,
	.load = {{.per_s = 1, .from_ms = 30 * SIM_S},
	    {.at_once = 450, .s3 = S3_DENIED}}},
    {.name = "8 messages of 500 objects",
	.lag_ms = 10 * SIM_MIN,
	.load = {{.at_once = 100, .objects = 500}}},
    {.name = "9 outage from the start",
	.lag_ms = 70 * SIM_S,
	.told_ms = 90 * SIM_S,
	.load = {HONEST(1)},
	.fault = {{.until_ms = 330 * SIM_S, .dassana = SAYS_500}}},
    {.name = "11 outage, 1 MiB",
	.buffer_bytes = 1 << 20,
	.lag_ms = 5 * SIM_MIN,
	.post_s = 1,
	.told_ms = 90 * SIM_S,
	.load = {{.per_s = 5, .events = 50, .each = 2000}},
	.fault = {{.from_ms = SIM_H,
	    .until_ms = SIM_H + 20 * SIM_MIN,
	    .dassana = SAYS_500}}},
    {.name = "11 outage, 16 MiB",
	.lag_ms = 5 * SIM_MIN,
	.post_s = 1,
	.told_ms = 90 * SIM_S,
	.load = {{.per_s = 5, .events = 50, .each = 2000}},
	.fault = {{.from_ms = SIM_H,
	    .until_ms = SIM_H + 20 * SIM_MIN,
	    .dassana = SAYS_429}}},
    {.name = "11 outage, 128 MiB",
	.buffer_bytes = 128 << 20,
	.lag_ms = 5 * SIM_MIN,
	.post_s = 1,
	.told_ms = 90 * SIM_S,
	.load = {{.per_s = 5, .events = 500, .each = 2000}},
	.fault = {{.from_ms = 10 * SIM_MIN,
	    .until_ms = 30 * SIM_MIN,
	    .dassana = SAYS_500}},
	.ms = SIM_H},
};
const size_t sim_nrows = sizeof sim_rows / sizeof *sim_rows;
