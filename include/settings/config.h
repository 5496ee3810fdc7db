/*
 * The settings of the daemon, read from all their sources. Later ones win:
 *
 *   defaults < file < well-known environment (DASSANA_TOKEN, AWS_REGION, …)
 *            < TRAILPOST_<KEY> < -o KEY=VALUE
 *
 * Of event_include and event_exclude each adds to those of the same source; all
 * others may stand once in a source.
 *
 * config_load reports every mistake it finds in one run, naming file and line,
 * variable or option, and never the value of a secret. With one mistake or more
 * nothing may be started.
 *
 * The token is looked for in $CREDENTIALS_DIRECTORY (systemd.exec(5)) where
 * nobody has said where it is.
 */
#ifndef SETTINGS_CONFIG_H
#define SETTINGS_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "base/buf.h"

#define CONFIG_FILE	  "/etc/trailpost/trailpost.conf"
#define CONFIG_CREDENTIAL "dassana_token"

enum { CONFIG_KEYS_MAX = 48, CONFIG_TEXT_MAX = 8 * 1024 };

/* Where a setting comes from; a later one wins. */
enum source {
	SOURCE_DEFAULT,
	SOURCE_FILE,
	SOURCE_WELL_KNOWN,
	SOURCE_OWN_VARIABLE,
	SOURCE_OPTION
};

/* Texts are owned and "" if not set. Sizes in bytes; flags are 0 or 1. What
 * each means is in the option table, option_table.c. */
struct config {
	char *queue_url, *region;
	char *assume_role_arn, *assume_role_external_id;
	char *assume_role_session_name;
	char *dassana_endpoint, *dassana_app_id;
	char *dassana_token, *dassana_token_file;
	char *key_include, *key_exclude;
	char *event_include, *event_exclude; /* rules, one a line */
	char *endpoint_url, *endpoint_url_sqs, *endpoint_url_s3;
	char *endpoint_url_sts, *ca_file;
	char *admin_listen, *admin_hosts;
	uint64_t s3_path_style; /* enum path_style */
	uint64_t cloudtrail_folders_only;
	uint64_t use_fips_endpoint, use_dualstack_endpoint;
	uint64_t s3_concurrency, max_messages, max_parked, remember_objects;
	uint64_t visibility_timeout_s, redeliver_after_s;
	uint64_t batch_max_bytes, batch_max_events, batch_max_delay_ms;
	uint64_t buffer_max_bytes, delivery_concurrency, gzip_level;
	uint64_t max_record_bytes;
	uint64_t dassana_rate_limit; /* bytes a second; 0: none */
	uint64_t connect_timeout_ms, post_timeout_ms, stall_timeout_ms;
	uint64_t shutdown_timeout_ms;
	uint64_t verify_doc_count, accept_any_2xx;
	uint64_t allow_plain_http, allow_tls_key_log;
	uint64_t log_format, log_level; /* enum log_format, enum log_level */

	/* Made from the above by config_load. */
	char *token; /* the token itself, wherever it came from */
	/* Count after the queue URL's region: AWS_REGION, the profile's. */
	char *env_region, *profile_region;
	bool region_later; /* may be "": the metadata service may tell it */
	/* Who set the option of that row: "FILE:12"; NULL is the default. */
	char *origin[CONFIG_KEYS_MAX];
	unsigned char rank[CONFIG_KEYS_MAX]; /* enum source */
};

struct config_sources {
	const char *file;
	bool file_required;	    /* it was named, so it must exist */
	const char *const *env;	    /* as environ; NULL: none */
	const char *const *options; /* each "KEY=VALUE" */
	size_t noptions;
	/* As in aws/profile.h, or all NULL: what they give counts where nobody
	 * else has set anything. */
	bool (*profile_fault)(struct buf *why);
	bool (*profile_setting)(const char *key, struct buf *out);
	bool (*profile_endpoint)(const char *service, struct buf *out);
	bool region_later; /* not to know the region is no mistake */
	bool aws_only;	   /* nothing goes to Dassana: what is for that need
			    * not be right */
	bool admin_only;   /* nothing but admin_listen will be used, so only
			    * that has to be right */
};

/* One mistake or (not fatal) warning: one line without its end. If it is about
 * one place it is "PLACE: what"; PLACE is "FILE:12", a variable, "-o KEY" or a
 * key. */
typedef void config_note_fn(void *arg, bool fatal, const char *text);

/* Returns the number of mistakes. *c is set in any case; free it. */
unsigned config_load(struct config *c, const struct config_sources *src,
    config_note_fn *note, void *arg);
/* Wipes the secrets. */
void config_fini(struct config *c);

/* Makes the log what log_format and log_level say. */
void config_set_log(const struct config *c);

/* All settings with their origins, as a configuration file; secrets are shown
 * as "(set)". */
void config_print(const struct config *c, FILE *out);

#endif
