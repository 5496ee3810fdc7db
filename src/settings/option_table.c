/*
 * The table, in the order in which people read it.
 */
#include "settings/option.h"

#include "base/mem.h"

#define KIB(n)	 ((uint64_t)(n) << 10)
#define MIB(n)	 ((uint64_t)(n) << 20)
#define GIB(n)	 ((uint64_t)(n) << 30)
#define HOURS(n) ((uint64_t)(n)*3600)
#define SEC(n)	 ((uint64_t)(n)*1000) /* in ms */

/* The help, and LIVE after it where that is so. */
#define LIVE		 .live = true
#define LIVE_OF_ENDPOINT .live = true, .of_endpoint = true
#define TEXT(key_, preset_, ...)                                               \
	{                                                                      \
		.key = #key_, .type = OPTION_TEXT,                             \
		.field = offsetof(struct config, key_), .preset = (preset_),   \
		.help = __VA_ARGS__                                            \
	}
#define RULES(key_, ...)                                                       \
	{                                                                      \
		.key = #key_, .type = OPTION_RULES,                            \
		.field = offsetof(struct config, key_), .preset = "",          \
		.help = __VA_ARGS__                                            \
	}
#define NUMBER(key_, field_, type_, preset_, min_, max_, ...)                  \
	{                                                                      \
		.key = #key_, .type = (type_),                                 \
		.field = offsetof(struct config, field_), .preset = (preset_), \
		.min = (min_), .max = (max_), .help = __VA_ARGS__              \
	}
#define COUNT(key, preset, min, max, ...)                                      \
	NUMBER(key, key, OPTION_COUNT, preset, min, max, __VA_ARGS__)
#define SIZE(key, preset, min, max, ...)                                       \
	NUMBER(key, key, OPTION_SIZE, preset, min, max, __VA_ARGS__)
#define MS(key, preset, min, max, ...)                                         \
	NUMBER(key, key##_ms, OPTION_DURATION, preset, min, max, __VA_ARGS__)
#define SECONDS(key, preset, min, max, ...)                                    \
	NUMBER(key, key##_s, OPTION_SECONDS, preset, min, max, __VA_ARGS__)
#define FLAG(key, preset, ...)                                                 \
	NUMBER(key, key, OPTION_FLAG, preset, 0, 1, __VA_ARGS__)

/* In the order of enum path_style. */
static const char *const doc_counts[] = {"no", "yes", "strict", NULL};
static const char *const path_styles[] = {"auto", "yes", "no", NULL};

/* In the order of enum log_format and enum log_level. */
static const char *const log_formats[] = {
    "auto", "text", "logfmt", "json", NULL};
static const char *const log_levels[] = {
    "error", "warn", "info", "debug", "trace", NULL};

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
	"URL to which events are sent.", LIVE_OF_ENDPOINT),
    TEXT(dassana_app_id, "aws_cloudtrail",
	"App ID of the CloudTrail app in Dassana.", LIVE_OF_ENDPOINT),
    {.key = "dassana_token",
	.type = OPTION_SECRET,
	.field = offsetof(struct config, dassana_token),
	.preset = "",
	.help = "Token of the CloudTrail app. Either this or "
		"dassana_token_file is required, or under systemd a "
		"credential of the service with the name dassana_token.",
	LIVE_OF_ENDPOINT},
    TEXT(dassana_token_file, "",
	"File that holds the token and that others cannot read. It is read "
	"again when Dassana refuses the token, so a token can be rotated "
	"without a restart.",
	LIVE_OF_ENDPOINT),
    TEXT(key_include, "*",
	"Patterns of the S3 keys to ship, separated by blanks; '*' also "
	"matches '/'.",
	LIVE),
    TEXT(key_exclude, "",
	"Patterns of S3 keys that are not shipped although they are included. "
	"Their messages are deleted.",
	LIVE),
    FLAG(cloudtrail_folders_only, "yes",
	"Whether the folders that other services have below AWSLogs/ACCOUNT/ "
	"are left out, and digests: what lies in CloudTrail and CloudTrail-* "
	"is shipped, and what does not lie below AWSLogs/ACCOUNT/.",
	LIVE),
    RULES(event_include,
	"Rules for the events to ship, if not all of them are: conditions on "
	"fields that must all hold, such as eventSource=s3.amazonaws.com or "
	"userIdentity.type!=AWSService. May stand more than once; an event is "
	"shipped if one of the rules holds. Up to 64, with some 200 patterns "
	"that have wildcards (512 KiB of memory).",
	LIVE),
    RULES(event_exclude,
	"The same for events that are left out although they are included. "
	"They are never sent, and their messages are deleted.",
	LIVE),
    {.key = "s3_path_style",
	.type = OPTION_CHOICE,
	.field = offsetof(struct config, s3_path_style),
	.preset = "auto",
	.max = 2,
	.choices = path_styles,
	.help = "Whether the bucket stands in the path of an S3 URL rather "
		"than in its host name."},
    COUNT(s3_concurrency, "64", 1, 256,
	"How many log files are fetched at once."),
    COUNT(max_messages, "200", 1, 2000,
	"How many messages of the queue are worked on at once."),
    COUNT(max_parked, "1000", 10, 20000,
	"How many more messages may be parked: kept and tried again until it "
	"is known whether their objects, or S3 or Dassana, are at fault."),
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
    SIZE(buffer_max_bytes, "10MiB", MIB(1), GIB(4),
	"Memory for events on their way, as they are sent: compressed. When it "
	"is full, less is fetched. Unless it is set it is at least twice "
	"batch_max_bytes."),
    COUNT(delivery_concurrency, "4", 1, 64,
	"How many requests to Dassana are under way at once."),
    COUNT(gzip_level, "1", 0, 9,
	"Compression of requests to Dassana; 0 is none, 9 is most."),
    NUMBER(dassana_rate_limit, dassana_rate_limit, OPTION_RATE, "none", KIB(64),
	GIB(4),
	"Most bytes of events, uncompressed, that this process sends to "
	"Dassana in a second, what is sent again included. Batches are made "
	"no larger than that.",
	LIVE),
    SIZE(max_record_bytes, "1MiB", KIB(4), MIB(64),
	"Longest event that is accepted, with the blanks and line breaks in "
	"it. A longer one is left out; all others of its file are delivered, "
	"and its message is left to the dead-letter queue."),
    COUNT(remember_objects, "4096", 0, 1000000,
	"Of how many log files it is remembered which events Dassana has "
	"taken, so that a message that comes again does not send them again. "
	"0 remembers nothing."),
    MS(connect_timeout, "10s", 100, SEC(300),
	"How long connecting may take, TLS included."),
    MS(post_timeout, "60s", SEC(1), SEC(600),
	"How long one request to Dassana may take.", LIVE),
    MS(stall_timeout, "30s", SEC(1), SEC(600),
	"After how long without a byte a download is given up."),
    MS(shutdown_timeout, "25s", SEC(1), SEC(600),
	"How long work under way may take to finish after SIGTERM. A poll "
	"that is open may end by itself until 5 s before; with 5 s or less it "
	"is cut off at once, and what SQS was about to hand out comes again "
	"after visibility_timeout.",
	LIVE),
    {.key = "verify_doc_count",
	.type = OPTION_CHOICE,
	.field = offsetof(struct config, verify_doc_count),
	.preset = "yes",
	.max = 2,
	.choices = doc_counts,
	.help = "Whether events count as taken only if Dassana's reply counts "
		"them (docCount). strict: a reply that counts fewer than were "
		"sent is not enough either, and the message is left to "
		"redelivery. no: any JSON object that tells no failure will "
		"do.",
	LIVE_OF_ENDPOINT},
    FLAG(accept_any_2xx, "no",
	"Whether any 2xx status counts as success, whatever the reply says. "
	"For relays that answer in their own words.",
	LIVE_OF_ENDPOINT),
    FLAG(allow_plain_http, "no",
	"Whether dassana_endpoint may begin with http:// although it is on "
	"another host: whoever is on the way can then read the token and the "
	"events.",
	LIVE_OF_ENDPOINT),
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
    FLAG(allow_tls_key_log, "no",
	"Whether the variable SSLKEYLOGFILE is obeyed, for debugging: with "
	"that file all that is sent and received can be read."),
    {.key = "log_format",
	.type = OPTION_CHOICE,
	.field = offsetof(struct config, log_format),
	.preset = "auto",
	.max = 3,
	.choices = log_formats,
	.help = "How lines of the log look: text for eyes, logfmt (name=value "
		"fields) or one JSON object each. auto is text on a terminal, "
		"logfmt everywhere else.",
	LIVE},
    {.key = "log_level",
	.type = OPTION_CHOICE,
	.field = offsetof(struct config, log_level),
	.preset = "info",
	.max = 4,
	.choices = log_levels,
	.help = "What is logged: this and what is worse. -v is debug, which "
		"tells of every message, -vv is trace.",
	LIVE},
    TEXT(admin_listen, "",
	"Address and port, such as 127.0.0.1:9090, where health, status and "
	"metrics are shown over HTTP; :9090 is every address of this host. "
	"Whoever can reach it can read it: it shows no secrets. Unset, nothing "
	"listens."),
    TEXT(admin_hosts, "",
	"Names, separated by blanks, by which the status page and /status may "
	"be asked beside the address of admin_listen and localhost, such as "
	"that of a proxy: without a port.",
	LIVE),
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
