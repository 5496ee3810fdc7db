/*
 * The sources of credentials that the chain chooses from, and what they share.
 * Each is one file. A source whose settings are wrong exists all the same: its
 * fetch tells.
 */
#ifndef AWS_SOURCE_H
#define AWS_SOURCE_H

#include "aws/call.h"
#include "aws/creds.h"

enum {
	SOURCE_WHY_MAX = 1024,
	SOURCE_DOC_MAX = 64 * 1024,
	SOURCE_TIMEOUT_MS = 2000, /* of an address on or beside this host */
};

/* Borrowed by each source of a chain. */
struct source_deps {
	struct timers *timers;
	struct http *http;
	struct imds *imds; /* for one source at a time */
	struct aws *aws;   /* for STS; has no keeper */
	const char *region;
	const struct endpoint *sts; /* of that region; NULL: none is known */
	struct endpoint_variant variant; /* of other hosts */
};

/* The rest of a fetch under way, as each source has it. */
struct source_fetch {
	creds_fetched_fn *fn;
	void *arg;
	struct creds_failure why; /* that is being told */
};

void source_fetch_init(struct source_fetch *f);
void source_fetch_fini(struct source_fetch *f);
void
source_fetch_begin(struct source_fetch *f, creds_fetched_fn *fn, void *arg);
/* Ends it with what is in why. Both may free the source. */
void source_fetch_fail(struct source_fetch *f);
/* Ends it with what another source has told, after what is in why. */
void
source_fetch_pass(struct source_fetch *f, const struct creds_failure *inner);
void source_fetch_ok(struct source_fetch *f, struct creds *c);

/* Appends what went wrong with a reply that is not a 200 to be used. Of its
 * body nothing but an error's code and message is told, since there may be
 * secrets in it, whatever its status. */
void source_say_reply(struct buf *why, const struct reply *r);
/* Appends what to do about a file that could not be read, by errno. */
void source_advise_file(struct buf *advice, int error);
/* By how much the server's clock is ahead of ours; 0 unless it is far off. */
int64_t source_clock_offset(const struct reply *r);
/* Reads {"AccessKeyId", "SecretAccessKey", token_name, "Expiration"}; the last
 * two may be missing. false with the reason appended to why; *out is then
 * empty. */
bool source_read_doc(struct span text, const char *token_name,
    struct creds *out, struct buf *why);
/* Of a container or an instance: the same of a reply, which must have expiry
 * (a quarter of an hour if it has none). */
bool source_read_reply(const struct reply *r, const char *name,
    struct creds *out, struct creds_failure *why);
/* Appends a file. false with the reason appended to why, and errno. */
bool source_read_file(const char *path, struct buf *out, struct buf *why);
/* The same of what is open, without a reason but errno. */
bool source_read_fd(int fd, struct buf *out);
/* A variable that is set to nothing is not set: NULL. */
const char *source_env(const char *name);

/* Its fetch fails with this text, which is copied. */
struct creds_source *
source_failing_new(struct timers *t, const char *name, const char *error);
/* Half a pair is an error that begins with where. */
struct creds_source *
source_pair_new(struct timers *t, const char *name, const char *where,
    struct span key_id, struct span secret, struct span token);

/* Copied by who takes it; NULL or "" for what is not set. */
struct role_conf {
	char *arn, *session_name, *external_id;
	char *token_file; /* of a web identity */
	char *duration;	  /* seconds, as they were written */
};
void source_role_copy(struct role_conf *to, const struct role_conf *from);
void source_role_fini(struct role_conf *r);
/* AssumeRole with what base gives, which is taken over. */
struct creds_source *source_role_new(const struct source_deps *d,
    const struct role_conf *r, struct creds_source *base);
/* AssumeRoleWithWebIdentity; the token file is read at each fetch. */
struct creds_source *
source_webid_new(const struct source_deps *d, const struct role_conf *r);
/* Strings are owned. */
struct sso_conf {
	char *profile; /* that it is of */
	char *session; /* NULL: of the kind that had a start URL alone */
	char *start_url, *region, *account, *role;
};
void sso_conf_fini(struct sso_conf *c);
/* Takes over what is in conf, in which only session may be NULL. */
struct creds_source *
source_sso_new(const struct source_deps *d, struct sso_conf *conf);
/* Runs the command, without a shell. (AWS SDKs and Tools Reference Guide,
 * "Process credential provider".) */
struct creds_source *
source_process_new(const struct source_deps *d, const char *command);
/* AWS_CONTAINER_CREDENTIALS_RELATIVE_URI or …_FULL_URI; NULL if neither is
 * set. ("Container credential provider".) */
struct creds_source *source_container_new(const struct source_deps *d);
/* ("IMDS credential provider".) */
struct creds_source *source_imds_new(const struct source_deps *d);
/* The profile in force. NULL if it says nothing of credentials, or is not there
 * and nobody asked for it by name. */
struct creds_source *source_profile_new(const struct source_deps *d);
/* Whether that profile assumes a role with what another source gives, which may
 * be a web identity of the environment. */
bool source_profile_has_role(void);

#endif
