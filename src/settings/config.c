#include "settings/config_internal.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/span.h"
#include "settings/guess.h"
#include "settings/option.h"
#include "settings/rules.h"
#include "settings/token.h"

/* Variables that other programs know too. A later row wins. */
static const struct {
	const char *name, *key;
	const char *unit; /* appended to the value */
} well_known[] = {
    {"AWS_DEFAULT_REGION", NULL, ""}, /* NULL: env_region */
    {"AWS_REGION", NULL, ""},
    {"AWS_ENDPOINT_URL", "endpoint_url", ""},
    {"AWS_ENDPOINT_URL_SQS", "endpoint_url_sqs", ""},
    {"AWS_ENDPOINT_URL_S3", "endpoint_url_s3", ""},
    {"AWS_ENDPOINT_URL_STS", "endpoint_url_sts", ""},
    {"AWS_USE_FIPS_ENDPOINT", "use_fips_endpoint", ""},
    {"AWS_USE_DUALSTACK_ENDPOINT", "use_dualstack_endpoint", ""},
    {"AWS_CA_BUNDLE", "ca_file", ""},
    {"DASSANA_ENDPOINT", "dassana_endpoint", ""},
    {"DASSANA_APP_ID", "dassana_app_id", ""},
    {"DASSANA_TOKEN", "dassana_token", ""},
    {"DASSANA_BATCH_SIZE", "batch_max_bytes", "MiB"},
};

/* The value of the variable if var is "name=value". */
static const char *
value_of(const char *var, const char *name)
{
	size_t n = strlen(name);

	return strncmp(var, name, n) == 0 && var[n] == '=' ? var + n + 1 : NULL;
}

/* AWS_IGNORE_CONFIGURED_ENDPOINT_URLS, else the profile's key. */
static bool
ignores_endpoints(const struct config_sources *src)
{
	const char *value = NULL;
	struct buf b;
	bool yes;

	for (const char *const *e = src->env; *e != NULL; e++) {
		const char *v =
		    value_of(*e, "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS");

		if (v != NULL && *v != '\0')
			value = v;
	}
	buf_init(&b, CONFIG_TEXT_MAX);
	if (value != NULL)
		buf_str(&b, value);
	else if (src->profile_setting != NULL)
		(void)src->profile_setting(
		    "ignore_configured_endpoint_urls", &b);
	yes = strcasecmp(buf_cstr(&b), "true") == 0;
	buf_fini(&b);
	return yes;
}

static void
set_well_known(struct notes *n, struct config *c, size_t row, const char *value)
{
	const char *name = well_known[row].name, *unit = well_known[row].unit;
	size_t at = option_find(span_str(well_known[row].key));
	uint64_t number;
	struct buf b;

	buf_init(&b, CONFIG_TEXT_MAX + 16);
	if (*unit != '\0' &&
	    span_u64(span_str(value), 0, UINT64_MAX, &number) != ERR_OK) {
		option_add_range(option_at(at), &b);
		notes_fatal(n,
		    "%s: %s: '%.64s' is not a whole number of %s, %s", name,
		    option_at(at)->key, value, unit, buf_cstr(&b));
	} else {
		buf_str(&b, value);
		buf_str(&b, unit);
		config_set(n, c, at, buf_view(&b), SOURCE_WELL_KNOWN, name);
	}
	buf_fini_wipe(&b);
}

static void
load_well_known(struct notes *n, struct config *c,
    const struct config_sources *src, size_t row)
{
	const char *const *env = src->env;
	const char *value;

	if (strncmp(well_known[row].name, "AWS_ENDPOINT_URL", 16) == 0 &&
	    ignores_endpoints(src))
		return;
	for (; *env != NULL; env++) {
		value = value_of(*env, well_known[row].name);
		if (value == NULL || *value == '\0')
			continue;
		if (well_known[row].key == NULL) {
			config_replace(&c->env_region, value);
			continue;
		}
		set_well_known(n, c, row, value);
	}
}

static void
warn_unknown(struct notes *n, const char *name, struct span key)
{
	struct buf guess;

	buf_init(&guess, 128);
	guess_key(key, &guess);
	notes_warn(n, "%s: there is no such setting%s", name, buf_cstr(&guess));
	buf_fini(&guess);
}

/* TRAILPOST_QUEUE_URL=… sets queue_url. */
static void
load_variable(struct notes *n, struct config *c, const char *var)
{
	static const char prefix[] = "TRAILPOST_";
	const char *eq = strchr(var, '=');
	struct buf key, name;
	size_t row;

	if (eq == NULL || strncmp(var, prefix, sizeof prefix - 1) != 0)
		return;
	buf_init(&name, 4096);
	buf_init(&key, 4096);
	buf_add(&name, var, (size_t)(eq - var));
	/* A lower-case letter has no place in the variable's name. */
	for (const char *p = var + sizeof prefix - 1; p < eq; p++)
		buf_char(&key, islower((unsigned char)*p)
				   ? '?'
				   : (char)tolower((unsigned char)*p));
	row = option_find(buf_view(&key));
	if (row == option_count())
		warn_unknown(n, buf_cstr(&name), buf_view(&key));
	else
		config_set(n, c, row, span_str(eq + 1), SOURCE_OWN_VARIABLE,
		    buf_cstr(&name));
	buf_fini(&name);
	buf_fini(&key);
}

static void
load_option(struct notes *n, struct config *c, const char *text)
{
	struct span rest = span_str(text);
	struct span key = span_trim(span_cut(&rest, '='));
	struct span words = key, name = span_cut(&words, ' ');
	size_t row = option_find(key);
	struct buf at, guess;

	buf_init(&guess, 128);
	buf_init(&at, 256);
	/* Where '=' is missing, the word behind the name may be a token. */
	buf_printf(&at, "-o %.*s", (int)(name.n < 64 ? name.n : 64), name.p);
	guess_key(key, &guess);
	if (rest.p == NULL)
		notes_fatal(n, "%s: must be KEY=VALUE", buf_cstr(&at));
	else if (row == option_count())
		notes_fatal(
		    n, "%s: unknown key%s", buf_cstr(&at), buf_cstr(&guess));
	else
		config_set(
		    n, c, row, span_trim(rest), SOURCE_OPTION, buf_cstr(&at));
	buf_fini(&at);
	buf_fini(&guess);
}

/* Settings of the AWS profile that are ours too. */
static const struct {
	const char *key;
	const char *name;    /* in the profile; NULL: an endpoint */
	const char *service; /* of the endpoint */
} of_profile[] = {
    {"use_fips_endpoint", "use_fips_endpoint", NULL},
    {"use_dualstack_endpoint", "use_dualstack_endpoint", NULL},
    {"ca_file", "ca_bundle", NULL},
    {"endpoint_url_sqs", NULL, "sqs"},
    {"endpoint_url_s3", NULL, "s3"},
    {"endpoint_url_sts", NULL, "sts"},
};

static const char in_profile[] = "AWS profile";

/* What the profile has in "s3 =" is ours in other words. */
static void
set_addressing(struct notes *n, struct config *c, const char *style)
{
	size_t row = option_find(SPAN("s3_path_style"));
	const char *ours = strcmp(style, "path") == 0	   ? "yes"
			   : strcmp(style, "virtual") == 0 ? "no"
							   : style;

	if (c->origin[row] == NULL)
		config_set(
		    n, c, row, span_str(ours), SOURCE_DEFAULT, in_profile);
}

/* What somebody else has set stays, and one endpoint for all counts more than
 * the profile's for a service. */
static void
load_profile(struct notes *n, struct config *c, const struct config_sources *s)
{
	struct buf b;
	bool found;

	if (s->profile_setting == NULL)
		return;
	buf_init(&b, CONFIG_TEXT_MAX);
	if (s->profile_fault(&b))
		notes_fatal(n, "%s", buf_cstr(&b));
	buf_reset(&b);
	if (s->profile_setting("region", &b))
		config_replace(&c->profile_region, buf_cstr(&b));
	for (size_t i = 0; i < sizeof of_profile / sizeof *of_profile; i++) {
		size_t row = option_find(span_str(of_profile[i].key));

		if (c->origin[row] != NULL ||
		    (of_profile[i].service != NULL && *c->endpoint_url != '\0'))
			continue;
		buf_reset(&b);
		found = of_profile[i].service != NULL
			    ? s->profile_endpoint(of_profile[i].service, &b)
			    : s->profile_setting(of_profile[i].name, &b);
		if (found)
			config_set(n, c, row, buf_view(&b), SOURCE_DEFAULT,
			    in_profile);
	}
	buf_reset(&b);
	if (s->profile_setting("s3.addressing_style", &b))
		set_addressing(n, c, buf_cstr(&b));
	buf_fini(&b);
}

/* systemd's LoadCredential=dassana_token:… is found without any setting. */
static void
load_credential(struct notes *n, struct config *c, const char *const *env)
{
	const char *dir = NULL;
	struct buf path;

	for (; *env != NULL && dir == NULL; env++)
		dir = value_of(*env, "CREDENTIALS_DIRECTORY");
	if (dir == NULL || *dir == '\0' || *c->dassana_token != '\0' ||
	    *c->dassana_token_file != '\0')
		return;
	buf_init(&path, CONFIG_TEXT_MAX);
	buf_printf(&path, "%s/" CONFIG_CREDENTIAL, dir);
	if (path.err == ERR_OK && access(buf_cstr(&path), F_OK) == 0)
		config_set(n, c, option_find(SPAN("dassana_token_file")),
		    buf_view(&path), SOURCE_DEFAULT, "CREDENTIALS_DIRECTORY");
	buf_fini(&path);
}

static void
set_defaults(struct config *c)
{
	struct buf why;

	*c = (struct config){.token = NULL};
	buf_init(&why, 256);
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *o = option_at(i);

		CHECK(option_set(o, c, span_str(o->preset), &why));
	}
	buf_fini(&why);
	c->env_region = mem_strndup("", 0);
	c->profile_region = mem_strndup("", 0);
}

unsigned
config_load(struct config *c, const struct config_sources *src,
    config_note_fn *note, void *arg)
{
	struct notes n = {.fn = note, .arg = arg};
	bool read;

	set_defaults(c);
	read = config_read_file(&n, c, src);
	if (src->env != NULL) {
		for (size_t i = 0; i < sizeof well_known / sizeof *well_known;
		     i++)
			load_well_known(&n, c, src, i);
		for (const char *const *e = src->env; *e != NULL; e++)
			load_variable(&n, c, *e);
	}
	for (size_t i = 0; i < src->noptions; i++)
		load_option(&n, c, src->options[i]);
	load_profile(&n, c, src);
	if (src->env != NULL)
		load_credential(&n, c, src->env);
	c->region_later = src->region_later;
	rules_admin(&n, c);
	rules_admin_hosts(&n, c);
	if (src->admin_only || !read) {
		;
	} else if (!src->aws_only && config_is_bare(c, src)) {
		config_tell_bare(&n, src);
	} else {
		if (src->aws_only)
			rules_check_aws(&n, c);
		else
			rules_check(&n, c);
		if (src->env != NULL)
			rules_environment(&n, src->env);
	}
	return n.fatal;
}

void
config_fini(struct config *c)
{
	for (size_t i = 0; i < option_count(); i++) {
		const struct option_row *o = option_at(i);

		mem_free(c->origin[i]);
		if (option_is_text(o))
			option_clear(o, c);
	}
	token_free(&c->token);
	mem_free(c->env_region);
	mem_free(c->profile_region);
	*c = (struct config){.token = NULL};
}

void
config_set_log(const struct config *c)
{
	log_set_level((enum log_level)c->log_level);
	log_set_format((enum log_format)c->log_format);
}
