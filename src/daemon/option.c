#include "daemon/option.h"

#include <inttypes.h>
#include <string.h>

#include "base/mem.h"
#include "daemon/value.h"
#include "trail/filter.h"

#define KIB(n)	 ((uint64_t)(n) << 10)
#define MIB(n)	 ((uint64_t)(n) << 20)
#define GIB(n)	 ((uint64_t)(n) << 30)
#define HOURS(n) ((uint64_t)(n)*3600)
#define SEC(n)	 ((uint64_t)(n)*1000) /* in ms */

#define TEXT(key_, preset_, help_)                                             \
	{                                                                      \
		.key = #key_, .type = OPTION_TEXT,                             \
		.field = offsetof(struct config, key_), .preset = (preset_),   \
		.help = (help_)                                                \
	}
#define NUMBER(key_, field_, type_, preset_, min_, max_, help_)                \
	{                                                                      \
		.key = #key_, .type = (type_),                                 \
		.field = offsetof(struct config, field_), .preset = (preset_), \
		.min = (min_), .max = (max_), .help = (help_)                  \
	}
#define COUNT(key, preset, min, max, help)                                     \
	NUMBER(key, key, OPTION_COUNT, preset, min, max, help)
#define SIZE(key, preset, min, max, help)                                      \
	NUMBER(key, key, OPTION_SIZE, preset, min, max, help)
#define MS(key, preset, min, max, help)                                        \
	NUMBER(key, key##_ms, OPTION_DURATION, preset, min, max, help)
#define SECONDS(key, preset, min, max, help)                                   \
	NUMBER(key, key##_s, OPTION_SECONDS, preset, min, max, help)
#define FLAG(key, preset, help)                                                \
	NUMBER(key, key, OPTION_FLAG, preset, 0, 1, help)

/* In the order of enum path_style. */
static const char *const path_styles[] = {"auto", "yes", "no", NULL};

static const struct option_row rows[] = {
    TEXT(queue_url, "",
	"URL of the SQS queue that gets the notifications. Required."),
    TEXT(region, "",
	"AWS region of the queue. Needed only if nothing else tells it: the "
	"queue URL, AWS_REGION, the AWS profile, the instance."),
    TEXT(assume_role_arn, "",
	"ARN of a role to assume with the AWS credentials that are found, for "
	"a queue in another account."),
    TEXT(assume_role_external_id, "",
	"External ID that the role's trust policy asks for."),
    TEXT(assume_role_session_name, "trailpost",
	"Name of the role's session, as CloudTrail will show it."),
    TEXT(dassana_endpoint, "https://dassana.io/ingest",
	"URL to which events are sent."),
    TEXT(dassana_app_id, "aws_cloudtrail",
	"App ID of the CloudTrail app in Dassana."),
    {.key = "dassana_token",
	.type = OPTION_SECRET,
	.field = offsetof(struct config, dassana_token),
	.preset = "",
	.help = "Token of the CloudTrail app. Either this or "
		"dassana_token_file is required."},
    TEXT(dassana_token_file, "",
	"File that holds the token and that others cannot read. It is read "
	"again when Dassana refuses the token, so a token can be rotated "
	"without a restart."),
    TEXT(key_include, "*",
	"Patterns of the S3 keys to ship, separated by blanks; '*' also "
	"matches '/'."),
    TEXT(key_exclude, filter_default_exclude,
	"Patterns of S3 keys that are not shipped although they are included. "
	"Their messages are deleted. What is set here replaces the default."),
    {.key = "s3_path_style",
	.type = OPTION_CHOICE,
	.field = offsetof(struct config, s3_path_style),
	.preset = "auto",
	.max = 2,
	.choices = path_styles,
	.help = "Whether the bucket stands in the path of an S3 URL rather "
		"than in its host name."},
    COUNT(s3_concurrency, "32", 1, 256,
	"How many log files are fetched at once."),
    COUNT(max_messages, "200", 1, 2000,
	"How many messages of the queue are worked on at once."),
    SECONDS(visibility_timeout, "5m", 2, HOURS(12),
	"For how long a message that was received is hidden from others. It "
	"is extended while the message is being worked on."),
    SECONDS(redeliver_after, "30s", 0, HOURS(12),
	"When a message that failed shows up in the queue again; later with "
	"every further failure."),
    SIZE(batch_max_bytes, "5MiB", KIB(64), MIB(256),
	"Most bytes of events, uncompressed, in one request to Dassana."),
    COUNT(batch_max_events, "10000", 1, 1000000,
	"Most events in one request to Dassana."),
    MS(batch_max_delay, "1s", 1, SEC(60),
	"How long an event may wait for its batch to fill up."),
    SIZE(buffer_max_bytes, "16MiB", MIB(1), GIB(4),
	"Memory for events on their way. When it is full, less is fetched."),
    COUNT(delivery_concurrency, "4", 1, 64,
	"How many requests to Dassana are under way at once."),
    COUNT(gzip_level, "1", 0, 9,
	"Compression of requests to Dassana; 0 is none, 9 is most."),
    SIZE(max_record_bytes, "1MiB", KIB(4), MIB(64),
	"Longest event that is accepted. The message of a file with a longer "
	"one is left to the dead-letter queue."),
    COUNT(remember_objects, "4096", 0, 1000000,
	"Of how many log files it is remembered which events Dassana has "
	"taken, so that a message that comes again does not send them again. "
	"0 remembers nothing."),
    MS(connect_timeout, "10s", 100, SEC(300),
	"How long connecting may take, TLS included."),
    MS(post_timeout, "60s", SEC(1), SEC(600),
	"How long one request to Dassana may take."),
    MS(stall_timeout, "30s", SEC(1), SEC(600),
	"After how long without a byte a download is given up."),
    MS(shutdown_timeout, "25s", SEC(1), SEC(600),
	"How long work under way may take to finish after SIGTERM."),
    FLAG(verify_doc_count, "yes",
	"Whether a reply that claims that no event was taken is a failure."),
    FLAG(accept_any_2xx, "no",
	"Whether any 2xx status counts as success, whatever the reply says. "
	"For relays that answer in their own words."),
    TEXT(endpoint_url, "",
	"URL that replaces the addresses of SQS, S3 and STS, for emulators "
	"and private networks."),
    TEXT(endpoint_url_sqs, "", "The same for SQS alone."),
    TEXT(endpoint_url_s3, "",
	"The same for S3 alone; for a VPC endpoint https://bucket.vpce-..."),
    TEXT(endpoint_url_sts, "", "The same for STS alone."),
    FLAG(use_fips_endpoint, "no",
	"Whether AWS is reached through its FIPS endpoints."),
    FLAG(use_dualstack_endpoint, "no",
	"Whether AWS is reached through its dual-stack endpoints, which have "
	"IPv6 addresses too."),
    TEXT(ca_file, "",
	"PEM file of the certificate authorities to trust instead of the "
	"system's."),
};

enum { ROWS = sizeof rows / sizeof rows[0] };
_Static_assert(
    (size_t)ROWS <= (size_t)CONFIG_KEYS_MAX, "CONFIG_KEYS_MAX is too small");

size_t
option_count(void)
{
	return ROWS;
}

const struct option_row *
option_at(size_t i)
{
	CHECK(i < ROWS);
	return &rows[i];
}

size_t
option_find(struct span key)
{
	size_t i = 0;

	while (i < ROWS && !span_is(key, rows[i].key))
		i++;
	return i;
}

static bool
is_text(const struct option_row *o)
{
	return o->type == OPTION_TEXT || o->type == OPTION_SECRET;
}

static char **
text_field(const struct option_row *o, struct config *c)
{
	return (char **)(void *)((char *)c + o->field);
}

static const char *
text_of(const struct option_row *o, const struct config *c)
{
	const char *s =
	    *(char *const *)(const void *)((const char *)c + o->field);

	return s != NULL ? s : "";
}

static uint64_t
number_of(const struct option_row *o, const struct config *c)
{
	return *(const uint64_t *)(const void *)((const char *)c + o->field);
}

void
option_clear(const struct option_row *o, struct config *c)
{
	char **field = text_field(o, c);

	if (*field != NULL)
		mem_wipe(*field, strlen(*field));
	mem_free(*field);
	*field = NULL;
}

static bool
set_text(const struct option_row *o, struct config *c, struct span value,
    struct buf *why)
{
	if (value.n > CONFIG_TEXT_MAX) {
		buf_printf(why, "longer than %d bytes", CONFIG_TEXT_MAX);
		return false;
	}
	for (size_t i = 0; i < value.n; i++) {
		unsigned char b = (unsigned char)value.p[i];

		if (b < ' ' || b == 0x7f) {
			buf_str(why, "has a control character");
			return false;
		}
	}
	option_clear(o, c);
	*text_field(o, c) = mem_strndup(value.p, value.n);
	return true;
}

static void
show_number(const struct option_row *o, uint64_t v, struct buf *out)
{
	switch (o->type) {
	case OPTION_SIZE:
		value_add_size(out, v);
		break;
	case OPTION_SECONDS:
		value_add_duration(out, v * 1000);
		break;
	case OPTION_DURATION:
		value_add_duration(out, v);
		break;
	case OPTION_FLAG:
		buf_str(out, v != 0 ? "yes" : "no");
		break;
	case OPTION_CHOICE:
		buf_str(out, o->choices[v]);
		break;
	case OPTION_COUNT:
	case OPTION_TEXT:
	case OPTION_SECRET:
		buf_printf(out, "%" PRIu64, v);
		break;
	}
}

static enum err
parse_number(const struct option_row *o, struct span s, uint64_t *v)
{
	enum err err = ERR_SYNTAX;
	bool on = false;

	switch (o->type) {
	case OPTION_SIZE:
		return value_size(s, v);
	case OPTION_DURATION:
		return value_duration(s, v);
	case OPTION_SECONDS:
		err = value_duration(s, v);
		if (err == ERR_OK && *v % 1000 != 0)
			return ERR_SYNTAX;
		*v /= 1000;
		return err;
	case OPTION_FLAG:
		err = value_flag(s, &on);
		*v = on;
		return err;
	case OPTION_CHOICE:
		for (*v = 0; o->choices[*v] != NULL; (*v)++) {
			if (span_is(s, o->choices[*v]))
				return ERR_OK;
		}
		return ERR_SYNTAX;
	case OPTION_COUNT:
		return span_u64(s, 0, UINT64_MAX, v);
	case OPTION_TEXT:
	case OPTION_SECRET:
		break;
	}
	return ERR_SYNTAX;
}

void
option_add_range(const struct option_row *o, struct buf *out)
{
	if (o->type == OPTION_FLAG) {
		buf_str(out, "yes or no");
	} else if (o->type == OPTION_CHOICE) {
		buf_str(out, "one of ");
		for (size_t i = 0; o->choices[i] != NULL; i++)
			buf_printf(
			    out, "%s%s", i > 0 ? ", " : "", o->choices[i]);
	} else {
		show_number(o, o->min, out);
		buf_str(out, " to ");
		show_number(o, o->max, out);
	}
}

/* "'x' is not a size (B, KiB, …) from 64KiB to 256MiB" */
static void
explain(const struct option_row *o, struct span value, struct buf *why)
{
	static const char *const kinds[] = {
	    [OPTION_COUNT] = "a whole number from ",
	    [OPTION_SIZE] = "a size (B, KiB, MiB, GiB, KB, MB, GB) from ",
	    [OPTION_DURATION] = "a duration (ms, s, m, h) from ",
	    [OPTION_SECONDS] = "a duration of whole seconds (s, m, h) from ",
	    [OPTION_FLAG] = "",
	    [OPTION_CHOICE] = "",
	};

	buf_printf(why, "'%.*s' is not %s", (int)(value.n < 64 ? value.n : 64),
	    value.p, kinds[o->type]);
	option_add_range(o, why);
}

bool
option_set(const struct option_row *o, struct config *c, struct span value,
    struct buf *why)
{
	uint64_t v = 0;

	if (is_text(o))
		return set_text(o, c, value, why);
	if (parse_number(o, value, &v) != ERR_OK || v < o->min || v > o->max) {
		explain(o, value, why);
		return false;
	}
	*(uint64_t *)(void *)((char *)c + o->field) = v;
	return true;
}

void
option_show(const struct option_row *o, const struct config *c, struct buf *out)
{
	if (o->type == OPTION_SECRET)
		buf_str(out, *text_of(o, c) != '\0' ? "(set)" : "");
	else if (is_text(o))
		buf_str(out, text_of(o, c));
	else
		show_number(o, number_of(o, c), out);
}
