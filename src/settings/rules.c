#include "settings/rules.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/address.h"
#include "aws/endpoint.h"
#include "base/buf.h"
#include "base/enc.h"
#include "base/mem.h"
#include "base/span.h"
#include "settings/guess.h"
#include "settings/hosts.h"
#include "settings/option.h"
#include "settings/token.h"
#include "settings/value.h"
#include "sink/batcher.h"
#include "trail/gunzip.h"

enum { TOLD_MAX = 200 };

/* Where the setting comes from, to begin a note with. */
static const char *
origin(const struct config *c, const char *key)
{
	const char *o = c->origin[option_find(span_str(key))];

	return o != NULL ? o : "default";
}

void
rules_region_found(struct config *c, const char *region, const char *from)
{
	char **o = &c->origin[option_find(SPAN("region"))];

	mem_free(c->region);
	c->region = mem_strndup(region, strlen(region));
	mem_free(*o);
	*o = mem_strndup(from, strlen(from));
}

enum { URL_MAX = 16 * 1024 };

/* An URL that is no good, as far as it may be told. */
static void
refuse_url(struct notes *n, const struct config *c, const char *key,
    const char *url, const char *what)
{
	struct buf b;

	buf_init(&b, URL_MAX);
	enc_bare_url(&b, span_str(url));
	notes_fatal(n, "%s: %s: '%.*s' is not %s", origin(c, key), key,
	    (int)(b.n < TOLD_MAX ? b.n : TOLD_MAX), buf_cstr(&b), what);
	buf_fini(&b);
}

static void
tell_queue(struct notes *n, const struct config *c)
{
	struct buf url, guess;

	buf_init(&url, URL_MAX);
	buf_init(&guess, 1024);
	enc_bare_url(&url, span_str(c->queue_url));
	if (url.n > TOLD_MAX)
		url.n = TOLD_MAX;
	guess_queue(buf_view(&url), &guess);
	notes_fatal(n,
	    "%s: queue_url: '%.*s' is not the URL of an SQS queue "
	    "(https://sqs.REGION.amazonaws.com/ACCOUNT/NAME)%s",
	    origin(c, "queue_url"), (int)url.n, buf_view(&url).p,
	    buf_cstr(&guess));
	buf_fini(&url);
	buf_fini(&guess);
}

/* The region of the queue: what was set, else what the URL tells, else
 * AWS_REGION, else the profile. Two that differ cannot both be right. */
static void
check_queue(struct notes *n, struct config *c)
{
	char url_region[REGION_MAX] = "";
	struct endpoint e;

	if (*c->queue_url == '\0') {
		notes_fatal(n, "queue_url is missing: set it in the file, by "
			       "TRAILPOST_QUEUE_URL or by -o queue_url=URL");
		return;
	}
	if (endpoint_queue_url(span_str(c->queue_url), &e, url_region) !=
		ERR_OK ||
	    (*url_region != '\0' && guess_lacks_name(c->queue_url))) {
		tell_queue(n, c);
		return;
	}
	if (*c->region != '\0' && *url_region != '\0' &&
	    strcmp(c->region, url_region) != 0)
		notes_fatal(n, "%s: region is %.32s, but the queue is in %s",
		    origin(c, "region"), c->region, url_region);
	if (*c->region != '\0')
		return;
	if (*url_region != '\0')
		rules_region_found(c, url_region, "queue_url");
	else if (*c->env_region != '\0')
		rules_region_found(c, c->env_region, "AWS_REGION");
	else if (*c->profile_region != '\0')
		rules_region_found(c, c->profile_region, "AWS profile");
	else if (!c->region_later)
		notes_fatal(n,
		    "%s: region is missing: neither queue_url nor a profile "
		    "tells it; set region or AWS_REGION",
		    origin(c, "queue_url"));
}

static void
check_region(struct notes *n, const struct config *c)
{
	bool emulated = *c->endpoint_url != '\0' || *c->endpoint_url_s3 != '\0';

	if (*c->region == '\0')
		return;
	if (strlen(c->region) >= REGION_MAX ||
	    strspn(c->region, "abcdefghijklmnopqrstuvwxyz0123456789-") !=
		strlen(c->region) ||
	    (!emulated && endpoint_dns_suffix(c->region) == NULL))
		notes_fatal(n, "%s: region: '%.64s' is no AWS region",
		    origin(c, "region"), c->region);
}

static void
check_endpoint(
    struct notes *n, const struct config *c, const char *key, const char *url)
{
	struct endpoint e;

	if (*url != '\0' && endpoint_parse(span_str(url), &e) != ERR_OK)
		refuse_url(n, c, key, url,
		    "of the form http(s)://HOST[:PORT], without a user");
}

static void
check_dassana(struct notes *n, const struct config *c)
{
	const char *url = c->dassana_endpoint;
	const char *host = strstr(url, "://");
	size_t len = strlen(url);
	struct endpoint e;

	if (*c->dassana_app_id == '\0')
		notes_fatal(n, "%s: dassana_app_id is empty",
		    origin(c, "dassana_app_id"));
	if (host != NULL)
		len = (size_t)(host - url) + 3 + strcspn(host + 3, "/?");
	if (endpoint_parse((struct span){url, len}, &e) != ERR_OK ||
	    strpbrk(url, " #") != NULL) {
		refuse_url(n, c, "dassana_endpoint", url,
		    "an http(s) URL without a user");
		return;
	}
	if (e.tls || endpoint_is_loopback(&e))
		return;
	if (c->allow_plain_http != 0)
		notes_warn(n,
		    "%s: dassana_endpoint is not https: the token and the "
		    "events can be read on the way",
		    origin(c, "dassana_endpoint"));
	else
		notes_fatal(n,
		    "%s: dassana_endpoint is not https, so the token and the "
		    "events could be read on the way: set an https:// URL, or "
		    "allow_plain_http = yes",
		    origin(c, "dassana_endpoint"));
}

/* As if it had not been set, but for --print-config. */
static void
overrule(struct config *c, size_t row, size_t by)
{
	struct buf b;

	buf_init(&b, 8 * 1024);
	CHECK(option_set(option_at(row), c, SPAN(""), &b));
	buf_printf(&b, "%s, but %s counts more", c->origin[row], c->origin[by]);
	mem_free(c->origin[row]);
	c->origin[row] = mem_strndup(buf_cstr(&b), b.n);
	buf_fini(&b);
}

/* The token and its file are two ways to set one thing: the later source wins
 * here too. */
static void
choose_token(struct config *c)
{
	size_t token = option_find(SPAN("dassana_token"));
	size_t file = option_find(SPAN("dassana_token_file"));

	if (*c->dassana_token == '\0' || *c->dassana_token_file == '\0')
		return;
	if (c->rank[token] > c->rank[file])
		overrule(c, file, token);
	else if (c->rank[token] < c->rank[file])
		overrule(c, token, file);
}

static void
check_token(struct notes *n, struct config *c)
{
	bool exposed = false, given;
	const char *fault;
	struct buf why;

	choose_token(c);
	given = *c->dassana_token != '\0';
	if (given == (*c->dassana_token_file != '\0')) {
		if (given)
			notes_fatal(n,
			    "both dassana_token (%s) and dassana_token_file "
			    "(%s) are set: leave one of them",
			    origin(c, "dassana_token"),
			    origin(c, "dassana_token_file"));
		else
			notes_fatal(n,
			    "the token is missing: set dassana_token_file, or "
			    "DASSANA_TOKEN in the environment (what systemd "
			    "hands over as LoadCredential=dassana_token is "
			    "there for the service alone)");
		return;
	}
	if (given) {
		fault = token_fault(span_str(c->dassana_token));
		if (fault != NULL)
			notes_fatal(n, "%s: dassana_token %s",
			    origin(c, "dassana_token"), fault);
		c->token =
		    mem_strndup(c->dassana_token, strlen(c->dassana_token));
		return;
	}
	buf_init(&why, 256);
	c->token = token_read(c->dassana_token_file, &exposed, &why);
	if (c->token == NULL)
		notes_fatal(n, "%s: dassana_token_file: %s: %s",
		    origin(c, "dassana_token_file"), c->dassana_token_file,
		    buf_cstr(&why));
	else if (exposed)
		notes_warn(n,
		    "%s: dassana_token_file: %s: others can read it, and on "
		    "this read-only mount that cannot be changed",
		    origin(c, "dassana_token_file"), c->dassana_token_file);
	buf_fini(&why);
}

/* Whoever asks for larger batches need not ask for what they take. */
static void
settle_buffer(struct config *c)
{
	bool is_set = c->origin[option_find(SPAN("buffer_max_bytes"))] != NULL;

	if (!is_set && c->buffer_max_bytes < 2 * c->batch_max_bytes)
		c->buffer_max_bytes = 2 * c->batch_max_bytes;
}

/* A batch holds at least the longest event, and while one batch is filled
 * another one is on its way. */
static void
check_sizes(struct notes *n, const struct config *c)
{
	struct batcher_conf bc = {.batch_max_bytes = c->batch_max_bytes,
	    .gzip_level = (int)c->gzip_level};
	struct buf need, have;
	size_t least;

	buf_init(&need, 64);
	buf_init(&have, 64);
	value_add_size(&have, c->batch_max_bytes);
	if (c->max_record_bytes >= c->batch_max_bytes) {
		value_add_size(&need, c->max_record_bytes);
		notes_fatal(n,
		    "max_record_bytes (%s, %s) must be less than "
		    "batch_max_bytes (%s, %s)",
		    buf_cstr(&need), origin(c, "max_record_bytes"),
		    buf_cstr(&have), origin(c, "batch_max_bytes"));
	}
	if (c->batch_max_bytes > c->buffer_max_bytes / 2) {
		buf_reset(&need);
		value_add_size(&need, c->batch_max_bytes * 2);
		notes_fatal(n,
		    "buffer_max_bytes (%s) must be at least %s, twice "
		    "batch_max_bytes (%s, %s)",
		    origin(c, "buffer_max_bytes"), buf_cstr(&need),
		    buf_cstr(&have), origin(c, "batch_max_bytes"));
	}
	least = batcher_pool_min(&bc, c->max_record_bytes + GUNZIP_WINDOW);
	if (c->buffer_max_bytes < least) {
		buf_reset(&need);
		value_add_size(&need, least);
		notes_fatal(n,
		    "buffer_max_bytes (%s) must be at least %s for "
		    "max_record_bytes (%s)",
		    origin(c, "buffer_max_bytes"), buf_cstr(&need),
		    origin(c, "max_record_bytes"));
	}
	buf_fini(&need);
	buf_fini(&have);
}

void
rules_admin(struct notes *n, const struct config *c)
{
	struct admin_address a;

	if (*c->admin_listen != '\0' &&
	    !admin_address_parse(span_str(c->admin_listen), &a))
		notes_fatal(n,
		    "%s: admin_listen: '%.64s' is not of the form "
		    "ADDRESS:PORT, such as 127.0.0.1:9090, [::1]:9090 or :9090",
		    origin(c, "admin_listen"), c->admin_listen);
}

/* It is opened for each connection: a pipe would wait for a writer. */
static void
check_ca_file(struct notes *n, const struct config *c)
{
	struct stat st;
	bool there =
	    access(c->ca_file, R_OK) == 0 && stat(c->ca_file, &st) == 0;

	if (*c->ca_file != '\0' && !(there && S_ISREG(st.st_mode)))
		notes_fatal(n, "%s: ca_file: %s: %s", origin(c, "ca_file"),
		    c->ca_file, there ? "no regular file" : strerror(errno));
}

void
rules_check_aws(struct notes *n, struct config *c)
{
	hosts_read_regions(c);
	check_queue(n, c);
	check_region(n, c);
	check_endpoint(n, c, "endpoint_url", c->endpoint_url);
	check_endpoint(n, c, "endpoint_url_sqs", c->endpoint_url_sqs);
	check_endpoint(n, c, "endpoint_url_s3", c->endpoint_url_s3);
	check_endpoint(n, c, "endpoint_url_sts", c->endpoint_url_sts);
	hosts_check(n, c);
	check_ca_file(n, c);
}

void
rules_check(struct notes *n, struct config *c)
{
	rules_check_aws(n, c);
	check_dassana(n, c);
	check_token(n, c);
	settle_buffer(c);
	check_sizes(n, c);
}
